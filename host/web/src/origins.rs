//! Which pages of other sites may read answers: Cross-Origin Resource Sharing
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>), with Prometheus' headers.

use std::str::FromStr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use regex::Regex;

/// Origins as in `--web.cors.origin`: a regular expression for all of `https://host:port`.
#[derive(Clone, Debug)]
pub struct Origins {
    written: String,
    /// Absent, where all are meant.
    pattern: Option<Regex>,
}

impl FromStr for Origins {
    type Err = regex::Error;

    fn from_str(written: &str) -> Result<Self, regex::Error> {
        let pattern = match written {
            ".*" => None,
            // First without the anchors, which `)` could leave.
            _ => Some(Regex::new(written).and_then(|_| Regex::new(&format!("^(?:{written})$")))?),
        };
        Ok(Self { written: written.to_owned(), pattern })
    }
}

impl Origins {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    fn add_to(&self, answer: &mut HeaderMap, asking: &HeaderValue) {
        let allowed = match &self.pattern {
            None => Some(HeaderValue::from_static("*")),
            Some(pattern) => {
                let is_meant = asking.to_str().is_ok_and(|origin| pattern.is_match(origin));
                is_meant.then(|| asking.clone())
            }
        };
        let Some(allowed) = allowed else { return };
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Authorization, Content-Type, Origin"),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Date"),
        ] {
            answer.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Lets pages of these origins read what is under `/api/`, and answers what browsers ask before (OPTIONS).
pub(crate) async fn share(
    State(origins): State<Origins>,
    request: Request,
    next: Next,
) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let asking = request.headers().get(header::ORIGIN).cloned();
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(asking) = asking {
        origins.add_to(headers, &asking);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &str, asking: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        let origins: Origins = origins.parse().unwrap();
        origins.add_to(&mut headers, &HeaderValue::from_static(asking));
        let allowed = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN)?;
        assert!(headers.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS));
        allowed.to_str().ok().map(str::to_owned)
    }

    #[test]
    fn an_expression_means_whole_origins() {
        assert_eq!(allowed(".*", "https://a.example").as_deref(), Some("*"));
        let pattern = r"https?://(a|b)\.example";
        assert_eq!(allowed(pattern, "https://a.example").as_deref(), Some("https://a.example"));
        assert_eq!(allowed(pattern, "http://b.example").as_deref(), Some("http://b.example"));
        for other in ["https://a.example.evil", "xhttps://a.example", "null", "https://aXexample"] {
            assert_eq!(allowed(pattern, other), None, "{other}");
        }
        for broken in ["(", "a)|(b"] {
            assert!(broken.parse::<Origins>().is_err(), "{broken}");
        }
    }
}
