//! Where an answer sends a request next, and what may go along.
//!
//! Invariant: a secret that was meant for one host is not sent to another, and once it was left out it
//! stays left out. Headers that are written in the open go along, unless they speak of who asks.

use bytes::Bytes;
use reqwest::Url;

use crate::request::{Request, Response};

/// As many redirects as browsers and Prometheus follow.
pub const REDIRECTS_MAX: usize = 10;

/// Headers that speak of who asks.
const PERSONAL: [&str; 6] = [
    "authorization",
    "cookie",
    "cookie2",
    "proxy-authorization",
    "proxy-authenticate",
    "www-authenticate",
];

/// An answer's `Location` is no place to go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{from} redirects to {location:?}, which is wrong: {why}")]
pub struct RedirectError {
    /// The URL that was asked.
    pub from: String,
    /// What stood in the header.
    pub location: String,
    /// What is wrong with it.
    pub why: String,
}

/// Where the answer of `url` sends the request next, if it does.
///
/// # Errors
/// When the place is no URL of HTTP.
pub fn redirect(url: &Url, response: &Response) -> Result<Option<Url>, RedirectError> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.header("location") else { return Ok(None) };
    let wrong =
        |why: String| RedirectError { from: url.to_string(), location: location.to_owned(), why };
    let next = url.join(location).map_err(|cause| wrong(cause.to_string()))?;
    match next.scheme() {
        "http" | "https" => Ok(Some(next)),
        other => Err(wrong(format!("its scheme is {other} and not http or https"))),
    }
}

/// Refuses to go where a secret in the request's body must not.
pub(crate) fn leaves_house(from: &Url, to: &Url) -> RedirectError {
    RedirectError {
        from: from.to_string(),
        location: to.to_string(),
        why: "it is another host, and the request holds a secret".to_owned(),
    }
}

impl Request {
    /// Whether a redirect by this status turns the request into another one, without a body.
    pub(crate) fn becomes_get(&self, status: u16) -> bool {
        status == 303 && self.method != "HEAD"
            || matches!(status, 301 | 302) && self.method == "POST"
    }

    /// Changes the request as a redirect asks for (RFC 9110, part 15.4).
    pub fn redirect_to(&mut self, from: &Url, to: &Url, status: u16) {
        self.url = to.to_string();
        if self.becomes_get(status) {
            "GET".clone_into(&mut self.method);
            self.body = Bytes::new();
            self.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
        }
        if from.origin() != to.origin() {
            self.headers.retain(|(name, _)| !is_personal(name));
        }
    }
}

/// Whether a header speaks of who asks, and so is for one host alone.
pub(crate) fn is_personal(name: &str) -> bool {
    PERSONAL.iter().any(|personal| name.eq_ignore_ascii_case(personal))
}

/// Whether credentials for the host of `first` may be sent to `next`: the same host, or one below it,
/// as Go's client has it.
pub(crate) fn is_same_house(first: &Url, next: &Url) -> bool {
    let (first, next) = (first.host_str().unwrap_or(""), next.host_str().unwrap_or(""));
    let is_name = !first.starts_with('[') && first.parse::<std::net::IpAddr>().is_err();
    first == next || is_name && next.strip_suffix(first).is_some_and(|before| before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn answer(status: u16, location: &str) -> Response {
        let headers = vec![("location".to_owned(), location.to_owned())];
        Response { status, headers, body: Bytes::new(), truncated: false }
    }

    #[test]
    fn a_location_may_be_relative_but_not_of_another_scheme() {
        let from = url("http://a/b/c");
        assert_eq!(redirect(&from, &answer(302, "../d")), Ok(Some(url("http://a/d"))));
        assert_eq!(redirect(&from, &answer(200, "../d")), Ok(None));
        let refused = redirect(&from, &answer(308, "file:///etc/passwd")).unwrap_err();
        assert!(refused.to_string().contains("its scheme is file"), "{refused}");
    }

    #[track_caller]
    fn check(method: &str, status: u16, to: &str, expected: &str) {
        let from = url("http://a.example/x");
        let mut request = Request::get("", Duration::ZERO, 0);
        method.clone_into(&mut request.method);
        request.body = Bytes::from_static(b"body");
        let pairs = [("Authorization", "secret"), ("Content-Type", "text/plain"), ("X-A", "b")];
        request.headers = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        request.redirect_to(&from, &from.join(to).unwrap(), status);
        let headers: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        let (headers, length) = (headers.join(","), request.body.len());
        assert_eq!(format!("{} {} {headers} {length}", request.method, request.url), expected);
    }

    #[test]
    fn a_redirect_keeps_what_may_be_kept() {
        check("POST", 307, "/y", "POST http://a.example/y Authorization,Content-Type,X-A 4");
        check("POST", 302, "/y", "GET http://a.example/y Authorization,X-A 0");
        check("PUT", 302, "/y", "PUT http://a.example/y Authorization,Content-Type,X-A 4");
        check("PUT", 303, "/y", "GET http://a.example/y Authorization,X-A 0");
        check("GET", 301, "//b.example/y", "GET http://b.example/y Content-Type,X-A 4");
        check("GET", 301, "https://a.example/y", "GET https://a.example/y Content-Type,X-A 4");
    }

    #[test]
    fn a_house_is_a_host_and_what_is_below_it() {
        let first = url("http://example.com:1/");
        assert!(is_same_house(&first, &url("https://example.com/")));
        assert!(is_same_house(&first, &url("http://a.example.com/")));
        assert!(!is_same_house(&first, &url("http://badexample.com/")));
        assert!(!is_same_house(&url("http://0.0.1"), &url("http://1.0.0.1")));
    }
}
