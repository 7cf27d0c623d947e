//! What an evaluation writes, gathered so that a group needs few commits.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use narthex_model::{Labels, NativeHistogram, Timestamp, stale_nan};
use narthex_promql::SampleValue;
use narthex_storage::{AppendError, Appendable, CommitError, Committed};
use tracing::{debug, warn};

/// One sample, and the rule it comes of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Write {
    pub(crate) rule: usize,
    pub(crate) labels: Labels,
    pub(crate) at: Timestamp,
    pub(crate) value: SampleValue,
}

/// Writes that wait for a commit.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    writes: Vec<Write>,
}

/// What a commit could not store.
#[derive(Debug, Default)]
pub(crate) struct Discarded {
    /// The first refusal of each rule.
    pub(crate) by_rule: HashMap<usize, AppendError>,
}

impl Batch {
    /// The rules that wait for the commit.
    pub(crate) fn rules(&self) -> BTreeSet<usize> {
        self.writes.iter().map(|write| write.rule).collect()
    }

    /// The series that the commit will end.
    pub(crate) fn ended(&self) -> Vec<Labels> {
        let ended = self.writes.iter().filter(|write| is_end(&write.value));
        ended.map(|write| write.labels.clone()).collect()
    }

    pub(crate) fn push(&mut self, rule: usize, labels: Labels, at: Timestamp, value: SampleValue) {
        self.writes.push(Write { rule, labels, at, value });
    }

    /// The end of a series.
    pub(crate) fn push_stale(&mut self, rule: usize, labels: Labels, at: Timestamp) {
        self.push(rule, labels, at, SampleValue::Float(stale_nan()));
    }

    /// Stores everything in one batch. Samples that the store refuses are left out and reported;
    /// staleness markers that it refuses are not, since another rule or a scrape may have gone on
    /// writing the series.
    pub(crate) fn commit(&mut self, store: &dyn Appendable) -> Result<Discarded, CommitError> {
        let mut discarded = Discarded::default();
        if self.writes.is_empty() {
            return Ok(discarded);
        }
        let mut appender = store.appender();
        // An end that comes late must not cut a series in two that another rule goes on with.
        appender.in_order_only();
        for write in self.writes.drain(..) {
            let series = appender.series(&write.labels);
            let is_end = is_end(&write.value);
            let appended = series.and_then(|series| match write.value {
                SampleValue::Float(value) => appender.append(series, write.at, value),
                SampleValue::Histogram(histogram) => {
                    let histogram = NativeHistogram::Float(Arc::unwrap_or_clone(histogram));
                    appender.append_histogram(series, write.at, histogram.into())
                }
            });
            match appended {
                Ok(()) => {}
                Err(error) if is_end => {
                    debug!(%error, series = %write.labels, "no staleness marker");
                }
                Err(error) => {
                    debug!(%error, series = %write.labels, "a rule's result was discarded");
                    discarded.by_rule.entry(write.rule).or_insert(error);
                }
            }
        }
        let Committed { out_of_order, .. } = appender.commit()?;
        if out_of_order > 0 {
            warn!(out_of_order, "results of rules were out of order");
        }
        Ok(discarded)
    }
}

fn is_end(value: &SampleValue) -> bool {
    value.float().is_some_and(narthex_model::is_stale)
}
