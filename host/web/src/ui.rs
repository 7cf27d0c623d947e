//! The browser UI, embedded.

use axum::Router;
use axum::body::Body;
use axum::extract::RawQuery;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Dist;

/// No page needs another host, and none may reach one.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

/// Shown where the pages were not built into the binary.
const MISSING: &str = "<!doctype html><meta charset=utf-8><title>Narthex</title>\
<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>\
<h1>Narthex is running</h1>\
<p>This binary was built without the browser pages, because Node.js was not there. \
To get them, install Node.js 20 or later and run <code>cargo xtask ui</code>, then build again.</p>\
<p>The <a href=api/v1/query?query=up>HTTP API</a> and <a href=metrics>/metrics</a> work \
without them.</p>";

/// The API with the pages beside it: `/` leads to `/query`, and so does `/graph` with what it asks; whatever the API
/// does not answer is a file of the UI, or a page of it. Addresses are relative, so that they are right under every
/// prefix, also one that a proxy takes away.
pub(crate) fn with_ui(api: Router) -> Router {
    api.route("/", get(async |RawQuery(query): RawQuery| to_page("query", query.as_deref())))
        .route("/graph", get(graph))
        .fallback(page)
}

/// Links in alerts of Prometheus, and old bookmarks.
async fn graph(RawQuery(query): RawQuery) -> Response {
    to_page("query", query.as_deref())
}

/// Leads to a page, with what was asked of this one.
pub(crate) fn to_page(page: &str, query: Option<&str>) -> Response {
    match query {
        Some(query) => Redirect::temporary(&format!("{page}?{query}")).into_response(),
        None => Redirect::temporary(page).into_response(),
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

async fn page(method: Method, uri: Uri) -> Response {
    if ![Method::GET, Method::HEAD].contains(&method) {
        return not_found();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Dist::get(path).filter(|_| !path.is_empty()) {
        // Vite names what is under assets/ by content, so it never changes.
        let caching = if path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let mut response = Response::new(Body::from(file.data));
        let kind = HeaderValue::from_str(&content_type(path));
        let headers = response.headers_mut();
        headers
            .insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("text/plain")));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        return response;
    }
    // Pages have one name; who looks for an API at a path above ours must not find one.
    let name = path.trim_end_matches('/');
    if name.contains(['/', '.']) {
        return not_found();
    }
    // Their files have addresses relative to the folder that they are in.
    if name != path {
        return to_page(&format!("../{name}"), uri.query());
    }
    // The page names its assets by content, so it must always be the binary's own.
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    match Dist::get("index.html") {
        Some(index) => (headers, Body::from(index.data)).into_response(),
        None => (headers, MISSING).into_response(),
    }
}

fn content_type(path: &str) -> String {
    let kind = match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "map") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    };
    kind.to_owned()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn get_path(path: &str) -> (StatusCode, String) {
        let api = Router::new().route("/api/v1/x", get(async || "from the API"));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = with_ui(api).oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn pages_are_html_and_what_is_not_there_is_not_found() {
        assert_eq!(get_path("/api/v1/x").await.1, "from the API");
        assert_eq!(get_path("/").await.0, StatusCode::TEMPORARY_REDIRECT);
        for path in ["/query", "/alerts"] {
            let (status, body) = get_path(path).await;
            assert_eq!(status, StatusCode::OK);
            assert!(body.contains("Narthex"), "{body}");
        }
        for path in ["/assets/none.js", "/none.txt", "/api/v2/none", "/alertmanager/api/v2/status"]
        {
            assert_eq!(get_path(path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
