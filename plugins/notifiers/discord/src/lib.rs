//! Delivers alerts to a channel of Discord: the `discord_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one POST to the channel's webhook,
//! with a card that is red or green. What always holds: texts are cut to what Discord accepts, between characters.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("https://discord.example/", 204, "");
//! let config = r#"{"webhook_url":"https://discord.example/hook","title":"Down","message":"db is down"}"#;
//! host.notify::<discord::Discord>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].body.starts_with(br#"{"content":"","embeds":[{"title":"Down""#));
//! ```

use narthex_sdk::{AlertGroup, AlertStatus, Error, Info, Notifier, Receipt, alertmanager};
use serde::{Deserialize, Serialize};

/// What Discord accepts, in characters: <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>.
const CONTENT_CHARS_MAX: usize = 2000;
const TITLE_CHARS_MAX: usize = 256;
const DESCRIPTION_CHARS_MAX: usize = 4096;

const RED: u32 = 0x99_2d_22;
const GREEN: u32 = 0x2e_cc_71;

/// The notifier.
pub struct Discord;

/// An entry of `discord_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    webhook_url: String,
    webhook_url_file: String,
    content: String,
    title: String,
    message: String,
    username: String,
    avatar_url: String,
}

/// The order of fields is the order of their bytes.
#[derive(Serialize)]
struct Message<'a> {
    content: String,
    embeds: [Card; 1],
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    avatar_url: &'a str,
}

#[derive(Serialize)]
struct Card {
    title: String,
    description: String,
    color: u32,
}

impl Notifier for Discord {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "discord",
            env!("CARGO_PKG_VERSION"),
            "Posts alerts to a channel of Discord, as Alertmanager does.",
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
        let message = Message {
            content: alertmanager::cut(&config.content, CONTENT_CHARS_MAX),
            embeds: [Card {
                title: alertmanager::cut(&config.title, TITLE_CHARS_MAX),
                description: alertmanager::cut(&config.message, DESCRIPTION_CHARS_MAX),
                color: match group.status {
                    AlertStatus::Firing => RED,
                    AlertStatus::Resolved => GREEN,
                },
            }],
            username: &config.username,
            avatar_url: &config.avatar_url,
        };
        let request = alertmanager::post(&config.webhook_url, alertmanager::to_json(&message)?);
        let answer = alertmanager::deliver("Discord", request, &[])?;
        Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) })
    }
}

narthex_sdk::notifier!(Discord);

#[cfg(test)]
mod tests;
