//! Functions of each value by itself.

use std::ops::Not;
use std::sync::Arc;

use narthex_model::FloatHistogram;

use crate::functions::native::estimate;
use crate::functions::window::seconds;
use crate::functions::{FunctionId, math};
use crate::result::{QueryError, SampleValue};

use super::Rows;
use super::context::Context;
use super::grid::Grid;
use super::merge::after_drop;
use super::plan::{Reading, Scalar, Vector, VectorKind};
use super::row::Row;
use super::scalar::{self, Numbers};

#[expect(clippy::wildcard_enum_match_arm, reason = "the others are no functions of one value")]
pub(super) fn open<'q>(
    function: FunctionId,
    input: &'q Vector,
    params: &'q [Scalar],
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let params: Result<Vec<Numbers>, _> =
        params.iter().map(|param| scalar::evaluate(param, grid, cx)).collect();
    let params = params?;
    let of_one = math::of_one(function);
    let takes_sample_time = reads_sample_times(input);
    let apply = move |step: usize, at: i64, value: f64| -> Option<f64> {
        if let Some(of_one) = of_one {
            return Some(of_one(value));
        }
        let param = |index: usize| params.get(index).map(|param| param.get(step));
        // Bounds that are no numbers are not the wrong way round.
        let clamp = |min: f64, max: f64| (max < min).not().then(|| math::clamp(value, min, max));
        match function {
            FunctionId::Round => Some(math::round(value, param(0).unwrap_or(1.0))),
            FunctionId::Clamp => clamp(param(0)?, param(1)?),
            FunctionId::ClampMin => clamp(param(0)?, f64::INFINITY),
            FunctionId::ClampMax => clamp(f64::NEG_INFINITY, param(0)?),
            FunctionId::Timestamp if takes_sample_time => Some(value),
            FunctionId::StartTimestamp => Some(value),
            FunctionId::Timestamp => Some(seconds(at)),
            _ => None,
        }
    };
    let rows = super::open(input, cx)?.map(move |row| {
        let mut row = row?;
        let mut at = grid.start;
        let mut previous = 0;
        let times_of_steps = function == FunctionId::Timestamp && !takes_sample_time;
        if times_of_steps {
            row.values.change_histograms(cx, |_, _| Some(SampleValue::Float(0.0)))?;
        } else {
            row.values.remove_histograms();
        }
        row.values.change(|step, value| {
            at = advance(at, grid, previous, step);
            previous = step;
            apply(step, at, value)
        });
        cx.drop_name(&mut row);
        Ok(row)
    });
    after_drop(without_empty(Box::new(rows)), input, cx)
}

fn advance(at: i64, grid: Grid, from: usize, to: usize) -> i64 {
    let steps = i64::try_from(to - from).unwrap_or(i64::MAX);
    at.saturating_add(grid.step.saturating_mul(steps))
}

fn reads_sample_times(input: &Vector) -> bool {
    let inner = if let VectorKind::Fixed(inner) = &input.kind { inner } else { input };
    matches!(&inner.kind, VectorKind::Select(select) if select.reading == Reading::Time)
}

pub(super) fn negate<'q>(input: &'q Vector, cx: &'q Context<'q>) -> Result<Rows<'q>, QueryError> {
    let rows = super::open(input, cx)?.map(move |row| {
        let mut row = row?;
        row.values.change(|_, value| Some(-value));
        row.values.change_histograms(cx, |_, histogram| {
            let mut negative = FloatHistogram::clone(histogram);
            negative.scale(-1.0);
            Some(SampleValue::Histogram(Arc::new(negative)))
        })?;
        cx.drop_name(&mut row);
        Ok(row)
    });
    after_drop(Box::new(rows), input, cx)
}

/// A number of each histogram; floats have none.
pub(super) fn of_histograms<'q>(
    function: FunctionId,
    input: &'q Vector,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are no functions of these")]
    let number = move |histogram: &FloatHistogram| match function {
        FunctionId::HistogramCount => Some(histogram.count),
        FunctionId::HistogramSum => Some(histogram.sum),
        FunctionId::HistogramAvg => Some(estimate::average(histogram)),
        FunctionId::HistogramStddev => Some(estimate::deviation(histogram)),
        FunctionId::HistogramStdvar => Some(estimate::variance(histogram)),
        _ => None,
    };
    let rows = super::open(input, cx)?.map(move |row| {
        let mut row = row?;
        row.values.change(|_, _| None);
        row.values
            .change_histograms(cx, |_, histogram| number(histogram).map(SampleValue::Float))?;
        cx.drop_name_only(&mut row);
        Ok(row)
    });
    after_drop(without_empty(Box::new(rows)), input, cx)
}

/// Leaves out rows that lost all their values.
pub(super) fn without_empty<'q>(rows: Rows<'q>) -> Rows<'q> {
    Box::new(
        rows.filter(|row: &Result<Row, _>| !row.as_ref().is_ok_and(|row| row.values.is_empty())),
    )
}
