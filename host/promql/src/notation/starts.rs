//! Lines that say when counting began: `up{job="node"}@st 0s -15s+0sx3 _`.
//!
//! Each item is a duration relative to the time of the point that it belongs to.

use narthex_model::{Labels, parse_duration};

use crate::span::ParseError;

use super::cursor::{Cursor, is_blank};
use super::{POINTS_MAX, metric};

const CONTEXT: &str = "start times";
const MARK: &str = "@st";

/// Whether `line` is such a line: its first word ends so.
pub(super) fn is_start_line(line: &str) -> bool {
    line.trim().split_once(is_blank).is_some_and(|(first, _)| first.ends_with(MARK))
}

/// The labels, and milliseconds for each point that has a start.
pub(super) fn parse(line: &str) -> Result<(Labels, Vec<Option<i64>>), ParseError> {
    let (labels, end) = metric::parse(line)?;
    let mut cursor = Cursor::new(line, end);
    if !cursor.take_if(MARK) {
        return Err(cursor.unexpected(CONTEXT, "\"@st\""));
    }
    let mut starts = Vec::new();
    loop {
        let is_separate = cursor.skip_blank();
        let start = cursor.at();
        if cursor.peek().is_none() {
            return Ok((labels, starts));
        }
        if !is_separate {
            return Err(cursor.unexpected(CONTEXT, "a blank"));
        }
        item(&mut cursor, &mut starts)?;
        if starts.len() > POINTS_MAX {
            return Err(cursor.too_many(start));
        }
    }
}

fn item(cursor: &mut Cursor<'_>, starts: &mut Vec<Option<i64>>) -> Result<(), ParseError> {
    if cursor.take_if("_") {
        let count = if cursor.take_if("x") { cursor.repeats()? } else { 1 };
        starts.extend(std::iter::repeat_n(None, count));
        return Ok(());
    }
    let mut offset = duration(cursor)?;
    let is_changing = matches!(cursor.peek(), Some('+' | '-'));
    let change = if is_changing {
        let is_negative = cursor.take_if("-") || !cursor.take_if("+");
        let change = duration(cursor)?;
        if is_negative { change.saturating_neg() } else { change }
    } else {
        0
    };
    let repeats = if cursor.take_if("x") {
        cursor.repeats()?
    } else if is_changing {
        return Err(cursor.unexpected(CONTEXT, "\"x\" and how often the change is repeated"));
    } else {
        0
    };
    for _ in 0..=repeats {
        starts.push(Some(offset));
        offset = offset.saturating_add(change);
    }
    Ok(())
}

/// A number with one unit and perhaps a sign, in milliseconds.
fn duration(cursor: &mut Cursor<'_>) -> Result<i64, ParseError> {
    let is_negative = cursor.take_if("-");
    if !is_negative {
        cursor.take_if("+");
    }
    let start = cursor.at();
    let digits = cursor.take_while(|c| c.is_ascii_digit()).len();
    if digits == 0 {
        return Err(cursor.unexpected(CONTEXT, "duration"));
    }
    // An `x` belongs to no unit.
    let unit = cursor.take_while(|c| c.is_ascii_alphabetic() && c != 'x').len();
    let text = cursor.since(start, digits + unit);
    let duration = parse_duration(text).map_err(|error| cursor.error(start, error.to_string()))?;
    let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    Ok(if is_negative { -millis } else { millis })
}
