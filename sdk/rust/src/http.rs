//! Outbound HTTP.
//!
//! ```no_run
//! # fn main() -> Result<(), narthex_sdk::Error> {
//! let answer = narthex_sdk::http::Request::get("http://127.0.0.1:8080/status").send()?;
//! # Ok(()) }
//! ```

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Label, host};

pub use crate::bindings::host::narthex::plugin::http::{Request, Response};

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: None,
            max_body: None,
            auth: None,
        }
    }

    /// A GET.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A POST.
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Label::new(name, value));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a JSON body and its content type.
    pub fn json(self, value: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Error::internal(format!("write the request as JSON: {error}")))?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// Limits the whole exchange.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout_ms = Some(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Limits the answer.
    #[must_use]
    pub fn body_bytes_max(mut self, bytes: u32) -> Self {
        self.max_body = Some(bytes);
        self
    }

    /// Uses a credential that the operator bound under this name.
    #[must_use]
    pub fn auth(mut self, name: &str) -> Self {
        self.auth = Some(name.into());
        self
    }

    /// Sends it and waits for the answer. Every status is an answer.
    pub fn send(&self) -> Result<Response, Error> {
        host::http::fetch(self)
    }
}

/// Sends many requests, up to `in_flight_max` at a time. Answers stand in the order of the requests.
pub fn send_all(requests: &[Request], in_flight_max: u32) -> Vec<Result<Response, Error>> {
    host::http::fetch_many(requests, in_flight_max)
}

impl Response {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON. A body that was cut is an error.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if self.truncated {
            return Err(Error::exhausted("the answer is longer than its bound"));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::protocol(format!("read the answer as JSON: {error}")))
    }
}
