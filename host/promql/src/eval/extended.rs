//! `anchored` and `smoothed`: windows whose ends borrow from the samples beyond them.

use narthex_model::is_stale;
use narthex_storage::Columns;

use crate::ast::Extension;
use crate::functions::rate::RateKind;
use crate::functions::window::Window;

use super::grid::Grid;
use super::plan::Select;
use super::row::Column;

/// The value on the line from one sample to the next. A counter that fell began again at zero.
fn interpolate(from: (i64, f64), to: (i64, f64), at: i64, is_counter: bool) -> f64 {
    let start = if is_counter && to.1 < from.1 { 0.0 } else { from.1 };
    start + (to.1 - start) * (at - from.0) as f64 / (to.0 - from.0) as f64
}

/// A smoothed instant selector: the value between the samples around each step.
pub(super) fn smooth(samples: &mut Columns, select: &Select, grid: Grid, lookback: i64) -> Column {
    remove_stale(samples);
    let mut values = Column::absent(grid.steps);
    let sample = |index: usize| Some((*samples.times.get(index)?, *samples.values.get(index)?));
    for (step, step_at) in grid.times().enumerate() {
        let at = select.reference(step_at);
        let next = samples.times.partition_point(|time| *time < at);
        let after = sample(next).filter(|(time, _)| *time <= at.saturating_add(lookback));
        let before = next.checked_sub(1).and_then(sample);
        let before = before.filter(|(time, _)| *time > at.saturating_sub(lookback));
        let value = match (before, after) {
            (_, Some((time, value))) if time == at => Some(value),
            (Some(before), Some(after)) => Some(interpolate(before, after, at, false)),
            (Some((_, value)), None) => Some(value),
            (None, _) => None,
        };
        if let Some(value) = value {
            values.set(step, value);
        }
    }
    values
}

/// Removes staleness markers.
pub(super) fn remove_stale(samples: &mut Columns) {
    if !samples.values.iter().any(|value| is_stale(*value)) {
        return;
    }
    let mut keep = samples.values.iter().map(|value| !is_stale(*value));
    samples.times.retain(|_| keep.next().unwrap_or(true));
    samples.values.retain(|value| !is_stale(*value));
}

/// The part of an extended window that counts: its samples from the last one at or before the
/// start on, and for a smoothed one up to the first at or after the end; and the values at both
/// ends of the window.
struct Ends {
    first: usize,
    last: usize,
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
    if right.0 <= window.start || is_smoothed && left.0 > window.end {
        return None;
    }
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
    Some(Ends { first, last, left, right })
}

/// `rate`, `increase` and `delta` over an extended window: no extrapolation, the ends are known.
pub(super) fn rate(window: &Window<'_>, extension: Extension, kind: RateKind) -> Option<f64> {
    let Ends { first, last, left, right } = ends(window, extension, kind.is_counter)?;
    let mut change = right - left;
    if kind.is_counter {
        let is_within = |at: &i64| *at > window.start && *at < window.end;
        let mut before = left;
        let times = window.times.get(first..=last)?;
        let values = window.values.get(first..=last)?;
        let within = times.iter().zip(values).filter(|(at, _)| is_within(at));
        for value in within.map(|(_, value)| *value).chain([right]) {
            if value < before {
                change += before;
            }
            before = value;
        }
    }
    Some(if kind.is_per_second { change / window.seconds() } else { change })
}

/// The values that `resets` and `changes` compare over an anchored window.
pub(super) fn anchored<'a>(window: &Window<'a>) -> Option<&'a [f64]> {
    let after = window.times.partition_point(|at| *at <= window.start);
    if after >= window.times.len() {
        return None;
    }
    window.values.get(after.saturating_sub(1)..)
}

/// The samples that a bare extended range selector shows: its own, and one at either end.
pub(super) fn extend(window: &Window<'_>, extension: Extension) -> Columns {
    let mut points = Columns::default();
    let Some(Ends { left, right, .. }) = ends(window, extension, false) else { return points };
    points.push(window.start, left);
    for (at, value) in window.samples().filter(|(at, _)| *at > window.start && *at < window.end) {
        points.push(at, value);
    }
    points.push(window.end, right);
    points
}
