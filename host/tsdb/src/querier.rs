//! The way out: from matchers over postings to series whose chunks are decoded when asked for.
//!
//! Invariant: a querier sees whole commits only. A later commit is hidden by bounding each series
//! at the newest time it had before, and by taking its samples out of order as they were before (see
//! `head/visibility.rs`), so nothing is copied. Samples in order before the floor of its begin are not
//! shown: blocks have them, without those that were deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use narthex_model::{Labels, Matcher};
use narthex_storage::{Columns, Querier, ReadError, Series, TimeRange, merge_columns};

use crate::encoding::Damage;
use crate::head::Head;
use crate::head::index::Index;
use crate::head::matching::matching;
use crate::head::out_of_order::OutOfOrder;
use crate::head::series::{SeriesId, Slot, SymbolPair};
use crate::head::symbols::Symbol;
use crate::head::visibility::Snapshot;

pub(crate) struct HeadQuerier {
    head: Arc<Head>,
    range: TimeRange,
    /// Samples in order begin here.
    floor: i64,
    snapshot: Snapshot,
}

struct HeadSeries {
    head: Arc<Head>,
    slot: Slot,
    id: SeriesId,
    labels: Labels,
    start: i64,
    floor: i64,
    /// The last time in order that the querier sees.
    end: i64,
    range_end: i64,
    samples_max: usize,
    out_of_order: Option<Arc<OutOfOrder>>,
}

/// A series that may have samples in the range.
struct Candidate<T> {
    slot: Slot,
    id: SeriesId,
    /// Times of the samples in order that were there; later ones belong to later commits.
    span: Option<(i64, i64)>,
    samples_max: usize,
    out_of_order: Option<Arc<OutOfOrder>>,
    item: T,
}

impl HeadQuerier {
    pub(crate) fn new(head: Arc<Head>, range: TimeRange) -> Self {
        let floor = head.floor();
        let snapshot = head.visibility.snapshot();
        Self { head, range, floor, snapshot }
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
            let span = series.span_from(self.floor);
            if span.is_some_and(|(first, last)| first <= end && last >= start) {
                found.push(Candidate {
                    slot,
                    id: series.id,
                    span: series.in_order_from(self.floor),
                    samples_max: series.samples_max(start.max(self.floor), end),
                    out_of_order: series.out_of_order().cloned(),
                    item: look(&series.labels),
                });
            }
        }
        drop(slab);
        let mut unseen = self.snapshot.unseen();
        found.retain_mut(|candidate| {
            if let Some(bound) = unseen.bounds.get(&candidate.slot) {
                candidate.span = candidate.span.map(|(first, last)| (first, last.min(*bound)));
            }
            if let Some(before) = unseen.out_of_order.remove(&candidate.slot) {
                candidate.out_of_order = before;
            }
            // Of a series whose first sample is not seen the bound lies before it.
            let in_order = candidate.span;
            let in_order = in_order
                .is_some_and(|(first, last)| first <= last && first <= end && last >= start);
            candidate.out_of_order =
                candidate.out_of_order.take().filter(|kept| kept.overlaps(start, end));
            in_order || candidate.out_of_order.is_some()
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
            let end = candidate.span.map_or(i64::MIN, |(_, last)| end.min(last));
            let late = candidate.out_of_order.as_ref().map_or(0, |kept| kept.samples());
            Box::new(HeadSeries {
                head: Arc::clone(&self.head),
                slot: candidate.slot,
                id: candidate.id,
                labels: candidate.item,
                start,
                floor: self.floor,
                end,
                range_end: self.range.end.millis(),
                samples_max: candidate.samples_max + late,
                out_of_order: candidate.out_of_order,
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
        let damaged = |_| {
            let place = self.head.slab.with(self.slot, |series| series.damaged_place());
            let (path, offset) = place.unwrap_or(("memory".to_owned(), 0));
            ReadError::Damaged { path, offset }
        };
        let Some(kept) = &self.out_of_order else {
            return self.read_in_order(start, end, out).map_err(damaged);
        };
        let mut pieces = vec![Columns::default()];
        if let Some(in_order) = pieces.first_mut() {
            self.read_in_order(start, end, in_order).map_err(damaged)?;
        }
        let end = self.range_end.min(range.end.millis());
        kept.read(start, end, &mut pieces).map_err(damaged)?;
        merge_columns(pieces, out);
        Ok(())
    }
}

impl HeadSeries {
    fn read_in_order(&self, start: i64, end: i64, out: &mut Columns) -> Result<(), Damage> {
        let start = start.max(self.floor);
        let outcome = self.head.slab.with(self.slot, |series| {
            // Retention may have given the slot to another series; then there is nothing left.
            if series.id == self.id { series.read(start, end, out) } else { Ok(()) }
        });
        outcome.unwrap_or(Ok(()))
    }
}
