//! What the operators of one query share: the store, the limits, the remarks, the counts.

use std::sync::Arc;
use std::time::Duration;

use narthex_model::{FloatHistogram, Labels, METRIC_NAME, Matcher};
use narthex_platform::Clock;
use narthex_storage::Querier;
use parking_lot::Mutex;

use crate::features::Features;
use crate::functions::native::Findings;
use crate::remarks::Remark;
use crate::result::{Annotation, Cancel, QueryError, QueryStats};
use crate::span::Span;
use crate::workers::Workers;

use super::annotations::Annotations;
use super::counts::Counts;
use super::explain::Probes;
use super::holding::Ledger;
use super::parallel::{Selected, SeriesList};
use super::row::Row;

const STAGE: &str = "expression evaluation";

/// The labels that say what a metric is; they go with the name.
pub(crate) const METADATA_LABELS: [&str; 3] = ["__name__", "__type__", "__unit__"];

pub(crate) struct Context<'q> {
    pub(crate) text: &'q str,
    pub(crate) querier: Box<dyn Querier>,
    pub(crate) features: Features,
    pub(crate) lookback: i64,
    pub(crate) limits: Limits<'q>,
    pub(crate) workers: &'q Workers,
    pub(crate) ledger: Ledger,
    pub(crate) counts: Counts,
    /// What watches operators, when the query is explained.
    pub(crate) probes: Option<Probes>,
    /// Guards the series that were asked for, so that the same are looked up once.
    pub(crate) selected: Mutex<Vec<(Vec<Matcher>, SeriesList)>>,
    pub(crate) annotations: Annotations,
}

/// When a query has to end.
pub(crate) struct Limits<'q> {
    pub(crate) clock: &'q Clock,
    /// On the clock's monotonic scale.
    pub(crate) deadline: Duration,
    pub(crate) cancel: &'q Cancel,
}

impl Context<'_> {
    /// To be asked between series: whether the query may go on.
    pub(crate) fn check(&self) -> Result<(), QueryError> {
        self.limits.check()
    }

    /// The series that satisfy all matchers.
    pub(crate) fn series(&self, matchers: &[Matcher]) -> Result<SeriesList, QueryError> {
        let mut selected = self.selected.lock();
        if let Some((_, known)) = selected.iter().find(|(known, _)| known == matchers) {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(Selected::new(self.querier.select(matchers)?));
        self.ledger.keep(found.bytes())?;
        selected.push((matchers.to_vec(), Arc::clone(&found)));
        Ok(found)
    }

    pub(crate) fn stats(&self) -> QueryStats {
        let peak = self.ledger.peak();
        QueryStats {
            series: self.counts.series(),
            samples: self.counts.samples(),
            samples_looked_at: self.counts.looked_at(),
            samples_of_steps: self.counts.steps(),
            samples_peak: peak.samples as u64,
            bytes_peak: peak.bytes as u64,
            ..QueryStats::default()
        }
    }

    /// Says something about the part of the query at `span`; each remark is kept once. Start times
    /// that overlap are counted.
    pub(crate) fn remark(&self, span: Span, remark: Remark<'_>) {
        self.annotations.add(self.text, span, remark);
    }

    /// Says what was found in a series of this metric.
    pub(crate) fn report(&self, span: Span, metric: &str, findings: &Findings) {
        for finding in findings.iter() {
            self.remark(span, finding.remark(metric));
        }
    }

    /// All warnings and all infos, in the order of their places.
    pub(crate) fn take_annotations(&self) -> (Vec<Annotation>, Vec<Annotation>) {
        self.annotations.take(self.text)
    }

    /// The metric's name does not apply to `row` any more.
    pub(crate) fn drop_name(&self, row: &mut Row) {
        row.drops_name = true;
        if !self.features.delayed_name_removal {
            row.labels = without_metadata(&row.labels);
        }
    }

    /// The same of a number of a histogram: it has no name, but type and unit stay, as in
    /// Prometheus, unless they go at the end of the query.
    pub(crate) fn drop_name_only(&self, row: &mut Row) {
        row.drops_name = true;
        if !self.features.delayed_name_removal {
            row.labels = row.labels.filtered(|name| name != METRIC_NAME);
        }
    }

    /// For one long loop over a series.
    pub(super) const fn pace(&self) -> Pace<'_> {
        self.limits.pace()
    }
}

impl Limits<'_> {
    fn check(&self) -> Result<(), QueryError> {
        if self.cancel.is_canceled() {
            return Err(QueryError::Canceled { stage: STAGE });
        }
        if self.clock.monotonic() >= self.deadline {
            return Err(QueryError::Timeout { stage: STAGE });
        }
        Ok(())
    }

    pub(super) const fn pace(&self) -> Pace<'_> {
        Pace { limits: self, unchecked: 0 }
    }
}

/// Work on one series, some tenths of a millisecond of it, between two looks at whether to go on:
/// one series alone can take minutes.
const UNCHECKED_WORK_MAX: usize = 1 << 16;

/// Looks at whether the query may go on each time that a loop has done so much work.
pub(super) struct Pace<'c> {
    limits: &'c Limits<'c>,
    unchecked: usize,
}

impl Pace<'_> {
    /// To be told of work: a step, or a sample that is looked at, counts one.
    #[inline]
    pub(super) fn add(&mut self, work: usize) -> Result<(), QueryError> {
        self.unchecked += work;
        if self.unchecked < UNCHECKED_WORK_MAX {
            return Ok(());
        }
        self.unchecked = 0;
        self.limits.check()
    }

    /// The same of a histogram whose buckets are all looked at.
    pub(super) fn add_histogram(&mut self, histogram: &FloatHistogram) -> Result<(), QueryError> {
        self.add(1 + histogram.positive_counts.len() + histogram.negative_counts.len())
    }
}

/// The labels without those that say what the metric is.
pub(crate) fn without_metadata(labels: &Labels) -> Labels {
    let is_metadata = |name: &str| METADATA_LABELS.contains(&name);
    if labels.iter().any(|(name, _)| is_metadata(name)) {
        labels.filtered(|name| !is_metadata(name))
    } else {
        labels.clone()
    }
}

/// How messages show labels: the name among them.
pub(crate) fn braced(labels: &Labels) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| {
            if narthex_model::is_label_name(name) {
                format!("{name}={value:?}")
            } else {
                format!("{name:?}={value:?}")
            }
        })
        .collect();
    format!("{{{}}}", pairs.join(", "))
}
