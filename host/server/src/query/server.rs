//! A server that is asked through its HTTP API.

use std::time::Duration;

use narthex_client::{Client, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::data::{LabelMap, Value};
use crate::outbound::base_url;
use crate::tsdb::notation;
use crate::tsdb::output::progress;

/// A query may take as long as promtool lets it.
const TIMEOUT: Duration = Duration::from_secs(120);
/// An answer that a terminal or a program still wants.
const ANSWER_BYTES_MAX: u64 = 2 << 30;

pub(super) struct Server {
    client: Client,
    url: String,
    headers: Vec<(String, String)>,
}

/// Why there is no answer, in promtool's words.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Request(String),
    #[error("{kind}: {message}")]
    Refused { kind: String, message: String },
    #[error("{kind}: {message} (detail: {detail})")]
    Status { kind: &'static str, message: String, detail: String },
}

#[derive(Deserialize)]
struct Envelope<D> {
    status: String,
    data: Option<D>,
    #[serde(default, rename = "errorType")]
    kind: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

impl Server {
    pub(super) fn new(client: Client, url: &str, headers: &[(String, String)]) -> Self {
        Self { client, url: base_url(url), headers: headers.to_vec() }
    }

    pub(super) async fn instant(&self, query: &str, at: i64) -> Result<Value, Failure> {
        let form = form(&[("query", query), ("time", &seconds(at))]);
        self.post("/api/v1/query", form).await
    }

    pub(super) async fn range(
        &self,
        query: &str,
        start: i64,
        end: i64,
        step: Duration,
    ) -> Result<Value, Failure> {
        let (start, end, step) = (seconds(start), seconds(end), step.as_secs_f64().to_string());
        let form = form(&[("query", query), ("start", &start), ("end", &end), ("step", &step)]);
        self.post("/api/v1/query_range", form).await
    }

    pub(super) async fn series(
        &self,
        selectors: &[String],
        start: i64,
        end: i64,
    ) -> Result<Vec<LabelMap>, Failure> {
        self.post("/api/v1/series", choice(selectors, start, end)).await
    }

    pub(super) async fn label_values(
        &self,
        name: &str,
        selectors: &[String],
        start: i64,
        end: i64,
    ) -> Result<Vec<String>, Failure> {
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let path = format!(
            "{}/api/v1/label/{}/values?{}",
            self.url,
            name.replace('+', "%20"),
            choice(selectors, start, end)
        );
        let (values, warnings) = self.ask(Request::get(&path, TIMEOUT, ANSWER_BYTES_MAX)).await?;
        for warning in warnings {
            progress(&format!("query warning: {warning}"));
        }
        Ok(values)
    }

    /// The data of an answer. Warnings are left aside, as by promtool.
    async fn post<D: DeserializeOwned>(&self, path: &str, form: String) -> Result<D, Failure> {
        let url = format!("{}{path}", self.url);
        let mut request = Request::get(&url, TIMEOUT, ANSWER_BYTES_MAX);
        request.method = "POST".to_owned();
        let kind = ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        request.headers.push(kind);
        request.body = form.into_bytes().into();
        Ok(self.ask(request).await?.0)
    }

    /// The data of an answer, and its warnings.
    async fn ask<D: DeserializeOwned>(
        &self,
        mut request: Request,
    ) -> Result<(D, Vec<String>), Failure> {
        request.headers.extend(self.headers.iter().cloned());
        let answer = self.client.request(request).await;
        let response =
            answer.map_err(|error| Failure::Request(narthex_settings::error_chain(&error)))?;
        // Only answers of these codes have the API's own words in them.
        if !matches!(response.status, 200..=299 | 400 | 422) {
            let (kind, what) = match response.status {
                400..=499 => ("client_error", "client error:"),
                500..=599 => ("server_error", "server error:"),
                _ => ("bad_response", "bad response code"),
            };
            let message = format!("{what} {}", response.status);
            let detail = String::from_utf8_lossy(&response.body).trim().to_owned();
            return Err(Failure::Status { kind, message, detail });
        }
        let envelope: Envelope<D> = serde_json::from_slice(&response.body).map_err(|error| {
            Failure::Refused { kind: "bad_response".to_owned(), message: error.to_string() }
        })?;
        match envelope.data {
            Some(data) if envelope.status == "success" => Ok((data, envelope.warnings)),
            _ => Err(Failure::Refused { kind: envelope.kind, message: envelope.error }),
        }
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn choice(selectors: &[String], start: i64, end: i64) -> String {
    let (start, end) = (seconds(start), seconds(end));
    let mut pairs = vec![("start", start.as_str()), ("end", end.as_str())];
    pairs.extend(selectors.iter().map(|selector| ("match[]", selector.as_str())));
    form(&pairs)
}

fn seconds(millis: i64) -> String {
    notation::seconds(millis)
}
