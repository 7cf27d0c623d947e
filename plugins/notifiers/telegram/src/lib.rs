//! Delivers alerts to a chat of Telegram: the `telegram_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and the message that the host made of its template, escaped for HTML. Leaves: one call of
//! `sendMessage`; a second one without markup, where Telegram cannot read it. What always holds: every failure is tried again, as Alertmanager does, but for one that the operator must
//! mend; not before the pause that Telegram asks for. Open `text.rs` for what is cut.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let told = r#"{"ok":true,"result":{"message_id":7}}"#;
//! let host = FakeHost::new().http_json("https://api.telegram.org/bot", told);
//! let config = r#"{"bot_token":"12:AB","chat_id":-5,"message":"<b>Down</b>"}"#;
//! let receipt = host.notify::<telegram::Telegram>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert_eq!(receipt.remote_id.as_deref(), Some("7"));
//! ```

mod text;

use std::collections::BTreeMap;

use narthex_sdk::{
    AlertGroup, Error, ErrorKind, Info, Json, Notifier, Receipt, alertmanager, http::Response,
    json, log,
};
use serde::Deserialize;

/// What Telegram says of a text that is not what `parse_mode` names: an error stands in the place of a template that failed,
/// and a value may hold what the mode wants escaped.
const NO_MARKUP: &str = "can't parse entities";

/// The notifier.
pub struct Telegram;

/// An entry of `telegram_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    api_url: String,
    bot_token: String,
    bot_token_file: String,
    /// A number; a text where it comes from a file.
    chat_id: Json,
    chat_id_file: String,
    message_thread_id: i64,
    message: String,
    disable_notifications: bool,
    parse_mode: String,
}

/// What the Bot API answers.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
    result: Option<Sent>,
}

#[derive(Default, Deserialize)]
struct Parameters {
    /// Seconds.
    retry_after: Option<u32>,
}

#[derive(Deserialize)]
struct Sent {
    message_id: i64,
}

impl Config {
    fn chat_id(&self) -> String {
        match &self.chat_id {
            Json::String(text) => text.trim().to_owned(),
            Json::Number(number) => number.to_string(),
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => String::new(),
        }
    }
}

impl Notifier for Telegram {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "telegram",
            env!("CARGO_PKG_VERSION"),
            "Sends alerts to a chat of Telegram, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        let token_file = &config.bot_token_file;
        alertmanager::chosen("bot_token", &config.bot_token, "bot_token_file", token_file)?;
        alertmanager::chosen("chat_id", &config.chat_id(), "chat_id_file", &config.chat_id_file)?;
        alertmanager::url("api_url", &config.api_url)?;
        Ok(Vec::new())
    }

    fn notify(config: Config, _group: &AlertGroup) -> Result<Receipt, Error> {
        let text = text::message(&config.message, &config.parse_mode);
        let thread = config.message_thread_id.to_string();
        let chat = config.chat_id();
        let mut message = BTreeMap::from([
            ("chat_id", chat.as_str()),
            ("disable_web_page_preview", "true"),
            ("text", &text),
        ]);
        if config.disable_notifications {
            message.insert("disable_notification", "true");
        }
        if config.message_thread_id != 0 {
            message.insert("message_thread_id", &thread);
        }
        if !config.parse_mode.is_empty() {
            message.insert("parse_mode", &config.parse_mode);
        }
        let api = config.api_url.trim_end_matches('/');
        let url = format!("{api}/bot{}/sendMessage", config.bot_token);
        let send = |message: &BTreeMap<&str, &str>| {
            let request = alertmanager::post(&url, alertmanager::to_json(message)?);
            sent(&alertmanager::send("Telegram", request)?)
        };
        let plain = text::plain(&config.message, &config.parse_mode);
        let sent = match send(&message) {
            Err(error) if error.message.contains(NO_MARKUP) => {
                log::warn("the message is sent as plain text", &[("error", &error.message)]);
                message.remove("parse_mode");
                message.insert("text", &plain);
                send(&message)?
            }
            other => other?,
        };
        Ok(Receipt { remote_id: sent.map(|sent| sent.message_id.to_string()), note: String::new() })
    }
}

/// The message that the chat has.
fn sent(answer: &Response) -> Result<Option<Sent>, Error> {
    let Ok(told) = json::from_slice::<Answer>(&answer.body) else {
        return Err(alertmanager::refused("Telegram", answer, &answer.text(), &[]).retryable(true));
    };
    if told.ok {
        return Ok(told.result);
    }
    let error = alertmanager::refused("Telegram", answer, &told.description, &[]).retryable(true);
    Err(match told.parameters.retry_after {
        Some(seconds) => Error { kind: ErrorKind::RateLimited, ..error }
            .retry_after_ms(seconds.saturating_mul(1000)),
        None => error,
    })
}

narthex_sdk::notifier!(Telegram);

#[cfg(test)]
mod tests;
