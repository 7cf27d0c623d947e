//! What outlives the process: which alerts fire, and how far groups have come.
//!
//! The record of an alert is written when it begins to fire and when `keep_firing_for` begins or
//! ends to hold it, and removed when it is over; that of a group after each evaluation, which is
//! seventeen bytes. A state store that fails costs the records and nothing else. docs/formats/rules.md
//! shows what is written.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use narthex_model::{Labels, Timestamp};
use narthex_settings::error_chain;
use narthex_state::{StateError, StateStore, Tree};
use tracing::warn;

use crate::active::{ActiveAlert, ActiveAlerts, AlertState, Recorded};
use crate::file::GroupSpec;

mod wire;

/// The trees' names in the state store.
const ALERTS: &str = "rules_alerts";
const SLOTS: &str = "rules_slots";
/// Alerts of one rule that have a record; the others are restored as in Prometheus.
const ALERTS_OF_RULE_MAX: usize = 10_000;
/// Records that are removed at once; their keys are in memory meanwhile.
const REMOVED_AT_ONCE_MAX: usize = 4096;

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

impl Kept {
    /// The records in the store; without one nothing is kept.
    pub(crate) fn open(state: Option<&StateStore>) -> Self {
        let open = |state: &StateStore| -> Result<Trees, StateError> {
            Ok(Trees { alerts: state.tree(ALERTS)?, slots: state.tree(SLOTS)? })
        };
        let trees = state.map(open).transpose().unwrap_or_else(|error| {
            let error = error_chain(&error);
            warn!(error, "which alerts fire will not be known after a restart");
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
                trees.alerts.put(&key, &wire::encode(labels, alert))
            };
            match done {
                Ok(()) => {}
                Err(error @ StateError::ValueTooLong { .. }) => {
                    // What is there of it is not true any more, and trying again does not help.
                    let error = error_chain(&error);
                    warn!(error, %labels, "an alert is too long to be known after a restart");
                    self.forget_alert(rule, labels);
                }
                Err(error) => {
                    // The others are tried again at the next evaluation.
                    let error = error_chain(&error);
                    warn!(error, %labels, "the state of an alert could not be kept");
                    return;
                }
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
            let error = error_chain(&error);
            warn!(error, %labels, "the state of an alert could not be removed");
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
        let mut gone = Vec::new();
        let visited = trees.alerts.visit_prefix(&group.0.to_be_bytes(), |key, value| {
            let rule = key.get(8..16).and_then(|part| part.try_into().ok()).map(u64::from_be_bytes);
            match (rule.and_then(|rule| known.get(&rule)), wire::decode(value)) {
                (Some(rule), Ok(alert)) => found.entry(*rule).or_default().push(alert),
                (Some(_), Err(error)) => {
                    let error = error_chain(&error);
                    warn!(error, "the record of an alert is unreadable and goes");
                    gone.push(key.to_vec());
                }
                (None, _) => gone.push(key.to_vec()),
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = visited {
            let error = error_chain(&error);
            warn!(error, "it is not known which alerts fired before the start");
        }
        remove(&trees.alerts, &gone);
        found
    }

    /// The slot of the group's last evaluation.
    pub(crate) fn slot(&self, group: GroupId) -> Option<Timestamp> {
        let unknown = "it is not known which evaluations were missed before the start";
        let value = self.0.as_ref()?.slots.get(&group.0.to_be_bytes());
        let value = value.unwrap_or_else(|error| {
            warn!(error = error_chain(&error), "{unknown}");
            None
        })?;
        wire::decode_slot(&value)
            .inspect_err(|error| warn!(error = error_chain(&error), "{unknown}"))
            .ok()
    }

    pub(crate) fn keep_slot(&self, group: GroupId, at: Timestamp) {
        let Some(trees) = &self.0 else { return };
        let kept = trees.slots.put(&group.0.to_be_bytes(), &wire::encode_slot(at));
        if let Err(error) = kept {
            let error = error_chain(&error);
            warn!(error, "how far a group was evaluated could not be kept");
        }
    }

    /// Removes what is kept of other groups. Reads everything: for the start, and no runtime thread.
    pub(crate) fn keep_only(&self, groups: &BTreeSet<GroupId>) {
        self.remove_where(&[], |group| group.is_none_or(|group| !groups.contains(&group)));
    }

    /// A group is gone, and what is kept of it with it.
    pub(crate) fn forget_group(&self, group: GroupId) {
        self.remove_where(&group.0.to_be_bytes(), |_| true);
    }

    fn remove_where(&self, prefix: &[u8], is_gone: impl Fn(Option<GroupId>) -> bool) {
        let Some(trees) = &self.0 else { return };
        for tree in [&trees.alerts, &trees.slots] {
            while remove_some(tree, prefix, &is_gone) {}
        }
    }
}

/// Removes what is gone, or a part of it; whether there may be more.
fn remove_some(tree: &Tree, prefix: &[u8], is_gone: impl Fn(Option<GroupId>) -> bool) -> bool {
    let mut gone = Vec::new();
    let visited = tree.visit_prefix(prefix, |key, _| {
        let group = key.first_chunk().map(|part| GroupId(u64::from_be_bytes(*part)));
        if is_gone(group) {
            gone.push(key.to_vec());
        }
        if gone.len() < REMOVED_AT_ONCE_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    if let Err(error) = &visited {
        let error = error_chain(error);
        warn!(error, "what is kept of rules that are gone could not be removed");
    }
    remove(tree, &gone) && visited.is_ok() && gone.len() == REMOVED_AT_ONCE_MAX
}

/// Whether all of them are gone.
fn remove(tree: &Tree, keys: &[Vec<u8>]) -> bool {
    for key in keys {
        if let Err(error) = tree.delete(key) {
            let error = error_chain(&error);
            warn!(error, "what is kept of rules that are gone could not be removed");
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests;
