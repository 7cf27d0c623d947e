//! What a plan will cost, known from the index alone: no sample is decoded.
//!
//! Rows are an upper bound, since a series that is selected may have no sample where it matters;
//! groups of an aggregation are counted where labels come unchanged from a selector. What is
//! expected to be held is what operators keep that need all of their input at once, and the result.

use std::collections::HashSet;

use narthex_model::Labels;

use crate::ast::{AggregateOp, BinaryOp};
use crate::result::QueryError;

use super::aggregate::group_labels;
use super::context::Context;
use super::grid::Grid;
use super::plan::{Plan, RangePlan, RangeSource, Select, Vector, VectorKind};
use super::row::Row;

/// The labels of a row, about.
const LABELS_BYTES: usize = 128;
/// The time of a value in the answer.
const TIME_BYTES: usize = 8;
/// A fold of an aggregation at one step, about.
const FOLD_BYTES: usize = 32;

/// What one operator and all below it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Series that are looked up.
    pub series: usize,
    /// Samples that are decoded, at most.
    pub samples: usize,
    /// Rows that come out, at most.
    pub rows: usize,
    /// Bytes that are held at once by this operator and those below it.
    pub held_bytes: usize,
}

/// What rows of a grid take.
const fn rows_bytes(rows: usize, grid: Grid) -> usize {
    let row = size_of::<Row>() + LABELS_BYTES + grid.steps.saturating_mul(size_of::<f64>());
    rows.saturating_mul(row)
}

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// The groups of each aggregation are counted, as far as labels tell: for people.
    Groups,
    /// Only series are counted, an aggregation is taken to have one group: before each query, for
    /// which it must be quick and must not be too much.
    Series,
}

/// What the query costs, its result included.
pub(crate) fn of_plan(
    plan: &Plan,
    counting: Counting,
    cx: &Context<'_>,
) -> Result<Cost, QueryError> {
    match plan {
        Plan::Vector(vector) => {
            let cost = of(vector, counting, cx)?;
            let times = cost.rows.saturating_mul(vector.grid.steps).saturating_mul(TIME_BYTES);
            let result = rows_bytes(cost.rows, vector.grid).saturating_add(times);
            Ok(Cost { held_bytes: cost.held_bytes.saturating_add(result), ..cost })
        }
        Plan::Scalar(scalar) => {
            let costs = scalar.inputs().into_iter().map(|input| of(input, counting, cx));
            Ok(together(&costs.collect::<Result<Vec<Cost>, _>>()?))
        }
        Plan::Range(range) => match &range.source {
            RangeSource::Select(select) => of_select(select, cx),
            RangeSource::Subquery { inner, .. } => Ok(of_subquery(range, of(inner, counting, cx)?)),
        },
        Plan::Text(_) => Ok(Cost::default()),
    }
}

fn of_select(select: &Select, cx: &Context<'_>) -> Result<Cost, QueryError> {
    let selected = cx.series(&select.matchers)?;
    let series = selected.series.len();
    Ok(Cost { series, samples: selected.samples(), rows: series, held_bytes: 0 })
}

/// All of them together: rows add up, and of what is held only the most at a time counts.
fn together(costs: &[Cost]) -> Cost {
    let mut sum = Cost::default();
    for cost in costs {
        sum.series = sum.series.saturating_add(cost.series);
        sum.samples = sum.samples.saturating_add(cost.samples);
        sum.rows = sum.rows.saturating_add(cost.rows);
        sum.held_bytes = sum.held_bytes.max(cost.held_bytes);
    }
    sum
}

/// What a subquery holds of one series at a time: its row, and its samples with their times.
fn of_subquery(range: &RangePlan, below: Cost) -> Cost {
    let series = range.inner().map_or(0, |inner| rows_bytes(1, inner.grid).saturating_mul(4));
    Cost { held_bytes: below.held_bytes.saturating_add(series), ..below }
}

/// What an operator and all below it cost.
pub(crate) fn of(plan: &Vector, counting: Counting, cx: &Context<'_>) -> Result<Cost, QueryError> {
    cx.check()?;
    if let Some(select) = plan.select() {
        return of_select(select, cx);
    }
    let inputs = plan.inputs();
    let costs: Result<Vec<Cost>, _> = inputs.iter().map(|input| of(input, counting, cx)).collect();
    let costs = costs?;
    let below = together(&costs);
    let rows_of = |wanted: &Vector| {
        let mut known = inputs.iter().zip(&costs);
        known.find(|(input, _)| std::ptr::eq(**input, wanted)).map_or(0, |(_, cost)| cost.rows)
    };
    let held = |rows: usize| below.held_bytes.saturating_add(rows_bytes(rows, plan.grid));
    Ok(match &plan.kind {
        VectorKind::Join(join) => {
            let many = if join.many_is_right() { &join.rhs } else { &join.lhs };
            Cost { rows: rows_of(many), held_bytes: held(below.rows), ..below }
        }
        VectorKind::Set(join) => {
            let is_or = join.op == BinaryOp::Or;
            let rows = if is_or { below.rows } else { rows_of(&join.lhs) };
            let held_bytes = if is_or { held(rows) } else { below.held_bytes };
            Cost { rows, held_bytes, ..below }
        }
        VectorKind::Choose(_)
        | VectorKind::Relabel { .. }
        | VectorKind::Sort { .. }
        | VectorKind::Info(_) => Cost { held_bytes: held(below.rows), ..below },
        // Buckets come in about ten to a histogram; how many is not known before.
        VectorKind::Buckets(_) => Cost { held_bytes: held(below.rows), ..below },
        VectorKind::Aggregate(aggregate) => {
            let grouping = &aggregate.grouping;
            let counted = match counting {
                Counting::Groups => {
                    groups(&aggregate.input, |labels| group_labels(labels, grouping), cx)?
                }
                Counting::Series => Some(1),
            };
            let most = if grouping.is_all() { below.rows.min(1) } else { below.rows };
            let rows = counted.map_or(most, |counted| counted.min(most));
            let folds = rows.saturating_mul(plan.grid.steps).saturating_mul(FOLD_BYTES);
            // The values of all series are needed for a quantile; where only what must be is
            // counted, none of them is: series may have values at few steps.
            let is_quantile =
                aggregate.op == AggregateOp::Quantile && matches!(counting, Counting::Groups);
            let values = if is_quantile { below.rows.saturating_mul(plan.grid.steps) } else { 0 };
            let input = values.saturating_mul(size_of::<f64>());
            let held_bytes = below.held_bytes.saturating_add(folds).saturating_add(input);
            Cost { rows, held_bytes, ..below }
        }
        VectorKind::AbsentOverTime { input, .. } => Cost { rows: 1, ..of_subquery(input, below) },
        VectorKind::Absent { .. } | VectorKind::OfScalar(_) => Cost { rows: 1, ..below },
        VectorKind::Window(window) => of_subquery(&window.input, below),
        VectorKind::Nothing(_) => Cost { rows: 0, ..below },
        VectorKind::Arithmetic(arithmetic) => Cost { rows: rows_of(&arithmetic.vector), ..below },
        VectorKind::Select(_)
        | VectorKind::Fixed(_)
        | VectorKind::Map { .. }
        | VectorKind::Negate(_)
        | VectorKind::OfHistograms { .. }
        | VectorKind::CountValues { .. } => below,
    })
}

/// How many groups the rows of a plan fall into, if their labels are those of series.
fn groups(
    plan: &Vector,
    group: impl Fn(&Labels) -> Labels,
    cx: &Context<'_>,
) -> Result<Option<usize>, QueryError> {
    let Some(select) = plan.labels_of() else { return Ok(None) };
    let selected = cx.series(&select.matchers)?;
    let labels = selected.series.iter().map(|series| group(series.labels()));
    let groups: HashSet<Labels> = labels.collect();
    Ok(Some(groups.len()))
}
