//! Sums and means of the native histograms of a group, step by step.

use std::sync::Arc;

use narthex_model::{CounterReset, FloatHistogram, HistogramMean, HistogramSum, METRIC_NAME};

use crate::ast::AggregateOp;

use crate::remarks::{Operation, Remark};
use crate::result::QueryError;

use super::super::context::Context;
use super::super::holding::{Amount, Holding};
use super::super::plan::AggregatePlan;
use super::super::row::{Row, histogram_samples};

/// What the histograms of a group become; no memory before the first one.
#[derive(Default)]
pub(super) struct Histograms {
    steps: Vec<Option<State>>,
}

enum State {
    Open {
        total: Box<Total>,
        resets: Resets,
    },
    /// Exponential and custom buckets came together, or a number came first: there is no result.
    Incompatible,
}

enum Total {
    Sum(HistogramSum),
    Mean(HistogramMean),
}

/// Which hints about counter resets were seen.
#[derive(Clone, Copy, Default)]
pub(in super::super) struct Resets {
    reset: bool,
    not_reset: bool,
}

impl Resets {
    pub(in super::super) fn see(&mut self, histogram: &FloatHistogram) {
        match histogram.reset {
            CounterReset::Reset => self.reset = true,
            CounterReset::NotReset => self.not_reset = true,
            CounterReset::Unknown | CounterReset::Gauge => {}
        }
    }

    pub(in super::super) const fn collide(self) -> bool {
        self.reset && self.not_reset
    }
}

impl Histograms {
    /// Takes in those of one series, but for steps at which a number came first: what cannot be
    /// added to it is not looked at any more.
    pub(super) fn take(
        &mut self,
        plan: &AggregatePlan,
        row: &Row,
        has_number: impl Fn(usize) -> bool,
        holding: &mut Holding<'_>,
        cx: &Context<'_>,
    ) -> Result<(), QueryError> {
        if self.steps.is_empty() {
            self.steps.resize_with(row.values.steps(), || None);
        }
        for (step, histogram) in row.values.iter_histograms() {
            let Some(slot) = self.steps.get_mut(step) else { continue };
            match slot {
                None if has_number(step) => *slot = Some(State::Incompatible),
                None => {
                    // A sum holds what rounding took from it beside it.
                    let samples = histogram_samples(histogram);
                    holding.add(Amount { samples, bytes: 2 * histogram.size() })?;
                    let mut resets = Resets::default();
                    resets.see(histogram);
                    let total = Box::new(if plan.op == AggregateOp::Avg {
                        Total::Mean(HistogramMean::starting_at(histogram))
                    } else {
                        Total::Sum(HistogramSum::starting_at(histogram))
                    });
                    *slot = Some(State::Open { total, resets });
                }
                Some(State::Incompatible) => {}
                Some(State::Open { total, resets }) => {
                    resets.see(histogram);
                    let merged = match &mut **total {
                        Total::Sum(sum) => sum.add(histogram),
                        Total::Mean(mean) => mean.add(histogram),
                    };
                    match merged {
                        Ok(merged) if merged.bounds_reconciled => {
                            let remark = Remark::BoundsReconciled(Operation::Aggregation);
                            cx.remark(plan.input_span, remark);
                        }
                        Ok(_) => {}
                        Err(_) => {
                            let metric = row.labels.get(METRIC_NAME).unwrap_or("");
                            let remark = Remark::MixedExponentialCustom { metric };
                            cx.remark(plan.input_span, remark);
                            *slot = Some(State::Incompatible);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(
        self,
        plan: &AggregatePlan,
        has_number: impl Fn(usize) -> bool,
        cx: &Context<'_>,
    ) -> Finished {
        let finish = |(step, state): (usize, Option<State>)| match state? {
            State::Incompatible => Some(None),
            State::Open { .. } if has_number(step) => Some(None),
            State::Open { total, resets } => {
                if resets.collide() {
                    cx.remark(plan.input_span, Remark::ResetCollision(Operation::Aggregation));
                }
                let mut histogram = match *total {
                    Total::Sum(sum) => sum.finish(),
                    Total::Mean(mean) => mean.finish(),
                };
                histogram.compact(0);
                Some(Some(Arc::new(histogram)))
            }
        };
        Finished(self.steps.into_iter().enumerate().map(finish).collect())
    }
}

/// At each step nothing, or the result if there is one.
pub(super) struct Finished(Vec<Option<Option<Arc<FloatHistogram>>>>);

impl Finished {
    /// Whether there were histograms at this step.
    pub(super) fn contains(&self, step: usize) -> bool {
        self.0.get(step).is_some_and(Option::is_some)
    }

    pub(super) fn forget(&mut self, step: usize) {
        if let Some(slot) = self.0.get_mut(step) {
            *slot = None;
        }
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (usize, Arc<FloatHistogram>)> {
        let steps = self.0.into_iter().enumerate();
        steps.filter_map(|(step, histogram)| Some((step, histogram??)))
    }
}
