//! Delivers alerts as JSON: the `webhook_configs` of Alertmanager, message version 4, byte for byte.
//!
//! Enters: a group of alerts. Leaves: one POST. What always holds: a receiver that answered 2xx is not asked again; one
//! that could not be reached or answered 5xx is; every other answer is final. Open `message.rs` for the JSON.
//!
//! ```
//! use narthex_sdk::{AlertGroup, AlertStatus, testing::FakeHost};
//!
//! let group = AlertGroup {
//!     group_key: "{}:{}".into(),
//!     receiver: "team".into(),
//!     status: AlertStatus::Firing,
//!     group_labels: vec![],
//!     common_labels: vec![],
//!     common_annotations: vec![],
//!     alerts: vec![],
//!     truncated_alerts: 0,
//!     external_url: "http://narthex.example".into(),
//!     attempt: 1,
//!     idempotency_key: "1".into(),
//! };
//! let host = FakeHost::new().http_status("http://receiver.example/", 200, "");
//! host.notify::<webhook::Webhook>(r#"{"url":"http://receiver.example/hook"}"#, &group).unwrap();
//! assert!(host.requests()[0].body.starts_with(br#"{"receiver":"team","status":"firing","alerts":[]"#));
//! ```

mod message;

use std::time::Duration;

use narthex_sdk::{
    Alert, AlertGroup, AlertStatus, Error, Info, Json, Notifier, Receipt, duration, http::Request,
};
use serde::Deserialize;

/// Enough of an answer to tell the operator what the receiver objects to.
const ANSWER_BYTES_MAX: u32 = 1024;

/// The notifier.
pub struct Webhook;

/// An entry of `webhook_configs`. The schema holds the defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Secret: receivers put tokens into it. It appears in no message.
    url: String,
    send_resolved: bool,
    max_alerts: usize,
    #[serde(with = "duration")]
    timeout: Duration,
    http_config: Option<Json>,
}

impl Notifier for Webhook {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "webhook",
            env!("CARGO_PKG_VERSION"),
            "Posts alerts as JSON, as Alertmanager's webhook does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        if config.http_config.is_some() {
            let reason =
                "not supported by this plugin; the host speaks TLS and uses the system's proxy";
            return Err(Error::key("http_config", reason));
        }
        if !config.url.starts_with("http://") && !config.url.starts_with("https://") {
            return Err(Error::key("url", "must begin with http:// or https://"));
        }
        Ok(Vec::new())
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        Self::validate(&config)?;
        let is_firing = |alert: &Alert| alert.status == AlertStatus::Firing;
        if !config.send_resolved && !group.alerts.is_empty() && !group.alerts.iter().any(is_firing)
        {
            return Ok(Receipt { remote_id: None, note: "resolved alerts are not sent".into() });
        }
        let message = message::render(group, config.max_alerts, config.send_resolved)?;
        let mut request = Request::post(&config.url)
            .header("content-type", "application/json")
            .body(message)
            .body_bytes_max(ANSWER_BYTES_MAX);
        if !config.timeout.is_zero() {
            request = request.timeout(config.timeout);
        }
        let answer = request.send().map_err(|error| {
            // The host could not send at all: retrying does not help against a missing grant or a bad URL.
            let retryable = !matches!(
                error.kind,
                narthex_sdk::ErrorKind::Denied | narthex_sdk::ErrorKind::Config
            );
            error.retryable(retryable).context("post to the webhook")
        })?;
        if answer.is_success() {
            return Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) });
        }
        let said = answer.text();
        let said =
            if said.trim().is_empty() { String::new() } else { format!(": {}", said.trim()) };
        let error =
            Error::protocol(format!("the webhook answered with status {}{said}", answer.status));
        Err(error.retryable((500..600).contains(&answer.status)))
    }
}

narthex_sdk::notifier!(Webhook);

#[cfg(test)]
mod tests;
