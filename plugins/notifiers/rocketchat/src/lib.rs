//! Delivers alerts to a channel of Rocket.Chat: the `rocketchat_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one POST of `chat.postMessage` with the
//! token of a user. What always holds: a message that Rocket.Chat refused is not tried again. Open `message.rs` for the JSON.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_json("https://open.rocket.chat/", r#"{"success":true}"#);
//! let config = r##"{"token":"t","token_id":"u","channel":"#ops","title":"Down","text":"db"}"##;
//! host.notify::<rocketchat::RocketChat>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].body.starts_with(br##"{"channel":"#ops","##));
//! ```

mod message;

use narthex_sdk::{AlertGroup, Error, Info, Notifier, Receipt, alertmanager, http::Response};
use serde::Deserialize;

use self::message::{Action, Field, Message};

/// How an answer begins that repeats the message: <https://developer.rocket.chat/apidocs/post-message>.
const REPEATED: &str = r#"{"ts":"#;

/// The notifier.
pub struct RocketChat;

/// An entry of `rocketchat_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    api_url: String,
    token: String,
    token_file: String,
    token_id: String,
    token_id_file: String,
    channel: String,
    color: String,
    title: String,
    title_link: String,
    text: String,
    fields: Vec<Field>,
    short_fields: bool,
    emoji: String,
    icon_url: String,
    image_url: String,
    thumb_url: String,
    actions: Vec<Action>,
}

impl Notifier for RocketChat {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "rocketchat",
            env!("CARGO_PKG_VERSION"),
            "Posts alerts to a channel of Rocket.Chat, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        alertmanager::chosen("token", &config.token, "token_file", &config.token_file)?;
        let id_file = &config.token_id_file;
        alertmanager::chosen("token_id", &config.token_id, "token_id_file", id_file)?;
        alertmanager::url("api_url", &config.api_url)?;
        Ok(Vec::new())
    }

    fn notify(config: Config, _group: &AlertGroup) -> Result<Receipt, Error> {
        let url = format!("{}/api/v1/chat.postMessage", config.api_url.trim_end_matches('/'));
        let body = alertmanager::to_json(&Message::new(&config))?;
        let request = alertmanager::post(&url, body)
            .header("x-auth-token", config.token.trim())
            .header("x-user-id", config.token_id.trim());
        alertmanager::deliver("Rocket.Chat", request, &[])
            .and_then(|answer| posted(&answer))
            .map_err(|error| error.context(format!("channel {:?}", config.channel)))?;
        Ok(Receipt { remote_id: None, note: String::new() })
    }
}

/// It may be refused with status 200.
fn posted(answer: &Response) -> Result<(), Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Answer {
        success: bool,
        error: String,
    }
    // JSON of such a length repeats the message; a refusal is short.
    if answer.truncated && answer.text().trim_start().starts_with(REPEATED) {
        return Ok(());
    }
    let told: Answer = answer.json().map_err(|error| error.retryable(true))?;
    if told.success {
        return Ok(());
    }
    let said = alertmanager::cut(told.error.trim(), alertmanager::SAID_CHARS_MAX);
    Err(Error::protocol(format!("Rocket.Chat refused the message: {said}")))
}

narthex_sdk::notifier!(RocketChat);

#[cfg(test)]
mod tests;
