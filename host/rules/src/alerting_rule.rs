//! Alerting rules: elements of a result become alerts, alerts become series and news.

use std::collections::BTreeMap;

use narthex_model::{Alert, AlertBatch, Labels, METRIC_NAME, Timestamp};
use narthex_promql::{SampleValue, VectorSample};
use narthex_template::Value;

use crate::active::{ActiveAlert, ActiveAlerts, AlertState, Found};
use crate::config::RulesConfig;
use crate::expand::Expander;
use crate::file::{AlertSpec, RuleSpec};
use crate::group::RuleError;

pub(crate) const ALERT_NAME: &str = "alertname";
const ALERT_STATE: &str = "alertstate";
/// The series that shows an alert's state.
pub(crate) const ALERTS: &str = "ALERTS";
/// The series that keeps since when an alert is active, for the next start.
pub(crate) const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";

/// The alerts that the result speaks of, by their labels.
pub(crate) fn found(
    spec: &RuleSpec,
    alert: &AlertSpec,
    result: &[VectorSample],
    expander: &Expander,
) -> Result<BTreeMap<Labels, Found>, RuleError> {
    let mut all = BTreeMap::new();
    for sample in result {
        // A histogram has no one value: it is 0 to the API, and its text to templates.
        let value = sample.value.float().unwrap_or(0.0);
        let shown = match &sample.value {
            SampleValue::Float(value) => Value::Float(*value),
            SampleValue::Histogram(histogram) => Value::from(histogram.to_string()),
        };
        let expand = |text| expander.expand(text, &sample.labels, &shown);
        let mut labels = sample.labels.to_builder();
        labels.remove(METRIC_NAME);
        for (name, text) in &alert.labels {
            labels.set(name, expand(text));
        }
        for name in &spec.removed {
            labels.remove(name);
        }
        labels.set(ALERT_NAME, &spec.name);
        let annotations = alert.annotations.iter().map(|(name, text)| (name, expand(text)));
        let annotations = Labels::from_pairs(annotations);
        let found = Found { annotations, value };
        if all.insert(labels.finish(), found).is_some() {
            return Err(RuleError::DuplicateAlert);
        }
    }
    Ok(all)
}

/// The series that pending and firing alerts write: of all, or of those that were recalled.
pub(crate) fn series(alerts: &ActiveAlerts, all: bool) -> Vec<(Labels, SampleValue)> {
    let mut series = Vec::new();
    for (labels, alert) in &alerts.0 {
        if alert.state == AlertState::Inactive || !(all || alert.is_recalled) {
            continue;
        }
        let mut state = labels.to_builder();
        state.set(METRIC_NAME, ALERTS).set(ALERT_STATE, alert.state.name());
        series.push((state.finish(), SampleValue::Float(1.0)));
        let mut since = labels.to_builder();
        since.set(METRIC_NAME, ALERTS_FOR_STATE);
        let active_at = alert.active_at.seconds().floor();
        series.push((since.finish(), SampleValue::Float(active_at)));
    }
    series
}

/// What alerting is to hear at `now`; `None` when there is nothing new.
pub(crate) fn news(
    alerts: &mut ActiveAlerts,
    config: &RulesConfig,
    interval: std::time::Duration,
    generator_url: &str,
    now: Timestamp,
) -> Option<AlertBatch> {
    // Two evaluations or deliveries may fail before an alert counts as over.
    let valid_until = now + interval.max(config.resend_delay).saturating_mul(4);
    let due = alerts.take_sendable(now, config.resend_delay);
    let alerts: Vec<Alert> = due
        .into_iter()
        .map(|(labels, alert)| outgoing(&labels, &alert, config, generator_url, (valid_until, now)))
        .collect();
    (!alerts.is_empty()).then_some(AlertBatch { alerts })
}

fn outgoing(
    labels: &Labels,
    alert: &ActiveAlert,
    config: &RulesConfig,
    generator_url: &str,
    (valid_until, now): (Timestamp, Timestamp),
) -> Alert {
    let mut with_external = labels.to_builder();
    for (name, value) in &config.external_labels {
        if labels.get(name).is_none() {
            with_external.set(name, value);
        }
    }
    Alert {
        labels: with_external.finish(),
        annotations: alert.annotations.clone(),
        starts_at: alert.fired_at.unwrap_or(alert.active_at),
        ends_at: alert.resolved_at.unwrap_or(valid_until),
        is_end_guessed: false,
        updated_at: now,
        generator_url: generator_url.to_owned(),
        value: Some(alert.value),
    }
}
