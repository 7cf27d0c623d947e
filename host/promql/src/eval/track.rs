//! The samples of one series as range functions need them: decoded once, without staleness markers.

use std::sync::Arc;

use narthex_model::{BucketLayout, CounterReset, FloatHistogram, NativeHistogram, is_stale};
use narthex_storage::{Columns, HistogramPoint};

use crate::functions::rate;
use crate::functions::window::Window;
use crate::result::QueryError;

use super::context::Pace;
use super::plan::Reading;

/// All samples of a series that any window needs.
#[derive(Debug, Default)]
pub(crate) struct Track {
    pub(super) columns: Columns,
    /// The histograms with fractional counts, their times and, if they are of use, their starts.
    pub(super) histograms: Vec<Arc<FloatHistogram>>,
    pub(super) histogram_times: Vec<i64>,
    pub(super) histogram_starts: Vec<i64>,
    /// Where the floats begin anew, once [`Track::find_resets`] was asked for it.
    pub(super) resets: Resets,
}

/// Resets of a counter of floats.
#[derive(Debug, Default)]
pub(crate) struct Resets {
    /// Indices of the samples after each.
    pub(super) at: Vec<usize>,
    /// The values before each.
    pub(super) before: Vec<f64>,
}

/// As queries compute with it.
pub(super) fn to_float(histogram: &NativeHistogram) -> Arc<FloatHistogram> {
    Arc::new(histogram.to_float())
}

impl Track {
    /// Takes over what was read. `with_starts`: whether start times are of use.
    pub(super) fn new(mut columns: Columns, with_starts: bool, reading: Reading) -> Self {
        remove_stale(&mut columns);
        if !with_starts {
            columns.starts.clear();
        }
        let points = std::mem::take(&mut columns.histograms);
        let histograms = match reading {
            Reading::Totals => totals(&points),
            Reading::Value | Reading::Time | Reading::Start => {
                points.iter().map(|point| to_float(&point.histogram)).collect()
            }
        };
        let histogram_times = points.iter().map(|point| point.at).collect();
        let starts = points.iter().map(|point| point.start);
        let histogram_starts = if with_starts { starts.collect() } else { Vec::new() };
        let resets = Resets::default();
        Self { columns, histograms, histogram_times, histogram_starts, resets }
    }

    /// Finds the resets of the floats, once for all windows.
    pub(super) fn find_resets(&mut self, pace: &mut Pace<'_>) -> Result<(), QueryError> {
        let Columns { times, values, starts, .. } = &self.columns;
        let has_starts = !starts.is_empty();
        for (index, pair) in values.windows(2).enumerate() {
            let [before, after] = *pair else { continue };
            pace.add(1)?;
            if after < before || has_starts && rate::is_reset_by_start(starts, times, index) {
                self.resets.at.push(index + 1);
                self.resets.before.push(before);
            }
        }
        Ok(())
    }

    /// Forgets what each histogram says of a reset before it. A subquery leaves samples out and
    /// repeats others, so that this would be missed, or counted twice.
    pub(super) fn forget_resets(&mut self) {
        for histogram in &mut self.histograms {
            match histogram.reset {
                CounterReset::Reset | CounterReset::NotReset => {
                    Arc::make_mut(histogram).reset = CounterReset::Unknown;
                }
                CounterReset::Unknown | CounterReset::Gauge => {}
            }
        }
    }
}

/// Only count and sum of each. What is not known of a reset is found out by the one before, while
/// the buckets are still there.
pub(super) fn totals(points: &[HistogramPoint]) -> Vec<Arc<FloatHistogram>> {
    let mut before: Option<FloatHistogram> = None;
    let mut all = Vec::with_capacity(points.len());
    for point in points {
        let mut whole = point.histogram.to_float();
        if let (CounterReset::Unknown, Some(before)) = (whole.reset, &before)
            && !is_stale(whole.sum)
        {
            let is_reset = whole.detect_reset(before);
            whole.reset = if is_reset { CounterReset::Reset } else { CounterReset::NotReset };
        }
        let layout = BucketLayout { schema: whole.layout.schema, ..BucketLayout::default() };
        let FloatHistogram { reset, count, sum, .. } = whole;
        all.push(Arc::new(FloatHistogram { reset, layout, count, sum, ..Default::default() }));
        if !is_stale(sum) {
            before = Some(whole);
        }
    }
    all
}

/// Removes staleness markers of either kind.
pub(super) fn remove_stale(samples: &mut Columns) {
    samples.histograms.retain(|point| !point.histogram.is_stale());
    if !samples.values.iter().any(|value| is_stale(*value)) {
        return;
    }
    let is_kept: Vec<bool> = samples.values.iter().map(|value| !is_stale(*value)).collect();
    let mut keep = is_kept.iter();
    samples.times.retain(|_| keep.next().copied().unwrap_or(true));
    let mut keep = is_kept.iter();
    samples.starts.retain(|_| keep.next().copied().unwrap_or(true));
    samples.values.retain(|value| !is_stale(*value));
}

/// Moves a window on, so that it holds what comes after `first` and up to `last`.
#[inline]
pub(super) fn slide<T: PartialOrd>(
    sorted: &[T],
    window: (usize, usize),
    (first, last): (T, T),
) -> (usize, usize) {
    let skip = |from: usize, until: &T| {
        let rest = sorted.get(from..).unwrap_or(&[]);
        from + rest.iter().take_while(|at| *at <= until).count()
    };
    let from = skip(window.0, &first);
    (from, skip(window.1.max(from), &last))
}

/// A window that slides over a track: both ends only move on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slider {
    floats: (usize, usize),
    histograms: (usize, usize),
    resets: (usize, usize),
}

impl Slider {
    /// The samples after `first` and up to `last`; the rest of the window is as given.
    #[inline]
    pub(super) fn window<'t>(
        &mut self,
        track: &'t Track,
        (first, last): (i64, i64),
        (start, end, at): (i64, i64, i64),
    ) -> Window<'t> {
        let Track { columns, resets, .. } = track;
        self.floats = slide(&columns.times, self.floats, (first, last));
        let floats = self.floats.0..self.floats.1;
        let mut window = Window {
            times: columns.times.get(floats.clone()).unwrap_or(&[]),
            values: columns.values.get(floats.clone()).unwrap_or(&[]),
            starts: columns.starts.get(floats.clone()).unwrap_or(&[]),
            before_resets: &[],
            histogram_times: &[],
            histograms: &[],
            histogram_starts: &[],
            start,
            end,
            at,
        };
        if !resets.at.is_empty() {
            // The sample after a reset may not be the window's first.
            let ends = (floats.start, floats.end.saturating_sub(1));
            self.resets = slide(&resets.at, self.resets, ends);
            let resets = resets.before.get(self.resets.0..self.resets.1);
            window.before_resets = resets.unwrap_or(&[]);
        }
        if !track.histograms.is_empty() {
            self.histograms = slide(&track.histogram_times, self.histograms, (first, last));
            let histograms = self.histograms.0..self.histograms.1;
            let times = track.histogram_times.get(histograms.clone());
            window.histogram_times = times.unwrap_or(&[]);
            window.histograms = track.histograms.get(histograms.clone()).unwrap_or(&[]);
            window.histogram_starts = track.histogram_starts.get(histograms).unwrap_or(&[]);
        }
        window
    }
}

#[cfg(test)]
mod tests;
