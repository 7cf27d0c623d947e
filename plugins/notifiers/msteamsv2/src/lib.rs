//! Delivers alerts to a channel of Microsoft Teams: the `msteamsv2_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and a title and a text that the host made of the templates. Leaves: one POST to the channel's
//! workflow, with an adaptive card. What always holds: only 5xx is tried again.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("https://teams.example/", 202, "");
//! let config = r#"{"webhook_url":"https://teams.example/hook","title":"Down","text":"db is down"}"#;
//! host.notify::<msteamsv2::MsTeams>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].body.starts_with(br#"{"type":"message","attachments":["#));
//! ```

mod card;

use narthex_sdk::{AlertGroup, Error, Info, Notifier, Receipt, alertmanager};
use serde::Deserialize;

/// The notifier.
pub struct MsTeams;

/// An entry of `msteamsv2_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    webhook_url: String,
    webhook_url_file: String,
    title: String,
    text: String,
}

impl Notifier for MsTeams {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "msteamsv2",
            env!("CARGO_PKG_VERSION"),
            "Posts alerts to a channel of Microsoft Teams, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        let file = &config.webhook_url_file;
        alertmanager::chosen("webhook_url", &config.webhook_url, "webhook_url_file", file)?;
        alertmanager::url("webhook_url", &config.webhook_url)?;
        Ok(Vec::new())
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        let message = card::message(&config.title, &config.text, group.status);
        let request = alertmanager::post(&config.webhook_url, alertmanager::to_json(&message)?);
        let answer = alertmanager::deliver("Microsoft Teams", request, &[])?;
        Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) })
    }
}

narthex_sdk::notifier!(MsTeams);

#[cfg(test)]
mod tests;
