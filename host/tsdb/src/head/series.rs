//! One series in memory, and the slab that holds all of them.
//!
//! A series lives in a slot: pages of slots belong in turn to one of a few shards, each behind its
//! own lock. Series that a target created together stand together, so that a batch takes few locks.
//!
//! Invariant: full chunks of a series ascend in time and lie before its open chunk; while the log is
//! replayed this holds for what is replayed and for what is new, each by itself (see `older.rs`).

use narthex_storage::{Columns, SeriesRef};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::encoding::Damage;
use crate::encoding::xor::{self, XorChunk};
use crate::head::older::Older;
use crate::head::symbols::Symbol;

/// Samples of a full chunk: Prometheus' number, a balance of decoding cost and overhead.
pub(crate) const CHUNK_SAMPLES_MAX: usize = 120;
/// Bits of a [`SeriesRef`] that name the slot; the others hold the series id.
const SLOT_BITS: u32 = 26;
/// The most series at a time.
pub(crate) const SLOTS_MAX: u32 = 1 << SLOT_BITS;
/// The first series id that does not fit: at a thousand new series a second after 8 years.
pub(crate) const IDS_MAX: u64 = 1 << (64 - SLOT_BITS);
/// Slots of a page. Targets bring hundreds of series at once.
const PAGE_SLOTS: usize = 256;
/// More than the threads that read and write at the same time on a large machine.
pub(crate) const SHARDS: usize = 16;

/// The identity of a series for as long as any log or block knows it. Grows, is never reused.
pub(crate) type SeriesId = u64;

/// The place of a series in memory; used again when the series is gone.
pub(crate) type Slot = u32;

pub(crate) const fn series_ref(id: SeriesId, slot: Slot) -> SeriesRef {
    SeriesRef(id << SLOT_BITS | slot as u64)
}

pub(crate) fn split_ref(series: SeriesRef) -> (SeriesId, Slot) {
    let slot = Slot::try_from(series.0 & u64::from(SLOTS_MAX - 1)).expect("26 bits fit");
    (series.0 >> SLOT_BITS, slot)
}

/// A chunk that takes no more samples. The bytes are in memory; when they move to mapped files,
/// `bytes` becomes a place in one, and nothing else changes.
#[derive(Debug)]
pub(crate) struct SealedChunk {
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    pub(crate) bytes: Box<[u8]>,
}

/// A name and a value.
pub(crate) type SymbolPair = (Symbol, Symbol);

#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) id: SeriesId,
    pub(crate) labels: Box<[SymbolPair]>,
    pub(crate) sealed: Vec<SealedChunk>,
    pub(crate) open: XorChunk,
    /// While the log is replayed, from the first new sample on: what is replayed behind it.
    pub(crate) older: Option<Box<Older>>,
    /// The restart of the log's coder within which `open`'s last value was logged.
    pub(crate) log_epoch: u32,
    /// The decimal scale of that value.
    pub(crate) log_scale: u8,
    /// Whether the log or a checkpoint defines the series and has samples of it. Without samples
    /// no checkpoint would take it over, so then it is defined again.
    pub(crate) is_logged: bool,
    /// The commit that saw the series last and the place in its batch: finds a second sample.
    pub(crate) mark: (u32, u32),
    /// The retention round in which it was asked for last without having samples.
    pub(crate) asked_in_round: u32,
}

impl Series {
    pub(crate) fn new(id: SeriesId, labels: Box<[SymbolPair]>, round: u32) -> Self {
        Self {
            id,
            labels,
            sealed: Vec::new(),
            open: XorChunk::default(),
            older: None,
            log_epoch: 0,
            log_scale: 0,
            is_logged: false,
            mark: (0, 0),
            asked_in_round: round,
        }
    }

    /// Time and bits of the sample that was appended last. The open chunk always holds it.
    pub(crate) fn last(&self) -> Option<(i64, u64)> {
        self.open.last()
    }

    /// Time of the newest sample.
    pub(crate) fn last_at(&self) -> Option<i64> {
        let last = self.last().map(|(last, _)| last);
        last.max(self.older.as_ref().and_then(|older| older.last()).map(|(last, _)| last))
    }

    /// Time of the oldest sample.
    pub(crate) fn first_at(&self) -> Option<i64> {
        if let Some(older) = &self.older {
            return self.first_at_beside(older);
        }
        let sealed = self.sealed.first().map(|chunk| chunk.first_at);
        sealed.or_else(|| self.last().map(|_| self.open.first_at()))
    }

    /// Adds a sample that is newer than all; answers whether a chunk was begun.
    pub(crate) fn append(&mut self, at: i64, bits: u64) -> bool {
        if self.open.samples() >= CHUNK_SAMPLES_MAX {
            self.seal();
        }
        self.open.append(at, bits);
        self.open.samples() == 1
    }

    fn seal(&mut self) {
        if let Some(chunk) = SealedChunk::of(&mut self.open) {
            self.insert_sealed(self.sealed.len(), chunk);
        }
    }

    pub(crate) fn insert_sealed(&mut self, place: usize, chunk: SealedChunk) {
        if self.sealed.len() == self.sealed.capacity() {
            self.sealed.reserve_exact(1 + self.sealed.len() / 4);
        }
        self.sealed.insert(place.min(self.sealed.len()), chunk);
    }

    pub(crate) fn chunks(&self) -> usize {
        let older = self.older.as_ref().and_then(|older| older.last());
        self.sealed.len() + usize::from(self.last().is_some()) + usize::from(older.is_some())
    }

    /// An upper bound of the samples in `start..=end`, from the chunks' bounds.
    pub(crate) fn samples_max(&self, start: i64, end: i64) -> usize {
        let older = self
            .older
            .as_ref()
            .map_or(0, |older| self.part(0, older.sealed, &older.open).samples_max(start, end));
        older + self.newest_part().samples_max(start, end)
    }

    /// Appends the samples in `start..=end` to `out`.
    pub(crate) fn read(&self, start: i64, end: i64, out: &mut Columns) -> Result<(), Damage> {
        match &self.older {
            None => self.newest_part().read(start, end, out),
            Some(older) => self.read_with(older, start, end, out),
        }
    }

    /// All, but for what is replayed behind it.
    pub(crate) fn newest_part(&self) -> Part<'_> {
        let from = self.older.as_ref().map_or(0, |older| older.sealed);
        self.part(from, self.sealed.len(), &self.open)
    }

    pub(crate) fn part<'a>(&'a self, from: usize, to: usize, open: &'a XorChunk) -> Part<'a> {
        Part { sealed: self.sealed.get(from..to).unwrap_or_default(), open }
    }

    /// Drops full chunks that end before `cutoff`; answers how many.
    pub(crate) fn drop_chunks_before(&mut self, cutoff: i64) -> usize {
        let old = self.sealed.partition_point(|chunk| chunk.last_at < cutoff);
        self.sealed.drain(..old);
        if self.sealed.is_empty() {
            self.sealed.shrink_to_fit();
        }
        old
    }

    /// Memory of the series beside its slot.
    pub(crate) fn heap_bytes(&self) -> usize {
        let sealed: usize = self.sealed.iter().map(|chunk| chunk.bytes.len()).sum();
        let table = self.sealed.capacity() * size_of::<SealedChunk>();
        let older =
            self.older.as_ref().map_or(0, |older| size_of::<Older>() + older.open.heap_bytes());
        let labels = self.labels.len() * size_of::<SymbolPair>();
        sealed + table + self.open.heap_bytes() + older + labels
    }
}

impl SealedChunk {
    /// The content of a chunk that was open; nothing when it was empty.
    pub(crate) fn of(open: &mut XorChunk) -> Option<Self> {
        let (last_at, _) = open.last()?;
        let first_at = open.first_at();
        Some(Self { first_at, last_at, bytes: open.take_bytes() })
    }
}

/// Chunks that ascend in time, the last of them open.
pub(crate) struct Part<'a> {
    pub(crate) sealed: &'a [SealedChunk],
    pub(crate) open: &'a XorChunk,
}

impl Part<'_> {
    pub(crate) fn samples_max(&self, start: i64, end: i64) -> usize {
        let sealed = self.overlapping(start, end).map(|chunk| xor::count_of(&chunk.bytes));
        let open = if self.open_overlaps(start, end) { self.open.samples() } else { 0 };
        sealed.sum::<usize>() + open
    }

    pub(crate) fn read(&self, start: i64, end: i64, out: &mut Columns) -> Result<(), Damage> {
        for chunk in self.overlapping(start, end) {
            xor::decode(&chunk.bytes, start, end, out)?;
        }
        if self.open_overlaps(start, end) {
            xor::decode(self.open.bytes(), start, end, out)?;
        }
        Ok(())
    }

    fn overlapping(&self, start: i64, end: i64) -> impl Iterator<Item = &SealedChunk> {
        let from = self.sealed.partition_point(|chunk| chunk.last_at < start);
        let later = self.sealed.get(from..).unwrap_or_default();
        later.iter().take_while(move |chunk| chunk.first_at <= end)
    }

    fn open_overlaps(&self, start: i64, end: i64) -> bool {
        self.open.last().is_some_and(|(last, _)| last >= start && self.open.first_at() <= end)
    }
}

/// One shard's pages.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    pages: Vec<Box<[Option<Series>]>>,
}

/// All series by slot.
#[derive(Debug)]
pub(crate) struct Slab {
    /// Each guards the series of its pages. Order: after the log and the index, one at a time.
    shards: Box<[RwLock<Shard>]>,
}

struct Place {
    shard: usize,
    page: usize,
    index: usize,
}

const fn place(slot: Slot) -> Place {
    let page = slot as usize / PAGE_SLOTS;
    Place { shard: page % SHARDS, page: page / SHARDS, index: slot as usize % PAGE_SLOTS }
}

/// The shard of a slot.
pub(crate) const fn shard_of(slot: Slot) -> usize {
    place(slot).shard
}

impl Shard {
    fn get(&self, place: &Place) -> Option<&Series> {
        self.pages.get(place.page)?.get(place.index)?.as_ref()
    }

    fn get_mut(&mut self, place: &Place) -> Option<&mut Series> {
        self.pages.get_mut(place.page)?.get_mut(place.index)?.as_mut()
    }
}

impl Default for Slab {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect() }
    }
}

impl Slab {
    fn shard(&self, place: &Place) -> &RwLock<Shard> {
        self.shards.get(place.shard).expect("a place names one of the shards")
    }

    /// Looks at one series.
    pub(crate) fn with<T>(&self, slot: Slot, look: impl FnOnce(&Series) -> T) -> Option<T> {
        let place = place(slot);
        self.shard(&place).read().get(&place).map(look)
    }

    pub(crate) fn reader(&self) -> SlabReader<'_> {
        SlabReader { slab: self, held: None }
    }

    pub(crate) fn writer(&self) -> SlabWriter<'_> {
        SlabWriter { slab: self, held: None }
    }

    pub(crate) fn put(&self, slot: Slot, series: Series) {
        let place = place(slot);
        let mut shard = self.shard(&place).write();
        while shard.pages.len() <= place.page {
            shard.pages.push((0..PAGE_SLOTS).map(|_| None).collect());
        }
        if let Some(held) = shard.pages.get_mut(place.page).and_then(|p| p.get_mut(place.index)) {
            *held = Some(series);
        }
    }

    pub(crate) fn take(&self, slot: Slot) -> Option<Series> {
        let place = place(slot);
        self.shard(&place).write().pages.get_mut(place.page)?.get_mut(place.index)?.take()
    }
}

/// Looks at many series; keeps the lock while they are in one shard.
pub(crate) struct SlabReader<'a> {
    slab: &'a Slab,
    held: Option<(usize, RwLockReadGuard<'a, Shard>)>,
}

impl SlabReader<'_> {
    pub(crate) fn get(&mut self, slot: Slot) -> Option<&Series> {
        let place = place(slot);
        if self.held.as_ref().is_none_or(|(shard, _)| *shard != place.shard) {
            // Let go before the next is taken: two at once could wait for each other.
            self.held = None;
            self.held = Some((place.shard, self.slab.shard(&place).read()));
        }
        self.held.as_ref().and_then(|(_, shard)| shard.get(&place))
    }
}

/// Changes many series; keeps the lock while they are in one shard.
pub(crate) struct SlabWriter<'a> {
    slab: &'a Slab,
    held: Option<(usize, RwLockWriteGuard<'a, Shard>)>,
}

impl SlabWriter<'_> {
    pub(crate) fn get(&mut self, slot: Slot) -> Option<&mut Series> {
        let place = place(slot);
        if self.held.as_ref().is_none_or(|(shard, _)| *shard != place.shard) {
            self.held = None;
            self.held = Some((place.shard, self.slab.shard(&place).write()));
        }
        self.held.as_mut().and_then(|(_, shard)| shard.get_mut(&place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_holds_id_and_slot() {
        assert_eq!(split_ref(series_ref(7, 9)), (7, 9));
        assert_eq!(split_ref(series_ref(IDS_MAX - 1, SLOTS_MAX - 1)), (IDS_MAX - 1, SLOTS_MAX - 1));
    }

    #[test]
    fn a_series_fits_its_budget() {
        assert!(size_of::<Option<Series>>() <= 144, "{} bytes", size_of::<Option<Series>>());
    }

    #[test]
    fn chunks_are_cut_and_read_across() {
        let mut series = Series::new(1, Box::default(), 0);
        let begun = (0..300_i64).filter(|at| series.append(*at, 1)).count();
        assert_eq!((begun, series.chunks(), series.samples_max(0, 299)), (3, 3, 300));
        let mut columns = Columns::default();
        series.read(119, 241, &mut columns).unwrap();
        assert_eq!(columns.times, Vec::from_iter(119..=241));
        assert_eq!(series.drop_chunks_before(121), 1);
        assert_eq!((series.first_at(), series.samples_max(0, 10)), (Some(120), 0));
    }
}
