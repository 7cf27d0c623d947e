//! Samples of a series that came after newer ones: small sorted chunks beside the chunks in order.
//!
//! Invariant: the value of an [`OutOfOrder`] never changes while a reader may hold it: a commit puts
//! another in its place. So a reader that took it before the commit sees nothing of the commit.
//! Chunks may overlap each other; of one time the sample that came first counts.

use std::sync::Arc;

use narthex_storage::Columns;

use crate::encoding::{self, Chunk, Damage, FloatEncoding};
use crate::head::sample::Value;

/// Samples of a chunk: Prometheus' number. Few, since each sample is moved to its place in them.
const CHUNK_SAMPLES_MAX: usize = 32;

/// A full chunk, and the newest commit that it has samples of.
#[derive(Clone, Debug)]
pub(crate) struct FullChunk {
    pub(crate) chunk: Chunk,
    commit: u64,
}

/// The out-of-order samples of one series.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutOfOrder {
    full: Vec<Arc<FullChunk>>,
    /// Ascending by time, each time once.
    open: Vec<(i64, Value)>,
    /// The newest commit that the open chunk has samples of.
    open_commit: u64,
}

impl OutOfOrder {
    /// Adds a sample of a commit; false: the open chunk has one of that time.
    pub(crate) fn insert(&mut self, at: i64, value: Value, commit: u64) -> bool {
        let Err(place) = self.open.binary_search_by_key(&at, |(at, _)| *at) else { return false };
        self.open.insert(place, (at, value));
        self.open_commit = commit;
        if self.open.len() >= CHUNK_SAMPLES_MAX {
            self.seal();
        }
        true
    }

    /// Ends the chunk that takes samples.
    pub(crate) fn seal(&mut self) {
        let mut chunks = Vec::new();
        encoding::encode(&self.open_columns(i64::MIN, i64::MAX), FloatEncoding::Xor, &mut chunks);
        let commit = self.open_commit;
        self.full.extend(chunks.into_iter().map(|chunk| Arc::new(FullChunk { chunk, commit })));
        self.open = Vec::new();
    }

    /// Whether a sample of that time is there, in whatever chunk.
    pub(crate) fn has(&self, at: i64) -> bool {
        let mut columns = Columns::default();
        for full in &self.full {
            let chunk = &full.chunk;
            if chunk.first_at <= at && at <= chunk.last_at {
                encoding::decode(chunk.encoding, &chunk.bytes, at, at, &mut columns).ok();
            }
        }
        !columns.is_empty() || self.open.binary_search_by_key(&at, |(at, _)| *at).is_ok()
    }

    /// A chunk as a checkpoint saved it.
    pub(crate) fn restore(&mut self, chunk: Chunk) {
        self.full.push(Arc::new(FullChunk { chunk, commit: 0 }));
    }

    fn open_columns(&self, start: i64, end: i64) -> Columns {
        let mut columns = Columns::default();
        for (at, value) in self.open.iter().filter(|(at, _)| (start..=end).contains(at)) {
            value.push_to(*at, &mut columns);
        }
        columns
    }

    /// Appends the samples in `start..=end` to `out`, a piece a chunk, the oldest chunk first.
    pub(crate) fn read(&self, start: i64, end: i64, out: &mut Vec<Columns>) -> Result<(), Damage> {
        for full in &self.full {
            let chunk = &full.chunk;
            if chunk.first_at <= end && chunk.last_at >= start {
                let mut columns = Columns::default();
                encoding::decode(chunk.encoding, &chunk.bytes, start, end, &mut columns)?;
                out.push(columns);
            }
        }
        out.push(self.open_columns(start, end));
        Ok(())
    }

    /// All as chunks.
    pub(crate) fn chunks(&self) -> Vec<Chunk> {
        let mut chunks: Vec<Chunk> = self.full.iter().map(|full| full.chunk.clone()).collect();
        let open = self.open_columns(i64::MIN, i64::MAX);
        encoding::encode(&open, FloatEncoding::Xor, &mut chunks);
        chunks
    }

    /// Times of the oldest and newest sample, as far as the chunks' bounds tell.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        self.spans().reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))
    }

    /// The same of each chunk.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (i64, i64)> {
        let full = self.full.iter().map(|full| (full.chunk.first_at, full.chunk.last_at));
        let open = self.open.first().zip(self.open.last()).map(|((a, _), (b, _))| (*a, *b));
        full.chain(open)
    }

    pub(crate) fn overlaps(&self, start: i64, end: i64) -> bool {
        self.span().is_some_and(|(first, last)| first <= end && last >= start)
    }

    /// An upper bound of the samples.
    pub(crate) fn samples(&self) -> usize {
        let count = |full: &Arc<FullChunk>| {
            encoding::count(full.chunk.encoding, &full.chunk.bytes).unwrap_or(0)
        };
        self.full.iter().map(count).sum::<usize>() + self.open.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.open.is_empty()
    }

    /// Drops chunks that end before `cutoff` and hold nothing of commits after `commit`.
    pub(crate) fn drop_before(&mut self, cutoff: i64, commit: u64) {
        self.full.retain(|full| full.chunk.last_at >= cutoff || full.commit > commit);
        if self.open_commit <= commit {
            self.open.retain(|(at, _)| *at >= cutoff);
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let full = self.full.iter().map(|full| size_of::<FullChunk>() + full.chunk.bytes.len());
        full.sum::<usize>()
            + self.full.capacity() * size_of::<usize>()
            + self.open.capacity() * size_of::<(i64, Value)>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use narthex_storage::merge_columns;
    use proptest::prelude::*;

    use super::*;

    fn read(kept: &OutOfOrder) -> BTreeMap<i64, u64> {
        let (mut pieces, mut out) = (Vec::new(), Columns::default());
        kept.read(i64::MIN, i64::MAX, &mut pieces).unwrap();
        merge_columns(pieces, &mut out);
        out.times.into_iter().zip(out.values.into_iter().map(f64::to_bits)).collect()
    }

    proptest! {
        #[test]
        fn samples_in_any_order_are_a_map(
            times in prop::collection::vec(0_i64..200, 0..150),
            cutoff in 0_i64..200,
        ) {
            let (mut kept, mut model) = (OutOfOrder::default(), BTreeMap::new());
            for (number, at) in (0_u32..).zip(&times) {
                let bits = f64::from(number).to_bits();
                if !kept.has(*at) {
                    prop_assert!(kept.insert(*at, Value::Float(bits), 1));
                }
                model.entry(*at).or_insert(bits);
            }
            prop_assert_eq!(read(&kept), model.clone());
            prop_assert_eq!(kept.samples(), model.len());
            kept.drop_before(cutoff, 0);
            prop_assert_eq!(read(&kept), model.clone(), "a later commit stays");
            kept.drop_before(cutoff, 1);
            let left = read(&kept);
            prop_assert!(left.iter().all(|sample| model.get(sample.0) == Some(sample.1)));
            model.retain(|at, _| *at >= cutoff);
            prop_assert!(model.keys().all(|at| left.contains_key(at)));
        }
    }
}
