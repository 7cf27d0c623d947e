//! Aggregations that put series together: one fold a group and step, so that memory follows the
//! result and not the input.

use std::collections::HashMap;

use narthex_model::{CompensatedSum, Labels, METRIC_NAME};

use crate::ast::{AggregateOp, Grouping};
use crate::functions::mean::Mean;
use crate::functions::quantile::quantile;
use crate::remarks::Remark;
use crate::result::{QueryError, SampleValue};
use crate::span::Span;

use super::context::Context;
use super::grid::Grid;
use super::holding::{Amount, Holding};
use super::plan::AggregatePlan;
use super::row::{Column, Row};
use super::scalar::{self, Numbers};
use super::{Rows, from_vec};

use self::histograms::Histograms;
pub(super) use self::histograms::Resets;

mod histograms;

/// What the values of a group at one step become.
trait Fold: Sized {
    fn start(value: f64) -> Self;
    fn add(&mut self, value: f64);
    /// `param` is that of the aggregation at this step.
    fn finish(self, param: f64) -> f64;
}

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
        AggregateOp::Sum => fold::<SumFold>(plan, &param, grid, cx),
        AggregateOp::Avg => fold::<Mean>(plan, &param, grid, cx),
        AggregateOp::Min => fold::<MinFold>(plan, &param, grid, cx),
        AggregateOp::Max => fold::<MaxFold>(plan, &param, grid, cx),
        AggregateOp::Count => fold::<CountFold>(plan, &param, grid, cx),
        AggregateOp::Group => fold::<GroupFold>(plan, &param, grid, cx),
        AggregateOp::Stdvar => fold::<Spread<false>>(plan, &param, grid, cx),
        AggregateOp::Stddev => fold::<Spread<true>>(plan, &param, grid, cx),
        AggregateOp::Quantile => {
            check_quantiles(&param, grid, plan.param_span, cx);
            fold::<QuantileFold>(plan, &param, grid, cx)
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
struct Group<F> {
    drops_name: bool,
    /// The fold of the floats at each step.
    floats: Vec<Option<F>>,
    histograms: Histograms,
}

fn fold<'q, F: Fold>(
    plan: &AggregatePlan,
    param: &Numbers,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let mut names = Groups::default();
    let mut groups: Vec<Group<F>> = Vec::new();
    let mut holding = cx.ledger.holding();
    for row in super::open(&plan.input, cx)? {
        let row = row?;
        let index = names.find(group_labels(&row.labels, &plan.grouping));
        if index == groups.len() {
            holding.add(Amount::of(grid.steps, size_of::<Option<F>>()))?;
            let floats = (0..grid.steps).map(|_| None).collect();
            groups.push(Group { drops_name: false, floats, histograms: Histograms::default() });
        }
        let Some(group) = groups.get_mut(index) else { continue };
        group.drops_name |= row.drops_name;
        for (step, value) in row.values.iter() {
            match group.floats.get_mut(step) {
                Some(Some(fold)) => fold.add(value),
                Some(empty) => *empty = Some(F::start(value)),
                None => {}
            }
        }
        if row.values.has_histograms() {
            take_histograms(plan, group, &row, &mut holding, cx)?;
        }
    }
    let mut rows = Vec::with_capacity(groups.len());
    for (labels, group) in names.labels.into_iter().zip(groups) {
        let Group { drops_name, floats, histograms } = group;
        let mut values = Column::absent(grid.steps);
        let has_number = |step: usize| floats.get(step).is_some_and(Option::is_some);
        let mut histograms = histograms.finish(plan, has_number, cx);
        for (step, fold) in floats.into_iter().enumerate() {
            let Some(fold) = fold else { continue };
            if histograms.contains(step) {
                // A number and a distribution have no sum.
                cx.remark(plan.input_span, Remark::MixedFloatsHistogramsInAggregation);
                histograms.forget(step);
            } else {
                values.set(step, fold.finish(param.get(step)));
            }
        }
        for (step, histogram) in histograms.into_iter() {
            values.put(step, SampleValue::Histogram(histogram));
        }
        rows.push(Row { labels, drops_name, values });
    }
    rows.retain(|row| !row.values.is_empty());
    Ok(from_vec(rows))
}

/// Takes in the histograms of a series, as the operator treats them.
fn take_histograms<F: Fold>(
    plan: &AggregatePlan,
    group: &mut Group<F>,
    row: &Row,
    holding: &mut Holding<'_>,
    cx: &Context<'_>,
) -> Result<(), QueryError> {
    match plan.op {
        AggregateOp::Sum | AggregateOp::Avg => {
            let Group { floats, histograms, .. } = group;
            let has_number = |step: usize| floats.get(step).is_some_and(Option::is_some);
            histograms.take(plan, row, has_number, holding, cx)?;
        }
        AggregateOp::Count | AggregateOp::Group => {
            for (step, _) in row.values.iter_histograms() {
                match group.floats.get_mut(step) {
                    Some(Some(fold)) => fold.add(0.0),
                    Some(empty) => *empty = Some(F::start(0.0)),
                    None => {}
                }
            }
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

struct SumFold(CompensatedSum);

impl Fold for SumFold {
    fn start(value: f64) -> Self {
        Self(CompensatedSum::starting_at(value))
    }

    fn add(&mut self, value: f64) {
        self.0.add(value);
    }

    fn finish(self, _param: f64) -> f64 {
        self.0.value()
    }
}

impl Fold for Mean {
    fn start(value: f64) -> Self {
        Self::starting_at(value)
    }

    fn add(&mut self, value: f64) {
        Self::add(self, value);
    }

    fn finish(self, _param: f64) -> f64 {
        self.value()
    }
}

struct MinFold(f64);

impl Fold for MinFold {
    fn start(value: f64) -> Self {
        Self(value)
    }

    fn add(&mut self, value: f64) {
        if value < self.0 || self.0.is_nan() {
            self.0 = value;
        }
    }

    fn finish(self, _param: f64) -> f64 {
        self.0
    }
}

struct MaxFold(f64);

impl Fold for MaxFold {
    fn start(value: f64) -> Self {
        Self(value)
    }

    fn add(&mut self, value: f64) {
        if value > self.0 || self.0.is_nan() {
            self.0 = value;
        }
    }

    fn finish(self, _param: f64) -> f64 {
        self.0
    }
}

struct CountFold(f64);

impl Fold for CountFold {
    fn start(_value: f64) -> Self {
        Self(1.0)
    }

    fn add(&mut self, _value: f64) {
        self.0 += 1.0;
    }

    fn finish(self, _param: f64) -> f64 {
        self.0
    }
}

struct GroupFold;

impl Fold for GroupFold {
    fn start(_value: f64) -> Self {
        Self
    }

    fn add(&mut self, _value: f64) {}

    fn finish(self, _param: f64) -> f64 {
        1.0
    }
}

/// The mean square distance from the mean (Welford), or its root.
struct Spread<const ROOT: bool> {
    count: f64,
    mean: f64,
    squares: f64,
}

impl<const ROOT: bool> Fold for Spread<ROOT> {
    fn start(value: f64) -> Self {
        let squares = if value.is_finite() { 0.0 } else { f64::NAN };
        Self { count: 1.0, mean: value, squares }
    }

    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (value - self.mean);
    }

    fn finish(self, _param: f64) -> f64 {
        let variance = self.squares / self.count;
        if ROOT { variance.sqrt() } else { variance }
    }
}

struct QuantileFold(Vec<f64>);

impl Fold for QuantileFold {
    fn start(value: f64) -> Self {
        Self(vec![value])
    }

    fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    fn finish(mut self, param: f64) -> f64 {
        quantile(param, &mut self.0)
    }
}
