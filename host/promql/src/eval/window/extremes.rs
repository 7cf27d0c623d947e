//! The least and the greatest of each window, in one pass over the samples however long a window is.
//!
//! Only samples that can still win wait in a line: a sample leaves it when a later one wins over it,
//! or when the window has left it behind. The first of the line is the answer (Lemire, "Streaming
//! Maximum-Minimum Filter Using No More than Three Comparisons per Element", 2006).

use std::collections::VecDeque;

use crate::ast::Extension;
use crate::functions::FunctionId;
use crate::functions::window::seconds;
use crate::result::QueryError;

use super::super::context::Pace;
use super::super::counts::Tally;
use super::super::plan::WindowPlan;
use super::super::row::Column;
use super::super::track::{Track, slide};

/// What is asked of each window.
#[derive(Clone, Copy)]
pub(super) struct Extreme {
    /// Whether a later value wins over an earlier one.
    wins: fn(f64, f64) -> bool,
    /// Whether its time is asked for, and not the value.
    is_time: bool,
}

impl Extreme {
    /// What the function asks, if it is one of these and the windows hold nothing but floats.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others ask something else")]
    pub(super) fn of(plan: &WindowPlan, track: &Track) -> Option<Self> {
        if plan.input.extension() != Extension::None || !track.histograms.is_empty() {
            return None;
        }
        let (wins, is_time): (fn(f64, f64) -> bool, bool) = match plan.function {
            FunctionId::MaxOverTime => (|later, earlier| later > earlier, false),
            FunctionId::MinOverTime => (|later, earlier| later < earlier, false),
            // Of equal samples the last one's time counts.
            FunctionId::TsOfMaxOverTime => (|later, earlier| later >= earlier, true),
            FunctionId::TsOfMinOverTime => (|later, earlier| later <= earlier, true),
            _ => return None,
        };
        Some(Self { wins, is_time })
    }

    /// The answer at each step whose window holds a sample. Windows are `range` milliseconds long
    /// and end at `ends`.
    pub(super) fn column(
        self,
        track: &Track,
        range: i64,
        ends: impl ExactSizeIterator<Item = i64>,
        mut tally: Tally<'_>,
        mut pace: Pace<'_>,
    ) -> Result<Column, QueryError> {
        let (times, values) = (track.columns.times.as_slice(), track.columns.values.as_slice());
        let mut answers = Column::absent(ends.len());
        let mut line: VecDeque<(usize, f64)> = VecDeque::new();
        let mut window = (0, 0);
        for (step, end) in ends.enumerate() {
            let seen = window.1;
            window = slide(times, window, (end.saturating_sub(range), end));
            let (from, to) = window;
            tally.add(step, to - from);
            pace.add(1 + to.saturating_sub(seen))?;
            let new = values.iter().enumerate().take(to).skip(seen.max(from));
            // What is no number loses against every number.
            for (index, value) in new.filter(|(_, value)| !value.is_nan()) {
                while line.pop_back_if(|(_, earlier)| (self.wins)(*value, *earlier)).is_some() {}
                line.push_back((index, *value));
            }
            while line.pop_front_if(|(index, _)| *index < from).is_some() {}
            let last = to.checked_sub(1).filter(|last| *last >= from);
            let Some(best) = line.front().map(|(index, _)| *index).or(last) else { continue };
            let answer = if self.is_time {
                times.get(best).copied().map(seconds)
            } else {
                values.get(best).copied()
            };
            if let Some(answer) = answer {
                answers.set(step, answer);
            }
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests;
