//! Parameters of a request: from the query string, and for POST and PUT from the form too.
//!
//! Every parameter is checked before any work is done; the message names the parameter, as
//! Prometheus' does. A handler may read what its row in the table of endpoints has, and nothing else: a
//! build with assertions ends over it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{Method, header};
use narthex_model::{Matcher, Timestamp, parse_duration};
use narthex_promql::parse_selector;

use crate::envelope::ApiError;

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 10 << 20;

/// The texts that Prometheus takes for the ends of time.
const MIN_TIME: &str = "-292273086-05-16T16:47:06Z";
const MAX_TIME: &str = "+292277025-08-18T07:12:54.999999999Z";

/// Names and values in the order of the request.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    known: Option<Known>,
}

/// The parameters that an endpoint has, among the extensions of a request.
#[derive(Clone, Debug)]
pub(crate) struct Known(pub(crate) Arc<[&'static str]>);

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let known = request.extensions().get::<Known>().cloned();
        let mut pairs = decode(request.uri().query().unwrap_or("").as_bytes());
        let is_form = [Method::POST, Method::PUT].contains(request.method())
            && request
                .headers()
                .get(header::CONTENT_TYPE)
                .and_then(|kind| kind.to_str().ok())
                .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if is_form {
            let limited = request.map(|body| {
                axum::body::Body::new(http_body_util::Limited::new(body, FORM_BYTES_MAX))
            });
            let body = Bytes::from_request(limited, state).await.map_err(|error| {
                ApiError::bad_data(format!("error parsing form values: {error}"))
            })?;
            let mut form = decode(&body);
            form.append(&mut pairs);
            pairs = form;
        }
        Ok(Self { pairs, known })
    }
}

fn decode(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn invalid(name: &str, why: impl std::fmt::Display) -> ApiError {
    ApiError::bad_data(format!("invalid parameter {name:?}: {why}"))
}

impl Params {
    /// Those of a query string.
    pub(crate) fn of(query: &str) -> Self {
        Self { pairs: decode(query.as_bytes()), known: None }
    }

    /// The first value of a parameter; an empty one counts as not given.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.check_is_known(name);
        let found = self.pairs.iter().find(|(candidate, _)| candidate == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.check_is_known(name);
        let found = self.pairs.iter().filter(move |(candidate, _)| candidate == name);
        found.map(|(_, value)| value.as_str())
    }

    fn check_is_known(&self, name: &str) {
        let is_known = |known: &Known| known.0.contains(&name);
        debug_assert!(self.known.as_ref().is_none_or(is_known), "no row has the parameter {name}");
    }

    /// The query text; it must be there.
    pub(crate) fn query(&self) -> &str {
        self.get("query").unwrap_or("")
    }

    /// A time, or `default` when it is not given.
    pub(crate) fn time_or(&self, name: &str, default: Timestamp) -> Result<Timestamp, ApiError> {
        self.get(name).map_or(Ok(default), |text| parse_time(name, text))
    }

    /// A time that must be given.
    pub(crate) fn time(&self, name: &str) -> Result<Timestamp, ApiError> {
        parse_time(name, self.get(name).unwrap_or(""))
    }

    /// A duration, if it is given.
    pub(crate) fn duration(&self, name: &str) -> Result<Option<Duration>, ApiError> {
        self.get(name).map(|text| parse_param_duration(name, text)).transpose()
    }

    /// A duration that must be given.
    pub(crate) fn duration_required(&self, name: &str) -> Result<Duration, ApiError> {
        parse_param_duration(name, self.get(name).unwrap_or(""))
    }

    /// A whole number; zero and absence mean no limit.
    pub(crate) fn limit(&self, name: &str) -> Result<usize, ApiError> {
        let Some(text) = self.get(name) else { return Ok(usize::MAX) };
        match text.parse::<i64>() {
            Ok(0) => Ok(usize::MAX),
            Ok(number) if number > 0 => Ok(usize::try_from(number).unwrap_or(usize::MAX)),
            Ok(_) => Err(invalid(name, "limit must be non-negative")),
            Err(_) => Err(invalid(name, format!("cannot parse {text:?} to a whole number"))),
        }
    }

    /// How many are wanted, where zero asks for none; absent or below zero, all.
    pub(crate) fn count(&self, name: &str) -> Result<usize, ApiError> {
        match self.get(name).map(str::parse::<i64>) {
            None => Ok(usize::MAX),
            Some(Ok(count)) => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
            Some(Err(_)) => Err(ApiError::bad_data(format!("{name} must be a number"))),
        }
    }

    /// A switch, in Go's spellings; absence means no.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some(other) => Err(invalid(name, format!("cannot parse {other:?} to true or false"))),
        }
    }

    /// The selectors of `match[]`. Each needs a matcher that does not match the empty text.
    pub(crate) fn match_sets(&self) -> Result<Vec<Vec<Matcher>>, ApiError> {
        self.all("match[]").map(parse_match).collect()
    }
}

fn parse_match(text: &str) -> Result<Vec<Matcher>, ApiError> {
    parse_selector(text).map_err(|error| invalid("match[]", error))
}

fn parse_time(name: &str, text: &str) -> Result<Timestamp, ApiError> {
    if let Ok(seconds) = text.parse::<f64>()
        && seconds.is_finite()
    {
        return Ok(Timestamp::from_seconds(seconds));
    }
    match text {
        MIN_TIME => return Ok(Timestamp::MIN),
        MAX_TIME => return Ok(Timestamp::MAX),
        _ => {}
    }
    let parsed = text.parse::<jiff::Timestamp>();
    parsed
        .map(|time| Timestamp::from_millis(time.as_millisecond()))
        .map_err(|_| invalid(name, format!("cannot parse {text:?} to a valid timestamp")))
}

fn parse_param_duration(name: &str, text: &str) -> Result<Duration, ApiError> {
    if let Ok(seconds) = text.parse::<f64>() {
        let duration = Duration::try_from_secs_f64(seconds);
        return duration.map_err(|_| {
            invalid(name, format!("cannot parse {text:?} to a valid duration. It is out of range"))
        });
    }
    parse_duration(text)
        .map_err(|_| invalid(name, format!("cannot parse {text:?} to a valid duration")))
}

#[cfg(test)]
mod tests;
