//! Whether rows stay distinct when the labels are dropped that say what a metric is.
//!
//! No two rows of a stream have the same labels. So rows of one metric, with the same name, type and
//! unit, or with none of them, differ in what is left: they need not be held to be compared.

use crate::ast::{BinaryOp, Grouping};
use crate::result::QueryError;

use super::arithmetic::changes_meaning;
use super::context::{Context, METADATA_LABELS};
use super::plan::{Measure, RangePlan, RangeSource, Relabel, Select, Vector, VectorKind};
use super::window::keeps_name;

/// Whether all rows of a plan are of one metric for certain, when names are dropped at once.
pub(super) fn is_of_one_metric(plan: &Vector, cx: &Context<'_>) -> Result<bool, QueryError> {
    match &plan.kind {
        VectorKind::Select(select) => selects_one_metric(select, cx),
        VectorKind::Window(window) => {
            Ok(!keeps_name(window.function) || is_range_of_one_metric(&window.input, cx)?)
        }
        VectorKind::Fixed(inner)
        | VectorKind::OfHistograms { input: inner, .. }
        | VectorKind::Sort { input: inner, .. } => is_of_one_metric(inner, cx),
        VectorKind::Arithmetic(arithmetic) => {
            let drops_name = arithmetic.return_bool || changes_meaning(arithmetic.op);
            Ok(drops_name || is_of_one_metric(&arithmetic.vector, cx)?)
        }
        VectorKind::Choose(choose) => is_of_one_metric(&choose.input, cx),
        VectorKind::Set(set) => Ok(set.op != BinaryOp::Or && is_of_one_metric(&set.lhs, cx)?),
        VectorKind::Buckets(buckets) => Ok(match &buckets.measure {
            Measure::Quantile { .. } | Measure::Fraction { .. } => true,
            Measure::Quantiles { label, .. } => !is_metadata(label),
        }),
        VectorKind::Aggregate(aggregate) => {
            groups_into_one_metric(&aggregate.grouping, &aggregate.input, cx)
        }
        VectorKind::CountValues { label, grouping, input } => {
            Ok(!is_metadata(label) && groups_into_one_metric(grouping, input, cx)?)
        }
        VectorKind::Relabel { relabel, input } => {
            let (Relabel::Replace { target, .. } | Relabel::Join { target, .. }) = relabel;
            Ok(!is_metadata(target) && is_of_one_metric(input, cx)?)
        }
        VectorKind::Absent { .. }
        | VectorKind::AbsentOverTime { .. }
        | VectorKind::Map { .. }
        | VectorKind::Negate(_)
        | VectorKind::OfScalar(_)
        | VectorKind::Nothing(_) => Ok(true),
        VectorKind::Join(_) | VectorKind::Info(_) => Ok(false),
    }
}

/// The same of what windows are taken of.
pub(super) fn is_range_of_one_metric(
    range: &RangePlan,
    cx: &Context<'_>,
) -> Result<bool, QueryError> {
    match &range.source {
        RangeSource::Select(select) => selects_one_metric(select, cx),
        RangeSource::Subquery { inner, .. } => is_of_one_metric(inner, cx),
    }
}

/// Names, types and units of the series themselves: matchers seldom tell all of them.
fn selects_one_metric(select: &Select, cx: &Context<'_>) -> Result<bool, QueryError> {
    let selected = cx.series(&select.matchers)?;
    let mut metrics = selected.series.iter().map(|series| {
        let labels = series.labels();
        METADATA_LABELS.map(|name| labels.get(name))
    });
    let first = metrics.next();
    Ok(metrics.all(|metric| Some(metric) == first))
}

fn groups_into_one_metric(
    grouping: &Grouping,
    input: &Vector,
    cx: &Context<'_>,
) -> Result<bool, QueryError> {
    let is_listed = |name: &str| grouping.labels.iter().any(|label| label == name);
    if !grouping.without {
        return Ok(!METADATA_LABELS.into_iter().any(is_listed));
    }
    // The name goes in any case.
    let [_, kind, unit] = METADATA_LABELS;
    Ok(is_listed(kind) && is_listed(unit) || is_of_one_metric(input, cx)?)
}

fn is_metadata(label: &str) -> bool {
    METADATA_LABELS.contains(&label)
}
