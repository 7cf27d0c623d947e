//! The path under which all pages and endpoints are.

use std::fmt;
use std::str::FromStr;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use crate::ui::to_page;

/// As in `--web.route-prefix=/prometheus/`: empty, or with a slash before it and none behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutePrefix(String);

/// Why a text is no prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no path; it is written as in /prometheus, of letters, digits and -._~/, and without . and .. between its \
     slashes"
)]
pub struct PrefixError(String);

impl FromStr for RoutePrefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let path = text.trim_matches('/');
        let is_segment = |segment: &str| {
            let mut letters = segment.chars();
            !matches!(segment, "" | "." | "..")
                && letters.all(|letter| letter.is_ascii_alphanumeric() || "-._~".contains(letter))
        };
        if path.is_empty() {
            Ok(Self::default())
        } else if path.split('/').all(is_segment) {
            Ok(Self(format!("/{path}")))
        } else {
            Err(PrefixError(text.to_owned()))
        }
    }
}

impl fmt::Display for RoutePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

/// All of `inner` below the prefix. `/` leads there; nothing else is outside of it.
pub(crate) fn below(prefix: RoutePrefix, inner: Router) -> Router {
    if prefix.0.is_empty() {
        return inner;
    }
    Router::new().fallback(async move |mut request: Request| -> Response {
        let path = request.uri().path();
        let rest = path.strip_prefix(&prefix.0);
        match rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            // Relative addresses of an answer are right only behind the slash.
            Some("") => {
                let folder = prefix.0.rsplit('/').next().unwrap_or_default();
                to_page(&format!("{folder}/"), request.uri().query())
            }
            Some(rest) => match uri_of(rest, request.uri().query()) {
                Ok(uri) => {
                    *request.uri_mut() = uri;
                    inner.clone().oneshot(request).await.into_response()
                }
                Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
            },
            None if path == "/" => {
                let folder = prefix.0.trim_start_matches('/');
                to_page(&format!("{folder}/"), request.uri().query())
            }
            None => (StatusCode::NOT_FOUND, format!("not found; all is under {prefix}/\n"))
                .into_response(),
        }
    })
}

fn uri_of(path: &str, query: Option<&str>) -> Result<Uri, axum::http::uri::InvalidUri> {
    match query {
        Some(query) => Uri::try_from(format!("{path}?{query}")),
        None => Uri::try_from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_paths() {
        for (text, shown) in
            [("", "/"), ("/", "/"), ("/prom/", "/prom"), ("prom/a-b_~.c", "/prom/a-b_~.c")]
        {
            assert_eq!(text.parse::<RoutePrefix>().map(|it| it.to_string()), Ok(shown.to_owned()));
        }
        for text in ["a//b", "/../x", "/a b", "/a?b", "/{a}", "/a%2fb", "http://x/y"] {
            let error = text.parse::<RoutePrefix>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text:?} is no path")), "{error}");
        }
    }
}
