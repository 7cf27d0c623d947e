//! The message. The order of fields is the order of their bytes.

use narthex_sdk::alertmanager;
use serde::{Deserialize, Serialize};

use crate::Config;

/// What is sent of a title, in characters.
const TITLE_CHARS_MAX: usize = 1024;

#[derive(Serialize)]
pub(crate) struct Message<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    channel: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    emoji: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    avatar: &'a str,
    attachments: [Card<'a>; 1],
}

#[derive(Serialize)]
struct Card<'a> {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    title_link: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    image_url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    thumb_url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    color: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Button<'a>>,
}

/// A field of the card; also as it is sent.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Field {
    short: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
}

/// A button of the card, in the configuration.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Action {
    text: String,
    url: String,
    msg: String,
}

#[derive(Serialize)]
struct Button<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    url: &'a str,
    is_webview: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    msg: &'a str,
    msg_in_chat_window: bool,
}

impl<'a> Message<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        let field = |field: &Field| {
            let short = Some(field.short.unwrap_or(config.short_fields));
            Field { short, ..field.clone() }
        };
        let button = |action: &'a Action| Button {
            r#type: "button",
            text: &action.text,
            url: &action.url,
            is_webview: false,
            msg: &action.msg,
            msg_in_chat_window: false,
        };
        let card = Card {
            title: alertmanager::cut(&config.title, TITLE_CHARS_MAX),
            title_link: &config.title_link,
            text: &config.text,
            image_url: &config.image_url,
            thumb_url: &config.thumb_url,
            color: &config.color,
            fields: config.fields.iter().map(field).collect(),
            actions: config.actions.iter().map(button).collect(),
        };
        Self {
            channel: &config.channel,
            emoji: &config.emoji,
            avatar: &config.icon_url,
            attachments: [card],
        }
    }
}
