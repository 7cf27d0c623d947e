//! After a start: alerts go on where they were in the process before.
//!
//! Those that fired have a record, and fire on. Those that waited for their time are read back from
//! `ALERTS_FOR_STATE` as in Prometheus, once data has come in.
//!
//! How long the server was away is counted from the evaluation that was missed first.

use std::collections::BTreeSet;

use narthex_model::{Labels, Timestamp};
use narthex_settings::error_chain;
use narthex_storage::TimeRange;
use tracing::warn;

use super::{Group, Restoring, RuleState, State};
use crate::active::{ActiveAlert, ActiveAlerts};
use crate::alerting_rule;
use crate::file::AlertSpec;
use crate::restore::{self, Before, restore};

/// Evaluations before the state of `for` is read back.
const EVALUATIONS_BEFORE_RESTORE: u8 = 2;
/// Evaluations that have to look at samples before alerts of the process before end.
const LOOKS_BEFORE_END: u8 = 2;

/// What alerts of the process before wait for before they end: an empty result may mean that nothing
/// was scraped yet, and one that is not empty that only some targets were.
#[derive(Clone, Copy, Debug)]
pub(super) struct DataWait {
    looks_left: u8,
    /// When every target has been scraped.
    settled_at: Timestamp,
    /// When they wait no longer, whatever has come in.
    until: Timestamp,
}

impl DataWait {
    /// Whether they still wait in an evaluation for `at`, which counts.
    pub(super) fn waits(&mut self, at: Timestamp, is_blind: bool) -> bool {
        let waits = at <= self.until && (self.looks_left > 0 || at < self.settled_at);
        self.looks_left = self.looks_left.saturating_sub(u8::from(!is_blind));
        waits
    }
}

impl Group {
    /// Before the first evaluation: what fired fires on. A group that makes up for what it missed
    /// goes on with all alerts as they were at its last slot.
    pub(super) fn recall(&self, state: &mut State, at: Timestamp) {
        let start = at - self.config.outage_tolerance - self.interval;
        let reach = TimeRange { start, end: at };
        state.restoring =
            Restoring::AfterEvaluations { left: EVALUATIONS_BEFORE_RESTORE, reach: start };
        let slot = self.tools.kept.slot(self.id);
        // One that is not known says nothing of the outage, nor does one of a clock that went back.
        let is_too_old = slot.is_some_and(|slot| slot < reach.start);
        state.last_slot =
            slot.filter(|slot| self.spec.replay_missed && (reach.start..at).contains(slot));
        let mut fired = self.tools.kept.alerts(self.id, &self.rules);
        let all = self.spec.rules.iter().zip(&self.rules).zip(&mut state.rules);
        for ((spec, id), rule) in all {
            let Some(alert) = &spec.alert else { continue };
            for (labels, alert) in fired.remove(id).unwrap_or_default() {
                if is_too_old {
                    self.tools.kept.forget_alert(*id, &labels);
                } else {
                    rule.active.0.insert(labels, alert);
                }
            }
            let before = match restore::last_samples(&spec.name, self.tools.read.as_ref(), reach) {
                Ok(before) => before,
                Err(error) => {
                    let error = error_chain(&error);
                    warn!(alert = spec.name, error, "the state of an alert could not be restored");
                    continue;
                }
            };
            if let Some(slot) = state.last_slot {
                let waiting = before.iter().filter(|(labels, before)| {
                    before.written_at >= slot - self.query_offset && is_of(labels, alert)
                });
                recall_waiting(rule, waiting);
            }
            rule.is_to_be_restored = state.last_slot.is_none() && !before.is_empty();
            if !rule.active.0.is_empty() {
                rule.data_wait = Some(DataWait {
                    looks_left: LOOKS_BEFORE_END,
                    settled_at: at + self.config.settle,
                    until: at + self.config.grace_period,
                });
            }
            rule.series = written(&rule.active);
        }
    }

    /// After some evaluations: alerts that wait for their time get back since when they have been
    /// active.
    pub(super) fn restore(&self, state: &mut State, at: Timestamp) {
        let Restoring::AfterEvaluations { left, reach } = state.restoring else { return };
        if left > 1 {
            state.restoring = Restoring::AfterEvaluations { left: left - 1, reach };
            return;
        }
        state.restoring = Restoring::Done;
        let started = self.tools.clock.monotonic();
        for (spec, rule) in self.spec.rules.iter().zip(&mut state.rules) {
            let Some(alert) = &spec.alert else { continue };
            if !std::mem::take(&mut rule.is_to_be_restored) {
                continue;
            }
            let (store, grace) = (self.tools.read.as_ref(), self.config.grace_period);
            let range = TimeRange { start: reach, end: at };
            let restored = restore(&mut rule.active, &spec.name, (alert.hold, grace), store, range);
            if let Err(error) = restored {
                let error = error_chain(&error);
                warn!(alert = spec.name, error, "the state of an alert could not be restored");
            }
        }
        self.measures.restored(self.tools.clock.monotonic().saturating_sub(started));
    }
}

/// Alerts that waited for their time at the last slot.
fn recall_waiting<'a>(
    rule: &mut RuleState,
    waiting: impl Iterator<Item = (&'a Labels, &'a Before)>,
) {
    for (labels, before) in waiting {
        let alert = || ActiveAlert::recalled(before.active_at);
        rule.active.0.entry(labels.clone()).or_insert_with(alert);
    }
}

/// The series that the process before wrote of alerts. They end when the alerts do.
fn written(alerts: &ActiveAlerts) -> BTreeSet<Labels> {
    alerting_rule::series(alerts, true).into_iter().map(|(labels, _)| labels).collect()
}

/// Whether an alert of this name may be this rule's: labels that are no templates have to agree.
fn is_of(labels: &Labels, alert: &AlertSpec) -> bool {
    alert.labels.iter().all(|(name, text)| {
        text.plain().is_none_or(|text| labels.get(name).unwrap_or_default() == text)
    })
}
