//! Rows that end up with the same labels.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use narthex_model::{Labels, METRIC_NAME, MatchOp};

use crate::ast::BinaryOp;
use crate::result::QueryError;

use super::Rows;
use super::context::Context;
use super::held::Held;
use super::holding::Amount;
use super::plan::{RangePlan, RangeSource, Select, Vector, VectorKind};
use super::row::Row;

pub(super) fn same_labels() -> QueryError {
    QueryError::Execution("vector cannot contain metrics with the same labelset".to_owned())
}

/// Joins rows of the same labels, in the order of the first of each.
pub(super) fn merge(held: Held<'_>) -> Result<Held<'_>, QueryError> {
    let Held { rows, mut holding } = held;
    let mut index: HashMap<Labels, usize> = HashMap::with_capacity(rows.len());
    let mut merged: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        match index.entry(row.labels.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(merged.len());
                merged.push(row);
            }
            Entry::Occupied(entry) => {
                let Some(known) = merged.get_mut(*entry.get()) else { return Err(same_labels()) };
                let apart = Amount::of_row(known).plus(Amount::of_row(&row));
                if !known.values.merge(&row.values) {
                    return Err(same_labels());
                }
                holding.remove(apart.minus(Amount::of_row(known)));
            }
        }
    }
    Ok(Held { rows: merged, holding })
}

/// Makes sure that rows whose names were dropped are distinct. Streams when they must be, because
/// all had the same name before.
pub(super) fn after_drop<'q>(
    rows: Rows<'q>,
    input: &Vector,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    if cx.features.delayed_name_removal || is_distinct(input) {
        return Ok(rows);
    }
    Ok(merge(Held::collect(rows, &cx.ledger)?)?.into_rows())
}

/// Whether the rows of a plan are distinct even without their names, when names are dropped at
/// once.
pub(super) fn is_distinct(plan: &Vector) -> bool {
    match &plan.kind {
        VectorKind::Select(select) => has_one_name(select),
        VectorKind::Window(window) => is_range_distinct(&window.input),
        VectorKind::Fixed(inner)
        | VectorKind::Negate(inner)
        | VectorKind::Map { input: inner, .. }
        | VectorKind::OfHistograms { input: inner, .. }
        | VectorKind::Sort { input: inner, .. } => is_distinct(inner),
        VectorKind::Arithmetic(arithmetic) => is_distinct(&arithmetic.vector),
        VectorKind::Choose(choose) => is_distinct(&choose.input),
        VectorKind::Set(set) => set.op != BinaryOp::Or && is_distinct(&set.lhs),
        VectorKind::Buckets(buckets) => is_distinct(&buckets.input),
        VectorKind::Aggregate(aggregate) => !keeps_name(&aggregate.grouping),
        VectorKind::CountValues { grouping, .. } => !keeps_name(grouping),
        VectorKind::Absent { .. }
        | VectorKind::AbsentOverTime { .. }
        | VectorKind::OfScalar(_)
        | VectorKind::Nothing(_) => true,
        VectorKind::Join(_) | VectorKind::Relabel { .. } | VectorKind::Info(_) => false,
    }
}

pub(super) fn is_range_distinct(range: &RangePlan) -> bool {
    match &range.source {
        RangeSource::Select(select) => has_one_name(select),
        RangeSource::Subquery { inner, .. } => is_distinct(inner),
    }
}

fn has_one_name(select: &Select) -> bool {
    select.matchers.iter().any(|m| m.name() == METRIC_NAME && m.op() == MatchOp::Equal)
}

fn keeps_name(grouping: &crate::ast::Grouping) -> bool {
    !grouping.without && grouping.labels.iter().any(|label| label == METRIC_NAME)
}
