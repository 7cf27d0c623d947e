//! The adaptive card. The order of fields is the order of their bytes.

use narthex_sdk::AlertStatus;
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Message<'a> {
    r#type: &'static str,
    attachments: [Attachment<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'a> {
    content_type: &'static str,
    content_url: Option<&'static str>,
    content: Card<'a>,
}

#[derive(Serialize)]
struct Card<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    r#type: &'static str,
    version: &'static str,
    body: [Block<'a>; 2],
    msteams: Look,
}

#[derive(Serialize)]
struct Block<'a> {
    r#type: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'static str>,
    wrap: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<&'static str>,
}

#[derive(Serialize)]
struct Look {
    width: &'static str,
}

/// A heading in the color of the status, and the text below it.
pub(crate) fn message<'a>(title: &'a str, text: &'a str, status: AlertStatus) -> Message<'a> {
    let color = match status {
        AlertStatus::Firing => "Attention",
        AlertStatus::Resolved => "Good",
    };
    let heading = Block {
        r#type: "TextBlock",
        text: title,
        weight: Some("Bolder"),
        size: Some("Medium"),
        wrap: true,
        style: Some("heading"),
        color: Some(color),
    };
    let text = Block {
        r#type: "TextBlock",
        text,
        weight: None,
        size: None,
        wrap: true,
        style: None,
        color: None,
    };
    let card = Card {
        schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        r#type: "AdaptiveCard",
        version: "1.2",
        body: [heading, text],
        msteams: Look { width: "full" },
    };
    let attachment = Attachment {
        content_type: "application/vnd.microsoft.card.adaptive",
        content_url: None,
        content: card,
    };
    Message { r#type: "message", attachments: [attachment] }
}
