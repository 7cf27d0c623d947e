//! Instant selectors: the last sample within the lookback at each step.

use narthex_model::{Timestamp, is_stale};
use narthex_storage::{Columns, Series, TimeRange};

use crate::ast::Extension;
use crate::functions::window::seconds;
use crate::result::QueryError;

use super::Rows;
use super::context::Context;
use super::extended;
use super::grid::Grid;
use super::plan::Select;
use super::row::{Column, Row};

pub(super) fn open<'q>(
    select: &'q Select,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let (first, last) = (select.reference(grid.start), select.reference(grid.last()));
    let after = if select.extension == Extension::Smoothed { cx.lookback } else { 0 };
    // A sample exactly one lookback old is too old.
    let start = first.saturating_sub(cx.lookback).saturating_add(1);
    let range = time_range(start, last.saturating_add(after));
    let mut samples = Columns::default();
    let rows = cx.querier.select(&select.matchers)?.into_iter().map(move |series| {
        read(series.as_ref(), range, &mut samples, cx)?;
        let values = if select.extension == Extension::Smoothed {
            extended::smooth(&mut samples, select, grid, cx.lookback)
        } else {
            at_steps(&samples, select, grid, cx.lookback)
        };
        Ok(Row { labels: series.labels().clone(), drops_name: false, values })
    });
    Ok(Box::new(rows.filter(|row| !row.as_ref().is_ok_and(|row| row.values.is_empty()))))
}

pub(super) fn time_range(start: i64, end: i64) -> TimeRange {
    TimeRange { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end) }
}

/// Decodes a series into `samples`, in place of what was there.
pub(super) fn read(
    series: &dyn Series,
    range: TimeRange,
    samples: &mut Columns,
    cx: &Context<'_>,
) -> Result<(), QueryError> {
    cx.check()?;
    samples.clear();
    series.read(range, samples)?;
    cx.count_read(samples.len());
    // Held only until the next series is read into the same place.
    cx.hold(samples.len())?;
    cx.release(samples.len());
    Ok(())
}

fn at_steps(samples: &Columns, select: &Select, grid: Grid, lookback: i64) -> Column {
    let mut values = Column::absent(grid.steps);
    let mut rest = samples.times.iter().zip(&samples.values).peekable();
    let mut last = None;
    for (step, step_at) in grid.times().enumerate() {
        let reference = select.reference(step_at);
        while let Some(sample) = rest.next_if(|(at, _)| **at <= reference) {
            last = Some(sample);
        }
        if let Some((at, value)) = last
            && at.saturating_add(lookback) > reference
            && !is_stale(*value)
        {
            values.set(step, if select.takes_time { seconds(*at) } else { *value });
        }
    }
    values
}
