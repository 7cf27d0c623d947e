//! Delivers alerts to a channel of Mattermost: the `mattermost_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one POST to the channel's webhook. What
//! always holds: nothing is asked for that the priority of a post does not have. Open `message.rs` for the JSON.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("https://chat.example/", 200, "ok");
//! let config = r#"{"webhook_url":"https://chat.example/hooks/1","channel":"ops","text":"db is down"}"#;
//! host.notify::<mattermost::Mattermost>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].body.starts_with(br#"{"channel":"ops","#));
//! ```

mod message;

use narthex_sdk::{AlertGroup, Error, Info, Notifier, Receipt, alertmanager};
use serde::Deserialize;

use self::message::{Card, Message, Priority, Props};

/// The notifier.
pub struct Mattermost;

/// An entry of `mattermost_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    webhook_url: String,
    webhook_url_file: String,
    channel: String,
    username: String,
    icon_url: String,
    icon_emoji: String,
    r#type: String,
    /// The card where there are no others.
    #[serde(flatten)]
    card: Card,
    attachments: Vec<Card>,
    props: Props,
    priority: Priority,
}

impl Notifier for Mattermost {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "mattermost",
            env!("CARGO_PKG_VERSION"),
            "Posts alerts to a channel of Mattermost, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        let file = &config.webhook_url_file;
        alertmanager::chosen("webhook_url", &config.webhook_url, "webhook_url_file", file)?;
        alertmanager::url("webhook_url", &config.webhook_url)?;
        config.card.judge("")?;
        for (index, card) in config.attachments.iter().enumerate() {
            card.judge(&format!("attachments[{index}]."))?;
        }
        Ok(Vec::new())
    }

    fn notify(config: Config, _group: &AlertGroup) -> Result<Receipt, Error> {
        let body = alertmanager::to_json(&Message::new(&config))?;
        let request = alertmanager::post(&config.webhook_url, body);
        let answer = alertmanager::deliver("Mattermost", request, &[])
            .map_err(|error| error.context(format!("channel {:?}", config.channel)))?;
        Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) })
    }
}

narthex_sdk::notifier!(Mattermost);

#[cfg(test)]
mod tests;
