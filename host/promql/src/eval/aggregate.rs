//! Aggregations that put series together: one fold a group and step, so that memory follows the
//! result and not the input.

use std::collections::HashMap;

use narthex_model::{Labels, METRIC_NAME};

use crate::ast::{AggregateOp, Grouping};
use crate::functions::mean::Mean;
use crate::remarks::Remark;
use crate::result::{QueryError, SampleValue};
use crate::span::Span;

use super::Rows;
use super::context::Context;
use super::grid::Grid;
use super::holding::{Amount, Holding};
use super::map::without_empty;
use super::plan::AggregatePlan;
use super::row::{Column, Row};
use super::scalar::{self, Numbers};

use self::folds::{CountFold, Fold, GroupFold, MaxFold, MinFold, QuantileFold, Spread, SumFold};
use self::histograms::Histograms;

mod folds;
mod histograms;

/// The labels of the group that a series belongs to.
pub(super) fn group_labels(labels: &Labels, grouping: &Grouping) -> Labels {
    let is_listed = |name: &str| grouping.labels.iter().any(|label| label == name);
    if grouping.without {
        labels.filtered(|name| name != METRIC_NAME && !is_listed(name))
    } else if grouping.labels.is_empty() {
        Labels::empty()
    } else {
        labels.filtered(is_listed)
    }
}

/// Names groups by numbers, in the order in which they come up.
#[derive(Default)]
pub(super) struct Groups {
    index: HashMap<Labels, usize>,
    pub(super) labels: Vec<Labels>,
}

impl Groups {
    pub(super) fn get(&self, labels: &Labels) -> Option<usize> {
        self.index.get(labels).copied()
    }

    /// What a group takes of memory, about: it stands in both.
    pub(super) fn bytes(labels: &Labels) -> usize {
        labels.as_bytes().len() + size_of::<(Labels, usize)>() + size_of::<Labels>()
    }

    pub(super) fn find(&mut self, labels: Labels) -> usize {
        *self.index.entry(labels).or_insert_with_key(|labels| {
            self.labels.push(labels.clone());
            self.labels.len() - 1
        })
    }
}

pub(super) fn open<'q>(
    plan: &'q AggregatePlan,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let param = match &plan.param {
        Some(param) => scalar::evaluate(param, grid, cx)?,
        None => Numbers::Same(f64::NAN),
    };
    match plan.op {
        AggregateOp::Sum => fold::<SumFold>(plan, param, grid, cx),
        AggregateOp::Avg => fold::<Mean>(plan, param, grid, cx),
        AggregateOp::Min => fold::<MinFold>(plan, param, grid, cx),
        AggregateOp::Max => fold::<MaxFold>(plan, param, grid, cx),
        AggregateOp::Count => fold::<CountFold>(plan, param, grid, cx),
        AggregateOp::Group => fold::<GroupFold>(plan, param, grid, cx),
        AggregateOp::Stdvar => fold::<Spread<false>>(plan, param, grid, cx),
        AggregateOp::Stddev => fold::<Spread<true>>(plan, param, grid, cx),
        AggregateOp::Quantile => {
            check_quantiles(&param, grid, plan.param_span, cx);
            fold::<QuantileFold>(plan, param, grid, cx)
        }
        AggregateOp::Topk
        | AggregateOp::Bottomk
        | AggregateOp::Limitk
        | AggregateOp::LimitRatio
        | AggregateOp::CountValues => super::planner::refuse("no aggregation of this kind"),
    }
}

/// Warns of the quantiles that are none, of the extremes only.
fn check_quantiles(param: &Numbers, grid: Grid, span: Span, cx: &Context<'_>) {
    let all = || (0..grid.steps).map(|step| param.get(step));
    if all().any(f64::is_nan) {
        cx.remark(span, Remark::InvalidQuantile(f64::NAN));
    }
    let (max, min) = (all().fold(f64::NAN, f64::max), all().fold(f64::NAN, f64::min));
    if max > 1.0 {
        cx.remark(span, Remark::InvalidQuantile(max));
    }
    if min < 0.0 {
        cx.remark(span, Remark::InvalidQuantile(min));
    }
}

/// A group while its series come in.
struct Group<'q, F> {
    drops_name: bool,
    /// The fold of the floats at each step.
    floats: Vec<Option<F>>,
    histograms: Histograms,
    holding: Holding<'q>,
}

impl<'q, F: Fold> Group<'q, F> {
    fn new(labels: &Labels, steps: usize, cx: &'q Context<'q>) -> Result<Self, QueryError> {
        let mut holding = cx.ledger.holding();
        let bytes = size_of::<Self>() + Groups::bytes(labels) + steps * size_of::<Option<F>>();
        holding.add(Amount::of_bytes(bytes))?;
        let floats = (0..steps).map(|_| None).collect();
        Ok(Self { drops_name: false, floats, histograms: Histograms::default(), holding })
    }

    /// Takes in values of one series.
    fn take(&mut self, values: impl Iterator<Item = (usize, f64)>) -> Result<(), QueryError> {
        let mut more = Amount::default();
        for (step, value) in values {
            match self.floats.get_mut(step) {
                Some(Some(fold)) if F::KEEPS_VALUES => {
                    let before = fold.bytes();
                    fold.add(value);
                    more = more.plus(Amount { samples: 1, bytes: fold.bytes() - before });
                }
                Some(Some(fold)) => fold.add(value),
                Some(empty) => {
                    let fold = F::start(value);
                    more = more.plus(Amount { samples: 1, bytes: fold.bytes() });
                    *empty = Some(fold);
                }
                None => {}
            }
        }
        self.holding.add(more)
    }

    /// The row of the result; what the group held is settled.
    fn finish(
        self,
        labels: Labels,
        plan: &AggregatePlan,
        param: &Numbers,
        cx: &Context<'_>,
    ) -> Result<Row, QueryError> {
        let mut pace = cx.pace();
        let Self { drops_name, floats, histograms, holding: _holding } = self;
        let mut values = Column::absent(floats.len());
        let has_number = |step: usize| floats.get(step).is_some_and(Option::is_some);
        let mut histograms = histograms.finish(plan, has_number, cx);
        for (step, fold) in floats.into_iter().enumerate() {
            let Some(fold) = fold else { continue };
            if histograms.contains(step) {
                // A number and a distribution have no sum.
                cx.remark(plan.input_span, Remark::MixedFloatsHistogramsInAggregation);
                histograms.forget(step);
            } else {
                pace.add(1 + fold.bytes() / size_of::<f64>())?;
                values.set(step, fold.finish(param.get(step)));
            }
        }
        for (step, histogram) in histograms.into_iter() {
            values.put(step, SampleValue::Histogram(histogram));
        }
        Ok(Row { labels, drops_name, values })
    }
}

/// The groups stay on the ledger until the row of each is handed on.
fn fold<'q, F: Fold + 'q>(
    plan: &'q AggregatePlan,
    param: Numbers,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let mut names = Groups::default();
    let mut groups: Vec<Group<'q, F>> = Vec::new();
    for row in super::open(&plan.input, cx)? {
        let row = row?;
        let labels = group_labels(&row.labels, &plan.grouping);
        let index = names.find(labels);
        if let (true, Some(labels)) = (index == groups.len(), names.labels.last()) {
            groups.push(Group::new(labels, grid.steps, cx)?);
        }
        let Some(group) = groups.get_mut(index) else { continue };
        group.drops_name |= row.drops_name;
        group.take(row.values.iter())?;
        if row.values.has_histograms() {
            take_histograms(plan, group, &row, cx)?;
        }
    }
    let groups = names.labels.into_iter().zip(groups);
    let rows = groups.map(move |(labels, group)| group.finish(labels, plan, &param, cx));
    Ok(without_empty(Box::new(rows)))
}

/// Takes in the histograms of a series, as the operator treats them.
fn take_histograms<F: Fold>(
    plan: &AggregatePlan,
    group: &mut Group<'_, F>,
    row: &Row,
    cx: &Context<'_>,
) -> Result<(), QueryError> {
    match plan.op {
        AggregateOp::Sum | AggregateOp::Avg => {
            let Group { floats, histograms, holding, .. } = group;
            let has_number = |step: usize| floats.get(step).is_some_and(Option::is_some);
            histograms.take(plan, row, has_number, holding, cx)?;
        }
        AggregateOp::Count | AggregateOp::Group => {
            group.take(row.values.iter_histograms().map(|(step, _)| (step, 0.0)))?;
        }
        AggregateOp::Min
        | AggregateOp::Max
        | AggregateOp::Stddev
        | AggregateOp::Stdvar
        | AggregateOp::Quantile
        | AggregateOp::Topk
        | AggregateOp::Bottomk
        | AggregateOp::Limitk
        | AggregateOp::LimitRatio
        | AggregateOp::CountValues => {
            let aggregation = plan.op.name();
            cx.remark(plan.input_span, Remark::HistogramIgnoredInAggregation { aggregation });
        }
    }
    Ok(())
}
