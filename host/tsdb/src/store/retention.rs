//! Retention: what is older than it may be goes, and so do series without samples.
//!
//! The clock alone does not decide: should it jump ahead, nothing is dropped that is not old
//! compared with the newest sample.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use narthex_model::Timestamp;

use super::{Shared, Tsdb};
use crate::head::series::{Series, SeriesId, Slot};

/// Slots looked at under one hold of a lock.
const STEP_SLOTS: Slot = 256;
/// A series without samples is kept for this many rounds: somebody may be about to write it.
const ROUNDS_WITHOUT_SAMPLES: u32 = 2;

impl Tsdb {
    /// Drops chunks and series whose samples are all older than the retention, as of `now_millis`.
    /// Nothing goes until the log is replayed.
    pub fn apply_retention(&self, now_millis: i64) {
        let shared = &self.0;
        if !shared.is_replayed() {
            return;
        }
        let _maintenance = shared.maintenance.lock();
        let now = shared.head.newest_at().map_or(now_millis, |newest| newest.min(now_millis));
        let cutoff = now.saturating_sub(shared.in_force.kept_millis());
        let round = shared.head.counts.round.fetch_add(1, Ordering::Relaxed) + 1;
        shared.head.exemplars.write().drop_before(Timestamp::from_millis(cutoff));
        shared.drop_samples(cutoff, u64::MAX, round);
    }
}

/// Whether nothing of the series is left to keep.
fn is_over(series: &Series, cutoff: i64, round: u32) -> bool {
    match series.span() {
        // Samples out of order that were left belong to commits that no block has yet.
        Some((_, last)) => {
            series.sealed.is_empty() && series.out_of_order().is_none() && last < cutoff
        }
        None => series.asked_in_round + ROUNDS_WITHOUT_SAMPLES < round,
    }
}

impl Shared {
    /// Drops what stands in blocks: full chunks before `cutoff`, of samples out of order those of
    /// commits up to `commit`, and series that have nothing left.
    pub(crate) fn drop_before(&self, cutoff: i64, commit: u64) {
        let _maintenance = self.maintenance.lock();
        self.drop_samples(cutoff, commit, self.head.counts.round.load(Ordering::Relaxed));
    }

    fn drop_samples(&self, cutoff: i64, commit: u64, round: u32) {
        let mut gone = self.drop_chunks(cutoff, commit, round);
        if !gone.is_empty() {
            // Exemplars are found by their series.
            let exemplars = self.head.exemplars.read();
            let needed: HashSet<SeriesId> = exemplars.iter().map(|(id, _)| id).collect();
            drop(exemplars);
            gone.retain(|(_, id)| !needed.contains(id));
            self.remove_series(&gone, cutoff, round);
        }
    }

    /// Drops full chunks before `cutoff`; answers the series that have nothing left.
    fn drop_chunks(&self, cutoff: i64, commit: u64, round: u32) -> Vec<(Slot, SeriesId)> {
        let end = self.head.index.read().slots_end();
        let (mut gone, mut oldest) = (Vec::new(), i64::MAX);
        let mut dropped = 0;
        for start in (0..end).step_by(STEP_SLOTS as usize) {
            let mut slab = self.head.slab.writer();
            for slot in start..end.min(start + STEP_SLOTS) {
                let Some(series) = slab.get(slot) else { continue };
                dropped += series.drop_chunks_before(cutoff) as u64;
                if series.out_of_order().is_some() {
                    series.change_out_of_order(|kept| kept.drop_before(cutoff, commit));
                }
                if is_over(series, cutoff, round) {
                    gone.push((slot, series.id));
                } else if let Some((first, _)) = series.span() {
                    oldest = oldest.min(first);
                }
            }
        }
        self.head.counts.chunks.fetch_sub(dropped, Ordering::Relaxed);
        if oldest != i64::MAX {
            self.head.counts.oldest_at.store(oldest, Ordering::Relaxed);
        }
        gone
    }

    /// Removes series that still have nothing left. No commit runs meanwhile, so none loses a
    /// series between its check and its end.
    fn remove_series(&self, gone: &[(Slot, SeriesId)], cutoff: i64, round: u32) {
        let _writer = self.writer.lock();
        let mut index = self.head.index.write();
        for (slot, id) in gone {
            let is_over = self
                .head
                .slab
                .with(*slot, |series| series.id == *id && is_over(series, cutoff, round));
            if is_over != Some(true) {
                continue;
            }
            if let Some(series) = self.head.slab.take(*slot) {
                index.remove(&series, *slot);
                let counts = &self.head.counts;
                counts.chunks.fetch_sub(series.chunks() as u64, Ordering::Relaxed);
                counts.series.fetch_sub(1, Ordering::Relaxed);
                counts.series_removed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
