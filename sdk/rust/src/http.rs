//! Outbound HTTP.
//!
//! ```no_run
//! # fn main() -> Result<(), narthex_sdk::Error> {
//! let answer = narthex_sdk::http::Request::get("http://127.0.0.1:8080/status").send()?;
//! # Ok(()) }
//! ```

mod basic;
mod origin;
mod query;

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, ErrorKind, Label, facts, host};

pub use self::{
    origin::Origin,
    query::{Query, encode},
};
pub use crate::bindings::host::narthex::plugin::http::{Probed, Request, Response};

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

    /// For [`probe`](Self::probe): the TLS profile that the operator bound under this name. Credentials cannot be bound yet, so that
    /// [`send`](Self::send) answers an error of kind `config`: a secret of the configuration goes into a header or into
    /// [`basic_auth`](Self::basic_auth), and the host puts its value in.
    #[must_use]
    pub fn auth(mut self, name: &str) -> Self {
        self.auth = Some(name.into());
        self
    }

    /// Sends this name and password, as the scheme `Basic` does. Secrets that the operator wrote under the HTTP keys of
    /// prometheus.yml need no call: the host adds them by itself.
    #[must_use]
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        self.header("authorization", &basic::credentials(user, password))
    }

    /// Sends it and waits for the answer. Every status is an answer.
    pub fn send(&self) -> Result<Response, Error> {
        host::http::fetch(self)
    }

    /// Sends it over a connection of its own, without following redirects, and tells how the answer came: to watch a server.
    /// Options by name, as the contract lists them: `ip`, `server-name`, `host`, `http2`. Here [`auth`](Self::auth) names a
    /// TLS profile. An error has the facts among its details, as far as the exchange came.
    pub fn probe(&self, options: &[(&str, &str)]) -> Result<Probed, Error> {
        host::http::probe(self, &facts::labels(options))
    }
}

/// Sends many requests, up to `in_flight_max` at a time. Answers stand in the order of the requests.
pub fn send_all(requests: &[Request], in_flight_max: u32) -> Vec<Result<Response, Error>> {
    host::http::fetch_many(requests, in_flight_max)
}

/// Sends up to 16 requests at once and waits for the first that is answered or fails. What is there by then stands in the
/// order of the requests; the others are given up.
pub fn send_first(requests: &[Request]) -> Vec<Option<Result<Response, Error>>> {
    host::http::fetch_first(requests)
}

/// Asks in rounds, so that many large answers fit: of one round each answer may have 2 MiB, and what is longer is asked for
/// again, alone. Answers come in the order of the requests. The requests of a round are taken when its first answer is
/// wanted, so that what one of them may take can follow from the time that is left by then.
pub fn send_in_rounds(
    requests: impl IntoIterator<Item = Request>,
) -> impl Iterator<Item = Result<Response, Error>> {
    /// As many as the host has on the way at one time.
    const ROUND: u32 = 16;
    let mut requests = requests.into_iter();
    let rounds = std::iter::from_fn(move || {
        let round = usize::try_from(ROUND).unwrap_or(usize::MAX);
        let asked: Vec<Request> = requests.by_ref().take(round).collect();
        (!asked.is_empty()).then_some(asked)
    });
    rounds.flat_map(|asked| {
        let answers = send_all(&asked, ROUND);
        answers.into_iter().zip(asked).map(|(answer, request)| match answer {
            Ok(cut) if cut.truncated && request.max_body.is_none() => request.send(),
            answer => answer,
        })
    })
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

    /// This answer if its status is 2xx; an error that says the status and how the body begins if not.
    pub fn expect_success(self) -> Result<Self, Error> {
        /// Enough to tell the operator what the other side objects to.
        const SHOWN_CHARS_MAX: usize = 200;
        if self.is_success() {
            return Ok(self);
        }
        let body = self.text();
        let said: String =
            body.trim().chars().take_while(|c| *c != '\n').take(SHOWN_CHARS_MAX).collect();
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let message = format!("the server answered with status {}{said}", self.status);
        if self.status == 429 {
            let error = Error::new(ErrorKind::RateLimited, message).retryable(true);
            return Err(match self.retry_after_ms() {
                Some(pause) => error.retry_after_ms(pause),
                None => error,
            });
        }
        Err(Error::protocol(message).retryable(self.status >= 500))
    }

    /// The pause that the other side asks for before a retry, where it says seconds.
    pub fn retry_after_ms(&self) -> Option<u32> {
        let seconds: u32 = self.header("retry-after")?.trim().parse().ok()?;
        Some(seconds.saturating_mul(1000))
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
