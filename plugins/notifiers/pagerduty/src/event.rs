//! The events of both versions. The order of fields is the order of their bytes.

use narthex_sdk::{AlertGroup, AlertStatus, Json, alertmanager, json};
use serde::{Deserialize, Serialize};

use crate::Config;

/// <https://developer.pagerduty.com/docs/send-alert-event>, and the same for descriptions of v1.
const DESCRIPTION_CHARS_MAX: usize = 1024;

/// What stands in the place of details that are too long.
const LEFT_OUT: &str = "The details are left out: with them the event is longer than 512 kB.";

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Event<'a> {
    V1(EventV1<'a>),
    V2(EventV2<'a>),
}

#[derive(Serialize)]
pub(crate) struct EventV1<'a> {
    service_key: &'a str,
    incident_key: String,
    event_type: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// Of v2, and written by Alertmanager all the same.
    event_action: &'static str,
    payload: (),
    #[serde(skip_serializing_if = "str::is_empty")]
    client: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    client_url: &'a str,
    details: json::Map<String, Json>,
}

#[derive(Serialize)]
pub(crate) struct EventV2<'a> {
    routing_key: &'a str,
    dedup_key: String,
    event_action: &'static str,
    payload: Payload<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    client: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    client_url: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a Image>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<&'a Link>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: String,
    source: &'a str,
    severity: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    class: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    component: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    custom_details: json::Map<String, Json>,
}

/// A picture; also as it stands in the configuration.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Image {
    src: String,
    alt: String,
    href: String,
}

/// A link; also as it stands in the configuration.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Link {
    href: String,
    text: String,
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}

impl<'a> Event<'a> {
    /// An event of the version that the configuration asks for, with the key of the integration.
    pub(crate) fn new(config: &'a Config, key: &'a str, group: &AlertGroup) -> Self {
        let action = match group.status {
            AlertStatus::Firing => "trigger",
            AlertStatus::Resolved => "resolve",
        };
        let incident = alertmanager::hashed(&group.group_key);
        let description = alertmanager::cut(&config.description, DESCRIPTION_CHARS_MAX);
        let details = config.details.clone().into_iter();
        let details =
            details.map(|(name, value)| (name, alertmanager::read_again(value))).collect();
        if config.is_v1() {
            let of_trigger = |text: &'a str| if action == "trigger" { text } else { "" };
            return Self::V1(EventV1 {
                service_key: key,
                incident_key: incident,
                event_type: action,
                description,
                event_action: "",
                payload: (),
                client: of_trigger(&config.client),
                client_url: of_trigger(&config.client_url),
                details,
            });
        }
        Self::V2(EventV2 {
            routing_key: key,
            dedup_key: incident,
            event_action: action,
            payload: Payload {
                summary: description,
                source: or(&config.source, &config.client),
                severity: or(&config.severity, "error"),
                class: &config.class,
                component: &config.component,
                group: &config.group,
                custom_details: details,
            },
            client: &config.client,
            client_url: &config.client_url,
            images: config.images.iter().filter(|image| !image.src.is_empty()).collect(),
            links: config.links.iter().filter(|link| !link.href.is_empty()).collect(),
        })
    }

    pub(crate) fn leave_details_out(&mut self) {
        let details = match self {
            Self::V1(event) => &mut event.details,
            Self::V2(event) => &mut event.payload.custom_details,
        };
        *details = json::Map::from_iter([("error".to_owned(), LEFT_OUT.into())]);
    }
}
