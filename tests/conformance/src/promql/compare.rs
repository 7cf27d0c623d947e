//! What was expected against what came.

use std::collections::BTreeMap;

use narthex_model::{Labels, Timestamp, is_stale};
use narthex_promql::{Annotation, MatrixSeries, QueryResult, SampleValue, Value, VectorSample};

use super::script::{Eval, Expect, Expected, Mode, Text};
use super::series::Point;

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
    expected: &[(Labels, Vec<Point>)],
    found: &[VectorSample],
    is_ordered: bool,
) -> Result<(), String> {
    let mut missing: BTreeMap<&Labels, (usize, Option<&Point>)> = expected
        .iter()
        .enumerate()
        .map(|(place, (labels, points))| (labels, (place, points.first())))
        .collect();
    for (place, sample) in found.iter().enumerate() {
        let VectorSample { labels, value, .. } = sample;
        let Some((expected_place, point)) = missing.remove(labels) else {
            return Err(format!("unexpected series {labels:?} with {value:?}"));
        };
        if is_ordered && place != expected_place {
            return Err(format!("{labels:?} came at place {place}, not {expected_place}"));
        }
        match (point, value) {
            (Some(Point::Value(expected)), SampleValue::Float(value))
                if almost_equal(*expected, *value) => {}
            (other, value) => {
                return Err(format!("expected {other:?} for {labels:?}, got {value:?}"));
            }
        }
    }
    match missing.keys().next() {
        Some(labels) => Err(format!("series {labels:?} is missing")),
        None => Ok(()),
    }
}

fn matrix(
    expected: &[(Labels, Vec<Point>)],
    found: &[MatrixSeries],
    start: i64,
    step: i64,
) -> Result<(), String> {
    if !found.is_sorted_by(|a, b| a.labels <= b.labels) {
        return Err("the series are not sorted".to_owned());
    }
    let mut missing: BTreeMap<&Labels, &Vec<Point>> =
        expected.iter().map(|(labels, points)| (labels, points)).collect();
    for MatrixSeries { labels, points } in found {
        let Some(expected) = missing.remove(labels) else {
            return Err(format!("unexpected series {labels:?} with {:?}", points.values));
        };
        let times = (0..).map(|index| start + index * step);
        let expected = times.zip(expected).filter(|(_, point)| **point != Point::Omitted);
        let found = points.times.iter().zip(&points.values);
        let pairs: Vec<_> = expected.collect();
        let is_same = pairs.len() == points.len()
            && pairs.iter().zip(found).all(|((at, point), (found_at, value))| {
                let is_equal = matches!(point, Point::Value(v) if almost_equal(*v, *value));
                at == found_at && is_equal
            });
        if !is_same {
            return Err(format!("expected {pairs:?} for {labels:?}, got {points:?}"));
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
        let index = series.points.times.iter().position(|time| *time == at)?;
        let value = SampleValue::Float(*series.points.values.get(index)?);
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
