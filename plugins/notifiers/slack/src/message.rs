//! The message. The order of fields is the order of their bytes.

use narthex_sdk::alertmanager;
use serde::Serialize;

use crate::{
    config::{Action, Config, Field},
    place::Former,
};

/// <https://api.slack.com/reference/messaging/attachments#legacy_fields>
const TITLE_CHARS_MAX: usize = 1024;

#[derive(Serialize)]
pub(crate) struct Message<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) channel: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    ts: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    icon_emoji: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    icon_url: &'a str,
    #[serde(skip_serializing_if = "is_false")]
    link_names: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    attachments: [Card<'a>; 1],
}

#[derive(Serialize)]
struct Card<'a> {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    title_link: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pretext: &'a str,
    text: &'a str,
    fallback: &'a str,
    callback_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
    #[serde(skip_serializing_if = "str::is_empty")]
    image_url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    thumb_url: &'a str,
    footer: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    color: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mrkdwn_in: &'a [String],
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl<'a> Message<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        let short = |field: &Field| Field {
            short: Some(field.short.unwrap_or(config.short_fields)),
            ..field.clone()
        };
        let card = Card {
            title: alertmanager::cut(&config.title, TITLE_CHARS_MAX),
            title_link: &config.title_link,
            pretext: &config.pretext,
            text: &config.text,
            fallback: &config.fallback,
            callback_id: &config.callback_id,
            fields: config.fields.iter().map(short).collect(),
            actions: config.actions.iter().cloned().map(sendable).collect(),
            image_url: &config.image_url,
            thumb_url: &config.thumb_url,
            footer: &config.footer,
            color: &config.color,
            mrkdwn_in: &config.mrkdwn_in,
        };
        Self {
            channel: &config.channel,
            ts: "",
            username: &config.username,
            icon_emoji: &config.icon_emoji,
            icon_url: &config.icon_url,
            link_names: config.link_names,
            text: &config.message_text,
            attachments: [card],
        }
    }

    /// Takes the place of a message that the channel has.
    pub(crate) fn update(&mut self, former: &'a Former) {
        self.channel = &former.channel;
        self.ts = &former.ts;
    }
}

/// A button that leads somewhere tells the app nothing.
fn sendable(action: Action) -> Action {
    if action.url.is_empty() {
        return action;
    }
    Action { name: String::new(), value: String::new(), confirm: None, ..action }
}
