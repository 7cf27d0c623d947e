//! Rules and alerts.

use axum::extract::State;
use narthex_rules::{AlertView, GroupView, RuleKind, RuleView};
use serde_json::{Value, json};

use crate::envelope::{Answer, ApiError, ok};
use crate::params::Params;
use crate::query::number_text;
use crate::routes::Shared;
use crate::status::rfc3339;
use crate::targets::{labels, never};

/// `/api/v1/rules`
pub(crate) async fn rules(State(rooms): Shared, params: Params) -> Answer {
    let kind = match params.get("type") {
        None => None,
        Some("alert") => Some(true),
        Some("record") => Some(false),
        Some(other) => {
            let message = format!("invalid parameter \"type\": not supported value {other:?}");
            return Err(ApiError::bad_data(message));
        }
    };
    let names: Vec<&str> = params.all("rule_name[]").collect();
    let groups: Vec<&str> = params.all("rule_group[]").collect();
    let files: Vec<&str> = params.all("file[]").collect();
    let with_alerts = !params.flag("exclude_alerts")?;
    for unserved in ["group_limit", "group_next_token", "match[]"] {
        if params.get(unserved).is_some() {
            let message = format!("invalid parameter {unserved:?}: not supported by this version");
            return Err(ApiError::bad_data(message));
        }
    }
    let is_wanted = |rule: &RuleView| {
        let is_alert = matches!(rule.kind, RuleKind::Alerting { .. });
        kind.is_none_or(|wanted| wanted == is_alert)
            && (names.is_empty() || names.contains(&rule.name.as_str()))
    };
    let shown: Vec<Value> = rooms
        .rules
        .groups()
        .iter()
        .filter(|group| groups.is_empty() || groups.contains(&group.name.as_str()))
        .filter(|group| files.is_empty() || files.contains(&group.file.as_str()))
        .filter_map(|group| {
            let rules = group.rules.iter().filter(|rule| is_wanted(rule));
            let rules: Vec<Value> = rules.map(|rule| shape(rule, with_alerts)).collect();
            (!rules.is_empty()).then(|| shape_group(group, &rules))
        })
        .collect();
    ok(&json!({"groups": shown}))
}

/// `/api/v1/alerts`
pub(crate) async fn alerts(State(rooms): Shared) -> Answer {
    let groups = rooms.rules.groups();
    let rules = groups.iter().flat_map(|group| &group.rules);
    let alerts: Vec<Value> = rules
        .filter_map(|rule| match &rule.kind {
            RuleKind::Alerting { alerts, .. } => Some(alerts.iter().map(alert)),
            RuleKind::Recording => None,
        })
        .flatten()
        .collect();
    ok(&json!({"alerts": alerts}))
}

fn shape_group(group: &GroupView, rules: &[Value]) -> Value {
    json!({
        "name": group.name,
        "file": group.file,
        "interval": group.interval.as_secs_f64(),
        "queryOffset": group.query_offset.as_secs_f64(),
        "limit": group.limit,
        "rules": rules,
        "evaluationTime": group.evaluation_time.as_secs_f64(),
        "lastEvaluation": group.last_evaluation.map_or_else(never, rfc3339),
    })
}

fn shape(rule: &RuleView, with_alerts: bool) -> Value {
    let mut shaped = json!({
        "name": rule.name,
        "query": rule.query,
        "labels": labels(&rule.labels),
        "health": rule.health.name(),
        "evaluationTime": rule.evaluation_time.as_secs_f64(),
        "lastEvaluation": rule.last_evaluation.map_or_else(never, rfc3339),
    });
    let Value::Object(fields) = &mut shaped else { return shaped };
    if !rule.last_error.is_empty() {
        fields.insert("lastError".to_owned(), json!(rule.last_error));
    }
    let more = match &rule.kind {
        RuleKind::Recording => json!({"type": "recording"}),
        RuleKind::Alerting { state, duration, keep_firing_for, annotations, alerts } => json!({
            "type": "alerting",
            "state": state.name(),
            "duration": duration.as_secs_f64(),
            "keepFiringFor": keep_firing_for.as_secs_f64(),
            "annotations": labels(annotations),
            "alerts": if with_alerts { alerts.iter().map(alert).collect() } else { Vec::new() },
        }),
    };
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    shaped
}

fn alert(alert: &AlertView) -> Value {
    let mut shaped = json!({
        "labels": labels(&alert.labels),
        "annotations": labels(&alert.annotations),
        "state": alert.state.name(),
        "activeAt": rfc3339(alert.active_at),
        "value": exponent_text(alert.value),
    });
    if let (Value::Object(fields), Some(since)) = (&mut shaped, alert.keep_firing_since) {
        fields.insert("keepFiringSince".to_owned(), json!(rfc3339(since)));
    }
    shaped
}

/// A value in Go's `%e` form with the shortest digits, as Prometheus writes alerts' values.
fn exponent_text(value: f64) -> String {
    if !value.is_finite() {
        return number_text(value);
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) =
        exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_alerts_have_an_exponent() {
        for (value, text) in
            [(0.0, "0e+00"), (70.0, "7e+01"), (0.015, "1.5e-02"), (-1e123, "-1e+123")]
        {
            assert_eq!(exponent_text(value), text);
        }
    }
}
