//! Delivers alerts to a channel of Microsoft Teams by a connector: the `msteams_configs` of Alertmanager, byte for byte.
//! Connectors are what came before workflows, of which the plugin `msteamsv2` is.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one POST to the channel's connector,
//! with a card that is red or green. What always holds: only 5xx is tried again.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("https://teams.example/", 200, "1");
//! let config = r#"{"webhook_url":"https://teams.example/hook","title":"Down","text":"db","summary":""}"#;
//! host.notify::<msteams::MsTeams>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].body.ends_with(b"\"themeColor\":\"8C1A1A\"}\n"));
//! ```

use narthex_sdk::{AlertGroup, AlertStatus, Error, Info, Notifier, Receipt, alertmanager};
use serde::{Deserialize, Serialize};

const RED: &str = "8C1A1A";
const GREEN: &str = "2DC72D";

/// The notifier.
pub struct MsTeams;

/// An entry of `msteams_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    webhook_url: String,
    webhook_url_file: String,
    title: String,
    summary: String,
    text: String,
}

/// A card. The order of fields is the order of their bytes.
#[derive(Serialize)]
struct Card<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    r#type: &'static str,
    title: &'a str,
    summary: &'a str,
    text: &'a str,
    #[serde(rename = "themeColor")]
    color: &'static str,
}

impl Notifier for MsTeams {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "msteams",
            env!("CARGO_PKG_VERSION"),
            "Posts alerts to a channel of Microsoft Teams by a connector, as Alertmanager does.",
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
        let card = Card {
            context: "http://schema.org/extensions",
            r#type: "MessageCard",
            title: &config.title,
            summary: &config.summary,
            text: &config.text,
            color: match group.status {
                AlertStatus::Firing => RED,
                AlertStatus::Resolved => GREEN,
            },
        };
        let request = alertmanager::post(&config.webhook_url, alertmanager::to_json(&card)?);
        let answer = alertmanager::deliver("Microsoft Teams", request, &[])?;
        Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) })
    }
}

narthex_sdk::notifier!(MsTeams);

#[cfg(test)]
mod tests;
