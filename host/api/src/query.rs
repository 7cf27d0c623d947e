//! Queries.

pub(crate) mod run;

use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use narthex_model::{FloatHistogram, Labels, NativeHistogram, Timestamp};
use narthex_promql::{
    Cancel, MatrixSeries, Query, QueryError, QueryOptions, QueryResult, SampleValue, Times, Value,
    VectorSample,
};
use narthex_storage::{Columns, HistogramPoint};
use serde::ser::{SerializeSeq, SerializeStruct, SerializeTuple};
use serde::{Serialize, Serializer};

use crate::envelope::{Answer, ApiError, notes, ok, ok_with_notes};
use crate::origin::Origin;
use crate::params::Params;
use crate::replay;
use crate::routes::{Rooms, Shared};
use crate::stats::{StatsAsked, StatsBody};

/// Steps of a range query (Prometheus, `api.go`): enough for a day by minutes on a wide screen.
const STEPS_MAX: i64 = 11_000;

async fn answer_to(
    rooms: &Rooms,
    text: &str,
    times: Times,
    options: QueryOptions,
) -> Result<QueryResult, ApiError> {
    let (engine, text) = (rooms.engine.clone(), text.to_owned());
    let cancel = options.cancel.clone();
    run::run(cancel, move || engine.query(&text, times, &options), Query::answer).await
}

pub(crate) fn options(params: &Params, Origin(origin): Origin) -> Result<QueryOptions, ApiError> {
    Ok(QueryOptions {
        lookback: lookback(params)?,
        timeout: params.duration("timeout")?,
        cancel: Cancel::new(),
        with_step_stats: StatsAsked::of(params).0 == StatsAsked::ByStep,
        origin: Some(origin),
    })
}

/// As in Prometheus, what is not above zero stands for the server's.
fn lookback(params: &Params) -> Result<Option<Duration>, ApiError> {
    let name = "lookback_delta";
    let seconds = params.get(name).and_then(|text| text.parse::<f64>().ok());
    if seconds.is_some_and(|seconds| seconds <= 0.0) {
        return Ok(None);
    }
    Ok(params.duration(name)?.filter(|lookback| !lookback.is_zero()))
}

/// `/api/v1/query`
pub(crate) async fn instant(State(rooms): Shared, origin: Origin, params: Params) -> Answer {
    let limit = params.limit("limit")?;
    let now = Timestamp::from_millis(rooms.clock.now_millis());
    let at = params.time_or("time", now)?;
    let options = options(&params, origin)?;
    let replaying = replay::warning(&rooms.tsdb);
    let result = answer_to(&rooms, params.query(), Times::Instant(at), options).await?;
    answer(result, replaying, limit, StatsAsked::of(&params))
}

/// `/api/v1/query_range`
pub(crate) async fn range(State(rooms): Shared, origin: Origin, params: Params) -> Answer {
    let limit = params.limit("limit")?;
    let times = range_times(&params)?;
    let options = options(&params, origin)?;
    let replaying = replay::warning(&rooms.tsdb);
    let result = answer_to(&rooms, params.query(), times, options).await?;
    answer(result, replaying, limit, StatsAsked::of(&params))
}

/// The times of a range query.
pub(crate) fn range_times(params: &Params) -> Result<Times, ApiError> {
    let start = params.time("start")?;
    let end = params.time("end")?;
    if end < start {
        let why = "invalid parameter \"end\": end timestamp must not be before start time";
        return Err(ApiError::bad_data(why));
    }
    let step = params.duration_required("step")?;
    if step < Duration::from_millis(1) {
        let why = "invalid parameter \"step\": zero or negative query resolution step widths are \
                   not accepted. Try a positive integer";
        return Err(ApiError::bad_data(why));
    }
    let step_millis = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
    if end.millis().saturating_sub(start.millis()) / step_millis > STEPS_MAX {
        let why = "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing \
                   the query resolution (?step=XX)";
        return Err(ApiError::bad_data(why));
    }
    Ok(Times::Range { start, end, step })
}

/// `/api/v1/format_query`
pub(crate) async fn format(State(rooms): Shared, params: Params) -> Answer {
    let expr = rooms.engine.parse(params.query()).map_err(QueryError::from)?;
    ok(&expr.pretty())
}

fn answer(
    mut result: QueryResult,
    replaying: Option<String>,
    limit: usize,
    (stats, deprecated): (StatsAsked, Option<String>),
) -> Answer {
    let mut warnings = notes(&result.warnings, "warning");
    warnings.extend(replaying);
    warnings.extend(deprecated);
    let with_stats = stats != StatsAsked::Nothing;
    let infos = notes(&result.infos, "info");
    let truncated = match &mut result.value {
        Value::Vector(samples) => truncate(samples, limit),
        Value::Matrix(series) => truncate(series, limit),
        Value::Scalar { .. } | Value::String { .. } => false,
    };
    if truncated {
        warnings.push("results truncated due to limit".to_owned());
    }
    let data = ok_with_notes(&Data { result: &result, with_stats }, &warnings, &infos)?;
    Ok(data.into_response())
}

fn truncate<T>(items: &mut Vec<T>, limit: usize) -> bool {
    let longer = items.len() > limit;
    items.truncate(limit);
    longer
}

struct Data<'a> {
    result: &'a QueryResult,
    with_stats: bool,
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut data = serializer.serialize_struct("data", 3)?;
        data.serialize_field("resultType", self.result.value.value_type().name())?;
        match &self.result.value {
            Value::Scalar { at, value } => data.serialize_field("result", &Pair(*at, *value))?,
            Value::String { at, value } => {
                data.serialize_field("result", &(Seconds(*at), value))?;
            }
            Value::Vector(samples) => data.serialize_field("result", &Vector(samples))?,
            Value::Matrix(series) => data.serialize_field("result", &Matrix(series))?,
        }
        if self.with_stats {
            data.serialize_field("stats", &StatsBody(&self.result.stats))?;
        }
        data.end()
    }
}

/// Seconds as a JSON number with up to three decimals.
pub(crate) struct Seconds(pub(crate) Timestamp);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.millis() % 1000 == 0 {
            serializer.serialize_i64(self.0.millis() / 1000)
        } else {
            serializer.serialize_f64(self.0.seconds())
        }
    }
}

/// A value as Prometheus writes it: a string in its shortest form.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&number_text(self.0))
    }
}

/// A value as text: `NaN`, `+Inf`, `-Inf`, or digits; with an exponent where it is very small or
/// very large.
pub(crate) fn number_text(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else if value != 0.0 && !(1e-6..1e21).contains(&value.abs()) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        match exponent.strip_prefix('-') {
            Some(digits) => format!("{mantissa}e-{digits:0>2}"),
            None => format!("{mantissa}e+{exponent:0>2}"),
        }
    } else {
        format!("{value}")
    }
}

struct Pair(Timestamp, f64);

impl Serialize for Pair {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&Seconds(self.0))?;
        pair.serialize_element(&Number(self.1))?;
        pair.end()
    }
}

/// Labels as a JSON object.
pub(crate) struct LabelMap<'a>(pub(crate) &'a Labels);

impl Serialize for LabelMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

struct Vector<'a>(&'a [VectorSample]);

impl Serialize for Vector<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for sample in self.0 {
            list.serialize_element(&VectorItem(sample))?;
        }
        list.end()
    }
}

struct VectorItem<'a>(&'a VectorSample);

impl Serialize for VectorItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut item = serializer.serialize_struct("sample", 2)?;
        item.serialize_field("metric", &LabelMap(&self.0.labels))?;
        match &self.0.value {
            SampleValue::Float(value) => item.serialize_field("value", &Pair(self.0.at, *value))?,
            SampleValue::Histogram(histogram) => {
                item.serialize_field("histogram", &(Seconds(self.0.at), Distribution(histogram)))?;
            }
        }
        item.end()
    }
}

struct Matrix<'a>(&'a [MatrixSeries]);

impl Serialize for Matrix<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for series in self.0 {
            list.serialize_element(&MatrixItem(series))?;
        }
        list.end()
    }
}

struct MatrixItem<'a>(&'a MatrixSeries);

impl Serialize for MatrixItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Columns { times, histograms, .. } = &self.0.points;
        let kinds = usize::from(!times.is_empty()) + usize::from(!histograms.is_empty());
        let mut item = serializer.serialize_struct("series", 1 + kinds)?;
        item.serialize_field("metric", &LabelMap(&self.0.labels))?;
        if !times.is_empty() {
            item.serialize_field("values", &Points(&self.0.points))?;
        }
        if !histograms.is_empty() {
            item.serialize_field("histograms", &HistogramPoints(histograms))?;
        }
        item.end()
    }
}

struct Points<'a>(&'a Columns);

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let points = self.0.times.iter().zip(&self.0.values);
        serializer.collect_seq(points.map(|(at, value)| Pair(Timestamp::from_millis(*at), *value)))
    }
}

struct HistogramPoints<'a>(&'a [HistogramPoint]);

impl Serialize for HistogramPoints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for point in self.0 {
            let at = Seconds(Timestamp::from_millis(point.at));
            match &*point.histogram {
                NativeHistogram::Float(histogram) => {
                    list.serialize_element(&(at, Distribution(histogram)))?;
                }
                NativeHistogram::Integer(histogram) => {
                    list.serialize_element(&(at, Distribution(&histogram.to_float())))?;
                }
            }
        }
        list.end()
    }
}

/// A native histogram: count, sum, and the buckets that hold something, each as which of its bounds
/// belong to it, the bounds, and the count.
struct Distribution<'a>(&'a FloatHistogram);

impl Serialize for Distribution<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let buckets: Vec<_> = self
            .0
            .disjoint_buckets()
            .into_iter()
            .filter(|bucket| bucket.count != 0.0)
            .map(|bucket| {
                let rule = match (bucket.is_lower_inclusive, bucket.is_upper_inclusive) {
                    (false, true) => 0_u8,
                    (true, false) => 1,
                    (false, false) => 2,
                    (true, true) => 3,
                };
                (rule, Number(bucket.lower), Number(bucket.upper), Number(bucket.count))
            })
            .collect();
        let mut out =
            serializer.serialize_struct("histogram", 2 + usize::from(!buckets.is_empty()))?;
        out.serialize_field("count", &Number(self.0.count))?;
        out.serialize_field("sum", &Number(self.0.sum))?;
        if !buckets.is_empty() {
            out.serialize_field("buckets", &buckets)?;
        }
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookback_that_is_not_above_zero_is_the_servers() {
        let cases =
            [("0", None), ("0s", None), ("-1", None), ("0.5", Some(500)), ("2m", Some(120_000))];
        for (text, millis) in cases {
            let params = Params::of(&format!("lookback_delta={text}"));
            assert_eq!(lookback(&params).unwrap(), millis.map(Duration::from_millis), "{text}");
        }
        assert_eq!(lookback(&Params::of("")).unwrap(), None);
        assert!(lookback(&Params::of("lookback_delta=-1m")).is_err());
    }

    #[test]
    fn values_are_written_as_prometheus_writes_them() {
        let cases = [
            (1.0, "1"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-07"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, text) in cases {
            assert_eq!(number_text(value), text);
        }
        let pair = serde_json::to_string(&Pair(Timestamp::from_millis(1_435_781_430_781), 1.0));
        assert_eq!(pair.unwrap(), r#"[1435781430.781,"1"]"#);
    }
}
