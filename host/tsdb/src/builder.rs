//! A block made of samples that come in any order of series, for backfills.
//!
//! Invariant: samples of a series are kept as chunks but for the last few; memory follows what the
//! block will hold, not what was given as text.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use camino::Utf8Path;
use narthex_model::Labels;
use narthex_platform::Disk;
use narthex_storage::{Columns, merge_columns};
use ulid::Ulid;

use crate::block::{BlockMeta, BlockWriteError, BlockWriter};
use crate::encoding::{CHUNK_SAMPLES_MAX, Chunk, Damage, FloatEncoding, decode, encode};

/// Samples of a series that do not ascend in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("samples of {labels} do not ascend: {next} follows {before}, in milliseconds")]
pub struct Unordered {
    /// The series.
    pub labels: String,
    /// A time.
    pub before: i64,
    /// The time that follows it.
    pub next: i64,
}

/// Collects series until they are written as a block.
#[derive(Debug, Default)]
pub struct BlockBuilder {
    series: HashMap<Labels, Building>,
    floats: FloatEncoding,
}

/// One series in the making.
#[derive(Debug)]
struct Building {
    /// Ascending in time, without overlap.
    chunks: Vec<Chunk>,
    /// After all chunks.
    pending: Columns,
    /// Samples that came late: they belong between or among the others.
    late: Vec<Columns>,
    last_at: i64,
}

impl BlockBuilder {
    /// An empty block, whose floats will be written as `floats` says.
    #[must_use]
    pub fn new(floats: FloatEncoding) -> Self {
        Self { floats, ..Self::default() }
    }

    /// Whether there is no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Adds samples of a series; those of one call ascend in time. Samples that are older than
    /// what the series has are sorted in; of two at one time, the one that came first counts.
    ///
    /// # Errors
    /// When the samples do not ascend, or a float and a histogram have one time; none is taken then.
    pub fn add(&mut self, labels: &Labels, columns: &Columns) -> Result<(), Unordered> {
        if let Some((before, next)) = unordered(columns) {
            return Err(Unordered { labels: labels.to_string(), before, next });
        }
        let Some((first_at, last_at)) = bounds(columns) else { return Ok(()) };
        if !self.series.contains_key(labels) {
            self.series.insert(labels.clone(), Building::default());
        }
        let Some(series) = self.series.get_mut(labels) else { return Ok(()) };
        if first_at <= series.last_at {
            series.late.push(columns.clone());
            return Ok(());
        }
        merge_columns(vec![columns.clone()], &mut series.pending);
        series.last_at = last_at;
        if series.pending.samples() >= CHUNK_SAMPLES_MAX {
            series.seal(self.floats);
        }
        Ok(())
    }

    /// Writes the block `ulid` into the data folder; without samples there is none.
    ///
    /// # Errors
    /// When the disk refuses; nothing is left of the block then.
    pub fn write(
        self,
        disk: &Arc<dyn Disk>,
        data_folder: &Utf8Path,
        ulid: Ulid,
    ) -> Result<Option<BlockMeta>, BlockWriteError> {
        let series = self.finish();
        let chunks = || series.iter().flat_map(|(_, chunks)| chunks);
        let Some(first) = chunks().map(|chunk| chunk.first_at).min() else { return Ok(None) };
        let last = chunks().map(|chunk| chunk.last_at).max().unwrap_or(first);
        let texts = series.iter().flat_map(|(labels, _)| labels.iter());
        let symbols: BTreeSet<&str> = texts.flat_map(|(name, value)| [name, value]).collect();
        let mut writer = BlockWriter::create(disk, data_folder, ulid, symbols)?;
        for (labels, chunks) in &series {
            writer.push(labels, chunks)?;
        }
        writer.finish(BlockMeta::new(ulid, first, last.saturating_add(1))).map(Some)
    }

    /// The series with their chunks, ascending by labels.
    fn finish(self) -> Vec<(Labels, Vec<Chunk>)> {
        let floats = self.floats;
        let finished = self.series.into_iter().map(|(labels, series)| {
            (labels, series.finish(floats).expect("chunks that were made here can be read"))
        });
        let mut all: Vec<_> = finished.collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

impl Default for Building {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            pending: Columns::default(),
            late: Vec::new(),
            last_at: i64::MIN,
        }
    }
}

impl Building {
    /// Makes chunks of what is pending; what does not fill one stays, where that is simple.
    fn seal(&mut self, floats: FloatEncoding) {
        let mut whole = std::mem::take(&mut self.pending);
        if whole.histograms.is_empty() {
            let full = whole.len() - whole.len() % CHUNK_SAMPLES_MAX;
            self.pending = Columns {
                times: whole.times.split_off(full),
                values: whole.values.split_off(full),
                starts: whole.starts.split_off(full.min(whole.starts.len())),
                histograms: Vec::new(),
            };
        }
        encode(&whole, floats, &mut self.chunks);
    }

    fn finish(mut self, floats: FloatEncoding) -> Result<Vec<Chunk>, Damage> {
        if self.late.is_empty() {
            encode(&self.pending, floats, &mut self.chunks);
            return Ok(self.chunks);
        }
        let mut in_order = Columns::default();
        for chunk in &self.chunks {
            decode(chunk.encoding, &chunk.bytes, i64::MIN, i64::MAX, &mut in_order)?;
        }
        merge_columns(vec![std::mem::take(&mut self.pending)], &mut in_order);
        let mut parts = vec![in_order];
        parts.append(&mut self.late);
        let (mut merged, mut chunks) = (Columns::default(), Vec::new());
        merge_columns(parts, &mut merged);
        encode(&merged, floats, &mut chunks);
        Ok(chunks)
    }
}

/// The first two times that do not ascend.
fn unordered(columns: &Columns) -> Option<(i64, i64)> {
    let histograms = columns.histograms.iter().map(|point| point.at);
    let floats = columns.times.iter().copied();
    let falls = |(before, next): &(i64, i64)| next <= before;
    let among_floats = floats.clone().zip(floats.skip(1)).find(falls);
    let among_histograms = || histograms.clone().zip(histograms.clone().skip(1)).find(falls);
    let of_both = || {
        let mut histograms = histograms.clone();
        let shared = histograms.find(|at| columns.times.binary_search(at).is_ok());
        shared.map(|at| (at, at))
    };
    among_floats.or_else(among_histograms).or_else(of_both)
}

/// First and last time.
fn bounds(columns: &Columns) -> Option<(i64, i64)> {
    let floats = columns.times.first().copied().zip(columns.times.last().copied());
    let histograms = columns.histograms.first().zip(columns.histograms.last());
    let histograms = histograms.map(|(first, last)| (first.at, last.at));
    match (floats, histograms) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: &[Chunk]) -> Columns {
        let mut out = Columns::default();
        for chunk in chunks {
            decode(chunk.encoding, &chunk.bytes, i64::MIN, i64::MAX, &mut out).unwrap();
        }
        out
    }

    fn floats(times: impl Iterator<Item = i64>, value: f64) -> Columns {
        let times: Vec<i64> = times.collect();
        let values = vec![value; times.len()];
        Columns::from_floats(times, values)
    }

    #[test]
    fn series_come_out_sorted_with_full_chunks() {
        let mut builder = BlockBuilder::new(FloatEncoding::Xor);
        let labels = |job: &str| Labels::from_pairs([("__name__", "up"), ("job", job)]);
        for job in ["b", "a"] {
            for part in 0..10 {
                builder.add(&labels(job), &floats(part * 50..part * 50 + 50, 1.0)).unwrap();
            }
        }
        let made = builder.finish();
        let names: Vec<String> = made.iter().map(|(labels, _)| labels.to_string()).collect();
        assert_eq!(names, [r#"up{job="a"}"#, r#"up{job="b"}"#]);
        for (_, chunks) in made {
            assert_eq!(chunks.len(), 5, "four full chunks and the rest");
            assert_eq!(read(&chunks), floats(0..500, 1.0));
        }
    }

    #[test]
    fn late_samples_are_sorted_in_and_the_first_value_counts() {
        let mut builder = BlockBuilder::new(FloatEncoding::Xor);
        let labels = Labels::from_pairs([("__name__", "up")]);
        builder.add(&labels, &floats(100..300, 1.0)).unwrap();
        builder.add(&labels, &floats(0..101, 2.0)).unwrap();
        builder.add(&labels, &floats(300..301, 3.0)).unwrap();
        let made = builder.finish();
        let found = read(&made[0].1);
        assert_eq!(found.times, Vec::from_iter(0..301));
        assert_eq!((found.values[99], found.values[100], found.values[300]), (2.0, 1.0, 3.0));
    }

    #[test]
    fn samples_that_do_not_ascend_are_refused() {
        let mut builder = BlockBuilder::new(FloatEncoding::Xor);
        let labels = Labels::from_pairs([("__name__", "up")]);
        for (times, before, next) in [([100, 50, 200], 100, 50), ([1, 2, 2], 2, 2)] {
            let refused = builder.add(&labels, &floats(times.into_iter(), 1.0)).unwrap_err();
            assert_eq!((refused.before, refused.next), (before, next));
        }
        assert!(builder.is_empty());
    }
}
