//! The round that keeps the data folder in order: what is new in it, what is too old, what should
//! become one, what the log need not hold any more.
//!
//! Each step goes on without those before it: a full disk or a damaged block must not keep old blocks
//! from going.

use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use super::head_blocks::HeadRounds;
use super::rules::RulesDone;
use super::{MaintenanceError, Shared, Tsdb};
use crate::compaction::write::CompactError;

/// What rounds remember.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    rules_done: RulesDone,
    pub(crate) head: HeadRounds,
}

impl Tsdb {
    /// One round, as of `now_millis`. Answers what went wrong, by step; the others were done.
    pub fn maintain_now(&self, now_millis: i64) -> Vec<MaintenanceError> {
        let shared = &self.0;
        let mut rounds = shared.rounds.lock();
        let mut failures = Vec::new();
        let mut note = |outcome: Result<(), MaintenanceError>| match outcome {
            // The next start goes on with it.
            Ok(()) | Err(MaintenanceError::Compact(CompactError::Stopped)) => {}
            Err(error) => failures.push(error),
        };
        note(shared.reload_blocks());
        shared.drop_old_blocks();
        self.apply_retention(now_millis);
        // A block of a range must hold all of it, what the log still brings included.
        if shared.is_replayed() {
            note(shared.counted(|| shared.compact_head(&mut rounds.head)));
            note(shared.spill_chunks());
        }
        note(shared.counted(|| shared.compact_blocks()));
        note(shared.apply_rules(&mut rounds.rules_done));
        shared.drop_old_blocks();
        if shared.log_has_blocks.load(Ordering::Relaxed) || self.checkpoint_is_due() {
            note(self.checkpoint_after_blocks());
        }
        failures
    }

    /// A checkpoint, after which the log does not hold what left the head for blocks. Under `rounds`.
    pub(crate) fn checkpoint_after_blocks(&self) -> Result<(), MaintenanceError> {
        self.checkpoint()?;
        self.0.log_has_blocks.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Has a compaction that runs end at its next series; the next start begins it again.
    pub fn interrupt(&self) {
        self.0.interrupt.set();
    }
}

impl Shared {
    /// Keeps compactions, deletions and snapshots apart.
    pub(crate) fn blocks_lock(&self) -> MutexGuard<'_, Rounds> {
        self.rounds.lock()
    }

    fn counted(
        &self,
        step: impl FnOnce() -> Result<(), MaintenanceError>,
    ) -> Result<(), MaintenanceError> {
        let outcome = step();
        let is_stopped = matches!(outcome, Err(MaintenanceError::Compact(CompactError::Stopped)));
        if outcome.is_err() && !is_stopped {
            self.blocks_observed.compactions_failed.increment();
        }
        outcome
    }
}
