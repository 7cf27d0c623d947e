//! Range functions that take native histograms as they are.

use std::sync::Arc;

use narthex_model::FloatHistogram;

use crate::functions::native::Finding;
use crate::functions::native::mixed::{Mixed, MixedValue};
use crate::functions::window::Window;
use crate::remarks::{Operation, Remark};
use crate::result::SampleValue;

use super::super::total::Total;
use super::apply::Series;

/// `first_over_time`
pub(super) fn first(window: &Window<'_>) -> Option<SampleValue> {
    let float = window.times.first().zip(window.values.first());
    let histogram = window.histogram_times.first().zip(window.histograms.first());
    match (float, histogram) {
        (Some((at, value)), other) if other.is_none_or(|(other, _)| at < other) => {
            Some(SampleValue::Float(*value))
        }
        (_, Some((_, histogram))) => Some(SampleValue::Histogram(Arc::clone(histogram))),
        (_, None) => None,
    }
}

/// `last_over_time`
pub(super) fn last(window: &Window<'_>) -> Option<SampleValue> {
    let float = window.times.last().zip(window.values.last());
    let histogram = window.histogram_times.last().zip(window.histograms.last());
    match (float, histogram) {
        (Some((at, value)), other) if other.is_none_or(|(other, _)| other < at) => {
            Some(SampleValue::Float(*value))
        }
        (_, Some((_, histogram))) => Some(SampleValue::Histogram(Arc::clone(histogram))),
        (_, None) => None,
    }
}

/// `sum_over_time` or `avg_over_time` of histograms only; nothing when they have no sum.
pub(super) fn total(
    histograms: &[Arc<FloatHistogram>],
    is_mean: bool,
    series: &Series<'_>,
) -> Option<FloatHistogram> {
    let span = series.plan.first_span;
    let (first, rest) = histograms.split_first()?;
    let mut total = Total::starting_at(first, is_mean);
    for histogram in rest {
        let Ok(merged) = total.add(histogram) else {
            series.cx.remark(span, Finding::MixedExponentialCustom.remark(series.metric));
            return None;
        };
        if merged.bounds_reconciled {
            series.cx.remark(span, Remark::BoundsReconciled(Operation::Aggregation));
        }
    }
    if total.has_reset_collision() {
        series.cx.remark(span, Remark::ResetCollision(Operation::Aggregation));
    }
    Some(total.finish())
}

/// The last two samples of either kind, the older one first.
pub(super) fn last_two<'w>(window: &Window<'w>) -> Option<(Mixed<'w>, Mixed<'w>)> {
    let first_of = |count: usize| count.saturating_sub(2);
    let mut last: Vec<Mixed<'w>> = Vec::with_capacity(4);
    for index in first_of(window.times.len())..window.times.len() {
        let start = window.starts.get(index).copied().unwrap_or(0);
        let (at, value) = (*window.times.get(index)?, *window.values.get(index)?);
        last.push(Mixed { at, start, value: MixedValue::Float(value) });
    }
    for index in first_of(window.histograms.len())..window.histograms.len() {
        let start = window.histogram_starts.get(index).copied().unwrap_or(0);
        let (at, histogram) = (*window.histogram_times.get(index)?, window.histograms.get(index)?);
        last.push(Mixed { at, start, value: MixedValue::Histogram(histogram) });
    }
    last.sort_by_key(|sample| sample.at);
    match last.as_slice() {
        [.., before, last] => Some((*before, *last)),
        _ => None,
    }
}
