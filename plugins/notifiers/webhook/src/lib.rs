//! Delivers alerts as JSON: the `webhook_configs` of Alertmanager, message version 4, byte for byte.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one POST. What always holds: a receiver that answered 2xx is not asked again; one
//! that could not be reached or answered 5xx is; every other answer is final. Open `message.rs` for the JSON.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("http://receiver.example/", 200, "");
//! let config = r#"{"url":"http://receiver.example/hook","route_labels":"{}"}"#;
//! host.notify::<webhook::Webhook>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].body.starts_with(br#"{"receiver":"team","status":"firing","alerts":[{"#));
//! ```

mod message;

use std::time::Duration;

use narthex_sdk::{AlertGroup, Error, Info, Json, Notifier, Receipt, alertmanager, duration};
use serde::Deserialize;

/// The notifier.
pub struct Webhook;

/// An entry of `webhook_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Secret: receivers put tokens into it. It appears in no message.
    url: String,
    url_file: String,
    max_alerts: usize,
    #[serde(with = "duration")]
    timeout: Duration,
    /// Sent instead of the message, unless it is null.
    payload: Json,
    notification_reason: String,
    /// An object of JSON.
    route_labels: String,
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
        alertmanager::chosen("url", &config.url, "url_file", &config.url_file)?;
        alertmanager::url("url", &config.url)?;
        Ok(Vec::new())
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        let body = if config.payload.is_null() {
            message::render(group, &config)?
        } else {
            alertmanager::to_json(&alertmanager::read_again(config.payload))?
        };
        if config.url.is_empty() {
            return Err(Error::key("url", "nothing is left once it is expanded"));
        }
        let mut request = alertmanager::post(&config.url, body);
        if !config.timeout.is_zero() {
            request = request.timeout(config.timeout);
        }
        let answer = alertmanager::deliver("the webhook", request, &[])?;
        Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) })
    }
}

narthex_sdk::notifier!(Webhook);

#[cfg(test)]
mod tests;
