//! The chunks that one series gives to one block.

use narthex_platform::FileBytes;
use narthex_storage::{Columns, merge_columns};

use super::scratch::{Held, ScratchSeries, Source};
use super::{BLOCK_MILLIS, block_start};
use crate::encoding::{Chunk, FloatEncoding, count, decode, encode};

/// Where chunks stand, and what counts of them.
pub(super) struct Chunks {
    pub(super) files: Vec<FileBytes>,
    pub(super) spill: FileBytes,
    /// In-order samples before this stand in a block.
    pub(super) valid_from: i64,
}

impl Chunks {
    fn bytes(&self, held: &Held) -> &[u8] {
        let file = match held.source {
            Source::File(file) => self.files.get(file as usize),
            Source::Spill => Some(&self.spill),
        };
        let bytes = file.and_then(|file| file.get(held.start..held.start.saturating_add(held.len)));
        bytes.unwrap_or_default()
    }

    /// The beginnings of the blocks that have samples of the chunk. One that spans several is
    /// decoded: it may have none in some of them.
    pub(super) fn block_starts(&self, held: &Held) -> Vec<i64> {
        let first = block_start(held.first_at);
        if first == block_start(held.last_at) {
            return vec![first];
        }
        let mut columns = Columns::default();
        decode(held.encoding, self.bytes(held), i64::MIN, i64::MAX, &mut columns).ok();
        let times = columns.times.iter().copied();
        let times = times.chain(columns.histograms.iter().map(|point| point.at));
        let mut starts: Vec<i64> = times.map(block_start).collect();
        starts.sort_unstable();
        starts.dedup();
        starts
    }

    /// The newest sample of a series.
    pub(super) fn newest(&self, series: &ScratchSeries) -> Option<Columns> {
        let newest = series.chunks.iter().max_by_key(|held| held.last_at)?;
        let mut columns = Columns::default();
        let last_at = newest.last_at;
        decode(newest.encoding, self.bytes(newest), last_at, last_at, &mut columns).ok();
        (!columns.is_empty()).then_some(columns)
    }

    /// The samples of a series in the block that begins at `start`, as chunks. `broken` is told of
    /// chunks that cannot be decoded; what comes before the damage in them is kept.
    pub(super) fn of_block(
        &self,
        series: &ScratchSeries,
        start: i64,
        out: &mut Vec<Chunk>,
        broken: &mut u64,
    ) {
        let end = start.saturating_add(BLOCK_MILLIS - 1);
        let overlaps = |held: &&Held| held.first_at <= end && held.last_at >= start;
        let mut held: Vec<&Held> = series.chunks.iter().filter(overlaps).collect();
        held.sort_by_key(|held| held.first_at);
        if self.are_ready(&held, start, end) && !is_touched(series, start, end) {
            out.extend(held.into_iter().map(|held| Chunk {
                encoding: held.encoding,
                first_at: held.first_at,
                last_at: held.last_at,
                bytes: self.bytes(held).into(),
            }));
            return;
        }
        // Where a sample came in order and out of order, the former counts.
        held.sort_by_key(|held| held.is_out_of_order);
        let mut parts = Vec::with_capacity(held.len());
        for held in held {
            let from = if held.is_out_of_order { start } else { start.max(self.valid_from) };
            let mut part = Columns::default();
            if decode(held.encoding, self.bytes(held), from, end, &mut part).is_err() {
                *broken += 1;
            }
            parts.push(part);
        }
        let mut merged = Columns::default();
        merge_columns(parts, &mut merged);
        let merged = without(&merged, series.tombstones());
        encode(&merged, FloatEncoding::Xor, out);
    }

    /// Whether the chunks can be taken as they are: within the block, one after the other.
    fn are_ready(&self, held: &[&Held], start: i64, end: i64) -> bool {
        let is_within = |held: &&Held| {
            let from = if held.is_out_of_order { start } else { start.max(self.valid_from) };
            let samples = count(held.encoding, self.bytes(held));
            held.first_at >= from && held.last_at <= end && samples.is_ok_and(|samples| samples > 0)
        };
        let follows = |pair: &[&Held]| match pair {
            [a, b] => a.last_at < b.first_at,
            _ => true,
        };
        held.iter().all(is_within) && held.windows(2).all(follows)
    }
}

fn is_touched(series: &ScratchSeries, start: i64, end: i64) -> bool {
    series.tombstones().iter().any(|(first, last)| *first <= end && *last >= start)
}

/// What no tombstone covers.
fn without(columns: &Columns, tombstones: &[(i64, i64)]) -> Columns {
    if tombstones.is_empty() {
        return columns.clone();
    }
    let is_kept = |at: i64| !tombstones.iter().any(|(first, last)| *first <= at && at <= *last);
    let mut kept = Columns::default();
    for (index, (at, value)) in columns.times.iter().zip(&columns.values).enumerate() {
        if is_kept(*at) {
            let start = columns.starts.get(index).copied().unwrap_or_default();
            kept.push_with_start(*at, *value, start);
        }
    }
    let histograms = columns.histograms.iter().filter(|point| is_kept(point.at));
    kept.histograms = histograms.cloned().collect();
    kept
}
