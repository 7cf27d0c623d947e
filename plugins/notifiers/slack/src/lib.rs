//! Delivers alerts to Slack: the `slack_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one POST, to an incoming webhook or to
//! `chat.postMessage`; with `update_message` to `chat.update` once the group has a message. What always holds: a message that
//! Slack refused is not tried again. Open `message.rs` for the JSON, `place.rs` for where it goes.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("https://hooks.slack.example/", 200, "ok");
//! let config = r##"{"api_url":"https://hooks.slack.example/T/B","channel":"#ops","title":"Down"}"##;
//! host.notify::<slack::Slack>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].body.starts_with(br##"{"channel":"#ops","##));
//! ```

mod config;
mod message;
mod place;

use narthex_sdk::{AlertGroup, Error, Info, Notifier, Receipt, alertmanager, http::Response};
use serde::Deserialize;

pub use self::config::Config;
use self::{
    message::Message,
    place::{Former, Place},
};

/// The notifier.
pub struct Slack;

/// What `chat.postMessage` answers.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    ok: bool,
    error: String,
    channel: String,
    ts: String,
}

impl Notifier for Slack {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "slack",
            env!("CARGO_PKG_VERSION"),
            "Posts alerts to Slack, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        config.judge()?;
        Ok(Vec::new())
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        let mut message = Message::new(&config);
        let place = Place::of(&config, group)?;
        if let Some(former) = &place.former {
            message.update(former);
        }
        let mut request = alertmanager::post(&place.url, alertmanager::to_json(&message)?);
        if let Some(token) = place.token {
            request = request.header("authorization", &format!("Bearer {token}"));
        }
        if !config.timeout.is_zero() {
            request = request.timeout(config.timeout);
        }
        let step = format!("channel {:?}", message.channel);
        let posted = alertmanager::deliver("Slack", request, &[])
            .and_then(|answer| posted(&answer))
            .map_err(|error| error.context(step))?;
        if config.update_message && !posted.ts.is_empty() && !posted.channel.is_empty() {
            let former = Former { channel: posted.channel, ts: posted.ts.clone() };
            place::remember(&config, group, &former);
        }
        Ok(Receipt { remote_id: Some(posted.ts).filter(|ts| !ts.is_empty()), note: String::new() })
    }
}

/// The message that Slack took: the API says so in JSON, a webhook by `ok`.
fn posted(answer: &Response) -> Result<Answer, Error> {
    let is_json =
        answer.header("content-type").is_some_and(|it| it.starts_with("application/json"));
    let told = if is_json {
        answer.json().map_err(|error| error.retryable(true))?
    } else {
        let said = answer.text();
        Answer { ok: said == "ok", error: said, ..Answer::default() }
    };
    if told.ok {
        return Ok(told);
    }
    Err(Error::protocol(format!(
        "Slack refused the message: {}",
        alertmanager::cut(told.error.trim(), alertmanager::SAID_CHARS_MAX)
    )))
}

narthex_sdk::notifier!(Slack);

#[cfg(test)]
mod tests;
