//! Range functions: a window slides over the samples of one series, step by step.

use std::sync::Arc;

use narthex_model::{Labels, METRIC_NAME};
use narthex_storage::{Columns, TimeRange};

use crate::ast::Extension;
use crate::functions::FunctionId;
use crate::functions::window::Window;
use crate::remarks::Remark;
use crate::result::{MatrixSeries, QueryError, SampleValue};

use super::context::Context;
use super::distinct::is_range_of_one_metric;
use super::extended;
use super::held::Held;
use super::holding::{Amount, Holding, POINT_BYTES, samples_of_histogram};
use super::merge;
use super::parallel;
use super::plan::{RangePlan, RangeSource, Vector, WindowPlan};
use super::row::{Column, Row, to_native};
use super::scalar::{self, Numbers};
use super::select::{read, time_range};
use super::track::{Slider, Track};
use super::{Rows, open as open_vector};

use self::apply::Series;
use self::extremes::Extreme;

mod apply;
mod extremes;
mod histograms;
mod rates;

/// One series of a range vector, all samples that any window needs.
struct Samples<'q> {
    labels: Labels,
    drops_name: bool,
    track: Track,
    /// What the track holds.
    holding: Holding<'q>,
}

type SampleStream<'q> = Box<dyn Iterator<Item = Result<Samples<'q>, QueryError>> + 'q>;

/// The times that the windows of a selector look at.
fn needed(plan: &RangePlan, cx: &Context<'_>) -> TimeRange {
    let (before, after) = margins(plan.extension(), cx.lookback);
    let start = plan.end(plan.grid.start).saturating_sub(plan.range).saturating_sub(before);
    let end = plan.end(plan.grid.last()).saturating_add(after);
    time_range(start.saturating_add(1), end)
}

/// The series of a range vector without staleness markers, one after the other.
fn samples<'q>(plan: &'q RangePlan, cx: &'q Context<'q>) -> Result<SampleStream<'q>, QueryError> {
    match &plan.source {
        RangeSource::Select(select) => {
            let range = needed(plan, cx);
            let selected = cx.series(&select.matchers)?;
            Ok(Box::new((0..selected.series.len()).filter_map(move |index| {
                let series = selected.series.get(index)?;
                let mut columns = Columns::default();
                let read = read(series.as_ref(), range, &mut columns, cx);
                Some(read.map(|holding| {
                    let track = Track::new(columns, false, select.reading);
                    Samples { labels: series.labels().clone(), drops_name: false, track, holding }
                }))
            })))
        }
        RangeSource::Subquery { inner, .. } => of_subquery(inner, cx),
    }
}

fn of_subquery<'q>(inner: &'q Vector, cx: &'q Context<'q>) -> Result<SampleStream<'q>, QueryError> {
    let grid = inner.grid;
    Ok(Box::new(open_vector(inner, cx)?.map(move |row| {
        cx.check()?;
        let row = row?;
        // The row becomes a track: each value with its time beside it.
        let track = Amount::of_bytes(row.values.steps() * POINT_BYTES);
        let holding = cx.ledger.hold_series(Amount::of_row(&row).plus(track))?;
        let mut track = row.values.into_track(grid);
        track.forget_resets();
        Ok(Samples { labels: row.labels, drops_name: row.drops_name, track, holding })
    })))
}

/// How far an extended window reaches beyond its start and its end.
fn margins(extension: Extension, lookback: i64) -> (i64, i64) {
    match extension {
        Extension::None => (0, 0),
        Extension::Anchored => (lookback, 0),
        Extension::Smoothed => (lookback, lookback),
    }
}

/// Calls `visit` for the window of each step that holds a sample.
fn visit_windows(
    plan: &RangePlan,
    track: &Track,
    cx: &Context<'_>,
    mut visit: impl FnMut(usize, &Window<'_>) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    let (before, after) = margins(plan.extension(), cx.lookback);
    let mut slider = Slider::default();
    let mut tally = cx.counts.tally(plan.counted);
    let mut pace = cx.pace();
    for (step, at) in plan.grid.times().enumerate() {
        let end = plan.end(at);
        let start = end.saturating_sub(plan.range);
        let ends = (start.saturating_sub(before), end.saturating_add(after));
        let window = slider.window(track, ends, (start, end, at));
        let samples = samples_of(&window);
        pace.add(1 + samples)?;
        if window.len() > 0 {
            tally.add(step, samples);
            visit(step, &window)?;
        }
    }
    Ok(())
}

/// What a window counts for the limit of samples.
fn samples_of(window: &Window<'_>) -> usize {
    let histograms = window.histograms.iter().map(|h| samples_of_histogram(h.size()));
    window.times.len() + histograms.sum::<usize>()
}

/// Whether start times change what the function makes of a window.
const fn uses_starts(function: FunctionId) -> bool {
    matches!(
        function,
        FunctionId::Rate | FunctionId::Irate | FunctionId::Increase | FunctionId::Resets
    )
}

pub(super) fn open<'q>(plan: &'q WindowPlan, cx: &'q Context<'q>) -> Result<Rows<'q>, QueryError> {
    let grid = plan.input.grid;
    let params: Result<Vec<Numbers>, _> =
        plan.params.iter().map(|param| scalar::evaluate(param, grid, cx)).collect();
    let params = params?;
    let rows: Rows<'q> = match &plan.input.source {
        RangeSource::Select(select) => {
            let with_starts = cx.features.start_timestamps && uses_starts(plan.function);
            let range = needed(&plan.input, cx);
            let selected = cx.series(&select.matchers)?;
            parallel::rows(selected, grid.steps, cx, move |series, scratch| {
                let _holding = read(series, range, scratch, cx)?;
                let mut track = Track::new(std::mem::take(scratch), with_starts, select.reading);
                let row = row(plan, series.labels().clone(), false, &mut track, &params, cx);
                *scratch = track.columns;
                row
            })
        }
        RangeSource::Subquery { inner, .. } => {
            Box::new(of_subquery(inner, cx)?.filter_map(move |series| {
                let row = series.and_then(|series| {
                    let Samples { labels, drops_name, mut track, holding: _holding } = series;
                    row(plan, labels, drops_name, &mut track, &params, cx)
                });
                row.transpose()
            }))
        }
    };
    // A series that has lost its name loses its type and unit here, whatever the function.
    let keeps_name =
        keeps_name(plan.function) && matches!(plan.input.source, RangeSource::Select(_));
    let is_distinct =
        keeps_name || cx.features.delayed_name_removal || is_range_of_one_metric(&plan.input, cx)?;
    if is_distinct {
        return Ok(Box::new(rows));
    }
    let held = Held::collect(rows, &cx.ledger)?;
    let mut labels: Vec<&Labels> = held.rows.iter().map(|row| &row.labels).collect();
    labels.sort_unstable();
    if labels.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(merge::same_labels());
    }
    Ok(held.into_rows())
}

pub(super) const fn keeps_name(function: FunctionId) -> bool {
    matches!(function, FunctionId::LastOverTime | FunctionId::FirstOverTime)
}

/// The function of one series at all steps; nothing when it has no value.
fn row(
    plan: &WindowPlan,
    labels: Labels,
    drops_name: bool,
    track: &mut Track,
    params: &[Numbers],
    cx: &Context<'_>,
) -> Result<Option<Row>, QueryError> {
    let RangePlan { range, grid, counted, .. } = plan.input;
    let ends = grid.times().map(|at| plan.input.end(at));
    let values = if let Some(extreme) = Extreme::of(plan, track) {
        extreme.column(track, range, ends, cx.counts.tally(counted), cx.pace())?
    } else if let Some(kind) = rates::kind(plan, track) {
        rates::column(kind, track, range, ends, cx.counts.tally(counted), cx.pace())?
    } else {
        each_window(plan, &labels, track, params, cx)?
    };
    if values.is_empty() {
        return Ok(None);
    }
    if values.has_floats() {
        suspect_counter(plan, &labels, cx);
    }
    let mut row = Row { labels, drops_name, values };
    if row.drops_name || !keeps_name(plan.function) {
        cx.drop_name(&mut row);
    }
    Ok(Some(row))
}

/// The function of the samples of each window.
fn each_window(
    plan: &WindowPlan,
    labels: &Labels,
    track: &mut Track,
    params: &[Numbers],
    cx: &Context<'_>,
) -> Result<Column, QueryError> {
    let mut values = Column::absent(plan.input.grid.steps);
    // Each step may have a histogram of its own: they are held as they are made.
    let mut holding = cx.ledger.holding();
    let series = Series { plan, cx, metric: labels.get(METRIC_NAME).unwrap_or("") };
    if matches!(plan.function, FunctionId::Rate | FunctionId::Increase) {
        track.find_resets(&mut cx.pace())?;
    }
    visit_windows(&plan.input, track, cx, |step, window| {
        let param = |index: usize| params.get(index).map_or(f64::NAN, |param| param.get(step));
        match series.apply(window, param)? {
            Some(SampleValue::Float(value)) => values.set(step, value),
            Some(value) => {
                holding.add_little(Amount::bytes_of_value(&value))?;
                values.put(step, value);
            }
            None => {}
        }
        Ok(())
    })?;
    Ok(values)
}

/// Warns of a quantile that is none.
pub(super) fn check_quantile(q: f64, span: crate::span::Span, cx: &Context<'_>) {
    if !(0.0..=1.0).contains(&q) {
        cx.remark(span, Remark::InvalidQuantile(q));
    }
}

/// Remarks on a `rate` of what does not look like a counter.
fn suspect_counter(plan: &WindowPlan, labels: &Labels, cx: &Context<'_>) {
    if !matches!(plan.function, FunctionId::Rate | FunctionId::Increase) {
        return;
    }
    let Some(metric) = labels.get(METRIC_NAME) else { return };
    if cx.features.type_and_unit_labels {
        let metric_type = labels.get("__type__").unwrap_or("");
        if !["counter", "histogram"].contains(&metric_type) {
            cx.remark(plan.first_span, Remark::PossibleNonCounterType { metric, metric_type });
        }
    } else if !COUNTER_SUFFIXES.iter().any(|suffix| metric.ends_with(suffix)) {
        cx.remark(plan.first_span, Remark::PossibleNonCounter { metric });
    }
}

/// How the names of counters end.
pub(crate) const COUNTER_SUFFIXES: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

/// At which steps any series has a sample in its window.
pub(super) fn presence(plan: &RangePlan, cx: &Context<'_>) -> Result<Vec<bool>, QueryError> {
    let mut present = vec![false; plan.grid.steps];
    for series in samples(plan, cx)? {
        visit_windows(plan, &series?.track, cx, |step, _| {
            if let Some(slot) = present.get_mut(step) {
                *slot = true;
            }
            Ok(())
        })?;
    }
    Ok(present)
}

/// The samples themselves, of a range vector at a single time.
pub(super) fn raw(plan: &RangePlan, cx: &Context<'_>) -> Result<Vec<MatrixSeries>, QueryError> {
    let (mut all, mut holding) = (Vec::new(), cx.ledger.holding());
    for series in samples(plan, cx)? {
        let series = series?;
        let mut points = Columns::default();
        visit_windows(plan, &series.track, cx, |_, window| {
            points = match plan.extension() {
                Extension::None => columns_of(window),
                extension @ (Extension::Anchored | Extension::Smoothed) => {
                    extended::extend(window, extension)?
                }
            };
            Ok(())
        })?;
        if !points.is_empty() {
            // What an operator has dropped at once, it has dropped for itself.
            let labels = if series.drops_name && cx.features.delayed_name_removal {
                super::context::without_metadata(&series.labels)
            } else {
                series.labels
            };
            let series = MatrixSeries { labels, points };
            holding.add(Amount::of_series(&series))?;
            all.push(series);
        }
    }
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    if cx.features.delayed_name_removal { merge::of_same_labels(all) } else { Ok(all) }
}

fn columns_of(window: &Window<'_>) -> Columns {
    let mut points = Columns::from_floats(window.times.to_vec(), window.values.to_vec());
    for (at, histogram) in window.histogram_times.iter().zip(window.histograms) {
        points.push_histogram(*at, Arc::new(to_native(Arc::clone(histogram))));
    }
    points
}

#[cfg(test)]
mod tests;
