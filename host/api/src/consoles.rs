//! `/consoles` and `/user`: pages and files of the operator's own. What they are is not ours to document.

use std::io;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use narthex_consoles::{PageError, PageRequest};
use narthex_promql::{Cancel, QueryOptions};
use narthex_settings::error_chain;

use crate::origin::Origin;
use crate::replay;
use crate::routes::{Rooms, Shared, text};

/// What the type says is what it is: nobody guesses.
const NO_GUESS: (HeaderName, HeaderValue) =
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
/// Of a folder.
const INDEX: &str = "index.html";

pub(crate) fn router() -> Router<std::sync::Arc<Rooms>> {
    Router::new()
        .route("/consoles/{*filepath}", get(page))
        .route("/user/", get(index))
        .route("/user/{*filepath}", get(asset))
}

/// Ends the queries of a page whose client went away.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// `GET /consoles/<path>`
async fn page(
    State(rooms): Shared,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    Origin(origin): Origin,
) -> Response {
    if !rooms.server.is_ready() || replay::is_under_way(&rooms.tsdb) {
        return text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n");
    }
    let query = query.unwrap_or_default();
    let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let options = QueryOptions { origin: Some(origin), ..QueryOptions::default() };
    let _guard = CancelOnDrop(options.cancel.clone());
    let made = rooms.consoles.page(PageRequest { path, parameters, options }).await;
    let error = match made {
        Ok(page) => {
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            return ([(header::CONTENT_TYPE, kind), NO_GUESS], page).into_response();
        }
        Err(error) => error,
    };
    let status = match &error {
        PageError::NotThere(_) => StatusCode::NOT_FOUND,
        PageError::Read { source, .. } => status_of(source),
        PageError::TooManyLibraries | PageError::Template { .. } | PageError::Ended(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    refusal(status, error_chain(&error))
}

fn status_of(error: &io::Error) -> StatusCode {
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound {
        StatusCode::NOT_FOUND
    } else if kind == io::ErrorKind::PermissionDenied {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

fn refusal(status: StatusCode, message: String) -> Response {
    ([NO_GUESS], text(status, message + "\n")).into_response()
}

/// `GET /user/`
async fn index(State(rooms): Shared) -> Response {
    file(rooms, INDEX.to_owned()).await
}

/// `GET /user/<path>`
async fn asset(State(rooms): Shared, Path(path): Path<String>, uri: Uri) -> Response {
    let is_folder = path.ends_with('/');
    let wanted = if is_folder { format!("{path}{INDEX}") } else { path };
    let response = file(rooms, wanted).await;
    if response.status() == StatusCode::FOUND {
        // Relative, so that it holds behind any prefix.
        let last = uri.path().rsplit('/').next().unwrap_or("");
        return Redirect::temporary(&format!("./{last}/")).into_response();
    }
    response
}

/// A file; `FOUND` stands for a folder.
async fn file(rooms: std::sync::Arc<Rooms>, path: String) -> Response {
    let (consoles, wanted) = (rooms.consoles.clone(), path.clone());
    let read = tokio::task::spawn_blocking(move || consoles.asset(&wanted)).await;
    match read {
        Ok(Some(Ok(bytes))) => {
            let kind = HeaderValue::from_static(content_type(&path));
            let caching = HeaderValue::from_static("no-cache");
            let headers =
                [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, caching), NO_GUESS];
            (headers, bytes).into_response()
        }
        Ok(Some(Err(error))) if error.kind() == io::ErrorKind::IsADirectory => {
            StatusCode::FOUND.into_response()
        }
        Ok(Some(Err(error))) if error.kind() == io::ErrorKind::NotFound => not_found(),
        Ok(Some(Err(error))) => refusal(status_of(&error), format!("read {path:?}: {error}")),
        Ok(None) => not_found(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn not_found() -> Response {
    refusal(StatusCode::NOT_FOUND, "404 page not found".to_owned())
}

/// By the ending of the name.
fn content_type(path: &str) -> &'static str {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    match ending.map_or("", |(_, ending)| ending).to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" | "md" => "text/plain; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "xml" => "text/xml; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "pdf" => "application/pdf",
        "wasm" => "application/wasm",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
