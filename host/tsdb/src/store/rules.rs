//! Retention by rule: series that are kept for a shorter or a longer time than the others.
//!
//! A rule that keeps series for a shorter time deletes them by tombstones, up to a multiple of the
//! block range, so that a round of every minute does not write the same file every minute. Where all
//! of a class of series is over, the block is written anew without them. A rule that keeps series for
//! a longer time keeps the block, and the others go in the same way.
//!
//! Invariant: a series belongs to the first rule that matches it, or to none, and its class alone
//! says when its samples go.

use std::collections::HashMap;

use narthex_model::Timestamp;
use narthex_storage::TimeRange;
use roaring::RoaringBitmap;
use ulid::Ulid;

use super::{MaintenanceError, Shared};
use crate::block::{Block, BlockError};
use crate::config::{RetentionRule, Settings};

/// What was done: while the rules are the same and the cutoffs of a block's classes are, the same
/// work is not due again.
#[derive(Debug, Default)]
pub(crate) struct RulesDone {
    rules: Vec<RetentionRule>,
    blocks: HashMap<Ulid, Vec<Option<i64>>>,
}

/// Until when the samples of each class of a block go, exclusive; the last class is of the series
/// that no rule matches. `None`: nothing of it goes.
pub(crate) fn cutoffs(
    settings: &Settings,
    newest: i64,
    (min_time, max_time): (i64, i64),
    step: i64,
) -> Vec<Option<i64>> {
    let global = settings.retention().time;
    let rules = settings.retention_rules().iter().map(|rule| Some(rule.time));
    let classes = rules.chain([global]);
    let classes = classes.map(|kept| {
        let kept_millis = i64::try_from(kept?.as_millis()).unwrap_or(i64::MAX);
        let cutoff = newest.saturating_sub(kept_millis);
        if cutoff >= max_time {
            return Some(max_time);
        }
        // What is kept as long as the others goes with its block, as theirs does.
        let is_shorter = global.is_none_or(|global| kept.is_some_and(|kept| kept < global));
        let cutoff = cutoff.div_euclid(step).saturating_mul(step);
        Some(cutoff).filter(|cutoff| is_shorter && *cutoff > min_time)
    });
    classes.collect()
}

impl Shared {
    /// Lets go of what the rules do not keep any more.
    pub(crate) fn apply_rules(&self, done: &mut RulesDone) -> Result<(), MaintenanceError> {
        let settings = self.in_force.get();
        let Some(newest) = self.newest_time().filter(|_| !settings.retention_rules().is_empty())
        else {
            return Ok(());
        };
        let blocks = self.blocks.list();
        if done.rules != settings.retention_rules() {
            *done =
                RulesDone { rules: settings.retention_rules().to_vec(), ..RulesDone::default() };
        }
        done.blocks.retain(|id, _| blocks.iter().any(|block| block.meta().ulid == *id));
        let mut outcome = Ok(());
        for block in blocks.iter() {
            let meta = block.meta();
            let times = (meta.min_time, meta.max_time);
            let cutoffs = cutoffs(&settings, newest, times, self.config.block_millis());
            let is_done = done.blocks.get(&meta.ulid) == Some(&cutoffs);
            if is_done || cutoffs.iter().all(Option::is_none) {
                continue;
            }
            match self.apply_rules_to(block, &settings, &cutoffs) {
                Ok(()) => {
                    done.blocks.insert(meta.ulid, cutoffs);
                }
                // One block must not hold up the others.
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    fn apply_rules_to(
        &self,
        block: &Block,
        settings: &Settings,
        cutoffs: &[Option<i64>],
    ) -> Result<(), MaintenanceError> {
        let failed = |source: BlockError| MaintenanceError::Rules {
            folder: block.folder().to_owned(),
            source,
        };
        let meta = block.meta();
        let mut is_over = false;
        for (ids, cutoff) in classes(block, settings).map_err(failed)?.into_iter().zip(cutoffs) {
            let Some(cutoff) = cutoff.filter(|_| !ids.is_empty()) else { continue };
            let range = TimeRange {
                start: Timestamp::MIN,
                end: Timestamp::from_millis(cutoff.saturating_sub(1)),
            };
            block.delete_ids(ids, range).map_err(failed)?;
            is_over |= cutoff >= meta.max_time;
        }
        // A block that could not be compacted before would fail again. Its tombstones hide the samples.
        if is_over && !meta.compaction.failed {
            self.compact(std::slice::from_ref(block))?;
        }
        Ok(())
    }
}

/// The series of a block by class.
fn classes(block: &Block, settings: &Settings) -> Result<Vec<RoaringBitmap>, BlockError> {
    let mut rest = RoaringBitmap::from_iter(block.matching(&[])?.iter());
    let mut classes = Vec::with_capacity(settings.retention_rules().len() + 1);
    for rule in settings.retention_rules() {
        let matching = RoaringBitmap::from_iter(block.matching(&rule.matchers)?.iter());
        classes.push(&matching & &rest);
        rest -= matching;
    }
    classes.push(rest);
    Ok(classes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use narthex_model::Matcher;

    use super::*;
    use crate::config::Retention;

    const HOUR: i64 = 3_600_000;

    #[track_caller]
    fn check(rules: &[u64], global: Option<u64>, times: (i64, i64), expected: &[Option<i64>]) {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let rules = rules.iter().map(|time| RetentionRule {
            matchers: vec![Matcher::equal("job", "debug")],
            time: hours(*time),
        });
        let retention = Retention { time: global.map(hours), bytes: None, percentage: None };
        let settings = Settings::default().with_retention(retention).unwrap();
        let settings = settings.with_retention_rules(rules.collect()).unwrap();
        let times = (times.0 * HOUR, times.1 * HOUR);
        let found = cutoffs(&settings, 100 * HOUR, times, 2 * HOUR);
        let found: Vec<_> = found.iter().map(|at| at.map(|at| at / HOUR)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_shorter_time_cuts_a_block_at_steps_of_the_block_range() {
        check(&[10], Some(50), (80, 98), &[Some(90), None]);
        check(&[9], Some(50), (80, 98), &[Some(90), None]);
        check(&[30], Some(50), (80, 98), &[None, None]);
        check(&[1], None, (80, 98), &[Some(98), None]);
    }

    #[test]
    fn a_longer_time_keeps_the_block_and_the_others_go() {
        check(&[90], Some(50), (40, 48), &[None, Some(48)]);
        check(&[90], Some(50), (40, 52), &[None, None]);
        check(&[90, 60], Some(50), (30, 40), &[None, Some(40), Some(40)]);
    }
}
