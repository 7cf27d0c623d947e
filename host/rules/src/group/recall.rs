//! After a start: alerts go on where they were in the process before.
//!
//! Those that fired have a record, and fire on. Those that waited for their time are read back from
//! `ALERTS_FOR_STATE` as in Prometheus, once data has come in.

use narthex_model::{Labels, Timestamp};
use narthex_settings::error_chain;
use narthex_storage::TimeRange;
use tracing::warn;

use super::{Group, Restoring, RuleState, State};
use crate::active::ActiveAlert;
use crate::file::AlertSpec;
use crate::restore::{self, Before, restore};

/// Evaluations before the state of `for` is read back, and before alerts of the process before end.
const EVALUATIONS_BEFORE_RESTORE: u8 = 2;

impl Group {
    /// Before the first evaluation: what fired fires on. A group that makes up for what it missed
    /// goes on with all alerts as they were at its last slot.
    pub(super) fn recall(&self, state: &mut State, at: Timestamp) {
        let reach = TimeRange { start: at - self.config.outage_tolerance, end: at };
        state.restoring = Restoring::AfterEvaluations(EVALUATIONS_BEFORE_RESTORE);
        let slot = self.tools.kept.slot(self.id);
        let slot = slot.filter(|slot| (reach.start..at).contains(slot));
        state.last_slot = slot.filter(|_| self.spec.replay_missed);
        let mut fired = self.tools.kept.alerts(self.id, &self.rules);
        let all = self.spec.rules.iter().zip(&self.rules).zip(&mut state.rules);
        for ((spec, id), rule) in all {
            let Some(alert) = &spec.alert else { continue };
            for (labels, alert) in fired.remove(id).unwrap_or_default() {
                if slot.is_some() {
                    rule.active.0.insert(labels, alert);
                } else {
                    self.tools.kept.forget_alert(*id, &labels);
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
        }
    }

    /// After some evaluations: alerts that wait for their time get back since when they have been
    /// active, and those of the process before may end.
    pub(super) fn restore(&self, state: &mut State, at: Timestamp) {
        match state.restoring {
            Restoring::Done | Restoring::Begin => return,
            Restoring::AfterEvaluations(left) if left > 1 => {
                state.restoring = Restoring::AfterEvaluations(left - 1);
                return;
            }
            Restoring::AfterEvaluations(_) => state.restoring = Restoring::Done,
        }
        let started = self.tools.clock.monotonic();
        for (spec, rule) in self.spec.rules.iter().zip(&mut state.rules) {
            let Some(alert) = &spec.alert else { continue };
            rule.active.0.values_mut().for_each(|alert| alert.awaits_data = false);
            if !std::mem::take(&mut rule.is_to_be_restored) {
                continue;
            }
            let store = self.tools.read.as_ref();
            let restored =
                restore(&mut rule.active, &spec.name, alert.hold, &self.config, store, at);
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

/// Whether an alert of this name may be this rule's: labels that are no templates have to agree.
fn is_of(labels: &Labels, alert: &AlertSpec) -> bool {
    alert.labels.iter().all(|(name, text)| {
        text.plain().is_none_or(|text| labels.get(name).unwrap_or_default() == text)
    })
}
