//! Reads a block through the traits of `storage`.
//!
//! Invariant: a chunk is decoded only when it may have samples in the range that are not deleted,
//! and only after its bytes were granted by the [`ReadBudget`].

use std::collections::BTreeSet;
use std::sync::Arc;

use narthex_model::{Labels, Matcher};
use narthex_storage::{Columns, Querier, ReadError, Series, TimeRange, merge_columns};
use parking_lot::Mutex;

use super::chunks::{ChunkPlace, ChunkView};
use super::error::Fault;
use super::index::Texts;
use super::tombstones::{Interval, Tombstones, remove_deleted};
use super::{Block, BlockError};
use crate::budget::{ReadBudget, ReadPermit, SAMPLE_BYTES, histogram_bytes};
use crate::encoding;

struct BlockQuerier {
    block: Block,
    range: TimeRange,
    tombstones: Arc<Tombstones>,
    budget: ReadBudget,
}

struct FoundSeries {
    block: Block,
    labels: Labels,
    /// Those that overlap the range.
    chunks: Box<[ChunkPlace]>,
    deleted: Vec<Interval>,
    range: TimeRange,
    /// What the largest read so far was granted.
    permit: Mutex<ReadPermit>,
}

impl Block {
    /// A view of the block in a closed range, without what is deleted by now.
    #[must_use]
    pub fn querier(&self, range: TimeRange, budget: &ReadBudget) -> Box<dyn Querier> {
        Box::new(BlockQuerier {
            block: self.clone(),
            range,
            tombstones: self.tombstones(),
            budget: budget.clone(),
        })
    }
}

impl BlockQuerier {
    fn matching(&self, matchers: &[Matcher]) -> Result<Arc<[u32]>, BlockError> {
        if self.block.overlaps(self.range) { self.block.matching(matchers) } else { Ok([].into()) }
    }

    /// The series, unless it has no chunk in the range.
    fn found<'a>(
        &'a self,
        id: u32,
        texts: &mut Texts<'a>,
        chunks: &mut Vec<ChunkPlace>,
    ) -> Result<Option<FoundSeries>, Fault> {
        let series = self.block.0.index.series(id)?;
        let (start, end) = (self.range.start.millis(), self.range.end.millis());
        let deleted = self.tombstones.of(u64::from(id));
        let is_deleted =
            |chunk: &ChunkPlace| Interval::cover(deleted, chunk.first_at, chunk.last_at);
        chunks.clear();
        series.chunks(chunks)?;
        chunks.retain(|chunk| chunk.overlaps(start, end) && !is_deleted(chunk));
        if chunks.is_empty() {
            return Ok(None);
        }
        Ok(Some(FoundSeries {
            block: self.block.clone(),
            labels: series.labels(texts)?,
            chunks: chunks.as_slice().into(),
            deleted: deleted.to_vec(),
            range: self.range,
            permit: Mutex::new(self.budget.nothing()),
        }))
    }

    /// Every value of a label that one of the series has.
    fn values_of(
        &self,
        name: &str,
        series: &[u32],
        out: &mut BTreeSet<String>,
    ) -> Result<(), Fault> {
        let index = &self.block.0.index;
        let Some(symbol) = index.symbol(name)? else { return Ok(()) };
        if series.len() <= index.table().value_count(name) {
            let mut symbols = BTreeSet::new();
            for id in series {
                symbols.extend(index.value_of(*id, symbol)?);
            }
            for symbol in symbols {
                out.insert(index.text(symbol)?.to_owned());
            }
            return Ok(());
        }
        for line in index.table().values_from(index.bytes(), name, "")? {
            let (value, postings) = line?;
            if index.postings_at(postings)?.intersects(series) {
                out.insert(value.to_owned());
            }
        }
        Ok(())
    }
}

impl Querier for BlockQuerier {
    fn select(&self, matchers: &[Matcher]) -> Result<Vec<Box<dyn Series>>, ReadError> {
        let mut all: Vec<Box<dyn Series>> = Vec::new();
        let (mut texts, mut chunks) = (Texts::default(), Vec::new());
        for id in self.matching(matchers)?.iter() {
            let found = self.found(*id, &mut texts, &mut chunks);
            if let Some(series) = found.map_err(|fault| self.block.index_error(fault))? {
                all.push(Box::new(series));
            }
        }
        Ok(all)
    }

    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        let index = &self.block.0.index;
        if matchers.is_empty() && self.block.overlaps(self.range) {
            let names = index.table().names().filter(|name| !name.is_empty());
            return Ok(names.map(str::to_owned).collect());
        }
        let mut symbols = BTreeSet::new();
        let mut names = Vec::new();
        let outcome = self.matching(matchers)?.iter().try_for_each(|id| {
            index.series(*id)?.pairs(|(name, _)| {
                symbols.insert(name);
                true
            })
        });
        let outcome = outcome.and_then(|()| {
            for symbol in symbols {
                names.push(index.text(symbol)?.to_owned());
            }
            Ok(())
        });
        outcome.map_err(|fault| self.block.index_error(fault))?;
        Ok(names)
    }

    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        let index = &self.block.0.index;
        if name.is_empty() || !self.block.overlaps(self.range) {
            return Ok(Vec::new());
        }
        if matchers.is_empty() {
            let values = index.table().values_from(index.bytes(), name, "");
            let texts = values.and_then(|values| {
                values.map(|line| line.map(|(value, _)| value.to_owned())).collect()
            });
            return texts.map_err(|fault| self.block.index_error(fault).into());
        }
        let series = self.matching(matchers)?;
        let mut values = BTreeSet::new();
        self.values_of(name, &series, &mut values)
            .map_err(|fault| self.block.index_error(fault))?;
        Ok(values.into_iter().collect())
    }
}

impl FoundSeries {
    /// Takes what decoding the chunks will need, without what histograms hold, unless an earlier read
    /// took as much.
    fn charge(&self, chunks: &[(&ChunkPlace, ChunkView<'_>)]) -> Result<u64, ReadError> {
        let bytes = chunks.iter().map(|(_, chunk)| {
            let samples = encoding::count(chunk.encoding, chunk.bytes).unwrap_or(0) as u64;
            samples * SAMPLE_BYTES + chunk.bytes.len() as u64
        });
        let bytes = bytes.sum();
        self.permit.lock().grow_to(bytes)?;
        Ok(bytes)
    }

    fn damaged(&self, place: &ChunkPlace) -> ReadError {
        let found = self.block.0.chunks.locate(place.reference);
        let (path, offset) =
            found.map_or((String::new(), 0), |(segment, at)| (segment.path.to_string(), at));
        ReadError::Damaged { path, offset }
    }
}

impl Series for FoundSeries {
    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn samples_max(&self) -> usize {
        let count = |place: &ChunkPlace| {
            let chunk = self.block.0.chunks.peek(place)?;
            encoding::count(chunk.encoding, chunk.bytes).ok()
        };
        // A chunk that cannot be read adds no sample.
        self.chunks.iter().filter_map(count).sum()
    }

    fn read(&self, range: TimeRange, out: &mut Columns) -> Result<(), ReadError> {
        let start = self.range.start.max(range.start).millis();
        let end = self.range.end.min(range.end).millis();
        let mut views = Vec::new();
        let mut outcome = Ok(());
        for place in self.chunks.iter().filter(|place| place.overlaps(start, end)) {
            match self.block.chunk(place) {
                Ok(view) => views.push((place, view)),
                Err(error) => {
                    outcome = Err(error.into());
                    break;
                }
            }
        }
        let mut charged = self.charge(&views)?;
        let before = (out.times.len(), out.histograms.len());
        // Others write chunks that run back; each is then a list of its own until all are read.
        let ascends = views.is_sorted_by(|(a, _), (b, _)| a.last_at < b.first_at);
        let mut lists = Vec::new();
        for (place, view) in views {
            let mut list = Columns::default();
            let into = if ascends { &mut *out } else { &mut list };
            let known = into.histograms.len();
            let decoded = encoding::decode(view.encoding, view.bytes, start, end, into);
            let mut stopped = decoded.map_err(|_| self.damaged(place));
            if view.encoding.is_histogram() {
                charged += histogram_bytes(into.histograms.get(known..).unwrap_or_default());
                stopped = stopped.and(self.permit.lock().grow_to(charged));
            }
            if !ascends {
                lists.push(list);
            }
            if stopped.is_err() {
                outcome = stopped;
                break;
            }
        }
        if !ascends {
            merge_columns(lists, out);
        }
        if !self.deleted.is_empty() {
            remove_deleted(out, before, &self.deleted);
        }
        outcome
    }
}

#[cfg(test)]
mod tests;
