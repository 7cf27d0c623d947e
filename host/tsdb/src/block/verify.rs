//! Looks at every byte of a block that has a meaning.
//!
//! Damage in one place does not hide the next: each is reported with file, offset and what is wrong.

use std::collections::BTreeMap;

use camino::Utf8Path;
use hashbrown::HashMap;
use narthex_model::Labels;
use narthex_storage::Columns;
use roaring::RoaringBitmap;

use super::chunks::{self, ChunkPlace, HEADER_BYTES, Segment};
use super::error::{BlockError, Fault};
use super::meta::META_FILE;
use super::tombstones::TOMBSTONES_FILE;
use super::{Block, BlockStats, Tombstones};
use crate::encoding::{self, Encoding};

/// What a verification went over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Series in the index.
    pub series: u64,
    /// Chunks that series refer to.
    pub chunks: u64,
    /// Samples in them.
    pub samples: u64,
    /// Postings lists.
    pub postings: u64,
    /// How many faults were reported.
    pub faults: u64,
}

/// The walk over one block.
struct Verification<'a> {
    block: &'a Block,
    report: &'a mut dyn FnMut(BlockError),
    checked: Checked,
    stats: BlockStats,
    /// How many series have each name and value, by symbols.
    uses: HashMap<(u32, u32), u64>,
    series: RoaringBitmap,
    columns: Columns,
}

impl Block {
    /// Checks all checksums, the order of symbols, series, chunks and postings, every reference,
    /// every sample's time, and `meta.json` against what is there. Reads the whole block; takes
    /// memory for the postings' lengths.
    pub fn verify(&self, report: &mut dyn FnMut(BlockError)) -> Checked {
        let mut verification = Verification {
            block: self,
            report,
            checked: Checked::default(),
            stats: BlockStats::default(),
            uses: HashMap::new(),
            series: RoaringBitmap::new(),
            columns: Columns::default(),
        };
        let frames = verification.segments();
        verification.symbols();
        verification.series(&frames);
        verification.postings();
        verification.tombstones();
        verification.meta();
        verification.checked
    }
}

impl Verification<'_> {
    fn fault(&mut self, path: &Utf8Path, offset: u64, what: &'static str) {
        self.error(Fault::new(offset, what).of(path));
    }

    fn error(&mut self, error: BlockError) {
        self.checked.faults += 1;
        (self.report)(error);
    }

    fn index_fault(&mut self, fault: Fault) {
        self.error(self.block.index_error(fault));
    }

    /// Walks over all frames, also those that no series refers to; the offsets by segment.
    fn segments(&mut self) -> Vec<RoaringBitmap> {
        let block = self.block.clone();
        block.0.chunks.segments.iter().map(|segment| self.segment(segment)).collect()
    }

    fn segment(&mut self, segment: &Segment) -> RoaringBitmap {
        let mut frames = RoaringBitmap::new();
        let mut offset = HEADER_BYTES as u64;
        while offset < segment.bytes.len() as u64 {
            match chunks::frame_at(&segment.bytes, offset) {
                Ok(frame) => {
                    frames.extend(u32::try_from(offset));
                    offset = frame.end;
                }
                Err(fault) => {
                    // Where the next frame begins is not known for certain.
                    self.error(fault.of(&segment.path));
                    match chunks::end_of_frame(&segment.bytes, offset) {
                        Some(end) => offset = end,
                        None => break,
                    }
                }
            }
        }
        frames
    }

    fn symbols(&mut self) {
        let block = self.block.clone();
        let mut last: Option<&str> = None;
        for symbol in block.0.index.symbol_texts() {
            match symbol {
                Ok(text) if last.is_some_and(|last| last >= text) => {
                    let offset = block.0.index.toc().symbols;
                    self.index_fault(Fault::new(offset, "the symbols do not ascend"));
                    return;
                }
                Ok(text) => last = Some(text),
                Err(fault) => return self.index_fault(fault),
            }
        }
    }

    fn series(&mut self, frames: &[RoaringBitmap]) {
        let block = self.block.clone();
        let all = match block.0.index.all() {
            Ok(all) => all,
            Err(fault) => return self.index_fault(fault),
        };
        let mut last_labels = Labels::empty();
        let mut last_id = None;
        for id in all.iter() {
            let offset = block.0.index.series_offset(id);
            if last_id.is_some_and(|last| last >= id) {
                self.index_fault(Fault::new(offset, "the list of all series does not ascend"));
            }
            last_id = Some(id);
            self.series.insert(id);
            self.checked.series += 1;
            let series = match block.series_of(id) {
                Ok(series) => series,
                Err(error) => {
                    self.error(error);
                    continue;
                }
            };
            if series.labels <= last_labels {
                self.index_fault(Fault::new(offset, "the series' labels are not above the last"));
            }
            last_labels = series.labels;
            let counted = block.0.index.series(id).and_then(|series| {
                series.pairs(|pair| {
                    *self.uses.entry(pair).or_default() += 1;
                    true
                })
            });
            if let Err(fault) = counted {
                self.index_fault(fault);
            }
            self.chunks(offset, &series.chunks, frames);
        }
        self.stats.num_series = self.checked.series;
        self.stats.num_chunks = self.checked.chunks;
        self.stats.num_samples = self.checked.samples;
    }

    /// The chunks of the series whose entry begins at `offset`.
    fn chunks(&mut self, offset: u64, places: &[ChunkPlace], frames: &[RoaringBitmap]) {
        let mut last_at = None;
        for place in places {
            self.checked.chunks += 1;
            if last_at.is_some_and(|last| place.first_at <= last) {
                self.index_fault(Fault::new(offset, "the series' chunks overlap"));
            }
            last_at = Some(place.last_at);
            let segment = usize::try_from(place.reference >> 32).ok();
            let within = u32::try_from(place.reference & u64::from(u32::MAX)).ok();
            let is_frame = segment
                .and_then(|segment| frames.get(segment))
                .zip(within)
                .is_some_and(|(frames, within)| frames.contains(within));
            if is_frame {
                self.chunk(place);
            } else if self.block.0.chunks.read(place).is_ok() {
                self.index_fault(Fault::new(
                    offset,
                    "the series refers into the middle of a chunk",
                ));
            } else {
                self.index_fault(Fault::new(
                    offset,
                    "the series refers to a chunk that is not there",
                ));
            }
        }
    }

    fn chunk(&mut self, place: &ChunkPlace) {
        let block = self.block.clone();
        let view = match block.chunk(place) {
            Ok(view) => view,
            Err(error) => return self.error(error),
        };
        let Some((segment, offset)) = block.0.chunks.locate(place.reference) else { return };
        self.columns.clear();
        let columns = &mut self.columns;
        let decoded =
            encoding::decode(view.encoding, view.bytes, i64::MIN, i64::MAX, columns).is_ok();
        let times = times(view.encoding, columns);
        let samples = times.len();
        let what = if !decoded || encoding::count(view.encoding, view.bytes) != Ok(samples) {
            Some("the chunk's samples are damaged")
        } else if !times.is_sorted_by(|a, b| a < b) {
            Some("the chunk's samples do not ascend in time")
        } else if times.first().zip(times.last()) != Some((&place.first_at, &place.last_at)) {
            Some("the chunk's first or last time is not what the index says")
        } else {
            None
        };
        self.checked.samples += samples as u64;
        if view.encoding.is_histogram() {
            self.stats.num_histogram_samples += samples as u64;
        } else {
            self.stats.num_float_samples += samples as u64;
        }
        let meta = block.meta();
        if let Some(what) = what {
            self.fault(&segment.path, offset, what);
        } else if place.first_at < meta.min_time || place.last_at >= meta.max_time {
            self.fault(&segment.path, offset, "the chunk has samples outside the block's time");
        }
    }

    /// Every list is there, ascends, holds known series only, and as many as have the value.
    fn postings(&mut self) {
        let block = self.block.clone();
        let index = &block.0.index;
        let mut uses = std::mem::take(&mut self.uses);
        for name in index.table().names() {
            let lines = match index.table().values_from(index.bytes(), name, "") {
                Ok(lines) => lines,
                Err(fault) => return self.index_fault(fault),
            };
            let mut last: Option<&str> = None;
            for line in lines {
                let (value, offset) = match line {
                    Ok(line) => line,
                    Err(fault) => return self.index_fault(fault),
                };
                if last.is_some_and(|last| last >= value) {
                    let table = index.toc().postings_table;
                    self.index_fault(Fault::new(table, "the postings offset table is not sorted"));
                }
                last = Some(value);
                self.checked.postings += 1;
                if !name.is_empty() {
                    let pair = symbols(&block, name, value);
                    let expected = pair.and_then(|pair| uses.remove(&pair)).unwrap_or(0);
                    self.list(offset, expected);
                }
            }
        }
        if !uses.is_empty() {
            let table = index.toc().postings_table;
            self.index_fault(Fault::new(table, "a label of a series has no postings list"));
        }
    }

    fn list(&mut self, offset: u64, expected: u64) {
        let block = self.block.clone();
        let refs = match block.0.index.postings_at(offset) {
            Ok(refs) => refs,
            Err(fault) => return self.index_fault(fault),
        };
        if !refs.iter().is_sorted_by(|a, b| a < b) {
            self.index_fault(Fault::new(offset, "the postings list does not ascend"));
        } else if !refs.iter().all(|id| self.series.contains(id)) {
            self.index_fault(Fault::new(
                offset,
                "the postings list has a series that is not there",
            ));
        } else if refs.len() as u64 != expected {
            self.index_fault(Fault::new(offset, "the postings list misses or invents series"));
        }
    }

    fn tombstones(&mut self) {
        let shared = &*self.block.0;
        match Tombstones::read(&*shared.disk, &shared.folder) {
            Ok((tombstones, _)) => {
                let known = |id: u64| u32::try_from(id).is_ok_and(|id| self.series.contains(id));
                if !tombstones.iter().all(|(id, _)| known(id)) {
                    let path = shared.folder.join(TOMBSTONES_FILE);
                    self.fault(&path, 0, "a tombstone is of a series that is not there");
                }
            }
            Err(error) => self.error(error),
        }
    }

    fn meta(&mut self) {
        let shared = &*self.block.0;
        let path = shared.folder.join(META_FILE);
        let meta = match super::BlockMeta::read(&*shared.disk, &shared.folder) {
            Ok((meta, _)) => meta,
            Err(error) => return self.error(error),
        };
        if shared.folder.file_name() != Some(meta.ulid.to_string().as_str()) {
            self.fault(&path, 0, "the block's name is not its folder's");
        }
        // Blocks of old versions do not count kinds of samples. How many intervals are deleted is written
        // after these are, so a crash in between leaves a wrong number, and no damage.
        let counts = |stats: &BlockStats| {
            BTreeMap::from([
                ("numSamples", stats.num_samples),
                ("numSeries", stats.num_series),
                ("numChunks", stats.num_chunks),
            ])
        };
        let kinds = meta.stats.num_float_samples + meta.stats.num_histogram_samples;
        let kinds_agree = kinds == 0
            || (meta.stats.num_float_samples == self.stats.num_float_samples
                && meta.stats.num_histogram_samples == self.stats.num_histogram_samples);
        if counts(&meta.stats) != counts(&self.stats) || !kinds_agree {
            self.fault(&path, 0, "the statistics are not those of the contents");
        }
    }
}

fn symbols(block: &Block, name: &str, value: &str) -> Option<(u32, u32)> {
    let index = &block.0.index;
    Some((index.symbol(name).ok()??, index.symbol(value).ok()??))
}

fn times(encoding: Encoding, columns: &Columns) -> Vec<i64> {
    if encoding.is_histogram() {
        columns.histograms.iter().map(|point| point.at).collect()
    } else {
        columns.times.clone()
    }
}
