//! Delivers alerts to phones by Pushover: the `pushover_configs` of Alertmanager.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one POST with all that is told in its
//! query. What always holds: texts are cut to what Pushover accepts, and no message is empty.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let host = FakeHost::new().http_status("https://api.pushover.net/", 200, "");
//! let config = r#"{"token":"app","user_key":"me","title":"Down","message":"db","url":""}"#;
//! host.notify::<pushover::Pushover>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.requests()[0].url.contains("&message=db&"));
//! ```

mod duration;

use std::collections::BTreeMap;
use std::time::Duration;

use narthex_sdk::{
    AlertGroup, Error, Info, Notifier, Receipt, alertmanager,
    http::{Query, Request},
};
use serde::Deserialize;

/// What Pushover accepts, in characters: <https://pushover.net/api#limits>.
const TITLE_CHARS_MAX: usize = 250;
const MESSAGE_CHARS_MAX: usize = 1024;
const URL_CHARS_MAX: usize = 512;

/// Pushover refuses an empty message.
const NO_MESSAGE: &str = "(no details)";

/// The notifier.
pub struct Pushover;

/// An entry of `pushover_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    api_url: String,
    user_key: String,
    user_key_file: String,
    token: String,
    token_file: String,
    title: String,
    message: String,
    url: String,
    url_title: String,
    device: String,
    sound: String,
    priority: String,
    #[serde(deserialize_with = "duration::deserialize")]
    retry: Duration,
    #[serde(deserialize_with = "duration::deserialize")]
    expire: Duration,
    #[serde(deserialize_with = "duration::deserialize")]
    ttl: Duration,
    html: bool,
    monospace: bool,
}

impl Config {
    fn message(&self) -> String {
        let cut = alertmanager::cut(&self.message, MESSAGE_CHARS_MAX);
        match cut.trim() {
            "" => NO_MESSAGE.to_owned(),
            message => message.to_owned(),
        }
    }

    /// By name, as Alertmanager sorts them.
    fn parameters(&self) -> BTreeMap<&'static str, String> {
        let seconds = |duration: Duration| duration.as_secs().to_string();
        let mut all = BTreeMap::from([
            ("token", self.token.clone()),
            ("user", self.user_key.clone()),
            ("title", alertmanager::cut(&self.title, TITLE_CHARS_MAX)),
            ("message", self.message()),
            ("url", alertmanager::cut(&self.url, URL_CHARS_MAX)),
            ("url_title", self.url_title.clone()),
            ("priority", self.priority.clone()),
            ("retry", seconds(self.retry)),
            ("expire", seconds(self.expire)),
            ("device", self.device.clone()),
            ("sound", self.sound.clone()),
        ]);
        if self.html {
            all.insert("html", "1".to_owned());
        }
        if self.monospace {
            all.insert("monospace", "1".to_owned());
        }
        if self.ttl.as_secs() > 0 {
            all.insert("ttl", seconds(self.ttl));
        }
        all
    }
}

impl Notifier for Pushover {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "pushover",
            env!("CARGO_PKG_VERSION"),
            "Sends alerts to phones by Pushover, as Alertmanager does.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        let (user, user_file) = (&config.user_key, &config.user_key_file);
        alertmanager::chosen("user_key", user, "user_key_file", user_file)?;
        alertmanager::chosen("token", &config.token, "token_file", &config.token_file)?;
        if config.html && config.monospace {
            return Err(Error::key("monospace", "stands beside html; leave one of them out"));
        }
        Ok(Vec::new())
    }

    fn notify(config: Config, _group: &AlertGroup) -> Result<Receipt, Error> {
        let parameters = config.parameters();
        let query =
            parameters.iter().fold(Query::new(), |query, (name, value)| query.add(name, value));
        let request = Request::post(&format!("{}{query}", config.api_url))
            .header("content-type", "text/plain");
        let answer = alertmanager::deliver("Pushover", request, &[])?;
        Ok(Receipt { remote_id: None, note: format!("status {}", answer.status) })
    }
}

narthex_sdk::notifier!(Pushover);

#[cfg(test)]
mod tests;
