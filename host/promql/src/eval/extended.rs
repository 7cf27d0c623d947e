//! `anchored` and `smoothed`: windows whose ends borrow from the samples beyond them.

use std::sync::Arc;

use narthex_model::{FloatHistogram, Labels, METRIC_NAME};
use narthex_storage::Columns;

use crate::ast::Extension;
use crate::functions::native::{self, Findings};
use crate::functions::rate::RateKind;
use crate::functions::window::Window;
use crate::remarks::Remark;
use crate::result::{QueryError, SampleValue};
use crate::span::Span;

use super::context::Context;
use super::grid::Grid;
use super::plan::Select;
use super::planner::refuse;
use super::row::Column;
use super::track::{Slider, Track};

/// The value on the line from one sample to the next. A counter that fell began again at zero.
fn interpolate(from: (i64, f64), to: (i64, f64), at: i64, is_counter: bool) -> f64 {
    let start = if is_counter && to.1 < from.1 { 0.0 } else { from.1 };
    start + (to.1 - start) * (at - from.0) as f64 / (to.0 - from.0) as f64
}

/// A smoothed instant selector: the value between the samples around each step.
pub(super) fn smooth(
    samples: Columns,
    labels: &Labels,
    (select, span): (&Select, Span),
    grid: Grid,
    cx: &Context<'_>,
) -> Column {
    let track = Track::new(samples, false, select.reading);
    let metric = labels.get(METRIC_NAME).unwrap_or("");
    let mut slider = Slider::default();
    let mut values = Column::absent(grid.steps);
    for (step, step_at) in grid.times().enumerate() {
        let at = select.reference(step_at);
        let ends = (at.saturating_sub(cx.lookback), at.saturating_add(cx.lookback));
        let window = slider.window(&track, ends, (at, at, step_at));
        if window.is_mixed() {
            cx.remark(span, Remark::MixedFloatsHistograms { metric });
        } else if window.histograms.is_empty() {
            if let Some(value) = smoothed_at(&window, at) {
                values.set(step, value);
            }
        } else {
            let (histogram, findings) = smoothed_histogram(&window, at);
            cx.report(span, metric, &findings);
            if let Some(histogram) = histogram {
                values.put(step, SampleValue::Histogram(Arc::new(histogram)));
            }
        }
    }
    values
}

fn smoothed_histogram(window: &Window<'_>, at: i64) -> (Option<FloatHistogram>, Findings) {
    let sample = |index: usize| -> Option<(i64, &FloatHistogram)> {
        Some((*window.histogram_times.get(index)?, &**window.histograms.get(index)?))
    };
    let next = window.histogram_times.partition_point(|time| *time < at);
    native::extended::smooth(next.checked_sub(1).and_then(sample), sample(next), at)
}

fn smoothed_at(window: &Window<'_>, at: i64) -> Option<f64> {
    let sample = |index: usize| Some((*window.times.get(index)?, *window.values.get(index)?));
    let next = window.times.partition_point(|time| *time < at);
    let before = next.checked_sub(1).and_then(sample);
    match (before, sample(next)) {
        (_, Some((time, value))) if time == at => Some(value),
        (Some(before), Some(after)) => Some(interpolate(before, after, at, false)),
        (Some((_, value)), None) => Some(value),
        (None, _) => None,
    }
}

/// The part of an extended window that counts: its samples from the last one at or before the
/// start on, and for a smoothed one up to the first at or after the end; and the values at both
/// ends of the window.
struct Ends {
    first: usize,
    last: usize,
    first_at: i64,
    left: f64,
    right: f64,
}

fn ends(window: &Window<'_>, extension: Extension, is_counter: bool) -> Option<Ends> {
    let times = window.times;
    let sample = |index: usize| Some((*times.get(index)?, *window.values.get(index)?));
    let is_smoothed = extension == Extension::Smoothed;
    let mut last = times.len().checked_sub(1)?;
    let body = times.get(..last)?;
    let first = body.partition_point(|at| *at <= window.start).saturating_sub(1);
    if is_smoothed {
        last = body.partition_point(|at| *at < window.end);
    }
    let (left, right) = (sample(first)?, sample(last)?);
    if right.0 <= window.start {
        return None;
    }
    let first_at = left.0;
    let left = if is_smoothed && left.0 < window.start {
        interpolate(left, sample(first + 1)?, window.start, is_counter)
    } else {
        left.1
    };
    let right = match last.checked_sub(1).and_then(sample) {
        Some(before) if is_smoothed && right.0 > window.end => {
            interpolate(before, right, window.end, is_counter)
        }
        _ => right.1,
    };
    Some(Ends { first, last, first_at, left, right })
}

/// `rate`, `increase` and `delta` over an extended window: no extrapolation, the ends are known.
pub(super) fn rate(window: &Window<'_>, extension: Extension, kind: RateKind) -> Option<f64> {
    let Ends { first, last, first_at, left, right } = ends(window, extension, kind.is_counter)?;
    // What begins after the window did not change in it, whatever a bare selector shows.
    if extension == Extension::Smoothed && first_at > window.end {
        return None;
    }
    let mut lost = 0.0;
    if kind.is_counter {
        let is_within = |at: &i64| *at > window.start && *at < window.end;
        let mut before = left;
        let times = window.times.get(first..=last)?;
        let values = window.values.get(first..=last)?;
        let within = times.iter().zip(values).filter(|(at, _)| is_within(at));
        for value in within.map(|(_, value)| *value).chain([right]) {
            if value < before {
                lost += before;
            }
            before = value;
        }
    }
    let change = right - left + lost;
    Some(if kind.is_per_second { change / window.seconds() } else { change })
}

/// The samples that a bare extended range selector shows: its own, and one at either end. A
/// smoothed one shows also what begins after it, as if it had been there all the time.
pub(super) fn extend(window: &Window<'_>, extension: Extension) -> Result<Columns, QueryError> {
    let mut points = Columns::default();
    if !window.histograms.is_empty() {
        return refuse(format!("{} modifier is not supported with histograms", extension.word()));
    }
    let Some(Ends { left, right, .. }) = ends(window, extension, false) else {
        return Ok(points);
    };
    points.push(window.start, left);
    for (at, value) in window.samples().filter(|(at, _)| *at > window.start && *at < window.end) {
        points.push(at, value);
    }
    points.push(window.end, right);
    Ok(points)
}
