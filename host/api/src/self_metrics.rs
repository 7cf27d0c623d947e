//! `/api/v1/status/self_metrics`: the program's own metrics as the JSON of Prometheus' protobuf
//! (`MetricFamily` of `io.prometheus.client`): names in camel case, 64-bit counts as texts.

use axum::extract::State;
use narthex_model::{MatchOp, Matcher};
use narthex_platform::{Family, FamilyKind, Point, PointValue};
use serde_json::{Value, json};

use crate::envelope::{Answer, ApiError, ok};
use crate::params::Params;
use crate::routes::Shared;

/// `/api/v1/status/self_metrics`
pub(crate) async fn self_metrics(State(rooms): Shared, params: Params) -> Answer {
    let pattern = params.get("metric_name_pattern");
    let pattern = pattern.map(|text| Matcher::new(MatchOp::Regex, "__name__", text)).transpose();
    let pattern = pattern
        .map_err(|error| ApiError::bad_data(format!("invalid metric_name_pattern: {error}")))?;
    let families = rooms.metrics.gather();
    let families = families.iter().filter(|family| !family.points.is_empty());
    let families = families
        .filter(|family| pattern.as_ref().is_none_or(|pattern| pattern.matches(&family.name)));
    ok(&families.map(shape).collect::<Vec<_>>())
}

fn shape(family: &Family) -> Value {
    let kind = match family.kind {
        FamilyKind::Counter => "COUNTER",
        FamilyKind::Gauge => "GAUGE",
        FamilyKind::Histogram => "HISTOGRAM",
        FamilyKind::Summary => "SUMMARY",
    };
    let metrics = family.points.iter().map(|point| metric(family.kind, point));
    json!({
        "name": family.name,
        "help": family.help,
        "type": kind,
        "metric": metrics.collect::<Vec<_>>(),
    })
}

fn metric(kind: FamilyKind, point: &Point) -> Value {
    let (key, measured) = match &point.value {
        PointValue::Number(value) => {
            let key = if kind == FamilyKind::Counter { "counter" } else { "gauge" };
            (key, json!({"value": number(*value)}))
        }
        PointValue::Histogram { buckets, count, sum } => {
            let buckets = buckets.iter().map(|(bound, count)| {
                json!({"cumulativeCount": count.to_string(), "upperBound": number(*bound)})
            });
            (
                "histogram",
                json!({
                    "sampleCount": count.to_string(),
                    "sampleSum": number(*sum),
                    "bucket": buckets.collect::<Vec<_>>(),
                }),
            )
        }
        PointValue::Summary { quantiles, count, sum } => {
            let quantiles = quantiles.iter().map(
                |(quantile, value)| json!({"quantile": number(*quantile), "value": number(*value)}),
            );
            (
                "summary",
                json!({
                    "sampleCount": count.to_string(),
                    "sampleSum": number(*sum),
                    "quantile": quantiles.collect::<Vec<_>>(),
                }),
            )
        }
    };
    let labels = point.labels.iter();
    let labels: Vec<_> =
        labels.map(|(name, value)| json!({"name": name, "value": value})).collect();
    let mut metric = serde_json::Map::from_iter([(key.to_owned(), measured)]);
    // What is empty is left out.
    if !labels.is_empty() {
        metric.insert("label".to_owned(), labels.into());
    }
    metric.into()
}

/// What is no number in JSON is a text.
fn number(value: f64) -> Value {
    if value.is_finite() {
        value.into()
    } else if value.is_nan() {
        "NaN".into()
    } else if value > 0.0 {
        "Infinity".into()
    } else {
        "-Infinity".into()
    }
}

#[cfg(test)]
mod tests {
    use narthex_platform::Metrics;

    use super::*;

    #[test]
    fn families_have_the_shape_of_their_protobuf() {
        let metrics = Metrics::new();
        metrics.counter("a_total", "A.", &[("x", "1")]).add(2);
        metrics.gauge("b", "B.", &[]).set(f64::NEG_INFINITY);
        metrics.histogram("c", "C.", &[], &[0.5]).observe(1.5);
        let shapes: Vec<Value> = metrics.gather().iter().map(shape).collect();
        let expected = json!([
            {"name": "a_total", "help": "A.", "type": "COUNTER", "metric": [
                {"label": [{"name": "x", "value": "1"}], "counter": {"value": 2.0}},
            ]},
            {"name": "b", "help": "B.", "type": "GAUGE", "metric": [{"gauge": {"value": "-Infinity"}}]},
            {"name": "c", "help": "C.", "type": "HISTOGRAM", "metric": [{"histogram": {
                "sampleCount": "1", "sampleSum": 1.5,
                "bucket": [{"cumulativeCount": "0", "upperBound": 0.5}],
            }}]},
        ]);
        assert_eq!(json!(shapes), expected);
        let summary = metrics.summary("d", "D.", &[]);
        summary.observe(1.0);
        let shown = shape(&metrics.gather()[3]).to_string();
        assert!(shown.contains(r#"{"quantile":0.01,"value":1.0}"#), "{shown}");
    }
}
