//! What was expected against what came.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{FloatHistogram, Labels, Timestamp, indexed, is_stale};
use narthex_promql::{
    Annotation, MatrixSeries, QueryResult, SampleValue, SeriesNotation, SeriesPoint, Value,
    VectorSample,
};

use super::script::{Eval, Expect, Expected, Mode, Text};

/// The relative error that is allowed.
const EPSILON: f64 = 0.000_001;

fn almost_equal(a: f64, b: f64) -> bool {
    if is_stale(a) || is_stale(b) {
        return is_stale(a) && is_stale(b);
    }
    if a.is_nan() && b.is_nan() || a == b {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < EPSILON * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < EPSILON
}

/// Whether `found` is almost the same, the hint only if one is expected.
fn histograms_equal(expected: &FloatHistogram, found: &FloatHistogram, with_hint: bool) -> bool {
    let compact = |histogram: &FloatHistogram| {
        let mut histogram = histogram.clone();
        histogram.compact(0);
        histogram
    };
    let (a, b) = (compact(expected), compact(found));
    let totals =
        |histogram: &FloatHistogram| [histogram.count, histogram.sum, histogram.zero_count];
    let sides_equal = |side: fn(&FloatHistogram) -> Vec<(i32, f64)>| {
        let (a, b) = (side(&a), side(&b));
        let same = |(a, b): (&(i32, f64), &(i32, f64))| a.0 == b.0 && almost_equal(a.1, b.1);
        a.len() == b.len() && a.iter().zip(&b).all(same)
    };
    a.layout.schema == b.layout.schema
        && a.layout.custom_bounds == b.layout.custom_bounds
        && a.layout.zero_threshold == b.layout.zero_threshold
        && totals(&a).into_iter().zip(totals(&b)).all(|(a, b)| almost_equal(a, b))
        && sides_equal(|h| indexed(&h.layout.positive_spans, &h.positive_counts).collect())
        && sides_equal(|h| indexed(&h.layout.negative_spans, &h.negative_counts).collect())
        && (!with_hint || a.reset == b.reset)
}

fn is_as_expected(expected: &SeriesPoint, found: &SampleValue) -> bool {
    match (expected, found) {
        (SeriesPoint::Float(expected), SampleValue::Float(found)) => {
            almost_equal(*expected, *found)
        }
        (SeriesPoint::Histogram { histogram, is_reset_given }, SampleValue::Histogram(found)) => {
            histograms_equal(histogram, found, *is_reset_given)
        }
        (SeriesPoint::Omitted | SeriesPoint::Float(_) | SeriesPoint::Histogram { .. }, _) => false,
    }
}

fn show(point: Option<&SeriesPoint>) -> String {
    match point {
        None | Some(SeriesPoint::Omitted) => "nothing".to_owned(),
        Some(SeriesPoint::Float(value)) => value.to_string(),
        Some(SeriesPoint::Histogram { histogram, .. }) => histogram.notation(),
    }
}

fn show_found(value: &SampleValue) -> String {
    match value {
        SampleValue::Float(value) => value.to_string(),
        SampleValue::Histogram(histogram) => histogram.notation(),
    }
}

/// The samples of a series by time.
fn samples(series: &MatrixSeries) -> BTreeMap<i64, SampleValue> {
    let points = &series.points;
    let floats = points.times.iter().zip(&points.values);
    let mut all: BTreeMap<i64, SampleValue> =
        floats.map(|(at, value)| (*at, SampleValue::Float(*value))).collect();
    all.extend(
        points
            .histograms
            .iter()
            .map(|point| (point.at, SampleValue::Histogram(Arc::new(point.histogram.to_float())))),
    );
    all
}

/// Warnings and infos.
pub(super) fn remarks(eval: &Eval, result: &QueryResult) -> Result<(), String> {
    let warn = |expect: &Expect| matches!(expect, Expect::NoWarn);
    let info = |expect: &Expect| matches!(expect, Expect::NoInfo);
    for (kind, found, forbidden) in [
        ("warning", &result.warnings, eval.expects.iter().any(warn)),
        ("info", &result.infos, eval.expects.iter().any(info)),
    ] {
        if forbidden && !found.is_empty() {
            return Err(format!("unexpected {kind}: {found:?}"));
        }
    }
    let warnings = eval
        .expects
        .iter()
        .filter_map(|expect| if let Expect::Warn(text) = expect { Some(text) } else { None });
    let infos = eval
        .expects
        .iter()
        .filter_map(|expect| if let Expect::Info(text) = expect { Some(text) } else { None });
    remarks_of("warning", &warnings.collect::<Vec<_>>(), &result.warnings)?;
    remarks_of("info", &infos.collect::<Vec<_>>(), &result.infos)
}

fn remarks_of(kind: &str, expected: &[&Text], found: &[Annotation]) -> Result<(), String> {
    if expected.is_empty() {
        return Ok(());
    }
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    for text in expected {
        if !found.iter().any(|found| text.matches(found)) {
            return Err(format!("expected the {kind} {text}, found {found:?}"));
        }
    }
    match found.iter().find(|found| !expected.iter().any(|text| text.matches(found))) {
        Some(surplus) => Err(format!("unexpected {kind}: {surplus}")),
        None => Ok(()),
    }
}

/// The value of a query.
pub(super) fn value(eval: &Eval, found: &Value) -> Result<(), String> {
    match (&eval.values, found) {
        (Expected::Text(expected), Value::String { value, .. }) => {
            if expected == value {
                Ok(())
            } else {
                Err(format!("expected the string {expected:?}, got {value:?}"))
            }
        }
        (Expected::Scalar(expected), Value::Scalar { value, .. }) => {
            if almost_equal(*expected, *value) {
                Ok(())
            } else {
                Err(format!("expected the scalar {expected}, got {value}"))
            }
        }
        (Expected::Series(expected), Value::Vector(found)) => {
            let is_ordered = eval.expects.iter().any(|expect| matches!(expect, Expect::Ordered));
            vector(expected, found, is_ordered)
        }
        (Expected::Series(expected), Value::Matrix(found)) => {
            let (start, step) = match (eval.range_vector, eval.mode) {
                (Some((start, _, step)), _) | (None, Mode::Range { start, step, .. }) => {
                    (start, step)
                }
                (None, Mode::Instant { at }) => (at, 1),
            };
            matrix(expected, found, start, step)
        }
        (_, found) => Err(format!("a {} is not what was expected", found.value_type().name())),
    }
}

fn vector(
    expected: &[SeriesNotation],
    found: &[VectorSample],
    is_ordered: bool,
) -> Result<(), String> {
    let mut missing: BTreeMap<&Labels, (usize, Option<&SeriesPoint>)> = expected
        .iter()
        .enumerate()
        .map(|(place, series)| (&series.labels, (place, series.points.first())))
        .collect();
    for (place, sample) in found.iter().enumerate() {
        let VectorSample { labels, value, .. } = sample;
        let Some((expected_place, point)) = missing.remove(labels) else {
            return Err(format!("unexpected series {labels:?} with {}", show_found(value)));
        };
        if is_ordered && place != expected_place {
            return Err(format!("{labels:?} came at place {place}, not {expected_place}"));
        }
        if !point.is_some_and(|point| is_as_expected(point, value)) {
            let (expected, found) = (show(point), show_found(value));
            return Err(format!("expected {expected} for {labels:?}, got {found}"));
        }
    }
    match missing.keys().next() {
        Some(labels) => Err(format!("series {labels:?} is missing")),
        None => Ok(()),
    }
}

fn matrix(
    expected: &[SeriesNotation],
    found: &[MatrixSeries],
    start: i64,
    step: i64,
) -> Result<(), String> {
    if !found.is_sorted_by(|a, b| a.labels <= b.labels) {
        return Err("the series are not sorted".to_owned());
    }
    let mut missing: BTreeMap<&Labels, &SeriesNotation> =
        expected.iter().map(|series| (&series.labels, series)).collect();
    for series in found {
        let (labels, found) = (&series.labels, samples(series));
        let Some(expected) = missing.remove(labels) else {
            let found: Vec<String> = found.values().map(show_found).collect();
            return Err(format!("unexpected series {labels:?} with {found:?}"));
        };
        let times = (0..).map(|index| start + index * step);
        let expected: BTreeMap<i64, &SeriesPoint> = times
            .zip(&expected.points)
            .filter(|(_, point)| **point != SeriesPoint::Omitted)
            .collect();
        let is_same = found.len() == expected.len()
            && expected.iter().zip(&found).all(|((at, point), (found_at, value))| {
                at == found_at && is_as_expected(point, value)
            });
        if !is_same {
            let expected: Vec<_> =
                expected.iter().map(|(at, point)| (at, show(Some(point)))).collect();
            let found: Vec<_> = found.iter().map(|(at, value)| (at, show_found(value))).collect();
            return Err(format!("expected {expected:?} for {labels:?}, got {found:?}"));
        }
    }
    match missing.keys().next() {
        Some(labels) => Err(format!("series {labels:?} is missing")),
        None => Ok(()),
    }
}

/// What a range query says of the time `at`.
pub(super) fn middle(series: &[MatrixSeries], at: i64, is_scalar: bool) -> Value {
    let time = Timestamp::from_millis(at);
    let samples = series.iter().filter_map(|series| {
        let value = samples(series).remove(&at)?;
        Some(VectorSample { labels: series.labels.clone(), at: time, value })
    });
    let samples: Vec<VectorSample> = samples.collect();
    match samples.first() {
        Some(sample) if is_scalar => {
            Value::Scalar { at: time, value: sample.value.float().unwrap_or(f64::NAN) }
        }
        _ => Value::Vector(samples),
    }
}
