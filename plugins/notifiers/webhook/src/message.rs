//! The message: Alertmanager's webhook JSON, version 4. The order of fields is the order of its bytes.

use std::collections::BTreeMap;

use narthex_sdk::{
    Alert, AlertGroup, AlertStatus, Error, Label, alertmanager, json, time::rfc3339,
};
use serde::Serialize;

use crate::Config;

/// A firing alert has no end; Go's zero time stands for that.
const NO_END: &str = "0001-01-01T00:00:00Z";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    receiver: String,
    status: &'static str,
    alerts: Vec<Entry<'a>>,
    #[serde(rename = "notification_reason")]
    reason: &'a str,
    group_labels: Pairs<'a>,
    common_labels: Pairs<'a>,
    common_annotations: Pairs<'a>,
    route_labels: BTreeMap<String, String>,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: &'a str,
    truncated_alerts: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    status: &'static str,
    labels: Pairs<'a>,
    annotations: Pairs<'a>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: &'a str,
}

/// Sorted by name, as Go writes a map.
type Pairs<'a> = BTreeMap<&'a str, &'a str>;

/// The body of the POST. What the alerts share is computed from those that are sent.
pub(crate) fn render(group: &AlertGroup, config: &Config) -> Result<Vec<u8>, Error> {
    let all = &group.alerts;
    let bound = if config.max_alerts == 0 { usize::MAX } else { config.max_alerts };
    let sent_count = bound.min(all.len());
    let sent = all.get(..sent_count).unwrap_or_default();
    let cut = u64::try_from(all.len() - sent.len()).unwrap_or(u64::MAX);
    let is_firing = sent.iter().any(|alert| alert.status == AlertStatus::Firing);
    let message = Message {
        receiver: quoted(&group.receiver),
        status: name(if sent.is_empty() { group.status } else { status(is_firing) }),
        alerts: sent.iter().map(entry).collect(),
        reason: &config.notification_reason,
        group_labels: pairs(&group.group_labels),
        common_labels: shared(sent, &group.common_labels, |alert| &alert.labels),
        common_annotations: shared(sent, &group.common_annotations, |alert| &alert.annotations),
        route_labels: json::from_str(&config.route_labels)
            .map_err(|error| Error::key("route_labels", error.to_string()))?,
        external_url: &group.external_url,
        version: "4",
        group_key: &group.group_key,
        truncated_alerts: u64::from(group.truncated_alerts) + cut,
    };
    alertmanager::to_json(&message)
}

/// As a regular expression that means the name: so Alertmanager tells receivers, whose links lead back to it.
fn quoted(receiver: &str) -> String {
    let mut out = String::with_capacity(receiver.len());
    for character in receiver.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

fn entry(alert: &Alert) -> Entry<'_> {
    Entry {
        status: name(alert.status),
        labels: pairs(&alert.labels),
        annotations: pairs(&alert.annotations),
        starts_at: rfc3339(alert.starts_at_ms),
        ends_at: match (alert.status, alert.ends_at_ms) {
            (AlertStatus::Resolved, Some(end)) => rfc3339(end),
            (AlertStatus::Resolved, None) | (AlertStatus::Firing, _) => NO_END.into(),
        },
        generator_url: &alert.generator_url,
        fingerprint: &alert.fingerprint,
    }
}

fn pairs(labels: &[Label]) -> Pairs<'_> {
    labels.iter().map(|label| (label.name.as_str(), label.value.as_str())).collect()
}

/// What all alerts have alike; the group's own word where there are none.
fn shared<'a>(sent: &'a [Alert], none: &'a [Label], of: fn(&'a Alert) -> &'a [Label]) -> Pairs<'a> {
    let mut alerts = sent.iter();
    let Some(first) = alerts.next() else { return pairs(none) };
    let mut common = pairs(of(first));
    for alert in alerts {
        let own = pairs(of(alert));
        common.retain(|name, value| own.get(name) == Some(value));
    }
    common
}

fn status(is_firing: bool) -> AlertStatus {
    if is_firing { AlertStatus::Firing } else { AlertStatus::Resolved }
}

fn name(status: AlertStatus) -> &'static str {
    match status {
        AlertStatus::Firing => "firing",
        AlertStatus::Resolved => "resolved",
    }
}
