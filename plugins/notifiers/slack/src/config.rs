//! An entry of `slack_configs`, with its templates expanded, and what is refused of it.

use std::time::Duration;

use narthex_sdk::{Error, alertmanager, duration};
use serde::{Deserialize, Serialize};

/// An entry of `slack_configs`, with its templates expanded.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Config {
    pub(crate) api_url: String,
    pub(crate) api_url_file: String,
    pub(crate) app_token: String,
    pub(crate) app_token_file: String,
    /// What stands under `global`: whether it counts depends on the entry.
    pub(crate) global_api_url: String,
    pub(crate) global_api_url_file: String,
    pub(crate) global_app_token: String,
    pub(crate) global_app_token_file: String,
    pub(crate) app_url: String,
    pub(crate) channel: String,
    pub(crate) username: String,
    pub(crate) color: String,
    pub(crate) title: String,
    pub(crate) title_link: String,
    pub(crate) pretext: String,
    pub(crate) text: String,
    pub(crate) message_text: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) short_fields: bool,
    pub(crate) footer: String,
    pub(crate) fallback: String,
    pub(crate) callback_id: String,
    pub(crate) icon_emoji: String,
    pub(crate) icon_url: String,
    pub(crate) image_url: String,
    pub(crate) thumb_url: String,
    pub(crate) link_names: bool,
    pub(crate) mrkdwn_in: Vec<String>,
    pub(crate) actions: Vec<Action>,
    pub(crate) update_message: bool,
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
}

/// A field of the card; also as it is sent.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Field {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) value: String,
    pub(crate) short: Option<bool>,
}

/// A button of the card; also as it is sent.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Action {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) r#type: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) style: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) confirm: Option<Confirm>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Confirm {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) ok_text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) dismiss_text: String,
}

impl Config {
    /// What the schema cannot say.
    pub(crate) fn judge(&self) -> Result<(), Error> {
        alertmanager::either("api_url", &self.api_url, "api_url_file", &self.api_url_file)?;
        let token_file = &self.app_token_file;
        alertmanager::either("app_token", &self.app_token, "app_token_file", token_file)?;
        let has_own_url = !self.api_url.is_empty() || !self.api_url_file.is_empty();
        let has_own_token = !self.app_token.is_empty() || !self.app_token_file.is_empty();
        if has_own_url && has_own_token {
            return Err(Error::key("app_token", "stands beside api_url; leave one of them out"));
        }
        let globals = [
            &self.global_api_url,
            &self.global_api_url_file,
            &self.global_app_token,
            &self.global_app_token_file,
        ];
        if !has_own_url && !has_own_token && globals.iter().all(|global| global.is_empty()) {
            let why = "missing; set it, api_url_file or app_token, or slack_api_url under global";
            return Err(Error::key("api_url", why));
        }
        alertmanager::url("api_url", &self.api_url)?;
        alertmanager::url("app_url", &self.app_url)?;
        if self.update_message && has_own_url && !self.api_url.starts_with("https://slack.com/") {
            let why = "webhooks cannot change messages; set api_url to https://slack.com/api/chat.postMessage";
            return Err(Error::key("update_message", why));
        }
        for (index, field) in self.fields.iter().enumerate() {
            if field.title.is_empty() || field.value.is_empty() {
                return Err(Error::key(&format!("fields[{index}]"), "needs a title and a value"));
            }
        }
        self.actions.iter().enumerate().try_for_each(|(index, action)| action.judge(index))
    }
}

impl Action {
    fn judge(&self, index: usize) -> Result<(), Error> {
        let key = format!("actions[{index}]");
        if self.r#type.is_empty() || self.text.is_empty() {
            return Err(Error::key(&key, "needs a type and a text"));
        }
        if self.url.is_empty() && self.name.is_empty() {
            return Err(Error::key(&key, "needs a url or a name"));
        }
        if self.confirm.as_ref().is_some_and(|confirm| confirm.text.is_empty()) {
            return Err(Error::key(&format!("{key}.confirm"), "needs a text"));
        }
        Ok(())
    }
}
