//! An answer of the HTTP API in a form that compares: values by size, labels and remarks by text.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Results that differ by less than this, relative to their size, agree.
const TOLERANCE: f64 = 1e-9;
/// What is left of differences of numbers that are the same but for rounding.
const NOISE: f64 = 1e-10;

/// What a server said to a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// The type of the result, or of the error.
    pub(super) kind: String,
    /// Whether the query was refused.
    pub(super) is_error: bool,
    /// The error's text.
    pub(super) error: String,
    /// Points by labels; of a scalar and of a text with none.
    pub(super) series: BTreeMap<String, Vec<(i64, Value)>>,
    /// The labels as they came.
    pub(super) order: Vec<String>,
    /// Warnings and infos.
    pub(super) remarks: Vec<String>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Float(f64),
    /// Count, sum; of each bucket which bounds it holds, its bounds and its count.
    Histogram(Vec<f64>),
}

impl Answer {
    /// Reads a body.
    #[track_caller]
    pub(super) fn read(body: &Json) -> Self {
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let mut remarks: Vec<String> = [&body["warnings"], &body["infos"]]
            .into_iter()
            .flat_map(|list| list.as_array().into_iter().flatten())
            .map(|remark| remark.as_str().unwrap_or_default().to_owned())
            .collect();
        remarks.sort();
        let is_error = body["status"] != "success";
        let data = &body["data"];
        let kind = if is_error {
            text("errorType")
        } else {
            data["resultType"].as_str().unwrap_or_default().to_owned()
        };
        let mut answer = Self {
            kind,
            is_error,
            error: text("error"),
            series: BTreeMap::new(),
            order: Vec::new(),
            remarks,
        };
        let result = &data["result"];
        match answer.kind.as_str() {
            "scalar" => drop(answer.series.insert(String::new(), vec![float(result)])),
            "string" => {
                let text = result[1].as_str().unwrap_or_default().to_owned();
                answer.series.insert(String::new(), vec![(millis(&result[0]), Value::Text(text))]);
            }
            _ => {
                for series in result.as_array().into_iter().flatten() {
                    answer.take(series);
                }
            }
        }
        answer
    }

    fn take(&mut self, series: &Json) {
        let pairs = series["metric"].as_object().into_iter().flatten();
        let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        let labels = format!("{{{}}}", pairs.join(","));
        let many = |key: &str| series[key].as_array().cloned().unwrap_or_default();
        let mut points: Vec<(i64, Value)> = many("values").iter().map(float).collect();
        points.extend(many("histograms").iter().map(histogram));
        if series.get("value").is_some() {
            points.push(float(&series["value"]));
        }
        if series.get("histogram").is_some() {
            points.push(histogram(&series["histogram"]));
        }
        points.sort_by_key(|(at, _)| *at);
        self.order.push(labels.clone());
        assert!(self.series.insert(labels.clone(), points).is_none(), "{labels} is there twice");
    }

    /// Whether any value is one of these.
    pub(super) fn has(&self, is_one: impl Fn(&Value) -> bool) -> bool {
        self.series.values().flatten().any(|(_, value)| is_one(value))
    }

    /// The series as they would be without the names of their metrics.
    pub(super) fn without_names(&self) -> BTreeMap<String, Vec<(i64, Value)>> {
        let bare = |labels: &String| match labels.strip_prefix("{__name__=") {
            Some(rest) => format!("{{{}", rest.split_once(',').map_or("}", |(_, rest)| rest)),
            None => labels.clone(),
        };
        self.series.iter().map(|(labels, points)| (bare(labels), points.clone())).collect()
    }

    /// What is different in another answer; the order counts where it is said to.
    pub(super) fn difference(&self, other: &Self, is_ordered: bool) -> Option<String> {
        if (self.is_error, &self.kind) != (other.is_error, &other.kind) {
            return Some(format!(
                "{} {} expected, found {} {}",
                self.kind, self.error, other.kind, other.error
            ));
        }
        if self.is_error {
            return None;
        }
        for (labels, points) in &self.series {
            let Some(found) = other.series.get(labels) else {
                return Some(format!("{labels} is missing, with {points:?}"));
            };
            for (at, value) in points {
                match found.iter().find(|(other, _)| other == at) {
                    Some((_, found)) if value.is_close(found) => {}
                    found => {
                        let found = found.map(|(_, value)| value);
                        return Some(format!(
                            "{labels} at {at}: {value:?} expected, found {found:?}"
                        ));
                    }
                }
            }
            if let Some(more) = found.iter().find(|(at, _)| !points.iter().any(|(o, _)| o == at)) {
                return Some(format!("{labels} has {more:?} too many"));
            }
        }
        if let Some(more) = other.series.keys().find(|labels| !self.series.contains_key(*labels)) {
            return Some(format!("{more} is too many, with {:?}", other.series.get(more)));
        }
        if self.remarks != other.remarks {
            return Some(format!("{:#?} expected, found {:#?}", self.remarks, other.remarks));
        }
        if is_ordered && self.order != other.order {
            return Some(format!("{:?} expected, found {:?}", self.order, other.order));
        }
        None
    }
}

impl Value {
    pub(super) fn is_close(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => is_close(*a, *b),
            (Self::Histogram(a), Self::Histogram(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_close(*a, *b))
            }
            _ => self == other,
        }
    }
}

/// Whether numbers are the same but for rounding.
pub(super) fn is_close(a: f64, b: f64) -> bool {
    a == b
        || (a.is_nan() && b.is_nan())
        || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
        || (a - b).abs() <= NOISE
}

fn millis(time: &Json) -> i64 {
    let text = format!("{:.0}", time.as_f64().unwrap_or_default() * 1000.0);
    text.parse().expect("a whole number")
}

fn number(value: &Json) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).expect("a number as a text")
}

fn float(pair: &Json) -> (i64, Value) {
    (millis(&pair[0]), Value::Float(number(&pair[1])))
}

fn histogram(pair: &Json) -> (i64, Value) {
    let histogram = &pair[1];
    let mut numbers = vec![number(&histogram["count"]), number(&histogram["sum"])];
    for bucket in histogram["buckets"].as_array().into_iter().flatten() {
        numbers.push(bucket[0].as_f64().unwrap_or(f64::NAN));
        numbers.extend((1..4).map(|part| number(&bucket[part])));
    }
    (millis(&pair[0]), Value::Histogram(numbers))
}
