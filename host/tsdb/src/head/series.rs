//! One series in memory, and the slab that holds all of them.
//!
//! A series lives in a slot: pages of slots belong in turn to one of a few shards, each behind its
//! own lock. Series that a target created together stand together, so that a batch takes few locks.
//!
//! Invariant: full chunks of a series ascend in time and lie before its open chunk; while the log is
//! replayed this holds for what is replayed and for what is new, each by itself (see `older.rs`).

use std::sync::Arc;

use camino::Utf8Path;
use narthex_model::NativeHistogram;
use narthex_storage::{Columns, SeriesRef};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::encoding::xor::XorChunk;
use crate::encoding::{self, CHUNK_SAMPLES_MAX, Chunk, Damage, Encoding, OpenHistogramChunk};
use crate::head::chunk_files::{ChunkFile, Place as FilePlace};
use crate::head::older::Older;
use crate::head::out_of_order::OutOfOrder;
use crate::head::sample::Value;
use crate::head::symbols::Symbol;

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

/// A chunk that takes no more samples.
#[derive(Debug)]
pub(crate) struct SealedChunk {
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    pub(crate) encoding: Encoding,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Memory(Box<[u8]>),
    File(Arc<ChunkFile>, FilePlace),
}

impl From<Chunk> for SealedChunk {
    fn from(chunk: Chunk) -> Self {
        let Chunk { encoding, first_at, last_at, bytes } = chunk;
        Self { first_at, last_at, encoding, data: Data::Memory(bytes) }
    }
}

impl SealedChunk {
    /// The chunk's data.
    pub(crate) fn bytes(&self) -> Result<&[u8], Damage> {
        match &self.data {
            Data::Memory(bytes) => Ok(bytes),
            Data::File(file, place) => file.chunk(*place, self.encoding),
        }
    }

    /// The file and the place in it, unless it is in memory.
    fn place(&self) -> Option<(&Utf8Path, u64)> {
        match &self.data {
            Data::Memory(_) => None,
            Data::File(file, place) => Some((file.path(), place.offset())),
        }
    }

    /// As [`Self::move_to`], of data that is another by now.
    #[cfg(test)]
    pub(crate) fn damage(&mut self, file: Arc<ChunkFile>, place: FilePlace) {
        self.data = Data::File(file, place);
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.data, Data::Memory(_))
    }

    /// The same data stands in a file now.
    pub(crate) fn move_to(&mut self, file: Arc<ChunkFile>, place: FilePlace) {
        debug_assert_eq!(file.chunk(place, self.encoding), self.bytes(), "the data is the same");
        self.data = Data::File(file, place);
    }

    pub(crate) fn samples(&self) -> usize {
        self.bytes().and_then(|bytes| encoding::count(self.encoding, bytes)).unwrap_or(0)
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match &self.data {
            Data::Memory(bytes) => bytes.len(),
            Data::File(..) => 0,
        }
    }
}

/// The chunk that takes samples: of one kind, since a chunk has one encoding.
#[derive(Debug)]
pub(crate) enum OpenChunk {
    Floats(XorChunk),
    /// Beside the slot: few series have histograms, and what they need is large.
    Histograms(Box<OpenHistograms>),
}

impl Default for OpenChunk {
    fn default() -> Self {
        Self::Floats(XorChunk::default())
    }
}

#[derive(Debug)]
pub(crate) struct OpenHistograms {
    chunk: OpenHistogramChunk,
    /// The newest sample as it came and as the log has it; the chunk may hold it under more buckets.
    newest: Arc<NativeHistogram>,
}

impl OpenChunk {
    /// A chunk as it was when these bytes were its content.
    pub(crate) fn from_bytes(encoding: Encoding, bytes: &[u8]) -> Result<Self, Damage> {
        match encoding {
            Encoding::Xor => XorChunk::from_bytes(bytes).map(Self::Floats),
            Encoding::Histogram | Encoding::FloatHistogram => {
                let chunk = OpenHistogramChunk::from_bytes(encoding, bytes)?;
                let newest = Arc::new(chunk.last().ok_or(Damage)?);
                Ok(Self::Histograms(Box::new(OpenHistograms { chunk, newest })))
            }
            Encoding::Xor2
            | Encoding::HistogramSt
            | Encoding::FloatHistogramSt
            | Encoding::Dense => Err(Damage),
        }
    }

    pub(crate) fn samples(&self) -> usize {
        match self {
            Self::Floats(chunk) => chunk.samples(),
            Self::Histograms(open) => open.chunk.samples(),
        }
    }

    /// Times of the first and last sample.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        match self {
            Self::Floats(chunk) => chunk.last().map(|(last, _)| (chunk.first_at(), last)),
            Self::Histograms(open) => open.chunk.first_at().zip(open.chunk.last_at()),
        }
    }

    pub(crate) fn bytes(&self) -> (Encoding, &[u8]) {
        match self {
            Self::Floats(chunk) => (Encoding::Xor, chunk.bytes()),
            Self::Histograms(open) => {
                (open.chunk.encoding().unwrap_or(Encoding::Histogram), open.chunk.bytes())
            }
        }
    }

    pub(crate) fn newest(&self) -> Option<(i64, Value)> {
        match self {
            Self::Floats(chunk) => chunk.last().map(|(at, bits)| (at, Value::Float(bits))),
            Self::Histograms(open) => {
                let at = open.chunk.last_at()?;
                Some((at, Value::Histogram(Arc::clone(&open.newest))))
            }
        }
    }

    /// Adds a sample that is newer than all; answers how many chunks were begun, and the chunk that
    /// had to end.
    #[inline]
    pub(crate) fn append(&mut self, at: i64, value: &Value) -> (u64, Option<Chunk>) {
        match (&mut *self, value) {
            (Self::Floats(open), Value::Float(bits)) => {
                if open.samples() < CHUNK_SAMPLES_MAX {
                    open.append(at, *bits);
                    return (u64::from(open.samples() == 1), None);
                }
            }
            (Self::Histograms(open), Value::Histogram(histogram)) => {
                if open.chunk.samples() < CHUNK_SAMPLES_MAX && open.chunk.append(at, histogram) {
                    open.newest = Arc::clone(histogram);
                    return (u64::from(open.chunk.samples() == 1), None);
                }
            }
            (Self::Floats(_), Value::Histogram(_)) | (Self::Histograms(_), Value::Float(_)) => {}
        }
        let finished = self.cut();
        self.begin(at, value);
        (1, finished)
    }

    /// The first sample of an empty chunk.
    fn begin(&mut self, at: i64, value: &Value) {
        match (&mut *self, value) {
            (Self::Floats(open), Value::Float(bits)) => open.append(at, *bits),
            (Self::Histograms(open), Value::Histogram(histogram)) => {
                let is_taken = open.chunk.append(at, histogram);
                debug_assert!(is_taken, "an empty chunk takes every histogram");
                open.newest = Arc::clone(histogram);
            }
            (_, Value::Float(bits)) => {
                let mut chunk = XorChunk::default();
                chunk.append(at, *bits);
                *self = Self::Floats(chunk);
            }
            (_, Value::Histogram(histogram)) => {
                let (mut chunk, newest) = (OpenHistogramChunk::default(), Arc::clone(histogram));
                let is_taken = chunk.append(at, histogram);
                debug_assert!(is_taken, "an empty chunk takes every histogram");
                *self = Self::Histograms(Box::new(OpenHistograms { chunk, newest }));
            }
        }
    }

    /// The finished chunk; the open one is empty afterwards, and of the same kind.
    pub(crate) fn cut(&mut self) -> Option<Chunk> {
        let (first_at, last_at) = self.span()?;
        match self {
            Self::Floats(chunk) => {
                let bytes = chunk.take_bytes();
                Some(Chunk { encoding: Encoding::Xor, first_at, last_at, bytes })
            }
            Self::Histograms(open) => open.chunk.cut(),
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Floats(chunk) => chunk.heap_bytes(),
            Self::Histograms(open) => size_of::<OpenHistograms>() + open.chunk.heap_bytes(),
        }
    }
}

/// A name and a value.
pub(crate) type SymbolPair = (Symbol, Symbol);

#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) id: SeriesId,
    pub(crate) labels: Box<[SymbolPair]>,
    pub(crate) sealed: Vec<SealedChunk>,
    pub(crate) open: OpenChunk,
    /// What few series have.
    rare: Option<Box<Rare>>,
    /// The restart of the log's coder within which the newest sample was logged.
    pub(crate) log_epoch: u32,
    /// The decimal scale of the newest float since then.
    pub(crate) log_scale: u8,
    /// The newest sample is not the one that the log's coder had last: the clock had gone back.
    pub(crate) log_has_other: bool,
    /// Whether the log or a checkpoint defines the series and has samples of it. Without samples
    /// no checkpoint would take it over, so then it is defined again.
    pub(crate) is_logged: bool,
    /// The commit that saw the series last and the place in its batch: finds a second sample.
    pub(crate) mark: (u32, u32),
    /// The retention round in which it was asked for last without having samples.
    pub(crate) asked_in_round: u32,
}

/// What few series have, beside the slot.
#[derive(Debug, Default)]
struct Rare {
    /// While the log is replayed, from the first new sample on: what is replayed behind it.
    older: Option<Older>,
    out_of_order: Option<Arc<OutOfOrder>>,
}

impl Series {
    pub(crate) fn new(id: SeriesId, labels: Box<[SymbolPair]>, round: u32) -> Self {
        Self {
            id,
            labels,
            sealed: Vec::new(),
            open: OpenChunk::default(),
            rare: None,
            log_epoch: 0,
            log_scale: 0,
            log_has_other: false,
            is_logged: false,
            mark: (0, 0),
            asked_in_round: round,
        }
    }

    /// The sample in order that was appended last. The open chunk always holds it.
    pub(crate) fn newest(&self) -> Option<(i64, Value)> {
        self.open.newest()
    }

    /// Time of the newest sample in order.
    pub(crate) fn newest_at(&self) -> Option<i64> {
        let last = self.open.span().map(|(_, last)| last);
        last.max(self.older().and_then(|older| older.open.span()).map(|(_, last)| last))
    }

    /// Time of the oldest sample in order.
    pub(crate) fn first_at(&self) -> Option<i64> {
        match self.older() {
            None => self.newest_part().first_at(),
            Some(older) => self.first_at_beside(older),
        }
    }

    pub(crate) fn older(&self) -> Option<&Older> {
        self.rare.as_ref()?.older.as_ref()
    }

    pub(crate) fn take_older(&mut self) -> Option<Older> {
        let rare = self.rare.as_mut()?;
        let older = rare.older.take();
        if rare.is_unused() {
            self.rare = None;
        }
        older
    }

    pub(crate) fn set_older(&mut self, older: Older) {
        self.rare.get_or_insert_default().older = Some(older);
    }

    /// Whether it has no sample of any kind.
    pub(crate) fn is_empty(&self) -> bool {
        self.newest_at().is_none() && self.out_of_order().is_none_or(|kept| kept.is_empty())
    }

    /// Bounds of the times in order that are not before `from`.
    pub(crate) fn in_order_from(&self, from: i64) -> Option<(i64, i64)> {
        let (first, last) = self.first_at().zip(self.newest_at())?;
        (last >= from).then_some((first.max(from), last))
    }

    /// Bounds of the times of all samples, of those in order the ones not before `from`.
    pub(crate) fn span_from(&self, from: i64) -> Option<(i64, i64)> {
        let in_order = self.in_order_from(from);
        let out_of_order = self.out_of_order().and_then(|kept| kept.span());
        in_order.into_iter().chain(out_of_order).reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))
    }

    /// The samples out of order, as they are now: a later commit puts another value there.
    pub(crate) fn out_of_order(&self) -> Option<&Arc<OutOfOrder>> {
        self.rare.as_ref()?.out_of_order.as_ref()
    }

    /// Changes the samples out of order. Who holds the old value keeps it.
    pub(crate) fn change_out_of_order<T>(
        &mut self,
        change: impl FnOnce(&mut OutOfOrder) -> T,
    ) -> T {
        let rare = self.rare.get_or_insert_default();
        let kept = rare.out_of_order.get_or_insert_default();
        let changed = change(Arc::make_mut(kept));
        if kept.is_empty() {
            rare.out_of_order = None;
        }
        if rare.is_unused() {
            self.rare = None;
        }
        changed
    }

    /// Adds a sample that is newer than all in order; answers how many chunks were begun.
    pub(crate) fn append(&mut self, at: i64, value: &Value) -> u64 {
        let (begun, finished) = self.open.append(at, value);
        finished.into_iter().for_each(|chunk| self.seal(chunk));
        begun
    }

    fn seal(&mut self, chunk: Chunk) {
        self.insert_sealed(self.sealed.len(), chunk.into());
    }

    pub(crate) fn insert_sealed(&mut self, place: usize, chunk: SealedChunk) {
        if self.sealed.len() == self.sealed.capacity() {
            self.sealed.reserve_exact(1 + self.sealed.len() / 4);
        }
        self.sealed.insert(place.min(self.sealed.len()), chunk);
    }

    pub(crate) fn chunks(&self) -> usize {
        let older = self.older().and_then(|older| older.open.span());
        self.sealed.len() + usize::from(self.open.span().is_some()) + usize::from(older.is_some())
    }

    /// An upper bound of the samples in order in `start..=end`, from the chunks' bounds.
    pub(crate) fn samples_max(&self, start: i64, end: i64) -> usize {
        let older = self
            .older()
            .map_or(0, |older| self.part(0, older.sealed, &older.open).samples_max(start, end));
        older + self.newest_part().samples_max(start, end)
    }

    /// Appends the samples in order in `start..=end` to `out`.
    pub(crate) fn read(&self, start: i64, end: i64, out: &mut Columns) -> Result<(), Damage> {
        match self.older() {
            None => self.newest_part().read(start, end, out),
            Some(older) => self.read_with(older, start, end, out),
        }
    }

    /// Where the first full chunk stands that cannot be read, when reading has failed.
    pub(crate) fn damaged_place(&self) -> (String, u64) {
        let damaged = self.sealed.iter().filter(|chunk| chunk.bytes().is_err());
        let place = damaged.filter_map(SealedChunk::place).next();
        place.map_or(("memory".to_owned(), 0), |(path, offset)| (path.to_string(), offset))
    }

    /// All in order, but for what is replayed behind it.
    pub(crate) fn newest_part(&self) -> Part<'_> {
        let from = self.older().map_or(0, |older| older.sealed);
        self.part(from, self.sealed.len(), &self.open)
    }

    pub(crate) fn part<'a>(&'a self, from: usize, to: usize, open: &'a OpenChunk) -> Part<'a> {
        Part { sealed: self.sealed.get(from..to).unwrap_or_default(), open }
    }

    /// Drops chunks that end before `cutoff`, also the open one; answers how many.
    pub(crate) fn drop_chunks_before(&mut self, cutoff: i64) -> usize {
        let old = self.sealed.partition_point(|chunk| chunk.last_at < cutoff);
        self.sealed.drain(..old);
        if self.sealed.is_empty() {
            self.sealed.shrink_to_fit();
        }
        let ends = self.open.span().is_some_and(|(_, last)| last < cutoff);
        if ends {
            self.open = OpenChunk::default();
        }
        old + usize::from(ends)
    }

    /// Memory of the series beside its slot.
    pub(crate) fn heap_bytes(&self) -> usize {
        let sealed: usize = self.sealed.iter().map(SealedChunk::heap_bytes).sum();
        let table = self.sealed.capacity() * size_of::<SealedChunk>();
        let labels = self.labels.len() * size_of::<SymbolPair>();
        let rare = self.rare.as_ref().map_or(0, |rare| {
            let out_of_order = rare.out_of_order.as_ref();
            let out_of_order =
                out_of_order.map_or(0, |kept| size_of::<OutOfOrder>() + kept.heap_bytes());
            let older = rare.older.as_ref().map_or(0, |older| older.open.heap_bytes());
            size_of::<Rare>() + out_of_order + older
        });
        sealed + table + self.open.heap_bytes() + labels + rare
    }
}

impl Rare {
    fn is_unused(&self) -> bool {
        self.out_of_order.is_none() && self.older.is_none()
    }
}

/// Chunks that ascend in time, the last of them open.
pub(crate) struct Part<'a> {
    pub(crate) sealed: &'a [SealedChunk],
    pub(crate) open: &'a OpenChunk,
}

impl Part<'_> {
    pub(crate) fn first_at(&self) -> Option<i64> {
        let sealed = self.sealed.first().map(|chunk| chunk.first_at);
        sealed.or_else(|| self.open.span().map(|(first, _)| first))
    }

    pub(crate) fn samples_max(&self, start: i64, end: i64) -> usize {
        let sealed = self.overlapping(start, end).map(SealedChunk::samples);
        let open = if self.open_overlaps(start, end) { self.open.samples() } else { 0 };
        sealed.sum::<usize>() + open
    }

    pub(crate) fn read(&self, start: i64, end: i64, out: &mut Columns) -> Result<(), Damage> {
        for chunk in self.overlapping(start, end) {
            encoding::decode(chunk.encoding, chunk.bytes()?, start, end, out)?;
        }
        if self.open_overlaps(start, end) {
            let (encoding, bytes) = self.open.bytes();
            encoding::decode(encoding, bytes, start, end, out)?;
        }
        Ok(())
    }

    fn overlapping(&self, start: i64, end: i64) -> impl Iterator<Item = &SealedChunk> {
        let from = self.sealed.partition_point(|chunk| chunk.last_at < start);
        let later = self.sealed.get(from..).unwrap_or_default();
        later.iter().take_while(move |chunk| chunk.first_at <= end)
    }

    fn open_overlaps(&self, start: i64, end: i64) -> bool {
        self.open.span().is_some_and(|(first, last)| last >= start && first <= end)
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
    /// Lets go of the lock until the next series.
    pub(crate) fn release(&mut self) {
        self.held = None;
    }

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
        let begun = (0..300_i64).map(|at| series.append(at, &Value::Float(1))).sum::<u64>();
        assert_eq!((begun, series.chunks(), series.samples_max(0, 299)), (3, 3, 300));
        let mut columns = Columns::default();
        series.read(119, 241, &mut columns).unwrap();
        assert_eq!(columns.times, Vec::from_iter(119..=241));
        assert_eq!(series.drop_chunks_before(121), 1);
        assert_eq!((series.first_at(), series.samples_max(0, 10)), (Some(120), 0));
    }
}
