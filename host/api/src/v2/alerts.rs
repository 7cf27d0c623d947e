//! Alerts and their groups.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use narthex_alerting::{AlertView, GroupView, label_order};
use narthex_model::{Alert, AlertBatch, AnchoredRegex, Labels, Matcher, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::{
    Answer, Fault, Moment, acknowledgements, are_wanted, body, is_on, labels, matchers, ok, set,
    time,
};
use crate::params::Params;
use crate::routes::Shared;

/// Which alerts are asked for.
struct Wanted {
    filter: Vec<Matcher>,
    receiver: Option<AnchoredRegex>,
    receiver_labels: Vec<Matcher>,
    is_active: bool,
    is_silenced: bool,
    is_inhibited: bool,
    /// Ours.
    is_acknowledged: bool,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Fault> {
        let receiver = params.get("receiver").map(AnchoredRegex::new).transpose();
        Ok(Self {
            filter: matchers(params, "filter")?,
            receiver: receiver
                .map_err(|error| Fault::bad(format!("failed to parse receiver param: {error}")))?,
            receiver_labels: matchers(params, "receiver_matchers")?,
            is_active: is_on(params, "active"),
            is_silenced: is_on(params, "silenced"),
            is_inhibited: is_on(params, "inhibited"),
            is_acknowledged: is_on(params, "acknowledged"),
        })
    }

    fn takes(&self, view: &AlertView) -> bool {
        !view.is_resolved
            && are_wanted(&self.filter, |name| view.alert.labels.get(name))
            && (self.is_active || view.is_suppressed())
            && (self.is_silenced || view.silenced_by.is_empty())
            && (self.is_inhibited || view.inhibited_by.is_none())
            && (self.is_acknowledged || view.acknowledgement.is_none())
    }

    /// Whether a receiver is asked for; `known` has the labels of all of them.
    fn takes_receiver(
        &self,
        name: &str,
        known: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> bool {
        let has_labels = || {
            let found = known.get(name);
            let value = |label: &str| found?.get(label).map(String::as_str);
            found.is_some() && are_wanted(&self.receiver_labels, value)
        };
        self.receiver.as_ref().is_none_or(|receiver| receiver.is_match(name))
            && (self.receiver_labels.is_empty() || has_labels())
    }
}

/// `GET /api/v2/alerts`
pub(crate) async fn alerts(State(rooms): Shared, params: Params) -> Answer {
    let wanted = Wanted::read(&params)?;
    let known = rooms.alerting.receiver_labels();
    let mut views = rooms.alerting.alerts();
    views.retain(|view| {
        let mut receivers = view.receivers.iter();
        wanted.takes(view) && receivers.any(|name| wanted.takes_receiver(name, &known))
    });
    views.sort_by_cached_key(|view| view.alert.fingerprint());
    let shown: Vec<Value> = views.iter().map(|view| shape(view, &[])).collect();
    ok(&shown)
}

/// `GET /api/v2/alerts/groups`
pub(crate) async fn groups(State(rooms): Shared, params: Params) -> Answer {
    let wanted = Wanted::read(&params)?;
    let with_muted = is_on(&params, "muted");
    let known = rooms.alerting.receiver_labels();
    // Labels of routes are templates.
    let alerting = rooms.alerting.clone();
    let mut groups =
        spawn_blocking(move || alerting.groups()).await.map_err(|error| Fault::internal(&error))?;
    for group in &mut groups {
        group.alerts.retain(|view| wanted.takes(view));
    }
    groups.retain(|group| {
        !group.alerts.is_empty()
            && (with_muted || group.muted_by.is_empty())
            && wanted.takes_receiver(&group.receiver, &known)
    });
    groups.sort_by(|one, two| {
        label_order(&one.labels, &two.labels).then_with(|| one.receiver.cmp(&two.receiver))
    });
    let shown: Vec<Value> = groups.iter().map(shape_group).collect();
    ok(&shown)
}

fn shape_group(group: &GroupView) -> Value {
    let alerts: Vec<Value> = group.alerts.iter().map(|view| shape(view, &group.muted_by)).collect();
    json!({
        "labels": labels(&group.labels),
        "route": group.route,
        "routeLabels": group.route_labels,
        "receiver": { "name": group.receiver },
        "alerts": alerts,
    })
}

fn shape(view: &AlertView, muted_by: &[String]) -> Value {
    let alert = &view.alert;
    let is_quiet = view.is_suppressed() || !muted_by.is_empty();
    let receivers: Vec<Value> = view.receivers.iter().map(|name| json!({ "name": name })).collect();
    let mut shown = json!({
        "labels": labels(&alert.labels),
        "annotations": labels(&alert.annotations),
        "startsAt": time(alert.starts_at),
        "endsAt": time(alert.ends_at),
        "updatedAt": time(alert.updated_at),
        "fingerprint": format!("{:016x}", alert.fingerprint()),
        "receivers": receivers,
        "status": {
            "state": if is_quiet { "suppressed" } else { "active" },
            "silencedBy": view.silenced_by,
            "inhibitedBy": view.inhibited_by.iter().collect::<Vec<_>>(),
            "mutedBy": muted_by,
        },
    });
    if let Some(acknowledgement) = &view.acknowledgement {
        set(&mut shown, "acknowledgement", acknowledgements::shape(acknowledgement));
    }
    if !alert.generator_url.is_empty() {
        set(&mut shown, "generatorURL", alert.generator_url.as_str());
    }
    shown
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Posted {
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    starts_at: Option<Moment>,
    #[serde(default)]
    ends_at: Option<Moment>,
    #[serde(default, rename = "generatorURL")]
    generator_url: Option<String>,
}

/// `POST /api/v2/alerts`: those that are good are taken, whatever the others are.
pub(crate) async fn post(State(rooms): Shared, request: Request) -> Answer {
    let posted: Vec<Posted> = body(request, "alerts").await?;
    let now = Timestamp::from_millis(rooms.clock.now_millis());
    let guessed_end = now + rooms.alerting.resolve_timeout();
    let mut refused = Vec::new();
    let mut batch = AlertBatch::default();
    for (index, posted) in posted.into_iter().enumerate() {
        if posted.labels.is_none() {
            return Err(Fault::required(&format!("{index}.labels")));
        }
        match posted.alert(now, guessed_end) {
            Ok(alert) => batch.alerts.push(alert),
            Err(message) => refused.push(message),
        }
    }
    rooms.alerting.refused(refused.len());
    if !batch.alerts.is_empty() {
        rooms.alerting.submit(batch);
        rooms.alerting.written().await;
    }
    if refused.is_empty() { Ok(done()) } else { Err(Fault::bad(refused.join("\n"))) }
}

fn done() -> Response {
    StatusCode::OK.into_response()
}

impl Posted {
    fn alert(self, now: Timestamp, guessed_end: Timestamp) -> Result<Alert, String> {
        // The zero time of Go is how its clients say nothing.
        let given = |at: Option<Moment>| at.map(|at| at.0).filter(|at| *at != ZERO_TIME);
        let (starts_at, ends_at) = (given(self.starts_at), given(self.ends_at));
        let starts_at = starts_at.or(ends_at).unwrap_or(now);
        let mut named = self.labels.unwrap_or_default();
        named.retain(|_, value| !value.is_empty());
        if ends_at.is_some_and(|end| end < starts_at) {
            return Err("start time must be before end time".to_owned());
        }
        if let Some(name) = named.keys().find(|name| name.is_empty()) {
            return Err(format!("invalid label set: invalid name {name:?}"));
        }
        if named.is_empty() {
            return Err("at least one label pair required".to_owned());
        }
        let annotations = self.annotations.unwrap_or_default();
        if let Some(name) = annotations.keys().find(|name| name.is_empty()) {
            return Err(format!("invalid annotations: invalid name {name:?}"));
        }
        let pairs = |pairs: &BTreeMap<String, String>| {
            Labels::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        };
        Ok(Alert {
            labels: pairs(&named),
            annotations: pairs(&annotations),
            starts_at,
            ends_at: ends_at.unwrap_or(guessed_end),
            is_end_guessed: ends_at.is_none(),
            updated_at: now,
            generator_url: self.generator_url.unwrap_or_default(),
            value: None,
        })
    }
}

/// 0001-01-01T00:00:00Z.
const ZERO_TIME: Timestamp = Timestamp::from_millis(-62_135_596_800_000);
