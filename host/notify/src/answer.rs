//! What an answer says of the alerts that were sent.

use std::fmt;
use std::time::Duration;

use narthex_client::{RequestError, Response};
use narthex_model::Timestamp;
use narthex_settings::error_chain;
use serde_json::Value;

use crate::backlog::Outcome;

/// Whatever the other side asks for, it is asked again after this time.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);
/// So much of an answer is logged.
const SAID_CHARS_MAX: usize = 300;

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Taken,
    Refused(Reason),
    Failed { reason: Reason, retry_after: Option<Duration> },
}

/// Why alerts were not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// The status, or why there is none: the same for what goes wrong in the same way.
    pub(crate) kind: String,
    /// The other side's words.
    pub(crate) said: String,
}

impl Verdict {
    /// What the API says of the alerts themselves is final: that they are no alerts, or too many at once.
    /// Whatever else is answered (who are you, not here, not now) may be another answer tomorrow. So may
    /// what is said by a listener or a proxy before the API, but for its word that a request is too large.
    pub(crate) fn of(answer: Result<Response, RequestError>, now: Timestamp) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let reason = Reason { kind: error_chain(&error), said: String::new() };
                return Self::Failed { reason, retry_after: None };
            }
        };
        let reason = Reason::of(&answer);
        match answer.status {
            200..300 => Self::Taken,
            413 => Self::Refused(reason),
            400 | 422 if is_of_api(&answer) => Self::Refused(reason),
            _ => {
                let asked = answer.header("retry-after").and_then(|text| retry_after(text, now));
                let retry_after = asked.map(|pause| pause.min(RETRY_AFTER_MAX));
                Self::Failed { reason, retry_after }
            }
        }
    }

    pub(crate) const fn outcome(&self) -> Outcome {
        match self {
            Self::Taken => Outcome::Taken,
            Self::Refused(_) => Outcome::Refused,
            Self::Failed { .. } => Outcome::Failed,
        }
    }
}

/// Whether these are words of Alertmanager's API: a JSON text, or `{code, message}`.
fn is_of_api(answer: &Response) -> bool {
    let kind = answer.header("content-type").unwrap_or("");
    let is_error = || match serde_json::from_slice(&answer.body) {
        Ok(Value::String(_)) => true,
        Ok(Value::Object(error)) => error.contains_key("code") && error.contains_key("message"),
        Ok(_) | Err(_) => false,
    };
    kind.starts_with("application/json") && (answer.truncated || is_error())
}

impl Reason {
    fn of(answer: &Response) -> Self {
        let kind = format!("server returned HTTP status {}", answer.status_text());
        let said = match (answer.status, answer.header("location")) {
            (301..=303, Some(place)) => {
                format!("it sends on to {place:?}; alerts follow 307 and 308 alone")
            }
            _ => String::from_utf8_lossy(&answer.body).into_owned(),
        };
        Self { kind, said: said.trim().chars().take(SAID_CHARS_MAX).collect() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.said.is_empty() { "" } else { ": " };
        write!(to, "{}{colon}{}", self.kind, self.said)
    }
}

/// `Retry-After`: seconds, or a date.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let millis = date.as_millisecond().saturating_sub(now.millis());
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: (&str, &str) = ("content-type", "application/json");

    fn answer(status: u16, headers: &[(&str, &str)], body: &'static str) -> Verdict {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let headers = headers.collect();
        let response = Response { status, headers, body: body.into(), truncated: false };
        Verdict::of(Ok(response), Timestamp::from_millis(1_000_000))
    }

    #[test]
    fn only_what_the_api_says_of_the_alerts_themselves_is_final() {
        assert_eq!(answer(202, &[], ""), Verdict::Taken);
        for (status, body) in [
            (400, "\"at least one label pair required\""),
            (413, r#"{"code":413,"message":"too long"}"#),
            (422, r#"{"code":602,"message":"0.labels in body is required"}"#),
        ] {
            assert_eq!(answer(status, &[JSON], body).outcome(), Outcome::Refused, "{status}");
            for status in [302, 401, 403, 404, 408, 429, 500, 502, 503] {
                assert_eq!(answer(status, &[JSON], body).outcome(), Outcome::Failed, "{status}");
            }
        }
    }

    #[test]
    fn what_is_said_of_the_connection_is_not_said_of_the_alerts() {
        let html = ("content-type", "text/html");
        for (header, body) in [
            // A server in Go that speaks TLS, one that has a proxy before it, and proxies that speak JSON.
            (("connection", "close"), "Client sent an HTTP request to an HTTPS server.\n"),
            (html, "<center>The plain HTTP request was sent to HTTPS port</center>"),
            (html, "\"a text\""),
            (JSON, r#"{"error":"no route"}"#),
            (JSON, ""),
        ] {
            for status in [400, 422] {
                let verdict = answer(status, &[header], body);
                assert_eq!(verdict.outcome(), Outcome::Failed, "{status} {body}");
            }
            // Whoever finds a request too large finds it too large tomorrow.
            assert_eq!(answer(413, &[header], body).outcome(), Outcome::Refused, "{body}");
        }
    }

    #[test]
    fn reasons_are_told_with_the_words_of_the_other_side() {
        let told = |status, headers: &[(&str, &str)], body| match answer(status, headers, body) {
            Verdict::Failed { reason, .. } | Verdict::Refused(reason) => reason.to_string(),
            Verdict::Taken => panic!("{status} is taken"),
        };
        let status = "server returned HTTP status";
        assert_eq!(told(400, &[], " no\n"), format!("{status} 400 Bad Request: no"));
        assert_eq!(told(503, &[], ""), format!("{status} 503 Service Unavailable"));
        assert_eq!(
            told(302, &[("location", "/login")], "Found"),
            format!(
                "{status} 302 Found: it sends on to \"/login\"; alerts follow 307 and 308 alone"
            )
        );
    }

    #[test]
    fn who_asks_for_a_pause_gets_it_within_bounds() {
        for (text, seconds) in [
            ("7", Some(7)),
            ("Thu, 01 Jan 1970 00:16:50 GMT", Some(10)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("86400", Some(120)),
            ("soon", None),
        ] {
            let Verdict::Failed { retry_after, .. } = answer(429, &[("retry-after", text)], "")
            else {
                panic!("{text}");
            };
            assert_eq!(retry_after.map(|pause| pause.as_secs()), seconds, "{text}");
        }
    }
}
