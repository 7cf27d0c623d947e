//! A server that speaks Alertmanager's API v2: ours, or an Alertmanager.

use std::time::Duration;

use narthex_client::{Client, Request, RequestError, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wire::{
    Acknowledgement, Alert, Made, PostedAcknowledgement, PostedAlert, PostedSilence, Silence,
    Status,
};

/// 50,000 silences, or 100,000 alerts, of some kilobytes each.
const ANSWER_BYTES_MAX: u64 = 512 << 20;

/// A server to ask.
#[derive(Clone, Debug)]
pub struct Alertmanager {
    client: Client,
    /// Without a slash at the end.
    url: String,
    timeout: Duration,
}

/// Why a server gave no answer, or none that is wanted.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// There is none.
    #[error("{method} {url}")]
    Request {
        /// The method.
        method: &'static str,
        /// The URL.
        url: String,
        /// What happened.
        source: RequestError,
    },
    /// The server refuses.
    #[error("{method} {url}: {status}{}{message}", if .message.is_empty() { "" } else { ": " })]
    Refused {
        /// The method.
        method: &'static str,
        /// The URL.
        url: String,
        /// With its name, as in `404 Not Found`.
        status: String,
        /// As a number.
        code: u16,
        /// The server's words.
        message: String,
    },
    /// It took a silence that recurs as one that holds all the time.
    #[error("{url} does not know silences that recur; silence {id} was ended again")]
    NeverRecurs {
        /// The URL.
        url: String,
        /// The silence.
        id: String,
    },
    /// It took a silence, and does not say whether it recurs.
    #[error("whether silence {id} recurs is not known; it was ended again")]
    MayNotRecur {
        /// The silence.
        id: String,
        /// Why it is not known.
        source: Box<ServerError>,
    },
    /// It took a silence that may hold all the time, and does not end it.
    #[error("silence {id} may hold at all times; end it with `silence expire {id}`")]
    MayHold {
        /// The silence.
        id: String,
        /// Why it was not ended.
        source: Box<ServerError>,
    },
    /// It answers something else.
    #[error("{url} is not Alertmanager's API v2")]
    Answer {
        /// The URL.
        url: String,
        /// What does not fit.
        source: serde_json::Error,
    },
}

impl ServerError {
    /// Whether what was asked for is not there.
    pub(crate) const fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. })
    }
}

impl Alertmanager {
    /// A server by its URL, which may have a path and a user. Each request gets this time.
    #[must_use]
    pub fn new(client: Client, url: &str, timeout: Duration) -> Self {
        Self { client, url: url.trim_end_matches('/').to_owned(), timeout }
    }

    /// The text by which it routes, without its secrets.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn routing(&self) -> Result<String, ServerError> {
        Ok(self.status().await?.config.original)
    }

    pub(crate) async fn status(&self) -> Result<Status, ServerError> {
        self.ask("GET", "status", None).await
    }

    pub(crate) async fn alerts(&self, query: &str) -> Result<Vec<Alert>, ServerError> {
        self.ask("GET", &format!("alerts?{query}"), None).await
    }

    pub(crate) async fn post_alerts(&self, alerts: &[PostedAlert]) -> Result<(), ServerError> {
        self.send("POST", "alerts", Some(json(&alerts))).await.map(|_| ())
    }

    pub(crate) async fn acknowledgements(
        &self,
        query: &str,
    ) -> Result<Vec<Acknowledgement>, ServerError> {
        self.ask("GET", &format!("acknowledgements?{query}"), None).await
    }

    /// The acknowledgements that hold from now on.
    pub(crate) async fn post_acknowledgement(
        &self,
        posted: &PostedAcknowledgement,
    ) -> Result<Vec<Acknowledgement>, ServerError> {
        self.ask("POST", "acknowledgements", Some(json(posted))).await
    }

    pub(crate) async fn delete_acknowledgement(
        &self,
        fingerprint: &str,
    ) -> Result<(), ServerError> {
        let path = format!("acknowledgement/{}", segment(fingerprint));
        self.send("DELETE", &path, None).await.map(|_| ())
    }

    pub(crate) async fn silences(&self, query: &str) -> Result<Vec<Silence>, ServerError> {
        self.ask("GET", &format!("silences?{query}"), None).await
    }

    pub(crate) async fn silence(&self, id: &str) -> Result<Silence, ServerError> {
        self.ask("GET", &format!("silence/{}", segment(id)), None).await
    }

    /// The id of the silence that holds from now on. One that recurs is ended unless the server says that
    /// it does: it may hold all the time.
    pub(crate) async fn post_silence(
        &self,
        silence: &PostedSilence,
    ) -> Result<String, ServerError> {
        let id = self.ask::<Made>("POST", "silences", Some(json(silence))).await?.id;
        if silence.terms.time_intervals.is_empty() {
            return Ok(id);
        }
        let why = match self.silence(&id).await {
            Ok(made) if !made.terms.time_intervals.is_empty() => return Ok(id),
            Ok(_) => ServerError::NeverRecurs { url: without_user(&self.url), id: id.clone() },
            Err(source) => ServerError::MayNotRecur { id: id.clone(), source: Box::new(source) },
        };
        match self.delete_silence(&id).await {
            Ok(()) => Err(why),
            Err(source) => Err(ServerError::MayHold { id, source: Box::new(source) }),
        }
    }

    pub(crate) async fn delete_silence(&self, id: &str) -> Result<(), ServerError> {
        self.send("DELETE", &format!("silence/{}", segment(id)), None).await.map(|_| ())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<T, ServerError> {
        let response = self.send(method, path, body).await?;
        let wrong = |source| ServerError::Answer { url: self.endpoint(path), source };
        serde_json::from_slice(&response.body).map_err(wrong)
    }

    async fn send(
        &self,
        method: &'static str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Response, ServerError> {
        let url = format!("{}/api/v2/{path}", self.url);
        let mut request = Request::get(url, self.timeout, ANSWER_BYTES_MAX);
        request.method = method.to_owned();
        request.may_become_get = method == "GET";
        if let Some(body) = body {
            request.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            request.body = body.into();
        }
        let url = self.endpoint(path);
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(source) => return Err(ServerError::Request { method, url, source }),
        };
        if (200..300).contains(&response.status) {
            return Ok(response);
        }
        let (status, code) = (response.status_text(), response.status);
        Err(ServerError::Refused { method, url, status, code, message: words(&response.body) })
    }

    /// The URL of an endpoint as it may be shown, without what was asked of it.
    fn endpoint(&self, path: &str) -> String {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        format!("{}/api/v2/{path}", without_user(&self.url))
    }
}

/// A URL as it may be shown: a password stands before the last `@` of its first part.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("the shapes are JSON")
}

/// A word as a part of a path.
fn segment(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// What an answer says about itself: a JSON text, a message, or what stands there.
fn words(body: &[u8]) -> String {
    match serde_json::from_slice(body) {
        Ok(Value::String(text)) => text,
        Ok(Value::Object(mut shape)) if shape.contains_key("message") => {
            match shape.remove("message") {
                Some(Value::String(text)) => text,
                other => other.unwrap_or_default().to_string(),
            }
        }
        _ => String::from_utf8_lossy(body).trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_in_the_words_of_the_server() {
        assert_eq!(words(br#""silence not found""#), "silence not found");
        assert_eq!(words(br#"{"code":601,"message":"no uuid"}"#), "no uuid");
        assert_eq!(words(b"<html>\n"), "<html>");
        assert_eq!(words(b""), "");
    }

    #[test]
    fn a_user_is_not_shown() {
        assert_eq!(without_user("http://ada:p@ss@a.example/b@c"), "http://a.example/b@c");
        assert_eq!(without_user("https://[::1]:9093"), "https://[::1]:9093");
    }

    #[test]
    fn a_word_cannot_leave_its_place_in_a_path() {
        assert_eq!(segment("../a b?c"), "..%2Fa%20b%3Fc");
    }
}
