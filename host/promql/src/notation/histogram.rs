//! `{{schema:0 sum:5 count:4 z_bucket:1 z_bucket_w:0.1 buckets:[1 2] offset:-3}}`.

use narthex_model::{CounterReset, FloatHistogram, Span};

use crate::span::ParseError;

use super::cursor::Cursor;

const CONTEXT: &str = "histogram description";
const EXPECTED: &str = "histogram description key, e.g. buckets:[5 10 7]";

/// Buckets of one side. Prometheus' exponential histograms have fewer at any schema that is not
/// about to be reduced.
const BUCKETS_MAX: usize = 1 << 16;

/// A histogram as a line describes it.
pub(super) struct Described {
    pub(super) histogram: FloatHistogram,
    pub(super) is_reset_given: bool,
}

/// Reads up to the closing `}}`; the opening braces were taken.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Described, ParseError> {
    let mut reading = Reading::default();
    cursor.skip_blank();
    loop {
        if cursor.take_if("}}") {
            return Ok(reading.finish());
        }
        reading.item(cursor)?;
        let is_separate = cursor.skip_blank();
        if !is_separate && !cursor.rest().starts_with("}}") {
            return Err(cursor.unexpected(CONTEXT, "a blank or \"}}\""));
        }
    }
}

#[derive(Default)]
struct Reading<'a> {
    seen: Vec<&'a str>,
    histogram: FloatHistogram,
    positive_offset: i32,
    negative_offset: i32,
    is_reset_given: bool,
}

impl<'a> Reading<'a> {
    /// `key:value`
    fn item(&mut self, cursor: &mut Cursor<'a>) -> Result<(), ParseError> {
        let start = cursor.at();
        let key = cursor.take_while(|c| c.is_ascii_alphabetic() || c == '_');
        if key.is_empty() {
            return Err(cursor.unexpected(CONTEXT, EXPECTED));
        }
        if self.seen.iter().any(|seen| seen.eq_ignore_ascii_case(key)) {
            return Err(cursor.error(start, format!("duplicate key {key:?} in histogram")));
        }
        self.seen.push(key);
        let lower = key.to_ascii_lowercase();
        if !KEYS.contains(&lower.as_str()) {
            let message = format!("bad histogram descriptor found: {key:?}");
            return Err(cursor.error(start, message));
        }
        if !cursor.take_if(":") {
            return Err(cursor.error(start, "missing `:` for histogram descriptor"));
        }
        let histogram = &mut self.histogram;
        match lower.as_str() {
            "schema" => histogram.layout.schema = cursor.int(CONTEXT)?,
            "sum" => histogram.sum = cursor.signed_number(CONTEXT)?,
            "count" => histogram.count = cursor.signed_number(CONTEXT)?,
            "z_bucket" => histogram.zero_count = cursor.signed_number(CONTEXT)?,
            "z_bucket_w" => histogram.layout.zero_threshold = cursor.number(CONTEXT)?,
            "custom_values" => histogram.layout.custom_bounds = numbers(cursor)?,
            "buckets" => histogram.positive_counts = numbers(cursor)?,
            "n_buckets" => histogram.negative_counts = numbers(cursor)?,
            "offset" => self.positive_offset = cursor.int(CONTEXT)?,
            "n_offset" => self.negative_offset = cursor.int(CONTEXT)?,
            // Only the hint is left.
            _ => {
                histogram.reset = hint(cursor)?;
                self.is_reset_given = true;
            }
        }
        Ok(())
    }

    fn finish(self) -> Described {
        let Self { mut histogram, positive_offset, negative_offset, is_reset_given, .. } = self;
        histogram.layout.positive_spans = spans(positive_offset, &histogram.positive_counts);
        histogram.layout.negative_spans = spans(negative_offset, &histogram.negative_counts);
        Described { histogram, is_reset_given }
    }
}

const KEYS: [&str; 11] = [
    "schema",
    "sum",
    "count",
    "z_bucket",
    "z_bucket_w",
    "custom_values",
    "buckets",
    "n_buckets",
    "offset",
    "n_offset",
    "counter_reset_hint",
];

/// One run of buckets, or none.
fn spans(offset: i32, counts: &[f64]) -> Vec<Span> {
    match u32::try_from(counts.len()) {
        Ok(length) if length > 0 => vec![Span { offset, length }],
        _ => Vec::new(),
    }
}

/// `[1 2 3]`
fn numbers(cursor: &mut Cursor<'_>) -> Result<Vec<f64>, ParseError> {
    let start = cursor.at();
    if !cursor.take_if("[") {
        return Err(cursor.unexpected(CONTEXT, "\"[\""));
    }
    let mut numbers = Vec::new();
    loop {
        cursor.skip_blank();
        if !numbers.is_empty() && cursor.take_if("]") {
            return Ok(numbers);
        }
        numbers.push(cursor.signed_number("histogram buckets")?);
        if numbers.len() > BUCKETS_MAX {
            let message = format!("a histogram has at most {BUCKETS_MAX} buckets to a side");
            return Err(cursor.error(start, message));
        }
    }
}

fn hint(cursor: &mut Cursor<'_>) -> Result<CounterReset, ParseError> {
    let start = cursor.at();
    let word = cursor.word();
    Ok(match word.to_ascii_lowercase().as_str() {
        "unknown" => CounterReset::Unknown,
        "reset" => CounterReset::Reset,
        "not_reset" => CounterReset::NotReset,
        "gauge" => CounterReset::Gauge,
        _ => {
            let message = format!(
                "unexpected {word:?} in {CONTEXT}, expected unknown, reset, not_reset or gauge"
            );
            return Err(cursor.error(start, message));
        }
    })
}
