//! A request and its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use camino::Utf8PathBuf;

use crate::body::BodyMeter;
use crate::error::RequestError;

/// What happens with a body that is larger than its cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenLarger {
    /// The request fails.
    #[default]
    Refuse,
    /// The body is cut and the response says so.
    Truncate,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Absolute, `http` or `https`.
    pub url: String,
    /// A Unix socket to connect to in place of the URL's host, which then is only named in the request.
    pub unix_socket: Option<Utf8PathBuf>,
    /// Sent besides what the configuration adds. Without `Accept-Encoding`, gzip is offered.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Bytes,
    /// From the first packet to the last.
    pub timeout: Duration,
    /// The cap on the answer's body, decompressed.
    pub body_max: u64,
    /// What happens beyond the cap.
    pub when_larger: WhenLarger,
    /// The status whose answer has a body to read; those of any other come without theirs. `None`: all.
    pub body_of: Option<u16>,
    /// Bounds the answer's body together with others.
    pub meter: Option<Arc<dyn BodyMeter>>,
    /// Whether redirects are followed that turn a request into a `GET` without a body; otherwise they are
    /// answers. What is to be taken needs `false`: a page that is got instead answers 200 too.
    pub may_become_get: bool,
}

impl Request {
    /// A `GET` within `timeout`, refusing bodies beyond `body_max`.
    #[must_use]
    pub fn get(url: impl Into<String>, timeout: Duration, body_max: u64) -> Self {
        Self {
            method: "GET".to_owned(),
            url: url.into(),
            unix_socket: None,
            headers: Vec::new(),
            body: Bytes::new(),
            timeout,
            body_max,
            when_larger: WhenLarger::Refuse,
            body_of: None,
            meter: None,
            may_become_get: true,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// `200`, …
    pub status: u16,
    /// Names in lower case. `content-encoding` is what was undone.
    pub headers: Vec<(String, String)>,
    /// Decompressed; empty where the request wants none.
    pub body: Bytes,
    /// Whether the body is cut.
    pub truncated: bool,
}

impl Response {
    /// The first header of a name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The answer, if its status is 200, 201, … 299.
    ///
    /// # Errors
    /// [`RequestError::Status`] for any other status.
    pub fn successful(self) -> Result<Self, RequestError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(RequestError::Status { status: self.status_text() })
    }

    /// The status with its usual name, as in `404 Not Found`.
    #[must_use]
    pub fn status_text(&self) -> String {
        let name = reqwest::StatusCode::from_u16(self.status).ok();
        match name.and_then(|status| status.canonical_reason()) {
            Some(name) => format!("{} {name}", self.status),
            None => self.status.to_string(),
        }
    }
}
