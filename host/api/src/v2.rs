//! Alertmanager's API v2: alerts, groups, silences, receivers, status; and acknowledgements.
//!
//! Shapes, defaults and codes are those of `api/v2/openapi.yaml` of Alertmanager 0.34. An error is a
//! JSON text, or `{code, message}` where a request does not fit the description.

pub(crate) mod acknowledgements;
pub(crate) mod alerts;
mod matcher;
pub(crate) mod silences;
pub(crate) mod status;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use narthex_alerting::parse_matcher;
use narthex_model::{Labels, Matcher, Timestamp};
use narthex_settings::error_chain;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::params::Params;

/// Bytes of a request's body: 10,000 alerts of some kilobytes each.
const BODY_BYTES_MAX: usize = 32 << 20;

/// An answer of the API.
pub(crate) type Answer = Result<Response, Fault>;

/// Why a request has no answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    /// A JSON text with a status.
    Plain(StatusCode, String),
    /// The request does not fit the description: 422, or 400 where it is no JSON.
    Shape { status: StatusCode, code: u32, message: String },
}

/// What is not found below `/api/v2`.
pub(crate) async fn unknown() -> Response {
    let message = "no such endpoint; /api/v2 has alerts, alerts/groups, silences, acknowledgements, \
                   receivers, status";
    Fault::Shape { status: StatusCode::NOT_FOUND, code: 404, message: message.to_owned() }
        .into_response()
}

impl Fault {
    fn bad(message: impl Into<String>) -> Self {
        Self::Plain(StatusCode::BAD_REQUEST, message.into())
    }

    fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Plain(StatusCode::INTERNAL_SERVER_ERROR, error_chain(error))
    }

    /// A value that is not of its type.
    fn kind(message: String) -> Self {
        Self::Shape { status: StatusCode::UNPROCESSABLE_ENTITY, code: 601, message }
    }

    /// A list that may not be empty.
    fn too_few(property: &str) -> Self {
        let message = format!("{property} in body should have at least 1 items");
        Self::Shape { status: StatusCode::UNPROCESSABLE_ENTITY, code: 612, message }
    }

    /// A property that has to be there.
    fn required(property: &str) -> Self {
        let message = format!("{property} in body is required");
        Self::Shape { status: StatusCode::UNPROCESSABLE_ENTITY, code: 602, message }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::Plain(status, message) => answer(status, &message),
            Self::Shape { status, code, message } => {
                answer(status, &json!({ "code": code, "message": message }))
            }
        }
    }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(body) => {
            let kind = (header::CONTENT_TYPE, "application/json");
            (status, [kind, (header::CACHE_CONTROL, "no-store")], body).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn ok(body: &impl Serialize) -> Answer {
    Ok(answer(StatusCode::OK, body))
}

/// Reads a body of JSON.
async fn body<T: DeserializeOwned>(request: Request, what: &str) -> Result<T, Fault> {
    let refused = |status, why: &str| Fault::Shape {
        status,
        code: u32::from(status.as_u16()),
        message: format!("parsing {what} body from \"\" failed, because {why}"),
    };
    let limited = Limited::new(Body::new(request.into_body()), BODY_BYTES_MAX);
    let bytes: Bytes = match limited.collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let why = format!("it is longer than {BODY_BYTES_MAX} bytes; send it in parts");
            return Err(refused(StatusCode::PAYLOAD_TOO_LARGE, &why));
        }
        Err(error) => return Err(refused(StatusCode::BAD_REQUEST, &error.to_string())),
    };
    serde_json::from_slice(&bytes)
        .map_err(|error| refused(StatusCode::BAD_REQUEST, &error.to_string()))
}

/// A switch that is on unless it is switched off. What is no word for on is off, as in Alertmanager.
fn is_on(params: &Params, name: &str) -> bool {
    const ON: [&str; 10] =
        ["1", "checked", "enabled", "on", "ok", "selected", "t", "true", "y", "yes"];
    params.get(name).is_none_or(|text| ON.contains(&text.to_lowercase().as_str()))
}

/// The matchers of a parameter that may stand many times.
fn matchers(params: &Params, name: &str) -> Result<Vec<Matcher>, Fault> {
    params
        .all(name)
        .map(|text| parse_matcher(text).map_err(|error| Fault::bad(error_chain(&error))))
        .collect()
}

/// Whether labels are what all matchers want; one that is not there is the empty text.
fn are_wanted<'a>(wanted: &[Matcher], value: impl Fn(&str) -> Option<&'a str>) -> bool {
    wanted.iter().all(|matcher| matcher.matches(value(matcher.name()).unwrap_or("")))
}

/// A moment in a body: RFC 3339.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Moment(Timestamp);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse::<jiff::Timestamp>() {
            Ok(at) => Ok(Self(Timestamp::from_millis(at.as_millisecond()))),
            Err(_) => Err(format!("{text:?} is no time; write it as 2026-01-31T12:00:00Z")),
        }
    }
}

/// RFC 3339 with milliseconds.
fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

/// Adds what is only told where it is there.
fn set(shown: &mut Value, key: &str, value: impl Into<Value>) {
    if let Value::Object(map) = shown {
        map.insert(key.to_owned(), value.into());
    }
}

fn labels(labels: &Labels) -> Value {
    labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

#[cfg(test)]
mod tests;
