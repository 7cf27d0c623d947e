//! The message. The order of fields is the order of their bytes.

use narthex_sdk::{Error, alertmanager};
use serde::{Deserialize, Serialize};

use crate::Config;

/// What Mattermost accepts, in characters.
const TEXT_CHARS_MAX: usize = 16_383;

const URGENT: &str = "urgent";
const IMPORTANT: &str = "important";
const STANDARD: &str = "standard";

#[derive(Serialize)]
pub(crate) struct Message<'a> {
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    channel: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    icon_url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    icon_emoji: &'a str,
    attachments: Vec<&'a Card>,
    #[serde(skip_serializing_if = "str::is_empty")]
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    props: Option<&'a Props>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
}

/// A card; also as it is sent.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Card {
    #[serde(skip_serializing_if = "String::is_empty")]
    fallback: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pretext: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author_icon: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    footer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    footer_icon: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
}

/// A field of a card; also as it is sent.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Field {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<bool>,
}

/// Also as they are sent.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Props {
    card: String,
}

/// Also as it is sent.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Priority {
    priority: String,
    #[serde(skip_serializing_if = "is_off")]
    requested_ack: bool,
    #[serde(skip_serializing_if = "is_off")]
    persistent_notifications: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn is_off(switch: &bool) -> bool {
    !switch
}

impl<'a> Message<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        // With cards of its own the text stands above them.
        let (text, attachments) = match config.attachments.as_slice() {
            [] => (String::new(), vec![&config.card]),
            cards => (alertmanager::cut(&config.card.text, TEXT_CHARS_MAX), cards.iter().collect()),
        };
        Self {
            text,
            channel: &config.channel,
            username: &config.username,
            icon_url: &config.icon_url,
            icon_emoji: &config.icon_emoji,
            attachments,
            r#type: &config.r#type,
            props: Some(&config.props).filter(|props| !props.card.is_empty()),
            priority: config.priority.sent(),
        }
    }
}

impl Card {
    /// What the schema cannot say; `place` is where the card stands.
    pub(crate) fn judge(&self, place: &str) -> Result<(), Error> {
        let is_whole = |field: &Field| !field.title.is_empty() && !field.value.is_empty();
        match self.fields.iter().position(|field| !is_whole(field)) {
            Some(index) => {
                Err(Error::key(&format!("{place}fields[{index}]"), "needs a title and a value"))
            }
            None => Ok(()),
        }
    }
}

impl Priority {
    /// With what Mattermost has for such a post.
    fn sent(&self) -> Option<Self> {
        if self.priority.is_empty() {
            return None;
        }
        let wanted = self.priority.to_lowercase();
        let known = [URGENT, IMPORTANT].into_iter().find(|known| **known == wanted);
        let priority = known.unwrap_or(STANDARD);
        Some(Self {
            priority: priority.to_owned(),
            requested_ack: self.requested_ack && priority != STANDARD,
            persistent_notifications: self.persistent_notifications && priority == URGENT,
        })
    }
}
