//! Retention: what is older than it may be goes, and so do series without samples.
//!
//! The clock alone does not decide: should it jump ahead, nothing is dropped that is not old
//! compared with the newest sample.

use std::sync::atomic::Ordering;

use narthex_model::Timestamp;

use super::{Shared, Tsdb};
use crate::head::series::{SeriesId, Slot};

/// Slots looked at under one hold of a lock.
const STEP_SLOTS: Slot = 256;
/// A series without samples is kept for this many rounds: somebody may be about to write it.
const ROUNDS_WITHOUT_SAMPLES: u32 = 2;

impl Tsdb {
    /// Drops chunks whose samples are all older than the retention, as of `now_millis`, and series that
    /// have had none for some rounds. Nothing goes until the log is replayed.
    pub fn apply_retention(&self, now_millis: i64) {
        let shared = &self.0;
        if !shared.is_replayed() {
            return;
        }
        let _maintenance = shared.maintenance.lock();
        let now = shared.head.newest_at().map_or(now_millis, |newest| newest.min(now_millis));
        let cutoff = now.saturating_sub(shared.in_force.kept_millis());
        shared.head.counts.round.fetch_add(1, Ordering::Relaxed);
        shared.head.exemplars.write().drop_before(Timestamp::from_millis(cutoff));
        shared.drop_samples(Cut { in_order: cutoff, late: cutoff, commit: u64::MAX });
    }
}

/// What leaves the head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// Chunks in order go that end before it.
    pub(crate) in_order: i64,
    /// Chunks out of order go that end before it,
    pub(crate) late: i64,
    /// and hold nothing of later commits than this.
    pub(crate) commit: u64,
}

/// A series that may go: where it is, which it is, and when it was asked for last.
type Gone = (Slot, SeriesId, u32);

impl Shared {
    /// Drops what stands in blocks.
    pub(crate) fn drop_before(&self, cut: Cut) {
        let _maintenance = self.maintenance.lock();
        let begun = self.clock.monotonic();
        self.drop_samples(cut);
        self.observed.truncations.increment();
        self.observed.truncation_seconds.observe_duration(self.clock.monotonic() - begun);
    }

    /// Drops what the log brought although it is in blocks.
    pub(crate) fn drop_replayed(&self) {
        let in_order = self.head.floor();
        if in_order != i64::MIN {
            self.drop_before(Cut { in_order, late: i64::MIN, commit: 0 });
        }
    }

    /// Drops chunks, and series that have had nothing for a while.
    fn drop_samples(&self, cut: Cut) {
        let mut gone = self.drop_chunks(cut);
        if !gone.is_empty() {
            // Exemplars are found by their series.
            let needed = self.head.exemplars.read().series_ids();
            gone.retain(|(_, id, _)| !needed.contains(id));
            self.remove_series(&gone);
        }
    }

    /// Drops chunks; answers the series that have had nothing for a while.
    fn drop_chunks(&self, cut: Cut) -> Vec<Gone> {
        let counts = &self.head.counts;
        let end = self.head.index.read().slots_end();
        let (round, floor) = (counts.round.load(Ordering::Relaxed), self.head.floor());
        let (mut gone, mut oldest) = (Vec::new(), i64::MAX);
        let mut dropped = 0;
        counts.oldest_since.store(i64::MAX, Ordering::Relaxed);
        for start in (0..end).step_by(STEP_SLOTS as usize) {
            // No commit runs meanwhile: what it found of a series must be so until it ends.
            let _writer = self.writer.lock();
            let mut slab = self.head.slab.writer();
            for slot in start..end.min(start + STEP_SLOTS) {
                let Some(series) = slab.get(slot) else { continue };
                let was_empty = series.is_empty();
                dropped += series.drop_chunks_before(cut.in_order) as u64;
                if series.out_of_order().is_some() {
                    series.change_out_of_order(|kept| kept.drop_before(cut.late, cut.commit));
                }
                if let Some((first, _)) = series.span_from(floor) {
                    oldest = oldest.min(first);
                }
                if !series.is_empty() {
                    continue;
                }
                // The next checkpoint leaves it out. What the log's coder knows of it stays: the
                // reader of the log knows that too.
                series.is_logged = false;
                if !was_empty {
                    // A batch under way may bring its next sample.
                    series.asked_in_round = round;
                } else if series.asked_in_round + ROUNDS_WITHOUT_SAMPLES < round {
                    gone.push((slot, series.id, series.asked_in_round));
                }
            }
        }
        counts.chunks_removed.fetch_add(dropped, Ordering::Relaxed);
        let _writer = self.writer.lock();
        // What was committed meanwhile may be older, and in series that were looked at before.
        let since = counts.oldest_since.load(Ordering::Relaxed);
        counts.oldest_at.store(oldest.min(since), Ordering::Relaxed);
        gone
    }

    /// Removes series that still have nothing left. No commit runs meanwhile, so none loses a
    /// series between its check and its end.
    fn remove_series(&self, gone: &[Gone]) {
        let _writer = self.writer.lock();
        let mut index = self.head.index.write();
        for (slot, id, asked) in gone {
            let is_over = self.head.slab.with(*slot, |series| {
                series.id == *id && series.is_empty() && series.asked_in_round == *asked
            });
            if is_over != Some(true) {
                continue;
            }
            if let Some(series) = self.head.slab.take(*slot) {
                index.remove(&series, *slot);
                let counts = &self.head.counts;
                counts.series.fetch_sub(1, Ordering::Relaxed);
                counts.series_removed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
