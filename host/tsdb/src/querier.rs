//! The way out: from matchers over postings to series whose chunks are decoded when asked for.
//!
//! Invariant: a querier sees whole commits only. A later commit is hidden by bounding each series
//! at the newest time it had before (see `head/visibility.rs`), so nothing is copied.

use std::collections::BTreeSet;
use std::sync::Arc;

use narthex_model::{Labels, Matcher};
use narthex_storage::{Columns, Querier, ReadError, Series, TimeRange};

use crate::head::Head;
use crate::head::index::Index;
use crate::head::matching::matching;
use crate::head::series::{SeriesId, Slot, SymbolPair};
use crate::head::symbols::Symbol;
use crate::head::visibility::Snapshot;

pub(crate) struct HeadQuerier {
    head: Arc<Head>,
    range: TimeRange,
    snapshot: Snapshot,
}

struct HeadSeries {
    head: Arc<Head>,
    slot: Slot,
    id: SeriesId,
    labels: Labels,
    start: i64,
    end: i64,
    samples_max: usize,
}

/// A series that may have samples in the range.
struct Candidate<T> {
    slot: Slot,
    id: SeriesId,
    /// Newest time that was there; later samples belong to later commits.
    last_at: i64,
    first_at: i64,
    samples_max: usize,
    item: T,
}

impl HeadQuerier {
    pub(crate) fn new(head: Arc<Head>, range: TimeRange) -> Self {
        let snapshot = head.visibility.snapshot();
        Self { head, range, snapshot }
    }

    /// The matching series with samples in the range that this querier may see; `look` takes
    /// what is wanted of a series' label pairs.
    fn candidates<T>(
        &self,
        index: &Index,
        matchers: &[Matcher],
        look: impl Fn(&[SymbolPair]) -> T,
    ) -> Vec<Candidate<T>> {
        let (start, end) = (self.range.start.millis(), self.range.end.millis());
        let mut slab = self.head.slab.reader();
        let mut found = Vec::new();
        for slot in matching(index, matchers) {
            let Some(series) = slab.get(slot) else { continue };
            let (Some(last_at), Some(first_at)) = (series.last_at(), series.first_at()) else {
                continue;
            };
            if first_at <= end && last_at >= start {
                let samples_max = series.samples_max(start, end);
                let item = look(&series.labels);
                found.push(Candidate { slot, id: series.id, last_at, first_at, samples_max, item });
            }
        }
        drop(slab);
        let bounds = self.snapshot.bounds();
        found.retain_mut(|candidate| {
            if let Some(bound) = bounds.get(&candidate.slot) {
                candidate.last_at = candidate.last_at.min(*bound);
            }
            candidate.first_at <= candidate.last_at && candidate.last_at >= start
        });
        found
    }
}

/// The symbols as text, ascending.
fn texts(index: &Index, symbols: &BTreeSet<Symbol>) -> Vec<String> {
    let mut texts: Vec<String> =
        symbols.iter().map(|symbol| index.symbols.text(*symbol).to_owned()).collect();
    texts.sort_unstable();
    texts
}

impl Querier for HeadQuerier {
    fn select(&self, matchers: &[Matcher]) -> Result<Vec<Box<dyn Series>>, ReadError> {
        let index = self.head.index.read();
        let mut found = self.candidates(&index, matchers, |pairs| index.labels(pairs));
        drop(index);
        found.sort_unstable_by(|a, b| a.item.cmp(&b.item));
        let (start, end) = (self.range.start.millis(), self.range.end.millis());
        let series = found.into_iter().map(|candidate| {
            let end = end.min(candidate.last_at);
            Box::new(HeadSeries {
                head: Arc::clone(&self.head),
                slot: candidate.slot,
                id: candidate.id,
                labels: candidate.item,
                start,
                end,
                samples_max: candidate.samples_max,
            }) as Box<dyn Series>
        });
        Ok(series.collect())
    }

    fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        let index = self.head.index.read();
        let found = self.candidates(&index, matchers, |pairs| {
            pairs.iter().map(|(name, _)| *name).collect::<Vec<_>>()
        });
        let names = found.into_iter().flat_map(|candidate| candidate.item);
        Ok(texts(&index, &names.collect()))
    }

    fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, ReadError> {
        let index = self.head.index.read();
        let Some(name) = index.symbols.find(name) else { return Ok(Vec::new()) };
        let found = self.candidates(&index, matchers, |pairs| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
        });
        let values = found.into_iter().filter_map(|candidate| candidate.item);
        Ok(texts(&index, &values.collect()))
    }
}

impl Series for HeadSeries {
    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn samples_max(&self) -> usize {
        self.samples_max
    }

    fn read(&self, range: TimeRange, out: &mut Columns) -> Result<(), ReadError> {
        let start = self.start.max(range.start.millis());
        let end = self.end.min(range.end.millis());
        let outcome = self.head.slab.with(self.slot, |series| {
            // Retention may have given the slot to another series; then there is nothing left.
            if series.id == self.id { series.read(start, end, out) } else { Ok(()) }
        });
        outcome
            .unwrap_or(Ok(()))
            .map_err(|_| ReadError::Damaged { path: "memory".to_owned(), offset: 0 })
    }
}
