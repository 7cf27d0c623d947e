//! Delivers alerts to a room of Webex: the `webex_configs` of Alertmanager, byte for byte.
//!
//! Enters: a group of alerts, and a text that the host made of the template. Leaves: one POST, to which the host adds the
//! token of the bot, which stands under `http_config`. What always holds: a text is cut to the bytes that Webex accepts,
//! between characters.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("https://webexapis.com/", 200, "{}");
//! let config = r#"{"room_id":"room","message":"db is down"}"#;
//! host.notify::<webex::Webex>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert_eq!(host.requests()[0].body, b"{\"markdown\":\"db is down\",\"roomId\":\"room\"}\n");
//! ```

use narthex_sdk::{AlertGroup, Error, Info, Notifier, Receipt, alertmanager};
use serde::{Deserialize, Serialize};

/// What Webex accepts.
const MESSAGE_BYTES_MAX: usize = 7439;

/// What stands at the end of a text that was cut.
const CUT: &str = "…";

/// The notifier.
pub struct Webex;

/// An entry of `webex_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    api_url: String,
    room_id: String,
    message: String,
}

/// The order of fields is the order of their bytes.
#[derive(Serialize)]
struct Message<'a> {
    markdown: &'a str,
    #[serde(rename = "roomId", skip_serializing_if = "str::is_empty")]
    room: &'a str,
}

impl Notifier for Webex {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "webex",
            env!("CARGO_PKG_VERSION"),
            "Posts alerts to a room of Webex, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        if config.room_id.is_empty() {
            return Err(Error::key("room_id", "missing"));
        }
        alertmanager::url("api_url", &config.api_url)?;
        Ok(Vec::new())
    }

    fn notify(config: Config, _group: &AlertGroup) -> Result<Receipt, Error> {
        let message = Message { markdown: &cut(config.message), room: &config.room_id };
        let request = alertmanager::post(&config.api_url, alertmanager::to_json(&message)?);
        let answer = alertmanager::deliver("Webex", request, &[])?;
        Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) })
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX - CUT.len()));
        text.push_str(CUT);
    }
    text
}

narthex_sdk::notifier!(Webex);

#[cfg(test)]
mod tests;
