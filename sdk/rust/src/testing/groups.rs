//! Alerts and groups of them, for tests of notifiers.

use crate::{Alert, AlertGroup, AlertStatus, Label};

fn labels(pairs: &[(&str, &str)]) -> Vec<Label> {
    pairs.iter().map(|(name, value)| Label::new(name, *value)).collect()
}

/// An alert that fires since 2024-05-17T08:30:00.25Z. Names are to be sorted.
pub fn alert(names: &[(&str, &str)], annotations: &[(&str, &str)]) -> Alert {
    Alert {
        status: AlertStatus::Firing,
        fingerprint: "a170f63902ef8090".into(),
        labels: labels(names),
        annotations: labels(annotations),
        starts_at_ms: 1_715_934_600_250,
        ends_at_ms: None,
        generator_url: "http://narthex.example/graph?g0.expr=up+%3D%3D+0".into(),
        value: Some(0.0),
    }
}

/// The same alert, resolved at 2024-05-17T08:31:00Z.
pub fn resolved(alert: Alert) -> Alert {
    Alert { status: AlertStatus::Resolved, ends_at_ms: Some(1_715_934_660_000), ..alert }
}

/// A group of alerts as the host makes it, by `alertname`, for the receiver `team`.
pub fn group(alerts: Vec<Alert>) -> AlertGroup {
    let fires = alerts.iter().any(|alert| alert.status == AlertStatus::Firing);
    let common_labels = shared(&alerts, |alert| &alert.labels);
    let group_labels: Vec<Label> =
        common_labels.iter().filter(|label| label.name == "alertname").cloned().collect();
    let key: Vec<String> =
        group_labels.iter().map(|label| format!("{}={:?}", label.name, label.value)).collect();
    AlertGroup {
        group_key: format!("{{}}:{{{}}}", key.join(", ")),
        receiver: "team".into(),
        status: if fires { AlertStatus::Firing } else { AlertStatus::Resolved },
        group_labels,
        common_annotations: shared(&alerts, |alert| &alert.annotations),
        common_labels,
        alerts,
        truncated_alerts: 0,
        external_url: "http://narthex.example".into(),
        attempt: 1,
        idempotency_key: "1".into(),
    }
}

fn shared(alerts: &[Alert], of: fn(&Alert) -> &Vec<Label>) -> Vec<Label> {
    let Some(first) = alerts.first() else { return Vec::new() };
    let is_shared = |label: &&Label| alerts.iter().all(|alert| of(alert).contains(label));
    of(first).iter().filter(is_shared).cloned().collect()
}
