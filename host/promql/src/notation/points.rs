//! The points of a line: each item stands for one or more of them.

use std::iter::repeat_n;
use std::sync::Arc;

use narthex_model::stale_nan;

use crate::span::ParseError;

use super::POINTS_MAX;
use super::SeriesPoint;
use super::cursor::{Cursor, is_blank};
use super::histogram::{self, Described};

const CONTEXT: &str = "series values";

/// Histograms that one item makes by changing the first: each takes hundreds of bytes, and a week
/// of one in three seconds fits.
const HISTOGRAMS_MAX: usize = 200_000;

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Vec<SeriesPoint>, ParseError> {
    let mut points = Vec::new();
    loop {
        let is_separate = cursor.skip_blank();
        let start = cursor.at();
        if cursor.peek().is_none() {
            return Ok(points);
        }
        if !is_separate {
            return Err(cursor.unexpected(CONTEXT, "a blank"));
        }
        item(cursor, &mut points)?;
        if points.len() > POINTS_MAX {
            return Err(cursor.too_many(start));
        }
        if cursor.peek().is_some_and(|c| !is_blank(c)) {
            return Err(cursor.unexpected(CONTEXT, "a blank"));
        }
    }
}

fn item(cursor: &mut Cursor<'_>, points: &mut Vec<SeriesPoint>) -> Result<(), ParseError> {
    if cursor.take_if("{{") {
        return histograms(cursor, points);
    }
    if cursor.take_if("_") {
        let count = if cursor.take_if("x") { cursor.repeats()? } else { 1 };
        points.extend(repeat_n(SeriesPoint::Omitted, count));
        return Ok(());
    }
    let mut value = first_value(cursor)?;
    // The point that the others repeat counts on its own: `1x2` are three.
    let (change, repeats) = match cursor.peek() {
        Some('x') => (0.0, repeats(cursor)?),
        Some('+' | '-') => {
            let change = cursor.signed_number(CONTEXT)?;
            (change, repeats(cursor)?)
        }
        _ => (0.0, 0),
    };
    for _ in 0..=repeats {
        points.push(SeriesPoint::Float(value));
        value += change;
    }
    Ok(())
}

/// A number or `stale`.
fn first_value(cursor: &mut Cursor<'_>) -> Result<f64, ParseError> {
    if !cursor.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
        return cursor.signed_number(CONTEXT);
    }
    let start = cursor.at();
    let word = cursor.word();
    match word {
        "stale" => Ok(stale_nan()),
        _ if word.eq_ignore_ascii_case("inf") => Ok(f64::INFINITY),
        _ if word.eq_ignore_ascii_case("nan") => Ok(f64::NAN),
        _ => {
            let message = format!("unexpected {word:?} in {CONTEXT}, expected number or \"stale\"");
            Err(cursor.error(start, message))
        }
    }
}

/// `x3`
fn repeats(cursor: &mut Cursor<'_>) -> Result<usize, ParseError> {
    if cursor.take_if("x") {
        cursor.repeats()
    } else {
        Err(cursor.unexpected(CONTEXT, "\"x\" and how often the change is repeated"))
    }
}

/// What follows an opening `{{`: one histogram, repeated, or changed by another again and again.
fn histograms(cursor: &mut Cursor<'_>, points: &mut Vec<SeriesPoint>) -> Result<(), ParseError> {
    let start = cursor.at();
    let first = histogram::parse(cursor)?;
    let is_decrease = cursor.take_if("-{{");
    if is_decrease || cursor.take_if("+{{") {
        let change = histogram::parse(cursor)?;
        let repeats = repeats(cursor)?;
        if repeats > HISTOGRAMS_MAX {
            let message = format!("a histogram changes at most {HISTOGRAMS_MAX} times");
            return Err(cursor.error(start, message));
        }
        return changing(first, &change, is_decrease, repeats, points)
            .map_err(|message| cursor.error(start, message));
    }
    let Described { histogram, is_reset_given } = first;
    let repeats = if cursor.take_if("x") { cursor.repeats()? } else { 0 };
    let point = SeriesPoint::Histogram { histogram: Arc::new(histogram), is_reset_given };
    points.extend(repeat_n(point, repeats + 1));
    Ok(())
}

/// A histogram, and what comes of it by one change after another.
fn changing(
    first: Described,
    change: &Described,
    is_decrease: bool,
    repeats: usize,
    points: &mut Vec<SeriesPoint>,
) -> Result<(), String> {
    let (mut current, change, is_reset_given) =
        (first.histogram, &change.histogram, change.is_reset_given);
    for left in (0..=repeats).rev() {
        let histogram = Arc::new(current.clone());
        points.push(SeriesPoint::Histogram { histogram, is_reset_given });
        if left == 0 {
            break;
        }
        let (to, from) = (current.layout.schema, change.layout.schema);
        if to > from {
            return Err(format!(
                "error combining histograms: cannot merge from schema {from} to {to}"
            ));
        }
        let combined = if is_decrease { current.sub(change) } else { current.add(change) };
        combined.map_err(|error| error.to_string())?;
    }
    Ok(())
}
