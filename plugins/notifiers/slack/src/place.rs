//! Where a message goes: to a webhook, to the API, or into the place of the group's former message.

use std::time::Duration;

use narthex_sdk::{AlertGroup, Error, alertmanager, json, kv, log};
use serde::{Deserialize, Serialize};

use crate::Config;

/// How long a group's message is remembered: as long as Alertmanager keeps its log of notifications.
const REMEMBERED: Duration = Duration::from_hours(120);

/// Where messages are changed that were posted with a bot's token under `http_config`.
const UPDATE_URL: &str = "https://slack.com/api/chat.update";

pub(crate) struct Place<'a> {
    pub(crate) url: String,
    /// Of an app; others have theirs under `http_config`, which the host adds.
    pub(crate) token: Option<&'a str>,
    /// The message that is changed.
    pub(crate) former: Option<Former>,
}

/// A message that a channel has.
#[derive(Deserialize, Serialize)]
pub(crate) struct Former {
    pub(crate) channel: String,
    pub(crate) ts: String,
}

impl<'a> Place<'a> {
    /// The entry's own URL or token comes before those under `global`, and there a token before a URL.
    pub(crate) fn of(config: &'a Config, group: &AlertGroup) -> Result<Self, Error> {
        let set = |text: &'a String| Some(text.as_str()).filter(|text| !text.is_empty());
        let own_url = set(&config.api_url);
        let token = match own_url {
            Some(_) => None,
            None => set(&config.app_token).or_else(|| set(&config.global_app_token)),
        };
        let url = match token {
            Some(_) => set(&config.app_url),
            None => own_url.or_else(|| set(&config.global_api_url)),
        };
        let url = url.ok_or_else(|| Error::key("api_url", "missing"))?;
        let former = if config.update_message { former(config, group) } else { None };
        let url = match (&former, token) {
            (None, _) => url.to_owned(),
            (Some(_), Some(_)) => url.replace("chat.postMessage", "chat.update"),
            (Some(_), None) => UPDATE_URL.to_owned(),
        };
        Ok(Self { url, token, former })
    }
}

/// A group may be told to several channels; each has a message of its own.
fn key(config: &Config, group: &AlertGroup) -> String {
    let AlertGroup { receiver, group_key, .. } = group;
    alertmanager::hashed(&format!("{receiver}\n{}\n{group_key}", config.channel))
}

/// A message that is not found is posted anew.
fn former(config: &Config, group: &AlertGroup) -> Option<Former> {
    match kv::get(&key(config, group)) {
        Ok(stored) => json::from_slice(&stored?).ok(),
        Err(error) => {
            log::warn("look up the message of this group", &[("error", &error.message)]);
            None
        }
    }
}

/// Keeps where the group's message is. It is posted already, so that a failure is none of the delivery.
pub(crate) fn remember(config: &Config, group: &AlertGroup, former: &Former) {
    let bytes = json::to_vec(former).map_err(|error| Error::internal(error.to_string()));
    let kept = bytes.and_then(|bytes| kv::set_for(&key(config, group), &bytes, REMEMBERED));
    if let Err(error) = kept {
        log::warn("keep where the message of this group is", &[("error", &error.message)]);
    }
}
