//! What outlives the process: which alerts fire, and how far groups have come.
//!
//! The record of an alert is written when it begins to fire and when `keep_firing_for` begins or
//! ends to hold it, and removed when it is over; that of a group after each evaluation, which is
//! sixteen bytes. A state store that fails costs the records and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use narthex_model::{Labels, Timestamp};
use narthex_state::{SCAN_MAX, StateError, StateStore, Tree};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::active::{ActiveAlert, ActiveAlerts, AlertState, Recorded};
use crate::file::GroupSpec;

/// The trees' names in the state store.
const ALERTS: &str = "rules_alerts";
const SLOTS: &str = "rules_slots";
/// Alerts of one rule that have a record; the others are restored as in Prometheus.
const ALERTS_OF_RULE_MAX: usize = 10_000;

/// The records. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Option<Trees>);

#[derive(Clone, Debug)]
struct Trees {
    alerts: Tree,
    slots: Tree,
}

/// What names a group from one process to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupId(u64);

/// What names a rule from one process to the next: group, name and labels, and which of several that
/// have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RuleId(u64, u64);

impl GroupId {
    pub(crate) fn of(file: &str, name: &str) -> Self {
        Self(Labels::from_pairs([("file", file), ("name", name)]).stable_hash())
    }

    /// The ids of a group's rules, in order.
    pub(crate) fn rules(self, spec: &GroupSpec) -> Vec<RuleId> {
        let mut seen: HashMap<(&str, &Labels), usize> = HashMap::new();
        let ids = spec.rules.iter().map(|rule| {
            let before = seen.entry((&rule.name, &rule.labels)).or_default();
            let (labels, place) = (rule.labels.to_string(), before.to_string());
            *before += 1;
            let all = [("name", rule.name.as_str()), ("labels", &labels), ("place", &place)];
            RuleId(self.0, Labels::from_pairs(all).stable_hash())
        });
        ids.collect()
    }
}

impl RuleId {
    fn key(self, labels: &Labels) -> [u8; 24] {
        let mut key = [0; 24];
        let parts = [self.0, self.1, labels.stable_hash()];
        for (place, part) in key.chunks_exact_mut(8).zip(parts) {
            place.copy_from_slice(&part.to_be_bytes());
        }
        key
    }
}

/// A record.
#[derive(Serialize, Deserialize)]
struct Record {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    /// The bits of the float: JSON has no words for some.
    value: u64,
    active_at: i64,
    fired_at: i64,
    keep_firing_since: Option<i64>,
}

impl Kept {
    /// The records in the store; without one nothing is kept.
    pub(crate) fn open(state: Option<&StateStore>) -> Self {
        let open = |state: &StateStore| -> Result<Trees, StateError> {
            Ok(Trees { alerts: state.tree(ALERTS)?, slots: state.tree(SLOTS)? })
        };
        let trees = state.map(open).transpose().unwrap_or_else(|error| {
            warn!(%error, "which alerts fire will not be known after a restart");
            None
        });
        Self(trees)
    }

    /// Brings the records of a rule to what its alerts are now.
    pub(crate) fn keep(&self, rule: RuleId, alerts: &mut ActiveAlerts) {
        let Some(trees) = &self.0 else { return };
        let is_recorded = |alert: &&ActiveAlert| alert.recorded != Recorded::Nothing;
        let mut count = alerts.0.values().filter(is_recorded).count();
        for (labels, alert) in &mut alerts.0 {
            let now = match alert.state {
                AlertState::Firing => {
                    Recorded::Firing { keep_firing_since: alert.keep_firing_since }
                }
                AlertState::Unknown | AlertState::Inactive | AlertState::Pending => {
                    Recorded::Nothing
                }
            };
            let is_new = alert.recorded == Recorded::Nothing;
            if now == alert.recorded || (is_new && count >= ALERTS_OF_RULE_MAX) {
                continue;
            }
            let key = rule.key(labels);
            let done = if now == Recorded::Nothing {
                trees.alerts.delete(&key).map(drop)
            } else {
                trees.alerts.put(&key, &encode(labels, alert))
            };
            if let Err(error) = done {
                // The others are tried again at the next evaluation.
                warn!(%error, %labels, "the state of an alert could not be kept");
                return;
            }
            alert.recorded = now;
            count += usize::from(is_new);
        }
    }

    /// The alerts of a rule are gone at once.
    pub(crate) fn forget(&self, rule: RuleId, alerts: &ActiveAlerts) {
        let recorded = alerts.0.iter().filter(|(_, alert)| alert.recorded != Recorded::Nothing);
        recorded.for_each(|(labels, _)| self.forget_alert(rule, labels));
    }

    pub(crate) fn forget_alert(&self, rule: RuleId, labels: &Labels) {
        let Some(trees) = &self.0 else { return };
        if let Err(error) = trees.alerts.delete(&rule.key(labels)) {
            warn!(%error, %labels, "the state of an alert could not be removed");
        }
    }

    /// The alerts of these rules that fired last; records of a group's other rules go.
    pub(crate) fn alerts(
        &self,
        group: GroupId,
        rules: &[RuleId],
    ) -> HashMap<RuleId, Vec<(Labels, ActiveAlert)>> {
        let mut found: HashMap<RuleId, Vec<(Labels, ActiveAlert)>> = HashMap::new();
        let Some(trees) = &self.0 else { return found };
        let known: HashMap<u64, RuleId> = rules.iter().map(|rule| (rule.1, *rule)).collect();
        let records = trees.alerts.scan_prefix(&group.0.to_be_bytes(), SCAN_MAX);
        let records = records.unwrap_or_else(|error| {
            warn!(%error, "it is not known which alerts fired before the start");
            Vec::new()
        });
        for (key, value) in records {
            let rule = key.get(8..16).and_then(|part| part.try_into().ok()).map(u64::from_be_bytes);
            let rule = rule.and_then(|rule| known.get(&rule));
            match (rule, decode(&value)) {
                (Some(rule), Some(alert)) => found.entry(*rule).or_default().push(alert),
                _ => remove(&trees.alerts, &[key]),
            }
        }
        found
    }

    /// The slot of the group's last evaluation.
    pub(crate) fn slot(&self, group: GroupId) -> Option<Timestamp> {
        let value = self.0.as_ref()?.slots.get(&group.0.to_be_bytes());
        let value = value.unwrap_or_else(|error| {
            warn!(%error, "it is not known which evaluations were missed before the start");
            None
        })?;
        Some(Timestamp::from_millis(i64::from_be_bytes(value.try_into().ok()?)))
    }

    pub(crate) fn keep_slot(&self, group: GroupId, at: Timestamp) {
        let Some(trees) = &self.0 else { return };
        let kept = trees.slots.put(&group.0.to_be_bytes(), &at.millis().to_be_bytes());
        if let Err(error) = kept {
            warn!(%error, "how far a group was evaluated could not be kept");
        }
    }

    /// Removes what is kept of groups that there are no more.
    pub(crate) fn keep_only(&self, groups: &BTreeSet<GroupId>) {
        let Some(trees) = &self.0 else { return };
        for tree in [&trees.alerts, &trees.slots] {
            let mut gone = Vec::new();
            let visited = tree.visit_prefix(&[], |key, _| {
                let group = key.first_chunk().map(|part| GroupId(u64::from_be_bytes(*part)));
                if group.is_none_or(|group| !groups.contains(&group)) {
                    gone.push(key.to_vec());
                }
                if gone.len() < SCAN_MAX {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
            if let Err(error) = visited {
                warn!(%error, "what is kept of rules that are gone could not be removed");
            }
            remove(tree, &gone);
        }
    }
}

fn remove(tree: &Tree, keys: &[Vec<u8>]) {
    for key in keys {
        if let Err(error) = tree.delete(key) {
            warn!(%error, "what is kept of rules that are gone could not be removed");
            return;
        }
    }
}

fn encode(labels: &Labels, alert: &ActiveAlert) -> Vec<u8> {
    let pairs = |labels: &Labels| {
        labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let record = Record {
        labels: pairs(labels),
        annotations: pairs(&alert.annotations),
        value: alert.value.to_bits(),
        active_at: alert.active_at.millis(),
        fired_at: alert.fired_at.unwrap_or(alert.active_at).millis(),
        keep_firing_since: alert.keep_firing_since.map(Timestamp::millis),
    };
    serde_json::to_vec(&record).expect("texts and whole numbers are JSON")
}

fn decode(value: &[u8]) -> Option<(Labels, ActiveAlert)> {
    let record: Record = serde_json::from_slice(value).ok()?;
    let keep_firing_since = record.keep_firing_since.map(Timestamp::from_millis);
    let alert = ActiveAlert {
        annotations: Labels::from_pairs(record.annotations),
        value: f64::from_bits(record.value),
        state: AlertState::Firing,
        active_at: Timestamp::from_millis(record.active_at),
        fired_at: Some(Timestamp::from_millis(record.fired_at)),
        resolved_at: None,
        last_sent: None,
        keep_firing_since,
        recorded: Recorded::Firing { keep_firing_since },
        is_recalled: true,
        awaits_data: keep_firing_since.is_none(),
    };
    Some((Labels::from_pairs(record.labels), alert))
}

#[cfg(test)]
mod tests;
