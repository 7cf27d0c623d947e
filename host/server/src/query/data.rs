//! What servers answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Number;

/// Labels, ascending by name.
pub(super) type LabelMap = BTreeMap<String, String>;

/// A time in seconds and a value.
pub(super) type Point = (Number, String);

/// The value of a query.
#[derive(Debug, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub(super) enum Value {
    Scalar(Point),
    String(Point),
    Vector(Vec<Sample>),
    Matrix(Vec<Series>),
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Sample {
    pub(super) metric: LabelMap,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Point>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) histogram: Option<(Number, Histogram)>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Series {
    pub(super) metric: LabelMap,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) values: Vec<Point>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) histograms: Vec<(Number, Histogram)>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Histogram {
    pub(super) count: String,
    pub(super) sum: String,
    #[serde(default)]
    pub(super) buckets: Vec<Bucket>,
}

/// Which bounds belong to it (1 and 3: the lower, 0 and 3: the upper), the bounds, the count.
pub(super) type Bucket = (u8, String, String, String);
