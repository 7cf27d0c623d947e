//! What was found, by series: chunks as they are, and samples of the log as chunks in the making.
//!
//! Always holds: samples that came in order ascend in time, by the rule by which Prometheus replays
//! them: one that is not newer than all of its series before it is passed over, because a commit
//! either refused it or logged it as out of order.

mod series;

use std::io;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet, HashTable};
use narthex_model::{FloatHistogram, IntegerHistogram, Labels, NativeHistogram, is_stale};
use narthex_platform::FileBytes;

pub(super) use self::series::{Held, ScratchSeries, Source};

use super::chunk_files::HeadChunk;
use super::record::{Marker, Ref, Sample, Tombstone, Value};
use super::spill::Spill;

/// Numbers about what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Samples taken from the logs.
    pub(super) samples: u64,
    /// Samples, tombstones, exemplars and chunks whose series no record names.
    pub(super) of_unknown_series: u64,
}

/// All series.
pub(super) struct Scratch {
    spill: Spill,
    /// In-order samples before this stand in a block.
    valid_from: i64,
    /// The chunk files were whole: what stands in them need not be taken from the log as well.
    trusts_chunks: bool,
    /// The number of the oldest chunk file.
    first_chunk_file: u64,
    series: Vec<ScratchSeries>,
    by_labels: HashTable<u32>,
    by_ref: HashMap<Ref, u32>,
    /// Chunks of the files until the log names their series.
    chunks: HashMap<Ref, Vec<Held>>,
    /// Where out-of-order chunks begin, as markers name them.
    out_of_order_places: HashSet<u64>,
    pub(super) counts: Counts,
}

impl Scratch {
    pub(super) fn new(spill: Spill, valid_from: i64) -> Self {
        Self {
            spill,
            valid_from,
            trusts_chunks: true,
            first_chunk_file: u64::MAX,
            series: Vec::new(),
            by_labels: HashTable::new(),
            by_ref: HashMap::new(),
            chunks: HashMap::new(),
            out_of_order_places: HashSet::new(),
            counts: Counts::default(),
        }
    }

    /// Takes a chunk of file `number`, the `file`th that is read. When an earlier import took the
    /// file, only what came in order is of use: it says which samples of the log stand in chunks.
    pub(super) fn chunk(&mut self, number: u64, file: u32, chunk: &HeadChunk, is_imported: bool) {
        self.first_chunk_file = self.first_chunk_file.min(number);
        if chunk.is_out_of_order {
            self.out_of_order_places.insert(number << 32 | chunk.offset as u64);
            if is_imported {
                return;
            }
        } else if chunk.last_at < self.valid_from {
            return;
        }
        self.chunks.entry(chunk.series).or_default().push(Held {
            source: Source::File(file),
            start: chunk.start,
            len: chunk.len,
            encoding: chunk.encoding,
            first_at: chunk.first_at,
            last_at: chunk.last_at,
            is_out_of_order: chunk.is_out_of_order,
        });
    }

    /// A chunk file is damaged: what was in it is looked for in the log.
    pub(super) const fn distrust_chunks(&mut self) {
        self.trusts_chunks = false;
    }

    pub(super) fn define(&mut self, name: Ref, labels: Labels) -> io::Result<()> {
        let hash = labels.stable_hash();
        let known = self.by_labels.find(hash, |index| self.labels(*index) == Some(&labels));
        let index = match known.copied() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.series.len()).map_err(io::Error::other)?;
                self.series.push(ScratchSeries::new(labels));
                let series = &self.series;
                let hash_of = |index: &u32| {
                    let series = series.get(*index as usize);
                    series.map_or(0, |series| series.labels.stable_hash())
                };
                self.by_labels.insert_unique(hash, index, hash_of);
                index
            }
        };
        self.by_ref.insert(name, index);
        let chunks = self.chunks.remove(&name).unwrap_or_default();
        let Some(series) = self.series.get_mut(index as usize) else { return Ok(()) };
        series.take_chunks(chunks, self.trusts_chunks, &mut self.spill)
    }

    fn labels(&self, index: u32) -> Option<&Labels> {
        self.series.get(index as usize).map(|series| &series.labels)
    }

    /// The labels of a series; counts when it is not known.
    pub(super) fn labels_of(&mut self, name: Ref) -> Option<&Labels> {
        match self.by_ref.get(&name) {
            Some(index) => self.series.get(*index as usize).map(|series| &series.labels),
            None => {
                self.counts.of_unknown_series += 1;
                None
            }
        }
    }

    fn get(&mut self, name: Ref) -> Option<(&mut ScratchSeries, &mut Spill)> {
        match self.by_ref.get(&name).and_then(|index| self.series.get_mut(*index as usize)) {
            Some(series) => Some((series, &mut self.spill)),
            None => {
                self.counts.of_unknown_series += 1;
                None
            }
        }
    }

    /// A sample of the log.
    pub(super) fn sample(&mut self, sample: Sample) -> io::Result<()> {
        if sample.at < self.valid_from {
            return Ok(());
        }
        let Some((series, spill)) = self.get(sample.series) else { return Ok(()) };
        if sample.at <= series.last_at {
            return Ok(());
        }
        let value = marker_of_its_kind(sample.value, series);
        series.append(sample.at, sample.start, value, spill)?;
        self.counts.samples += 1;
        Ok(())
    }

    /// A sample of the out-of-order log.
    pub(super) fn out_of_order(&mut self, sample: Sample) -> io::Result<()> {
        let Some((series, spill)) = self.get(sample.series) else { return Ok(()) };
        series.insert(sample.at, sample.start, sample.value, spill)?;
        self.counts.samples += 1;
        Ok(())
    }

    /// Out-of-order samples up to here stand in a chunk, or did before it became part of a block.
    pub(super) fn marker(&mut self, marker: Marker) -> io::Result<()> {
        let file = marker.chunk >> 32;
        let is_gone = self.first_chunk_file != u64::MAX && file < self.first_chunk_file;
        let is_there = self.out_of_order_places.contains(&marker.chunk);
        let Some((series, spill)) = self.get(marker.series) else { return Ok(()) };
        if is_gone || is_there {
            series.forget_inserted();
            return Ok(());
        }
        series.keep_inserted(spill)
    }

    pub(super) fn tombstone(&mut self, tombstone: Tombstone) {
        let Tombstone { series, first_at, last_at } = tombstone;
        // A whole series that went stale was moved to a block and begins anew.
        let is_moved = first_at == i64::MIN && last_at == i64::MAX;
        if !is_moved && last_at < self.valid_from {
            return;
        }
        let Some((found, _)) = self.get(series) else { return };
        if is_moved {
            found.forget();
            self.by_ref.remove(&series);
        } else {
            found.delete(first_at, last_at);
        }
    }

    /// All series ascending by labels, and the chunks made of the log.
    pub(super) fn finish(
        mut self,
        disk: &dyn narthex_platform::Disk,
    ) -> io::Result<(Vec<ScratchSeries>, FileBytes, Counts)> {
        let unknown = self.chunks.values().map(Vec::len).sum::<usize>();
        self.counts.of_unknown_series += unknown as u64;
        for series in &mut self.series {
            series.seal_all(&mut self.spill)?;
        }
        let mut series = std::mem::take(&mut self.series);
        series.retain(|series| !series.chunks.is_empty());
        series.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        Ok((series, self.spill.finish(disk)?, self.counts))
    }
}

/// Where a series of histograms ends, the log has a float; the series keeps its kind.
fn marker_of_its_kind(value: Value, series: &ScratchSeries) -> Value {
    match value {
        Value::Float(sum) if is_stale(sum) && series.holds_integer_histograms() => {
            let histogram = IntegerHistogram { sum, ..IntegerHistogram::default() };
            Value::Histogram(Arc::new(NativeHistogram::Integer(histogram)))
        }
        Value::Float(sum) if is_stale(sum) && series.holds_float_histograms() => {
            let histogram = FloatHistogram { sum, ..FloatHistogram::default() };
            Value::Histogram(Arc::new(NativeHistogram::Float(histogram)))
        }
        value @ (Value::Float(_) | Value::Histogram(_)) => value,
    }
}
