//! Series as tests write them: `up{job="node"} 1 2+3x4 _ stale {{schema:0 count:2 buckets:[2]}}x3`.
//!
//! Scripts of the conformance suite and files of rules' unit tests share this language. A point
//! stands for a sample at a multiple of the interval that the text around it says; it may be
//! omitted, a float, or a native histogram.
//!
//! Always holds: a line has at most [`POINTS_MAX`] points, and refusals say line and column.

mod block;
mod cursor;
mod histogram;
mod metric;
mod points;
mod samples;
mod starts;

use std::sync::Arc;

use narthex_model::{FloatHistogram, Labels};

pub use self::block::{BlockError, parse_series_block};
pub use self::samples::{SeriesSample, append_samples, settle_resets};

use self::cursor::Cursor;
use crate::span::ParseError;

/// Points of one line. A month of one a second fits; a line of a few characters could otherwise ask
/// for any amount of memory.
pub(crate) const POINTS_MAX: usize = 1 << 22;

/// A series and what it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesNotation {
    /// Its labels.
    pub labels: Labels,
    /// Its points, one for each interval.
    pub points: Vec<SeriesPoint>,
    /// When the counting of each point began: milliseconds after the time of the point, mostly
    /// negative. Empty where none is said, else as long as `points`.
    pub starts: Vec<Option<i64>>,
}

/// What stands at one interval of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum SeriesPoint {
    /// Nothing.
    Omitted,
    /// A float; `stale` is the staleness marker.
    Float(f64),
    /// A native histogram, not validated: an expectation may hold what no store takes.
    Histogram {
        /// The histogram.
        histogram: Arc<FloatHistogram>,
        /// Whether the text says what is known of a counter reset.
        is_reset_given: bool,
    },
}

/// Reads a line of labels and points.
///
/// ```
/// let series = narthex_promql::parse_series_notation(r#"up{job="node"} 1+2x2 _ stale"#)?;
/// assert_eq!(series.labels.to_string(), r#"up{job="node"}"#);
/// assert_eq!(series.points.len(), 5);
/// # Ok::<(), narthex_promql::ParseError>(())
/// ```
///
/// # Errors
/// When the text is no such line, or asks for too many points.
pub fn parse_series_notation(line: &str) -> Result<SeriesNotation, ParseError> {
    let (labels, end) = metric::parse(line)?;
    let points = points::parse(&mut Cursor::new(line, end))?;
    Ok(SeriesNotation { labels, points, starts: Vec::new() })
}

#[cfg(test)]
mod tests;
