//! The engine's answer beside the reference's.

use std::collections::BTreeMap;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_promql::{Engine, QueryError, QueryOptions, SampleValue, Value};
use narthex_storage::Columns;

use super::{Answer, Reference, Sample, samples};
use crate::generate::promql::{Query, When};

/// Results that differ by less than this, relative to their size, agree.
const TOLERANCE: f64 = 1e-9;

/// What is left of differences of numbers that are the same but for rounding. The world's are below
/// 2^20, which doubles tell apart to 2^-33.
const NOISE: f64 = 1e-10;

/// What comes of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both answered the same.
    Agreed {
        /// With nothing in it.
        is_empty: bool,
    },
    /// Both refused.
    Refused,
    /// The reference cannot say.
    Unknown,
}

/// Asks both.
///
/// # Errors
/// What differs.
pub fn judge(engine: &Engine, reference: &Reference, query: &Query) -> Result<Verdict, String> {
    // Of a series that `or` puts together from both sides, the first step decides whether the name
    // goes in all others; the reference knows no other steps.
    if reference.is_name_removal_delayed && query.text.contains(" or ") {
        return Ok(Verdict::Unknown);
    }
    let expr = engine.parse(&query.text).map_err(|error| format!("is refused: {error}"))?;
    let expected = reference.answer(&expr, query.when);
    let options = QueryOptions::default();
    let found = match query.when {
        When::Instant(at) => engine.instant_expr(&expr, Timestamp::from_millis(at), &options),
        When::Range { start, end, step } => engine.range_expr(
            &expr,
            Timestamp::from_millis(start),
            Timestamp::from_millis(end),
            Duration::from_millis(step.unsigned_abs()),
            &options,
        ),
    };
    match (expected, found) {
        (Err(refused), _)
            if refused.0.contains("not judged") || refused.0.contains("not made here") =>
        {
            Ok(Verdict::Unknown)
        }
        (Err(_), Err(QueryError::Execution(_))) => Ok(Verdict::Refused),
        (Err(refused), Err(error)) => Err(format!("{refused:?} expected, but {error}")),
        (Err(refused), Ok(found)) => Err(format!("{refused:?} expected, found {:?}", found.value)),
        (Ok(expected), Err(error)) => Err(format!("{expected:?} expected, but {error}")),
        (Ok(expected), Ok(found)) => {
            let found = answer(found.value)?;
            same(&expected, &found)?;
            let is_empty = match &expected {
                Answer::Vector(series) => series.is_empty(),
                Answer::Matrix(series) => series.is_empty(),
                Answer::Scalar(_) | Answer::Text(_) => false,
            };
            Ok(Verdict::Agreed { is_empty })
        }
    }
}

/// The engine's value in the reference's form.
fn answer(value: Value) -> Result<Answer, String> {
    Ok(match value {
        Value::Scalar { value, .. } => Answer::Scalar(value),
        Value::String { value, .. } => Answer::Text(value),
        Value::Vector(elements) => {
            let count = elements.len();
            let elements: BTreeMap<Labels, Sample> = elements
                .into_iter()
                .map(|element| (element.labels, sample(element.value)))
                .collect();
            if elements.len() < count {
                return Err("two elements have the same labels".to_owned());
            }
            Answer::Vector(elements)
        }
        Value::Matrix(series) => {
            let series = series.into_iter();
            Answer::Matrix(series.map(|series| (series.labels, points(&series.points))).collect())
        }
    })
}

fn sample(value: SampleValue) -> Sample {
    match value {
        SampleValue::Float(value) => Sample::Float(value),
        SampleValue::Histogram(histogram) => Sample::Histogram(histogram),
    }
}

fn points(columns: &Columns) -> Vec<(i64, Sample)> {
    samples(columns)
}

fn same(expected: &Answer, found: &Answer) -> Result<(), String> {
    match (expected, found) {
        (Answer::Scalar(expected), Answer::Scalar(found)) => {
            close("the scalar", &Sample::Float(*expected), &Sample::Float(*found))
        }
        (Answer::Vector(expected), Answer::Vector(found)) => {
            let wrap = |series: &BTreeMap<Labels, Sample>| {
                let one = |(labels, value): (&Labels, &Sample)| {
                    (labels.clone(), vec![(0, value.clone())])
                };
                series.iter().map(one).collect()
            };
            same_series(&wrap(expected), &wrap(found))
        }
        (Answer::Matrix(expected), Answer::Matrix(found)) => same_series(expected, found),
        (expected, found) if expected == found => Ok(()),
        _ => Err(format!("{expected:?} expected, found {found:?}")),
    }
}

type Series = BTreeMap<Labels, Vec<(i64, Sample)>>;

fn same_series(expected: &Series, found: &Series) -> Result<(), String> {
    for (labels, points) in expected {
        let Some(found) = found.get(labels) else {
            return Err(format!("{labels} is missing, with {points:?}"));
        };
        for (at, value) in points {
            let place = format!("{labels} at {at}");
            let Some((_, found)) = found.iter().find(|(other, _)| other == at) else {
                return Err(format!("{place} is missing: {value:?}"));
            };
            close(&place, value, found)?;
        }
        if let Some(more) =
            found.iter().find(|(at, _)| !points.iter().any(|(other, _)| other == at))
        {
            return Err(format!("{labels} has {more:?} too many"));
        }
    }
    match found.keys().find(|labels| !expected.contains_key(*labels)) {
        Some(labels) => Err(format!("{labels} is too many, with {:?}", found.get(labels))),
        None => Ok(()),
    }
}

fn is_close(expected: f64, found: f64) -> bool {
    expected == found
        || (expected.is_nan() && found.is_nan())
        || (expected - found).abs() <= TOLERANCE * expected.abs().max(found.abs())
        || (expected - found).abs() <= NOISE
}

fn close(place: &str, expected: &Sample, found: &Sample) -> Result<(), String> {
    let is_same = match (expected, found) {
        (Sample::Float(expected), Sample::Float(found)) => is_close(*expected, *found),
        (Sample::Histogram(expected), Sample::Histogram(found)) => {
            let counts = expected.buckets();
            let others = found.buckets();
            let filled = |buckets: Vec<narthex_model::Bucket>| {
                buckets.into_iter().filter(|bucket| bucket.count != 0.0).collect::<Vec<_>>()
            };
            let (counts, others) = (filled(counts), filled(others));
            expected.layout.schema == found.layout.schema
                && is_close(expected.count, found.count)
                && is_close(expected.sum, found.sum)
                && counts.len() == others.len()
                && counts.iter().zip(&others).all(|(a, b)| {
                    is_close(a.lower, b.lower)
                        && is_close(a.upper, b.upper)
                        && is_close(a.count, b.count)
                })
        }
        (Sample::Float(_), Sample::Histogram(_)) | (Sample::Histogram(_), Sample::Float(_)) => {
            false
        }
    };
    if is_same { Ok(()) } else { Err(format!("{place}: {expected:?} expected, found {found:?}")) }
}
