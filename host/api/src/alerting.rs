//! How alerts are routed: the tree, what would become of an alert, and how receivers were told last.
//!
//! A route's id is the way to it from the root by the places among siblings: `0`, `0.1`, `0.1.0`.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use narthex_alerting::{
    Asked, GroupBy, GroupCount, IntegrationView, ReceiverView, Refusal, Route, Routes, Verdict,
    matcher_text, matchers_text,
};
use narthex_model::{Labels, format_duration};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::envelope::{Answer, ApiError, ok};
use crate::routes::Shared;
use crate::status::rfc3339;

/// The id of the root.
const ROOT: &str = "0";

/// `GET /api/v1/alerting/routes`
pub(crate) async fn routes(State(rooms): Shared) -> Answer {
    let (routes, counts) = rooms.alerting.routes();
    ok(&json!({"root": routes.get(0).map(|root| shape(&routes, &counts, 0, root, ROOT))}))
}

/// The tree is as deep as the file, whose reader bounds it.
fn shape(routes: &Routes, counts: &[GroupCount], index: usize, route: &Route, id: &str) -> Value {
    let matchers: Vec<String> = route.matchers.iter().map(matcher_text).collect();
    let group_by = match &route.group_by {
        GroupBy::All => vec!["...".to_owned()],
        GroupBy::Labels(names) => names.clone(),
    };
    let below = route.children.iter().enumerate().filter_map(|(place, child)| {
        let route = routes.get(*child)?;
        Some(shape(routes, counts, *child, route, &format!("{id}.{place}")))
    });
    let below: Vec<Value> = below.collect();
    let count = counts.get(index).copied().unwrap_or_default();
    json!({
        "id": id,
        "receiver": route.receiver,
        "matchers": matchers,
        "continue": route.continues,
        "groupBy": group_by,
        "groupWait": format_duration(route.group_wait),
        "groupInterval": format_duration(route.group_interval),
        "repeatInterval": format_duration(route.repeat_interval),
        "muteTimeIntervals": route.muted_in,
        "activeTimeIntervals": route.active_in,
        "labels": route.labels,
        "groups": count.groups,
        "alerts": count.alerts,
        "routes": below,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tried {
    labels: BTreeMap<String, String>,
}

/// `POST /api/v1/alerting/trial`: what would become of an alert with these labels; nothing changes.
pub(crate) async fn trial(State(rooms): Shared, body: Bytes) -> Answer {
    let tried: Tried = serde_json::from_slice(&body).map_err(|error| {
        ApiError::bad_data(format!(
            r#"the body must be {{"labels": {{"name": "value"}}}}: {error}"#
        ))
    })?;
    let pairs = tried.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let trial = rooms.alerting.trial(&Labels::from_pairs(pairs));
    let mut said = Vec::new();
    if let Some(asked) = &trial.asked {
        tell(&trial.routes, asked, ROOT, &mut said);
    }
    ok(&json!({
        "receivers": trial.receivers,
        "asked": said,
        "silencedBy": trial.silenced_by,
        "inhibitedBy": trial.inhibited_by.iter().collect::<Vec<_>>(),
        "mutedBy": trial.muted_by,
    }))
}

fn tell(routes: &Routes, asked: &Asked, id: &str, said: &mut Vec<Value>) {
    let continues = routes.get(asked.route).is_some_and(|route| route.continues);
    let (outcome, why) = match &asked.verdict {
        Verdict::Taken if id == ROOT => ("yes", "takes every alert".to_owned()),
        Verdict::Taken if continues => {
            ("yes", "matches, and the next ones are asked too".to_owned())
        }
        Verdict::Taken => ("yes", "matches".to_owned()),
        Verdict::Refused(refusals) => {
            let refusals: Vec<String> = refusals.iter().map(Refusal::to_string).collect();
            ("no", refusals.join("; "))
        }
        Verdict::NotAsked { taker } => {
            let taker = routes.get(*taker).map(|taker| matchers_text(&taker.matchers));
            let taker = taker.unwrap_or_default();
            ("notAsked", format!("{taker} took it, without continue"))
        }
    };
    said.push(json!({"id": id, "outcome": outcome, "why": why}));
    for (place, below) in asked.below.iter().enumerate() {
        tell(routes, below, &format!("{id}.{place}"), said);
    }
}

/// `GET /api/v1/alerting/receivers`
pub(crate) async fn receivers(State(rooms): Shared) -> Answer {
    let receivers = rooms.alerting.receivers();
    ok(&receivers.iter().map(receiver).collect::<Vec<_>>())
}

fn receiver(receiver: &ReceiverView) -> Value {
    json!({
        "name": receiver.name,
        "labels": receiver.labels,
        "integrations": receiver.integrations.iter().map(integration).collect::<Vec<_>>(),
    })
}

fn integration(integration: &IntegrationView) -> Value {
    let last = &integration.last;
    let duration = last.at.map(|_| format_duration(last.duration));
    json!({
        "name": integration.plugin,
        "index": integration.index,
        "sendResolved": integration.send_resolved,
        "lastAttempt": last.at.map(rfc3339),
        "lastDuration": duration,
        "lastError": last.error,
        "lastNote": last.note,
        "lastSuccess": last.taken_at.map(rfc3339),
    })
}
