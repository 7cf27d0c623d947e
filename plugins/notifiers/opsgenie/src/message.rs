//! What Opsgenie is sent. The order of fields is the order of their bytes.

use std::collections::BTreeMap;

use narthex_sdk::{AlertGroup, alertmanager};
use serde::{Deserialize, Serialize};

use crate::Config;

/// <https://docs.opsgenie.com/docs/alert-api>
const MESSAGE_CHARS_MAX: usize = 130;

/// An alert to be made, or one more occurrence of it.
#[derive(Serialize)]
pub(crate) struct Create<'a> {
    alias: &'a str,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) description: &'a str,
    details: BTreeMap<&'a str, &'a str>,
    source: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    responders: Vec<Responder>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    priority: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    entity: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<&'a str>,
}

/// Who is told of an alert; also as it stands in the configuration.
#[derive(Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Responder {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) username: String,
    pub(crate) r#type: String,
}

#[derive(Serialize)]
pub(crate) struct Close<'a> {
    pub(crate) source: &'a str,
}

#[derive(Serialize)]
pub(crate) struct UpdateMessage<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) message: &'a str,
}

#[derive(Serialize)]
pub(crate) struct UpdateDescription<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) description: &'a str,
}

impl<'a> Create<'a> {
    pub(crate) fn new(alias: &'a str, config: &'a Config, group: &'a AlertGroup) -> Self {
        let labels = group.common_labels.iter().map(|label| (&*label.name, &*label.value));
        let own = config.details.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Self {
            alias,
            message: alertmanager::cut(&config.message, MESSAGE_CHARS_MAX),
            description: &config.description,
            details: labels.chain(own).collect(),
            source: &config.source,
            responders: config.responders.iter().flat_map(told).collect(),
            tags: listed(&config.tags),
            note: &config.note,
            priority: &config.priority,
            entity: &config.entity,
            actions: listed(&config.actions),
        }
    }
}

/// Those that an entry stands for: none where its templates gave nothing, several for `teams`.
fn told(entry: &Responder) -> Vec<Responder> {
    if *entry == Responder::default() {
        return Vec::new();
    }
    if entry.r#type != "teams" {
        return vec![entry.clone()];
    }
    let team = |name: &str| Responder {
        name: name.to_owned(),
        r#type: "team".to_owned(),
        ..Responder::default()
    };
    listed(&entry.name).into_iter().map(team).collect()
}

/// The items of a list with commas, as they are written; empty ones are left out.
fn listed(text: &str) -> Vec<&str> {
    text.trim().split(',').filter(|item| !item.is_empty()).collect()
}
