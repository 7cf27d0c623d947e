//! Rules and alerts.

use std::time::Duration;

use axum::extract::State;
use narthex_model::Matcher;
use narthex_rules::{AlertState, AlertView, GroupView, RuleKind, RuleView};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::envelope::{Answer, ApiError, ok};
use crate::params::Params;
use crate::query::number_text;
use crate::routes::Shared;
use crate::status::rfc3339;
use crate::targets::{labels, never};

/// `/api/v1/rules`
pub(crate) async fn rules(State(rooms): Shared, params: Params) -> Answer {
    let wanted = Wanted::read(&params)?;
    let page = Page::read(&params)?;
    let mut groups = rooms.rules.groups().into_iter();
    if let Some(token) = page.from {
        let is_first = |group: &GroupView| page_token(group) == token;
        let Some(first) = groups.find(is_first) else {
            let why = format!("invalid group_next_token '{token}'. were rule groups changed?");
            return Err(invalid("group_next_token", &why));
        };
        return ok(&shown(&wanted, page.groups_max, std::iter::once(first).chain(groups)));
    }
    ok(&shown(&wanted, page.groups_max, groups))
}

/// A page of groups, and the token of the next one when there is one.
fn shown(wanted: &Wanted<'_>, max: usize, groups: impl Iterator<Item = GroupView>) -> Value {
    let mut shown: Vec<Value> = Vec::new();
    for group in groups.filter(|group| wanted.has_group(group)) {
        let rules = group.rules.iter().filter(|rule| wanted.has_rule(rule));
        let rules: Vec<Value> = rules.map(|rule| shape(rule, wanted.with_alerts)).collect();
        if rules.is_empty() {
            continue;
        }
        if shown.len() == max {
            return json!({"groups": shown, "groupNextToken": page_token(&group)});
        }
        shown.push(shape_group(&group, &rules));
    }
    json!({"groups": shown})
}

/// Which rules a request asks for.
struct Wanted<'a> {
    /// Whether alerting rules alone, or recording rules alone; both when absent.
    alerting: Option<bool>,
    names: Vec<&'a str>,
    groups: Vec<&'a str>,
    files: Vec<&'a str>,
    /// A rule has to match one of them, by its labels.
    matchers: Vec<Vec<Matcher>>,
    with_alerts: bool,
}

impl<'a> Wanted<'a> {
    fn read(params: &'a Params) -> Result<Self, ApiError> {
        let alerting = match params.get("type").map(str::to_lowercase).as_deref() {
            None => None,
            Some("alert") => Some(true),
            Some("record") => Some(false),
            Some(other) => return Err(invalid("type", &format!("not supported value {other:?}"))),
        };
        Ok(Self {
            alerting,
            names: params.all("rule_name[]").collect(),
            groups: params.all("rule_group[]").collect(),
            files: params.all("file[]").collect(),
            matchers: params.match_sets()?,
            with_alerts: !params.flag("exclude_alerts")?,
        })
    }

    fn has_group(&self, group: &GroupView) -> bool {
        let has = |wanted: &[&str], own: &str| wanted.is_empty() || wanted.contains(&own);
        has(&self.groups, &group.name) && has(&self.files, &group.file)
    }

    fn has_rule(&self, rule: &RuleView) -> bool {
        let is_alerting = matches!(rule.kind, RuleKind::Alerting { .. });
        let matches = |matcher: &Matcher| {
            matcher.matches(rule.labels.get(matcher.name()).unwrap_or_default())
        };
        self.alerting.is_none_or(|wanted| wanted == is_alerting)
            && (self.names.is_empty() || self.names.contains(&rule.name.as_str()))
            && (self.matchers.is_empty() || self.matchers.iter().any(|all| all.iter().all(matches)))
    }
}

/// Which groups of those a request asks for.
struct Page<'a> {
    groups_max: usize,
    /// The token of the first group.
    from: Option<&'a str>,
}

impl<'a> Page<'a> {
    fn read(params: &'a Params) -> Result<Self, ApiError> {
        let from = params.get("group_next_token");
        let groups_max = match params.get("group_limit") {
            None if from.is_some() => {
                let why = "group_limit needs to be present in order to paginate over the groups";
                return Err(invalid("group_next_token", why));
            }
            None => usize::MAX,
            Some(text) => match text.parse::<i32>() {
                Ok(limit) if limit > 0 => usize::try_from(limit).unwrap_or(usize::MAX),
                Ok(_) => {
                    return Err(invalid("group_limit", "group_limit needs to be greater than 0"));
                }
                Err(error) => {
                    let why = format!("group_limit needs to be a valid number: {text:?}: {error}");
                    return Err(invalid("group_limit", &why));
                }
            },
        };
        Ok(Self { groups_max, from })
    }
}

/// What names a group from one request to the next: Prometheus' digest of file and name.
fn page_token(group: &GroupView) -> String {
    let digest = Sha256::digest(format!("{};{}", group.file, group.name));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn invalid(name: &str, why: &str) -> ApiError {
    ApiError::bad_data(format!("invalid parameter {name:?}: {why}"))
}

/// `/api/v1/alerts`
pub(crate) async fn alerts(State(rooms): Shared) -> Answer {
    let groups = rooms.rules.groups();
    ok(&json!({"alerts": alerts_of(&groups).map(alert).collect::<Vec<_>>()}))
}

/// `GET /api/v1/alerts/count`
pub(crate) async fn count_alerts(State(rooms): Shared) -> Answer {
    let groups = rooms.rules.groups();
    let are = |state| alerts_of(&groups).filter(|alert| alert.state == state).count();
    ok(&json!({"firing": are(AlertState::Firing), "pending": are(AlertState::Pending)}))
}

fn alerts_of(groups: &[GroupView]) -> impl Iterator<Item = &AlertView> {
    let rules = groups.iter().flat_map(|group| &group.rules);
    rules.flat_map(|rule| match &rule.kind {
        RuleKind::Alerting { alerts, .. } => alerts.as_slice(),
        RuleKind::Recording => &[],
    })
}

fn shape_group(group: &GroupView, rules: &[Value]) -> Value {
    json!({
        "name": group.name,
        "file": group.file,
        "interval": seconds(group.interval),
        "queryOffset": seconds(group.query_offset),
        "limit": group.limit,
        "rules": rules,
        "evaluationTime": seconds(group.evaluation_time),
        "lastEvaluation": group.last_evaluation.map_or_else(never, rfc3339),
    })
}

fn shape(rule: &RuleView, with_alerts: bool) -> Value {
    let mut shaped = json!({
        "name": rule.name,
        "query": rule.query,
        "labels": labels_of(rule),
        "health": rule.health.name(),
        "evaluationTime": seconds(rule.evaluation_time),
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
            "duration": seconds(*duration),
            "keepFiringFor": seconds(*keep_firing_for),
            "annotations": labels(annotations),
            "alerts": if with_alerts { alerts.iter().map(alert).collect() } else { Vec::new() },
        }),
    };
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    shaped
}

/// The labels of a rule as they were written: those that it takes away have no value.
fn labels_of(rule: &RuleView) -> Value {
    let mut shown = labels(&rule.labels);
    if let Value::Object(fields) = &mut shown {
        fields.extend(rule.removed_labels.iter().map(|name| (name.clone(), json!(""))));
    }
    shown
}

/// Seconds as Prometheus writes them: whole ones without a point.
fn seconds(duration: Duration) -> Value {
    match duration.subsec_nanos() {
        0 => json!(duration.as_secs()),
        _ => json!(duration.as_secs_f64()),
    }
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
