//! Delivers alerts to PagerDuty: the `pagerduty_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one event, by the Events API v1 where
//! there is a `service_key` and by v2 where there is none. What always holds: a group is one incident, whose key is the hash
//! of the group's key; an event longer than PagerDuty accepts is sent without its details. Open `event.rs` for the JSON.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("https://events.pagerduty.com/v2/enqueue", 202, "");
//! let config = r#"{"routing_key":"key","description":"Down"}"#;
//! host.notify::<pagerduty::PagerDuty>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].body.starts_with(br#"{"routing_key":"key","dedup_key":"#));
//! ```

mod event;

use std::time::Duration;

use narthex_sdk::{
    AlertGroup, Error, Info, Json, Notifier, Receipt, alertmanager, duration,
    http::{Request, Response},
    json,
};
use serde::Deserialize;

use self::event::{Event, Image, Link};

/// What PagerDuty accepts.
const EVENT_BYTES_MAX: usize = 512_000;

/// The notifier.
pub struct PagerDuty;

/// An entry of `pagerduty_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    routing_key: String,
    routing_key_file: String,
    service_key: String,
    service_key_file: String,
    url: String,
    url_v1: String,
    client: String,
    client_url: String,
    description: String,
    details: json::Map<String, Json>,
    images: Vec<Image>,
    links: Vec<Link>,
    source: String,
    severity: String,
    class: String,
    component: String,
    group: String,
    #[serde(with = "duration")]
    timeout: Duration,
}

impl Config {
    fn is_v1(&self) -> bool {
        !self.service_key.is_empty() || !self.service_key_file.is_empty()
    }

    fn request(&self, group: &AlertGroup) -> Result<Request, Error> {
        let (url, key, name) = if self.is_v1() {
            (self.url_v1.as_str(), self.service_key.trim(), "service_key")
        } else {
            (self.url.as_str(), self.routing_key.trim(), "routing_key")
        };
        if key.is_empty() {
            return Err(Error::key(name, "nothing is left once it is expanded"));
        }
        let mut event = Event::new(self, key, group);
        let mut body = alertmanager::to_json(&event)?;
        if body.len() > EVENT_BYTES_MAX {
            event.leave_details_out();
            body = alertmanager::to_json(&event)?;
        }
        let request = alertmanager::post(url, body);
        Ok(if self.timeout.is_zero() { request } else { request.timeout(self.timeout) })
    }
}

impl Notifier for PagerDuty {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "pagerduty",
            env!("CARGO_PKG_VERSION"),
            "Triggers and resolves incidents in PagerDuty, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        let (routing, routing_file) = (&config.routing_key, &config.routing_key_file);
        alertmanager::either(
            "service_key",
            &config.service_key,
            "service_key_file",
            &config.service_key_file,
        )?;
        if config.is_v1() {
            alertmanager::either("routing_key", routing, "routing_key_file", routing_file)?;
        } else {
            alertmanager::chosen("routing_key", routing, "routing_key_file", routing_file)?;
        }
        alertmanager::url("url", &config.url)?;
        Ok(Vec::new())
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        let request = config.request(group)?;
        // 403 and 429 are the limits of v1 and v2.
        let again = if config.is_v1() { 403 } else { 429 };
        let answer = alertmanager::send("PagerDuty", request)?;
        if !answer.is_success() {
            return Err(alertmanager::refused("PagerDuty", &answer, &said(&answer), &[again]));
        }
        let key = alertmanager::hashed(&group.group_key);
        Ok(Receipt { remote_id: Some(key), note: format!("status {}", answer.status) })
    }
}

/// What PagerDuty objects to.
fn said(answer: &Response) -> String {
    #[derive(Deserialize)]
    struct Told {
        message: String,
        #[serde(default)]
        errors: Vec<String>,
    }
    match json::from_slice(&answer.body) {
        Ok(Told { message, errors }) if errors.is_empty() => message,
        Ok(Told { message, errors }) => format!("{message}: {}", errors.join(", ")),
        Err(_) => answer.text(),
    }
}

narthex_sdk::notifier!(PagerDuty);

#[cfg(test)]
mod tests;
