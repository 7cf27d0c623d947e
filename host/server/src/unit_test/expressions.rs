//! `promql_expr_test`: what a query answers.

use narthex_model::{Labels, Timestamp};
use narthex_promql::{
    Engine, QueryOptions, SampleValue, SeriesPoint, Value, parse_series_notation,
};

use super::file::{ExpectedSample, ExpressionTest};
use super::group::Sample;
use super::text;

/// What is wrong, in promtool's words.
pub(super) fn check(
    test: &ExpressionTest,
    engine: &Engine,
    at: Timestamp,
    is_fuzzy: bool,
) -> Option<String> {
    let head = format!(
        "    expr: {}, time: {}",
        narthex_model::Quoted(&test.expr),
        text::duration(test.eval_time.0)
    );
    let mut found = match answer(&test.expr, engine, at) {
        Ok(found) => found,
        Err(error) => return Some(format!("{head}, err: {error}")),
    };
    let expected = test.expected.iter().flatten().map(|sample| {
        let quoted = narthex_model::Quoted(&sample.labels);
        wanted(sample).map_err(|error| format!("{head}, err: labels {quoted}: {error}"))
    });
    let mut expected = match expected.collect::<Result<Vec<Sample>, String>>() {
        Ok(expected) => expected,
        Err(failure) => return Some(failure),
    };
    found.sort_by(|a, b| a.labels.cmp(&b.labels));
    expected.sort_by(|a, b| a.labels.cmp(&b.labels));
    let is_same = expected.len() == found.len()
        && expected.iter().zip(&found).all(|(a, b)| {
            a.labels == b.labels
                && a.histogram == b.histogram
                && is_equal(a.value, b.value, is_fuzzy)
        });
    let shown = |samples: &[Sample]| {
        if samples.is_empty() {
            return "nil".to_owned();
        }
        samples.iter().map(show).collect::<Vec<_>>().join(", ")
    };
    (!is_same).then(|| {
        let (expected, found) = (shown(&expected), shown(&found));
        format!("{head},\n        exp: {expected}\n        got: {found}")
    })
}

#[expect(clippy::float_cmp, reason = "tests of rules compare to the bit, or to the neighbor")]
fn is_equal(a: f64, b: f64, is_fuzzy: bool) -> bool {
    a == b || is_fuzzy && (a.next_down() == b || a.next_up() == b)
}

fn show(sample: &Sample) -> String {
    let labels = text::labels(&sample.labels);
    if sample.histogram.is_empty() {
        format!("{labels} {}", text::exponential(sample.value))
    } else {
        format!("{labels} {}", sample.histogram)
    }
}

fn answer(query: &str, engine: &Engine, at: Timestamp) -> Result<Vec<Sample>, String> {
    let result = engine.instant(query, at, &QueryOptions::default());
    let value = result.map_err(|error| narthex_settings::error_chain(&error))?.value;
    match value {
        Value::Vector(samples) => {
            Ok(samples.into_iter().map(|s| Sample::new(s.labels, &s.value)).collect())
        }
        Value::Scalar { value, .. } => {
            Ok(vec![Sample::new(Labels::empty(), &SampleValue::Float(value))])
        }
        Value::String { .. } | Value::Matrix(_) => {
            Err("rule result is not a vector or scalar".to_owned())
        }
    }
}

fn wanted(sample: &ExpectedSample) -> Result<Sample, String> {
    let labels = match sample.labels.trim() {
        "" => Labels::empty(),
        text => {
            let series = parse_series_notation(text).map_err(|error| error.to_string())?;
            if !series.points.is_empty() {
                return Err("expected labels without values".to_owned());
            }
            series.labels
        }
    };
    let mut wanted = Sample::new(labels, &SampleValue::Float(sample.value.0));
    if !sample.histogram.is_empty() {
        let line = format!("{{}} {}", sample.histogram);
        let points = parse_series_notation(&line).map_err(|error| error.to_string())?.points;
        wanted.histogram = match points.as_slice() {
            [SeriesPoint::Histogram { histogram, .. }] => histogram.notation(),
            [SeriesPoint::Float(value)] => {
                return Err(format!("expected histogram, got {value:.6}"));
            }
            [SeriesPoint::Omitted] => return Err("expected histogram, got _".to_owned()),
            points => return Err(format!("expected 1 value, got {}", points.len())),
        };
    }
    Ok(wanted)
}
