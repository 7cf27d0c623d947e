//! When a query is evaluated.

use std::time::Duration;

use narthex_model::Timestamp;

use crate::ast::{Expr, ValueType};
use crate::eval::Grid;
use crate::span::ParseError;

/// When a query is to be evaluated.
#[derive(Clone, Copy, Debug)]
pub enum Times {
    /// Once.
    Instant(Timestamp),
    /// At `start`, `start + step`, … up to `end`.
    Range {
        /// The first time.
        start: Timestamp,
        /// The last one, at most.
        end: Timestamp,
        /// From one to the next.
        step: Duration,
    },
}

/// Times in milliseconds.
#[derive(Clone, Copy)]
pub(super) enum When {
    Instant(Timestamp),
    Range { start: i64, end: i64, step: i64 },
}

impl When {
    /// As a query is asked, if it has an answer at such times.
    pub(super) fn of(times: Times, expr: &Expr) -> Result<Self, ParseError> {
        Ok(match times {
            Times::Instant(at) => Self::Instant(at),
            Times::Range { start, end, step } => {
                check_range_type(expr)?;
                let (start, end) = (start.millis(), end.millis());
                Self::Range { start, end, step: millis(step).max(1) }
            }
        })
    }

    /// The times of evaluation.
    pub(super) fn grid(self) -> Grid {
        match self {
            Self::Instant(at) => Grid::single(at.millis()),
            Self::Range { start, end, step } => Grid::range(start, end, step),
        }
    }

    /// The first time, the last time and the step; 0 at a single time.
    pub(super) const fn bounds(self) -> (i64, i64, i64) {
        match self {
            Self::Instant(at) => (at.millis(), at.millis(), 0),
            Self::Range { start, end, step } => (start, end, step),
        }
    }
}

/// A range query answers with numbers and histograms only.
fn check_range_type(expr: &Expr) -> Result<(), ParseError> {
    let kind = expr.value_type();
    if matches!(kind, ValueType::Scalar | ValueType::Vector) {
        return Ok(());
    }
    let message = format!(
        "invalid expression type {:?} for range query, must be Scalar or instant Vector",
        kind.description()
    );
    Err(ParseError::new(expr.text(), expr.root().span, message))
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
