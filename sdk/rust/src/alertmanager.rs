//! What notifiers share that deliver as Alertmanager does: its JSON, its cuts, its word on what is tried again.
//!
//! With the feature `alertmanager`. The host expands templates before the call; nothing here knows of them but
//! [`read_again`].

mod json;
mod settings;
mod yaml;

use sha2::{Digest as _, Sha256};

use crate::{
    Error, ErrorKind,
    http::{Request, Response},
};

pub use self::{
    json::to_json,
    settings::{chosen, either, url},
    yaml::read_again,
};

/// Enough for the JSON of an answer that repeats the message.
const ANSWER_BYTES_MAX: u32 = 64 << 10;

/// Enough of an answer to tell the operator what the receiver objects to.
pub const SAID_CHARS_MAX: usize = 512;

/// What Alertmanager puts where a text was cut.
const CUT: &str = "…";

/// SHA-256 in hexadecimal digits: of a group's key, where a receiver bounds the length of keys.
pub fn hashed(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes all that is written");
        text
    })
}

/// At most `chars_max` characters; one that is cut ends in `…`.
pub fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max.saturating_sub(1)).collect::<String>() + CUT
}

/// A POST of JSON.
pub fn post(url: &str, body: Vec<u8>) -> Request {
    Request::post(url).header("content-type", "application/json").body(body)
}

/// Sends a notification and waits for the answer, whatever its status. `service` is who gets it, for errors.
///
/// What could not be sent is tried again, unless trying changes nothing: without a grant, or with a bad URL.
pub fn send(service: &str, request: Request) -> Result<Response, Error> {
    request.body_bytes_max(ANSWER_BYTES_MAX).send().map_err(|error| {
        let is_final = matches!(error.kind, ErrorKind::Denied | ErrorKind::Config);
        error.retryable(!is_final).context(format!("post to {service}"))
    })
}

/// Sends a notification; an answer other than 2xx is an error with what the receiver said. Tried again are 5xx and the
/// statuses `again`.
pub fn deliver(service: &str, request: Request, again: &[u16]) -> Result<Response, Error> {
    let answer = send(service, request)?;
    if answer.is_success() {
        return Ok(answer);
    }
    let said = answer.text();
    Err(refused(service, &answer, &said, again))
}

/// The error of an answer other than 2xx. Besides those that Alertmanager tries again it is 429, when the receiver says
/// how long to wait.
pub fn refused(service: &str, answer: &Response, said: &str, again: &[u16]) -> Error {
    let said = match said.trim() {
        "" => String::new(),
        said => format!(": {}", cut(said, SAID_CHARS_MAX)),
    };
    let message = format!("{service} answered with status {}{said}", answer.status);
    let pause = answer.retry_after_ms();
    let is_limit = answer.status == 429;
    let kind = if is_limit { ErrorKind::RateLimited } else { ErrorKind::Protocol };
    let is_passing = (500..600).contains(&answer.status) || again.contains(&answer.status);
    let error = Error::new(kind, message).retryable(is_passing || is_limit && pause.is_some());
    match pause {
        Some(pause) => error.retry_after_ms(pause),
        None => error,
    }
}

#[cfg(test)]
mod tests;
