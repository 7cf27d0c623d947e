//! A batch in the making: what is wrong with a sample is said at once, the rest at the commit.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use narthex_model::{
    EXEMPLAR_LABELS_CHARS_MAX, Exemplar, Labels, Metadata, NativeHistogram, Timestamp,
};
use narthex_storage::{AppendError, Appender, CommitError, Committed, SeriesRef};

use super::Shared;
use super::commit::Batch;
use crate::head::exemplars::ExemplarOrder;
use crate::head::sample::{Bounds, Value, Verdict, judge};
use crate::head::series::split_ref;

/// One batch in the making.
pub(crate) struct HeadAppender<'a> {
    store: &'a Arc<Shared>,
    batch: Batch,
    series_created: usize,
    in_order_only: bool,
}

/// A sample of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) series: SeriesRef,
    pub(crate) at: i64,
    pub(crate) value: Value,
}

impl<'a> HeadAppender<'a> {
    pub(crate) fn new(store: &'a Arc<Shared>) -> Self {
        Self { store, batch: Batch::default(), series_created: 0, in_order_only: false }
    }

    fn add(&mut self, series: SeriesRef, at: i64, value: Value) -> Result<(), AppendError> {
        let (id, slot) = split_ref(series);
        // A batch may bring several samples of a series, one after the other.
        let pending = self.batch.samples.last().filter(|last| last.series == series);
        let found =
            self.store.head.slab.with(slot, |found| (found.id == id).then(|| found.newest()));
        let stored = found.flatten().ok_or(AppendError::UnknownSeries)?;
        // Who has a reference from before need not have asked for the series by its labels.
        if stored.is_none() && !self.store.head.ask_for(id, slot) {
            return Err(AppendError::UnknownSeries);
        }
        let newest = match pending {
            Some(last) if stored.as_ref().is_none_or(|(at, _)| last.at > *at) => {
                Some((last.at, last.value.clone()))
            }
            _ => stored,
        };
        let mut verdict = judge(self.store.bounds_of_appends(), newest.as_ref(), at, &value);
        let is_older = newest.as_ref().is_some_and(|(newest_at, _)| at <= *newest_at);
        if self.in_order_only && is_older && verdict == Verdict::OutOfOrder {
            verdict = Verdict::Refused(AppendError::OutOfOrder);
        }
        match verdict {
            Verdict::InOrder | Verdict::OutOfOrder => {
                self.batch.samples.push(Pending { series, at, value });
                Ok(())
            }
            Verdict::SameAgain => Ok(()),
            Verdict::Refused(error) => {
                self.store.observed.refused(&error);
                Err(error)
            }
        }
    }
}

impl Appender for HeadAppender<'_> {
    fn series(&mut self, labels: &Labels) -> Result<SeriesRef, AppendError> {
        let (series, is_new) = self.store.head.series(labels)?;
        self.series_created += usize::from(is_new);
        Ok(series)
    }

    fn find(&mut self, labels: &Labels) -> Option<SeriesRef> {
        self.store.head.find(labels)
    }

    fn in_order_only(&mut self) {
        self.in_order_only = true;
    }

    fn append(&mut self, series: SeriesRef, at: Timestamp, value: f64) -> Result<(), AppendError> {
        self.add(series, at.millis(), Value::Float(value.to_bits()))
    }

    fn append_histogram(
        &mut self,
        series: SeriesRef,
        at: Timestamp,
        histogram: Arc<NativeHistogram>,
    ) -> Result<(), AppendError> {
        histogram.validate()?;
        self.add(series, at.millis(), Value::Histogram(histogram))
    }

    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) -> Result<(), AppendError> {
        let chars = exemplar
            .labels
            .iter()
            .map(|(name, value)| name.chars().count() + value.chars().count());
        if chars.sum::<usize>() > EXEMPLAR_LABELS_CHARS_MAX {
            return Err(AppendError::ExemplarTooLong { max: EXEMPLAR_LABELS_CHARS_MAX });
        }
        let (id, slot) = split_ref(series);
        let head = &self.store.head;
        if head.slab.with(slot, |found| found.id == id) != Some(true) {
            return Err(AppendError::UnknownSeries);
        }
        let kept = head.exemplars.read();
        if kept.is_disabled() {
            return Ok(());
        }
        match kept.order(slot, id, &exemplar) {
            // What this batch brings before it is compared at the commit.
            ExemplarOrder::Newer => self.batch.exemplars.push((series, exemplar)),
            ExemplarOrder::SameAgain => {}
            ExemplarOrder::Older => {
                self.store.observed.exemplars_out_of_order.increment();
                return Err(AppendError::OutOfOrder);
            }
        }
        Ok(())
    }

    fn metadata(&mut self, family: &str, metadata: &Metadata) {
        let others = self.batch.metadata.len();
        let is_taken = self.store.head.metadata.read().takes(family, metadata, others);
        if is_taken {
            self.batch.metadata.push((family.to_owned(), metadata.clone()));
        }
    }

    fn commit(self: Box<Self>) -> Result<Committed, CommitError> {
        let mut done = Committed::default();
        if !self.batch.is_empty() {
            done = self.store.commit(&self.batch).inspect_err(|_| {
                self.store.observed.writes_failed.increment();
            })?;
        }
        done.series_created = self.series_created;
        Ok(done)
    }
}

impl Shared {
    /// The times that a batch may bring: samples in order within the reach of a block that is still
    /// to be made, counted from the newest; out of order within the window.
    fn bounds_of_appends(&self) -> Bounds {
        let mut bounds = self.bounds_of_commits();
        // An empty head stands where the blocks end.
        let newest = self.head.newest_at().unwrap_or(bounds.valid_from);
        let reach = self.in_force.kept_millis().min(self.config.block_millis() / 2);
        let from_newest = newest.saturating_sub(reach);
        bounds.valid_from = bounds.valid_from.max(from_newest);
        bounds.late_from = from_newest;
        bounds
    }

    /// The times that a commit may bring: what is older may be in a block already.
    pub(crate) fn bounds_of_commits(&self) -> Bounds {
        let window = self.in_force.out_of_order_millis();
        let newest = self.head.newest_at().unwrap_or(i64::MIN);
        Bounds {
            valid_from: self.head.counts.valid_from.load(Ordering::Relaxed),
            window_from: (window > 0).then(|| newest.saturating_sub(window)),
            // How old it may be was judged when it was appended.
            late_from: i64::MIN,
        }
    }
}
