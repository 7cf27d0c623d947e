//! Alerts as tests compare them: labels and annotations.

use narthex_model::Labels;
use narthex_rules::{AlertState, RuleKind, RuleView};

use super::file::AlertTest;
use super::text::{indented, labels};

const ALERT_NAME: &str = "alertname";

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alert {
    labels: Labels,
    annotations: Labels,
}

/// The alerts of a rule that fire.
pub(super) fn firing(rule: &RuleView) -> Vec<Alert> {
    let RuleKind::Alerting { alerts, .. } = &rule.kind else { return Vec::new() };
    let firing = alerts.iter().filter(|alert| alert.state == AlertState::Firing);
    firing
        .map(|alert| Alert { labels: alert.labels.clone(), annotations: alert.annotations.clone() })
        .collect()
}

/// The alerts that a test wants; it does not have to say their name again.
pub(super) fn expected(test: &AlertTest) -> Vec<Alert> {
    let wanted = test.expected.iter().flatten();
    wanted
        .map(|alert| {
            let pairs = alert.labels.clone().unwrap_or_default();
            let mut labels = Labels::from_pairs(pairs).to_builder();
            labels.set(ALERT_NAME, &test.alertname);
            let annotations = Labels::from_pairs(alert.annotations.clone().unwrap_or_default());
            Alert { labels: labels.finish(), annotations }
        })
        .collect()
}

/// A numbered list.
pub(super) fn text(alerts: &[Alert]) -> String {
    if alerts.is_empty() {
        return "[]".to_owned();
    }
    let items = alerts.iter().enumerate().map(|(index, alert)| {
        let item = format!(
            "\nLabels:{}\nAnnotations:{}",
            labels(&alert.labels),
            labels(&alert.annotations)
        );
        format!("\n{index}:{}", indented(&item, "  "))
    });
    format!("[{}\n]", items.collect::<Vec<_>>().join(","))
}
