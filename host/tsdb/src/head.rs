//! The head: recent samples in memory, covered by the log.
//!
//! Invariant: a sample becomes visible to queries only after its record is in the log.
//! Invariant: series ids grow and are never reused, even across restarts.
//!
//! Full chunks move to mapped files (`chunk_files.rs`); blocks take them over at
//! `Series::drop_chunks_before`.

pub(crate) mod chunk_files;
pub(crate) mod exemplars;
pub(crate) mod families;
pub(crate) mod index;
pub(crate) mod matching;
pub(crate) mod older;
pub(crate) mod out_of_order;
pub(crate) mod postings;
pub(crate) mod restore;
pub(crate) mod sample;
pub(crate) mod series;
pub(crate) mod symbols;
pub(crate) mod visibility;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

use narthex_model::Labels;
use narthex_storage::{AppendError, SeriesRef};
use parking_lot::RwLock;

use self::exemplars::Exemplars;
use self::families::Families;
use self::index::Index;
use self::series::{IDS_MAX, Series, SeriesId, Slab, Slot, SymbolPair, series_ref};
use self::visibility::Visibility;

/// All series, their recent samples, and what is known of metric families.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// Guards which series there are. Order: after the log, before a shard of the slab.
    pub(crate) index: RwLock<Index>,
    pub(crate) slab: Slab,
    pub(crate) visibility: Arc<Visibility>,
    /// Guards the families. Held for moments, with no other lock but the log's.
    pub(crate) metadata: RwLock<Families>,
    /// Guards the ring. Order: after the index, before a shard of the slab.
    pub(crate) exemplars: RwLock<Exemplars>,
    pub(crate) counts: Counts,
}

/// Numbers that are read without a lock.
#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) series: AtomicU64,
    pub(crate) series_created: AtomicU64,
    pub(crate) series_removed: AtomicU64,
    pub(crate) chunks_created: AtomicU64,
    pub(crate) chunks_removed: AtomicU64,
    /// Times of the oldest and newest sample; the wrong way round when there is none.
    pub(crate) oldest_at: AtomicI64,
    pub(crate) newest_at: AtomicI64,
    /// Time of the oldest sample that came since retention began to look for the oldest of all.
    pub(crate) oldest_since: AtomicI64,
    /// Every sample in order before it is in a block that is durable and listed, or was deleted there.
    /// What the head still has of them is not shown, and not written again.
    pub(crate) floor: AtomicI64,
    /// Samples in order before it are not taken: they may be in a block already. Never below the floor.
    pub(crate) valid_from: AtomicI64,
    /// How often retention went over the series.
    pub(crate) round: AtomicU32,
}

impl Counts {
    /// Chunks that are there.
    pub(crate) fn chunks(&self) -> u64 {
        // What is removed was created before.
        let removed = self.chunks_removed.load(Ordering::Relaxed);
        self.chunks_created.load(Ordering::Relaxed).saturating_sub(removed)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            series: AtomicU64::new(0),
            series_created: AtomicU64::new(0),
            series_removed: AtomicU64::new(0),
            chunks_created: AtomicU64::new(0),
            chunks_removed: AtomicU64::new(0),
            oldest_at: AtomicI64::new(i64::MAX),
            newest_at: AtomicI64::new(i64::MIN),
            oldest_since: AtomicI64::new(i64::MAX),
            floor: AtomicI64::new(i64::MIN),
            valid_from: AtomicI64::new(i64::MIN),
            round: AtomicU32::new(0),
        }
    }
}

impl Head {
    /// An empty head that keeps so many exemplars.
    pub(crate) fn new(exemplars_max: usize) -> Self {
        Self { exemplars: RwLock::new(Exemplars::new(exemplars_max)), ..Self::default() }
    }

    /// The reference of a series, and whether it is new.
    pub(crate) fn series(&self, labels: &Labels) -> Result<(SeriesRef, bool), AppendError> {
        if let Some(found) = self.find(labels) {
            return Ok((found, false));
        }
        let mut index = self.index.write();
        // Another appender may have been faster.
        if let Some(slot) = index.find(labels, &self.slab)
            && let Some(id) = self.slab.with(slot, |series| series.id)
        {
            return Ok((series_ref(id, slot), false));
        }
        let full = AppendError::TooManySeries { max: series::SLOTS_MAX as usize };
        if index.next_id >= IDS_MAX {
            return Err(full);
        }
        let slot = index.take_slot().ok_or(full)?;
        index.next_id = index.next_id.max(1);
        let id = index.next_id;
        index.next_id += 1;
        self.put(&mut index, id, slot, labels);
        Ok((series_ref(id, slot), true))
    }

    pub(crate) fn find(&self, labels: &Labels) -> Option<SeriesRef> {
        let index = self.index.read();
        let slot = index.find(labels, &self.slab)?;
        let (id, is_empty) = self.slab.with(slot, |series| (series.id, series.is_empty()))?;
        if is_empty {
            self.ask_for(id, slot);
        }
        Some(series_ref(id, slot))
    }

    /// Somebody is about to write a series that has no samples: retention must not take it away now.
    /// Answers whether it is still there.
    pub(crate) fn ask_for(&self, id: SeriesId, slot: Slot) -> bool {
        let round = self.counts.round.load(Ordering::Relaxed);
        let mut slab = self.slab.writer();
        let Some(series) = slab.get(slot).filter(|series| series.id == id) else { return false };
        series.asked_in_round = round;
        true
    }

    fn put(&self, index: &mut Index, id: SeriesId, slot: Slot, labels: &Labels) {
        let pairs = index.insert(labels, slot);
        self.put_series(id, slot, pairs);
    }

    fn put_series(&self, id: SeriesId, slot: Slot, pairs: Box<[SymbolPair]>) {
        let round = self.counts.round.load(Ordering::Relaxed);
        self.slab.put(slot, Series::new(id, pairs, round));
        self.counts.series.fetch_add(1, Ordering::Relaxed);
        self.counts.series_created.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that ids up to `id` are in use somewhere.
    pub(crate) fn reserve_ids(&self, id: SeriesId) {
        let mut index = self.index.write();
        index.next_id = index.next_id.max(id.saturating_add(1));
    }

    /// Widens the bounds of time and counts chunks that were begun.
    pub(crate) fn note_samples(&self, oldest: i64, newest: i64, chunks: u64) {
        self.counts.newest_at.fetch_max(newest, Ordering::Relaxed);
        self.counts.oldest_at.fetch_min(oldest, Ordering::Relaxed);
        self.counts.oldest_since.fetch_min(oldest, Ordering::Relaxed);
        self.counts.chunks_created.fetch_add(chunks, Ordering::Relaxed);
    }

    /// Where the part of the samples in order begins that is in no block. To be asked for before the
    /// list of blocks is: then a sample is found twice rather than never.
    pub(crate) fn floor(&self) -> i64 {
        self.counts.floor.load(Ordering::Acquire)
    }

    /// All samples in order before `floor` are in blocks that are listed.
    pub(crate) fn raise_floor(&self, floor: i64) {
        self.counts.valid_from.fetch_max(floor, Ordering::Relaxed);
        self.counts.floor.fetch_max(floor, Ordering::AcqRel);
    }

    /// Time of the newest sample.
    pub(crate) fn newest_at(&self) -> Option<i64> {
        let newest = self.counts.newest_at.load(Ordering::Relaxed);
        (newest != i64::MIN).then_some(newest)
    }

    /// Time of the oldest sample.
    pub(crate) fn oldest_at(&self) -> Option<i64> {
        let oldest = self.counts.oldest_at.load(Ordering::Relaxed);
        (oldest != i64::MAX).then_some(oldest)
    }
}
