//! Lines of series that belong together, some of them with a line of start times before.

use crate::span::ParseError;

use super::{SeriesNotation, parse_series_notation, starts};

/// Why lines are no series.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// A line is neither points nor start times.
    #[error("line {line}: {source}")]
    Line {
        /// Within the block, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: ParseError,
    },
    /// Start times stand alone.
    #[error("line {line}: @st line has no following sample line")]
    Alone {
        /// Within the block, counted from 1.
        line: usize,
    },
    /// Start times of one series before the points of another.
    #[error("line {line}: @st metric does not match the following sample line metric")]
    OtherSeries {
        /// Within the block, counted from 1.
        line: usize,
    },
    /// Not as many start times as points.
    #[error("line {line}: @st line has {starts} values but sample line has {points}")]
    Count {
        /// Within the block, counted from 1.
        line: usize,
        /// Start times.
        starts: usize,
        /// Points.
        points: usize,
    },
}

/// Reads series, one a line; a line of start times belongs to the line after it.
///
/// # Errors
/// When a line is not of this language, or start times do not fit what follows them.
pub fn parse_series_block<'a>(
    lines: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<SeriesNotation>, BlockError> {
    let mut all = Vec::new();
    let mut pending: Option<(usize, narthex_model::Labels, Vec<Option<i64>>)> = None;
    for (line, text) in (1..).zip(lines) {
        let refuse = |source| BlockError::Line { line, source };
        if starts::is_start_line(text) {
            if let Some((line, ..)) = pending {
                return Err(BlockError::Alone { line });
            }
            let (labels, starts) = starts::parse(text).map_err(refuse)?;
            pending = Some((line, labels, starts));
            continue;
        }
        let mut series = parse_series_notation(text).map_err(refuse)?;
        if let Some((line, labels, starts)) = pending.take() {
            if labels != series.labels {
                return Err(BlockError::OtherSeries { line });
            }
            let points = series.points.len();
            if starts.len() != points {
                return Err(BlockError::Count { line, starts: starts.len(), points });
            }
            series.starts = starts;
        }
        all.push(series);
    }
    match pending {
        Some((line, ..)) => Err(BlockError::Alone { line }),
        None => Ok(all),
    }
}
