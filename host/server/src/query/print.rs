//! Answers as promtool prints them.

use std::fmt::Write as _;

use narthex_exposition::parse_float;
use narthex_model::{METRIC_NAME, Quoted, Shortest};
use serde::Serialize;
use serde_json::Number;

use super::arguments::Format;
use super::data::{Bucket, Histogram, LabelMap, Point, Value};
use crate::tsdb::output::Output;

pub(super) struct Printer {
    format: Format,
}

impl Printer {
    pub(super) const fn new(format: Format) -> Self {
        Self { format }
    }

    pub(super) fn value(&self, value: &Value) -> anyhow::Result<()> {
        match (self.format, value) {
            (Format::Promql, _) => print(&text(value)),
            (Format::Json, Value::Scalar(point) | Value::String(point)) => json(point),
            (Format::Json, Value::Vector(samples)) => json(samples),
            (Format::Json, Value::Matrix(series)) => json(series),
        }
    }

    pub(super) fn series(&self, series: &[LabelMap]) -> anyhow::Result<()> {
        match self.format {
            Format::Json => json(&series),
            Format::Promql => lines(series.iter().map(label_set)),
        }
    }

    pub(super) fn values(&self, values: &[String]) -> anyhow::Result<()> {
        match self.format {
            Format::Json => json(&values),
            Format::Promql => lines(values.iter().cloned()),
        }
    }
}

fn print(line: &str) -> anyhow::Result<()> {
    lines([line.to_owned()])
}

fn lines(lines: impl IntoIterator<Item = String>) -> anyhow::Result<()> {
    let mut out = Output::new();
    for line in lines {
        out.line(&line)?;
    }
    out.finish()
}

/// JSON in one line, with the escapes that Go's encoder adds for pages.
fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string(value)?;
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    print(&text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}

fn text(value: &Value) -> String {
    match value {
        Value::Scalar((at, value)) => format!("scalar: {} @[{}]", number(value), time(at)),
        Value::String((_, text)) => text.clone(),
        Value::Vector(samples) => {
            let lines = samples.iter().map(|sample| {
                let metric = metric(&sample.metric);
                let value = match (&sample.histogram, &sample.value) {
                    (Some((at, histogram)), _) => histogram_at(at, histogram),
                    (None, Some(point)) => value_at(point),
                    (None, None) => String::new(),
                };
                format!("{metric} => {value}")
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        Value::Matrix(series) => {
            let mut series: Vec<_> = series.iter().collect();
            series.sort_by(|a, b| a.metric.cmp(&b.metric));
            let series = series.into_iter().map(|series| {
                let values = series.values.iter().map(value_at);
                let histograms = series.histograms.iter().map(|(at, h)| histogram_at(at, h));
                let lines: Vec<String> = values.chain(histograms).collect();
                format!("{} =>\n{}", metric(&series.metric), lines.join("\n"))
            });
            series.collect::<Vec<_>>().join("\n")
        }
    }
}

fn value_at((at, value): &Point) -> String {
    format!("{} @[{}]", number(value), time(at))
}

/// A time in seconds, with as many digits as it has.
fn time(at: &Number) -> String {
    at.as_f64().map_or_else(|| at.to_string(), |seconds| seconds.to_string())
}

/// A number without an exponent.
fn number(text: &str) -> String {
    match parse_float(text.as_bytes()) {
        Some(value) if value.is_finite() => value.to_string(),
        Some(value) => Shortest(value).to_string(),
        None => text.to_owned(),
    }
}

fn histogram_at(at: &Number, histogram: &Histogram) -> String {
    let six = |text: &str| match parse_float(text.as_bytes()) {
        Some(value) if value.is_finite() => format!("{value:.6}"),
        _ => number(text),
    };
    let buckets: Vec<String> = histogram.buckets.iter().map(bucket).collect();
    let (count, sum) = (six(&histogram.count), six(&histogram.sum));
    format!("Count: {count}, Sum: {sum}, Buckets: [{}] @[{}]", buckets.join(" "), time(at))
}

fn bucket((bounds, lower, upper, count): &Bucket) -> String {
    let open = if matches!(bounds, 1 | 3) { '[' } else { '(' };
    let close = if matches!(bounds, 0 | 3) { ']' } else { ')' };
    let general = |text: &str| match parse_float(text.as_bytes()) {
        Some(value) => Shortest(value).to_string(),
        None => text.to_owned(),
    };
    format!("{open}{},{}{close}:{}", general(lower), general(upper), number(count))
}

/// `name{label="value"}`
pub(super) fn metric(labels: &LabelMap) -> String {
    let name = labels.get(METRIC_NAME).map_or("", String::as_str);
    let others: LabelMap = labels
        .iter()
        .filter(|(label, _)| *label != METRIC_NAME)
        .map(|(label, value)| (label.clone(), value.clone()))
        .collect();
    if others.is_empty() && !name.is_empty() {
        return name.to_owned();
    }
    format!("{name}{}", label_set(&others))
}

/// `{label="value"}`
pub(super) fn label_set(labels: &LabelMap) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in labels.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        write!(text, "{comma}{name}={}", Quoted(value)).expect("a string takes all");
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: &str) {
        let value: Value = serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn values_read_as_promtool_writes_them() {
        check(
            r#"{"resultType":"scalar","result":[1435781430.781,"1e3"]}"#,
            "scalar: 1000 @[1435781430.781]",
        );
        check(r#"{"resultType":"string","result":[1,"a\nb"]}"#, "a\nb");
        check(r#"{"resultType":"vector","result":[]}"#, "");
        check(
            r#"{"resultType":"vector","result":[
                {"metric":{"__name__":"up","job":"a\"b"},"value":[60,"+Inf"]},
                {"metric":{},"histogram":[60,{"count":"3","sum":"1.5","buckets":[
                    [3,"-0.001","0.001","1"],[0,"0.5","1000000","2"]]}]}]}"#,
            "up{job=\"a\\\"b\"} => +Inf @[60]\n\
             {} => Count: 3.000000, Sum: 1.500000, Buckets: [[-0.001,0.001]:1 (0.5,1e+06]:2] @[60]",
        );
        check(
            r#"{"resultType":"matrix","result":[
                {"metric":{"__name__":"b"},"values":[[1,"2"],[2.5,"NaN"]]},
                {"metric":{"__name__":"a"},"values":[[1,"0"]]}]}"#,
            "a =>\n0 @[1]\nb =>\n2 @[1]\nNaN @[2.5]",
        );
    }
}
