//! One series while it is gathered.

use std::io;
use std::sync::Arc;

use narthex_model::{Labels, NativeHistogram};
use narthex_storage::Columns;

use super::super::block_start;
use super::super::record::Value;
use super::super::spill::Spill;
use crate::encoding::xor::XorChunk;
use crate::encoding::{
    CHUNK_SAMPLES_MAX, Chunk, Encoding, FloatEncoding, OpenHistogramChunk, encode,
};

/// As many as Prometheus keeps before it writes them away.
const OUT_OF_ORDER_PENDING_MAX: usize = 32;

/// Where the bytes of a chunk stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Source {
    /// In a head chunk file, by its place in the order of reading.
    File(u32),
    /// In the file of chunks that were made of the log.
    Spill,
}

/// A finished chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) struct Held {
    pub(in crate::import) source: Source,
    pub(in crate::import) start: usize,
    pub(in crate::import) len: usize,
    pub(in crate::import) encoding: Encoding,
    pub(in crate::import) first_at: i64,
    pub(in crate::import) last_at: i64,
    pub(in crate::import) is_out_of_order: bool,
}

/// The chunk in the making.
enum Open {
    Empty,
    Floats(XorChunk),
    /// Floats that have start times, which are rare: encoded when they are as many as fill a chunk.
    WithStarts(Box<Columns>),
    Histograms(Box<OpenHistogramChunk>),
}

/// What few series have.
#[derive(Default)]
struct Rare {
    /// Out-of-order samples of the log: time, start, value.
    inserted: Vec<(i64, i64, Value)>,
    /// How many chunks there were at the last marker.
    marked: usize,
    tombstones: Vec<(i64, i64)>,
}

pub(in crate::import) struct ScratchSeries {
    pub(in crate::import) labels: Labels,
    pub(in crate::import) chunks: Vec<Held>,
    /// Of the newest sample that came in order.
    pub(in crate::import) last_at: i64,
    open: Open,
    rare: Option<Box<Rare>>,
}

impl ScratchSeries {
    pub(super) fn new(labels: Labels) -> Self {
        Self { labels, chunks: Vec::new(), last_at: i64::MIN, open: Open::Empty, rare: None }
    }

    /// Deleted ranges.
    pub(in crate::import) fn tombstones(&self) -> &[(i64, i64)] {
        self.rare.as_ref().map_or(&[], |rare| &rare.tombstones)
    }

    /// Takes the chunks of the files. When they are all there, their samples need not come again.
    pub(super) fn take_chunks(
        &mut self,
        chunks: Vec<Held>,
        are_all: bool,
        spill: &mut Spill,
    ) -> io::Result<()> {
        if chunks.is_empty() {
            return Ok(());
        }
        self.seal(spill)?;
        if are_all {
            let in_order = chunks.iter().filter(|chunk| !chunk.is_out_of_order);
            let last_at = in_order.map(|chunk| chunk.last_at).max();
            self.last_at = last_at.map_or(self.last_at, |at| at.max(self.last_at));
        }
        self.chunks.extend(chunks);
        Ok(())
    }

    fn newest_encoding(&self) -> Option<Encoding> {
        match &self.open {
            Open::Empty => {
                let in_order = self.chunks.iter().filter(|chunk| !chunk.is_out_of_order);
                in_order.max_by_key(|chunk| chunk.last_at).map(|chunk| chunk.encoding)
            }
            Open::Floats(_) | Open::WithStarts(_) => Some(Encoding::Xor),
            Open::Histograms(chunk) => chunk.encoding(),
        }
    }

    pub(super) fn holds_integer_histograms(&self) -> bool {
        matches!(self.newest_encoding(), Some(Encoding::Histogram | Encoding::HistogramSt))
    }

    pub(super) fn holds_float_histograms(&self) -> bool {
        matches!(
            self.newest_encoding(),
            Some(Encoding::FloatHistogram | Encoding::FloatHistogramSt)
        )
    }

    /// Adds a sample that is newer than all that came in order.
    pub(super) fn append(
        &mut self,
        at: i64,
        start: i64,
        value: Value,
        spill: &mut Spill,
    ) -> io::Result<()> {
        // Chunks that end where blocks end are taken into them as they are.
        if block_start(at) != block_start(self.last_at) {
            self.seal(spill)?;
        }
        self.last_at = at;
        match value {
            Value::Float(value) => self.append_float(at, start, value, spill),
            Value::Histogram(histogram) => self.append_histogram(at, &histogram, spill),
        }
    }

    fn append_float(
        &mut self,
        at: i64,
        start: i64,
        value: f64,
        spill: &mut Spill,
    ) -> io::Result<()> {
        let goes_on = match &self.open {
            Open::Floats(chunk) => start == 0 && chunk.samples() < CHUNK_SAMPLES_MAX,
            Open::WithStarts(columns) => columns.len() < CHUNK_SAMPLES_MAX,
            Open::Empty | Open::Histograms(_) => false,
        };
        if !goes_on {
            self.seal(spill)?;
            self.open = if start == 0 {
                Open::Floats(XorChunk::default())
            } else {
                Open::WithStarts(Box::default())
            };
        }
        match &mut self.open {
            Open::Floats(chunk) => chunk.append(at, value.to_bits()),
            Open::WithStarts(columns) => columns.push_with_start(at, value, start),
            Open::Empty | Open::Histograms(_) => {}
        }
        Ok(())
    }

    fn append_histogram(
        &mut self,
        at: i64,
        histogram: &NativeHistogram,
        spill: &mut Spill,
    ) -> io::Result<()> {
        if let Open::Histograms(chunk) = &mut self.open
            && chunk.samples() < CHUNK_SAMPLES_MAX
            && chunk.append(at, histogram)
        {
            return Ok(());
        }
        // The chunk that is cut knows what the next one begins with, so it is kept.
        if let Open::Histograms(chunk) = &mut self.open {
            let cut = chunk.cut();
            hold(&mut self.chunks, cut.as_slice(), false, spill)?;
        } else {
            self.seal(spill)?;
            self.open = Open::Histograms(Box::default());
        }
        if let Open::Histograms(chunk) = &mut self.open {
            let is_taken = chunk.append(at, histogram);
            debug_assert!(is_taken, "an empty chunk takes any histogram");
        }
        Ok(())
    }

    /// Adds a sample of the out-of-order log.
    pub(super) fn insert(
        &mut self,
        at: i64,
        start: i64,
        value: Value,
        spill: &mut Spill,
    ) -> io::Result<()> {
        let rare = self.rare.get_or_insert_default();
        rare.inserted.push((at, start, value));
        if rare.inserted.len() < OUT_OF_ORDER_PENDING_MAX {
            return Ok(());
        }
        self.seal_inserted(spill)
    }

    /// What was inserted since the last marker stands in chunks that are there, or in a block.
    pub(super) fn forget_inserted(&mut self) {
        let Some(rare) = &mut self.rare else { return };
        rare.inserted.clear();
        let mut index = 0;
        self.chunks.retain(|held| {
            index += 1;
            let was_inserted = held.is_out_of_order && held.source == Source::Spill;
            !was_inserted || index <= rare.marked
        });
        rare.marked = self.chunks.len();
    }

    /// A marker came whose chunk is not there: what was inserted before it stays.
    pub(super) fn keep_inserted(&mut self, spill: &mut Spill) -> io::Result<()> {
        self.seal_inserted(spill)?;
        if let Some(rare) = &mut self.rare {
            rare.marked = self.chunks.len();
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, first_at: i64, last_at: i64) {
        let rare = self.rare.get_or_insert_default();
        rare.tombstones.push((first_at, last_at));
    }

    pub(super) fn forget(&mut self) {
        self.chunks.clear();
        self.open = Open::Empty;
        self.last_at = i64::MIN;
        self.rare = None;
    }

    pub(super) fn seal_all(&mut self, spill: &mut Spill) -> io::Result<()> {
        self.seal(spill)?;
        self.seal_inserted(spill)
    }

    fn seal(&mut self, spill: &mut Spill) -> io::Result<()> {
        let mut made = Vec::new();
        match std::mem::replace(&mut self.open, Open::Empty) {
            Open::Empty => {}
            Open::Floats(mut chunk) => {
                if let Some((last_at, _)) = chunk.last() {
                    let (encoding, first_at) = (Encoding::Xor, chunk.first_at());
                    made.push(Chunk { encoding, first_at, last_at, bytes: chunk.take_bytes() });
                }
            }
            Open::WithStarts(columns) => encode(&columns, FloatEncoding::Xor, &mut made),
            Open::Histograms(mut chunk) => made.extend(chunk.cut()),
        }
        hold(&mut self.chunks, &made, false, spill)
    }

    fn seal_inserted(&mut self, spill: &mut Spill) -> io::Result<()> {
        let Some(rare) = &mut self.rare else { return Ok(()) };
        // Of one time the sample that came first counts: the sort keeps their order.
        rare.inserted.sort_by_key(|(at, ..)| *at);
        rare.inserted.dedup_by_key(|(at, ..)| *at);
        let mut columns = Columns::default();
        for (at, start, value) in rare.inserted.drain(..) {
            match value {
                Value::Float(value) => columns.push_with_start(at, value, start),
                Value::Histogram(histogram) => columns.push_histogram(at, Arc::clone(&histogram)),
            }
        }
        let mut made = Vec::new();
        encode(&columns, FloatEncoding::Xor, &mut made);
        hold(&mut self.chunks, &made, true, spill)
    }
}

fn hold(
    held: &mut Vec<Held>,
    made: &[Chunk],
    is_out_of_order: bool,
    spill: &mut Spill,
) -> io::Result<()> {
    for chunk in made {
        let start = spill.push(&chunk.bytes)?;
        held.push(Held {
            source: Source::Spill,
            start,
            len: chunk.bytes.len(),
            encoding: chunk.encoding,
            first_at: chunk.first_at,
            last_at: chunk.last_at,
            is_out_of_order,
        });
    }
    Ok(())
}
