//! Instant selectors: the last sample within the lookback at each step.

use std::sync::Arc;

use narthex_model::{FloatHistogram, Timestamp, is_stale, stale_nan};
use narthex_storage::{Columns, Series, TimeRange};

use crate::ast::Extension;
use crate::functions::window::seconds;
use crate::result::{QueryError, SampleValue};
use crate::span::Span;

use super::Rows;
use super::context::Context;
use super::extended;
use super::grid::Grid;
use super::holding::{Amount, Holding};
use super::parallel;
use super::plan::{Reading, Select};
use super::row::{Column, Row};
use super::track::{to_float, totals};

pub(super) fn open<'q>(
    select: &'q Select,
    span: Span,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let (first, last) = (select.reference(grid.start), select.reference(grid.last()));
    let after = if select.extension == Extension::Smoothed { cx.lookback } else { 0 };
    // A sample exactly one lookback old is too old.
    let start = first.saturating_sub(cx.lookback).saturating_add(1);
    let range = time_range(start, last.saturating_add(after));
    let selected = cx.series(&select.matchers)?;
    Ok(parallel::rows(selected, grid.steps, cx, move |series, samples| {
        let _holding = read(series, range, samples, cx)?;
        let asks_values = matches!(select.reading, Reading::Value | Reading::Totals);
        let values = if select.extension == Extension::Smoothed && asks_values {
            let samples = std::mem::take(samples);
            extended::smooth(samples, series.labels(), (select, span), grid, cx)
        } else {
            if asks_values && samples.histograms.is_empty() {
                floats_at_steps(samples, select, grid, cx.lookback)
            } else {
                at_steps(samples, select, grid, cx.lookback)
            }
        };
        if values.is_empty() {
            return Ok(None);
        }
        let mut tally = cx.counts.tally(select.counted);
        tally.add_column(&values);
        Ok(Some(Row { labels: series.labels().clone(), drops_name: false, values }))
    }))
}

pub(super) fn time_range(start: i64, end: i64) -> TimeRange {
    TimeRange { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end) }
}

/// Decodes a series into `samples`, in place of what was there. The account is to be kept for as
/// long as the samples are of use.
pub(super) fn read<'c>(
    series: &dyn Series,
    range: TimeRange,
    samples: &mut Columns,
    cx: &'c Context<'_>,
) -> Result<Holding<'c>, QueryError> {
    cx.check()?;
    samples.clear();
    series.read(range, samples)?;
    let amount = Amount::of_columns(samples);
    cx.counts.add_series(amount.samples);
    cx.ledger.hold_series(amount)
}

/// [`at_steps`] where there are no histograms, and values are asked for.
fn floats_at_steps(samples: &Columns, select: &Select, grid: Grid, lookback: i64) -> Column {
    let mut values = Column::absent(grid.steps);
    let mut next = 0;
    for (step, step_at) in grid.times().enumerate() {
        let reference = select.newest(step_at);
        let rest = samples.times.get(next..).unwrap_or(&[]);
        next += rest.iter().take_while(|at| **at <= reference).count();
        let Some(last) = next.checked_sub(1) else { continue };
        if let (Some(at), Some(value)) = (samples.times.get(last), samples.values.get(last))
            && at.saturating_add(lookback) > reference
            && !is_stale(*value)
        {
            values.set(step, *value);
        }
    }
    values
}

/// The last sample at each step, unless it is too old or a staleness marker.
fn at_steps(samples: &Columns, select: &Select, grid: Grid, lookback: i64) -> Column {
    let mut values = Column::absent(grid.steps);
    let (mut floats, mut histograms) = (0, 0);
    let totals =
        if select.reading == Reading::Totals { totals(&samples.histograms) } else { Vec::new() };
    // The same histogram often stands at many steps.
    let mut last: Option<(usize, Arc<FloatHistogram>)> = None;
    for (step, step_at) in grid.times().enumerate() {
        let reference = select.newest(step_at);
        let rest = samples.times.get(floats..).unwrap_or(&[]);
        floats += rest.iter().take_while(|at| **at <= reference).count();
        let rest = samples.histograms.get(histograms..).unwrap_or(&[]);
        histograms += rest.iter().take_while(|point| point.at <= reference).count();
        let float = floats.checked_sub(1);
        let float_at = float.and_then(|index| samples.times.get(index)).copied();
        let index = histograms.checked_sub(1);
        let histogram = index.and_then(|index| samples.histograms.get(index));
        let is_recent = |at: i64| at.saturating_add(lookback) > reference;
        match (float.zip(float_at), histogram) {
            (Some((index, at)), other) if other.is_none_or(|point| point.at < at) => {
                let value = samples.values.get(index).copied().unwrap_or(stale_nan());
                if is_recent(at) && !is_stale(value) {
                    let start = samples.starts.get(index).copied().unwrap_or(0);
                    values.set(step, read_float(select.reading, at, value, start));
                }
            }
            (_, Some(point)) if is_recent(point.at) && !point.histogram.is_stale() => {
                let value = match select.reading {
                    Reading::Value => {
                        let index = index.unwrap_or(0);
                        let known = last.take().filter(|(known, _)| *known == index);
                        let (_, histogram) = last
                            .insert(known.unwrap_or_else(|| (index, to_float(&point.histogram))));
                        SampleValue::Histogram(Arc::clone(histogram))
                    }
                    Reading::Time => SampleValue::Float(seconds(point.at)),
                    Reading::Start => SampleValue::Float(seconds(point.start)),
                    Reading::Totals => match index.and_then(|index| totals.get(index)) {
                        Some(histogram) => SampleValue::Histogram(Arc::clone(histogram)),
                        None => continue,
                    },
                };
                values.put(step, value);
            }
            _ => {}
        }
    }
    values
}

fn read_float(reading: Reading, at: i64, value: f64, start: i64) -> f64 {
    match reading {
        Reading::Value | Reading::Totals => value,
        Reading::Time => seconds(at),
        Reading::Start => seconds(start),
    }
}
