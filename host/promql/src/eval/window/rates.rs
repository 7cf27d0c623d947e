//! `rate`, `increase` and `delta` of series that hold nothing but floats: what most queries of
//! dashboards spend their time with. No step asks what kind of samples its window holds.

use narthex_storage::Columns;

use crate::ast::Extension;
use crate::functions::FunctionId;
use crate::functions::rate::{self, RateKind};
use crate::result::QueryError;

use super::super::context::Pace;
use super::super::counts::Tally;
use super::super::plan::WindowPlan;
use super::super::row::Column;
use super::super::track::{Resets, Track, slide};

/// Which of them the function is, unless windows may hold what takes a closer look.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are none of these")]
pub(super) fn kind(plan: &WindowPlan, track: &Track) -> Option<RateKind> {
    let is_plain = plan.input.extension() == Extension::None
        && track.histograms.is_empty()
        && track.columns.starts.is_empty();
    match plan.function {
        _ if !is_plain => None,
        FunctionId::Rate => Some(rate::RATE),
        FunctionId::Increase => Some(rate::INCREASE),
        FunctionId::Delta => Some(rate::DELTA),
        _ => None,
    }
}

/// The rate at each step. Windows are `range` milliseconds long and end at `ends`.
pub(super) fn column(
    kind: RateKind,
    track: &mut Track,
    range: i64,
    ends: impl ExactSizeIterator<Item = i64>,
    mut tally: Tally<'_>,
    mut pace: Pace<'_>,
) -> Result<Column, QueryError> {
    let mut rates = Column::absent(ends.len());
    if kind.is_counter {
        track.find_resets(&mut pace)?;
    }
    let Track { columns: Columns { times, values, .. }, resets: Resets { at, before }, .. } = track;
    let (mut window, mut resets) = ((0, 0), (0, 0));
    for (step, end) in ends.enumerate() {
        let start = end.saturating_sub(range);
        window = slide(times, window, (start, end));
        let (from, to) = window;
        tally.add(step, to - from);
        let before = if at.is_empty() {
            &[]
        } else {
            // The sample after a reset may not be the window's first.
            resets = slide(at, resets, (from, to.saturating_sub(1)));
            before.get(resets.0..resets.1).unwrap_or(&[])
        };
        pace.add(1 + before.len())?;
        let window = times.get(from..to).zip(values.get(from..to));
        let rate = window.and_then(|(times, values)| {
            rate::of_floats((times, values), (start, end), before, None, kind)
        });
        if let Some(rate) = rate {
            rates.set(step, rate);
        }
    }
    Ok(rates)
}
