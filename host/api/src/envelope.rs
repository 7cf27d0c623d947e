//! The shape of every answer: `{status, data, errorType, error, warnings, infos}`.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use narthex_promql::{Annotation, QueryError};
use narthex_settings::error_chain;
use serde::Serialize;
use serde_json::json;

/// At most so many warnings and as many infos are shown (Prometheus, `api.go`).
const ANNOTATIONS_MAX: usize = 10;

/// An answer of the API.
pub(crate) type Answer = Result<Response, ApiError>;

/// Why a request has no answer; shown with the status code that Prometheus gives it.
#[derive(Debug)]
pub(crate) struct ApiError {
    kind: &'static str,
    message: String,
}

impl ApiError {
    /// A parameter is wrong: 400.
    pub(crate) fn bad_data(message: impl Into<String>) -> Self {
        Self { kind: "bad_data", message: message.into() }
    }

    /// There is no such thing: 404.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { kind: "not_found", message: message.into() }
    }

    /// Nobody may do that here: 403.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self { kind: "forbidden", message: message.into() }
    }

    /// It would take the place of another: 409.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self { kind: "conflict", message: message.into() }
    }

    /// What was asked for is switched off: 500, as in Prometheus.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { kind: "unavailable", message: message.into() }
    }

    /// A fault of ours: 500.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self { kind: "internal", message: message.into() }
    }

    fn status(&self) -> StatusCode {
        match self.kind {
            "bad_data" => StatusCode::BAD_REQUEST,
            "forbidden" => StatusCode::FORBIDDEN,
            "not_found" => StatusCode::NOT_FOUND,
            "conflict" => StatusCode::CONFLICT,
            "execution" => StatusCode::UNPROCESSABLE_ENTITY,
            "timeout" => StatusCode::SERVICE_UNAVAILABLE,
            "canceled" => client_closed_request(),
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// 499, as Prometheus answers a query whose client has gone: read by nobody but proxies.
fn client_closed_request() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let kind = error.kind().name();
        let message = match &error {
            QueryError::Parse(parse) => format!("invalid parameter \"query\": {parse}"),
            QueryError::Execution(_)
            | QueryError::TooManySamples
            | QueryError::TooMuchMemory { .. }
            | QueryError::Timeout { .. }
            | QueryError::Canceled { .. }
            | QueryError::Storage(_) => error_chain(&error),
        };
        Self { kind, message }
    }
}

impl From<narthex_storage::ReadError> for ApiError {
    fn from(error: narthex_storage::ReadError) -> Self {
        Self { kind: "execution", message: error_chain(&error) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({"status": "error", "errorType": self.kind, "error": self.message});
        json_response(self.status(), body.to_string())
    }
}

/// A successful answer.
pub(crate) fn ok(data: &impl Serialize) -> Answer {
    ok_with_notes(data, &[], &[])
}

/// A successful answer with remarks.
pub(crate) fn ok_with_notes(
    data: &impl Serialize,
    warnings: &[String],
    infos: &[String],
) -> Answer {
    #[derive(Serialize)]
    struct Envelope<'a, D> {
        status: &'static str,
        data: &'a D,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        warnings: &'a [String],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        infos: &'a [String],
    }
    let envelope = Envelope { status: "success", data, warnings, infos };
    let body = serde_json::to_string(&envelope)
        .map_err(|error| ApiError::internal(format!("write the answer: {error}")))?;
    Ok(json_response(StatusCode::OK, body))
}

/// Remarks as texts, cut as Prometheus cuts them.
pub(crate) fn notes(annotations: &[Annotation], kind: &str) -> Vec<String> {
    let mut texts: Vec<String> =
        annotations.iter().take(ANNOTATIONS_MAX).map(ToString::to_string).collect();
    let more = annotations.len().saturating_sub(ANNOTATIONS_MAX);
    if more > 0 {
        texts.push(format!("{more} more {kind} annotations omitted"));
    }
    texts
}

fn json_response(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
