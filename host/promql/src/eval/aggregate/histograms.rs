//! Sums and means of the native histograms of a group, step by step.

use std::sync::Arc;

use narthex_model::{FloatHistogram, METRIC_NAME};

use crate::ast::AggregateOp;
use crate::remarks::{Operation, Remark};
use crate::result::QueryError;

use super::super::context::Context;
use super::super::holding::{Amount, Holding};
use super::super::plan::AggregatePlan;
use super::super::row::Row;
use super::super::total::Total;

/// What the histograms of a group become; no memory before the first one.
#[derive(Default)]
pub(super) struct Histograms {
    steps: Vec<Option<State>>,
}

enum State {
    Open(Box<Total>),
    /// Exponential and custom buckets came together, or a number came first: there is no result.
    Incompatible,
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
            let steps = row.values.steps();
            let bytes = steps * size_of::<Option<State>>();
            holding.add(Amount::of_bytes(bytes))?;
            self.steps.resize_with(steps, || None);
        }
        for (step, histogram) in row.values.iter_histograms() {
            let Some(slot) = self.steps.get_mut(step) else { continue };
            match slot {
                None if has_number(step) => *slot = Some(State::Incompatible),
                None => {
                    let total = Total::starting_at(histogram, plan.op == AggregateOp::Avg);
                    holding.add_little(total.amount())?;
                    *slot = Some(State::Open(Box::new(total)));
                }
                Some(State::Incompatible) => {}
                Some(State::Open(total)) => {
                    let before = total.amount();
                    let merged = total.add(histogram);
                    let after = total.amount();
                    match merged {
                        Ok(merged) => {
                            let (more, less) = (after.minus(before), before.minus(after));
                            // Histograms of a group mostly have the same buckets.
                            if more != Amount::default() {
                                holding.add_little(more)?;
                            }
                            if less != Amount::default() {
                                holding.remove(less);
                            }
                            if merged.bounds_reconciled {
                                let remark = Remark::BoundsReconciled(Operation::Aggregation);
                                cx.remark(plan.input_span, remark);
                            }
                        }
                        Err(_) => {
                            holding.remove(before);
                            let metric = row.labels.get(METRIC_NAME).unwrap_or("");
                            let remark = Remark::MixedExponentialCustom { metric };
                            cx.remark(plan.input_span, remark);
                            *slot = Some(State::Incompatible);
                        }
                    }
                }
            }
        }
        holding.book()
    }

    pub(super) fn finish(
        self,
        plan: &AggregatePlan,
        has_number: impl Fn(usize) -> bool,
        cx: &Context<'_>,
    ) -> Finished {
        let finish = |(step, state): (usize, Option<State>)| match state? {
            State::Incompatible => Some(None),
            State::Open(_) if has_number(step) => Some(None),
            State::Open(total) => {
                if total.has_reset_collision() {
                    cx.remark(plan.input_span, Remark::ResetCollision(Operation::Aggregation));
                }
                let mut histogram = total.finish();
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
