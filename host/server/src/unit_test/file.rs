//! What a test file says.

use std::collections::BTreeMap;
use std::fmt;

use camino::Utf8Path;
use narthex_model::Timestamp;
use narthex_settings::Document;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, de};

use super::duration_millis;

/// Promtool's, and Prometheus', default.
const DEFAULT_INTERVAL_MILLIS: i64 = 60_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestFile {
    #[serde(default)]
    pub(super) rule_files: Vec<String>,
    #[serde(default = "default_interval")]
    pub(super) evaluation_interval: Millis,
    #[serde(default)]
    pub(super) group_eval_order: Vec<String>,
    #[serde(default)]
    pub(super) tests: Vec<Tests>,
    #[serde(default)]
    pub(super) fuzzy_compare: bool,
}

/// A group of tests over the same series.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tests {
    #[serde(default)]
    pub(super) interval: Millis,
    #[serde(default)]
    pub(super) input_series: Option<Vec<InputSeries>>,
    #[serde(default, rename = "alert_rule_test")]
    pub(super) alerts: Option<Vec<AlertTest>>,
    #[serde(default, rename = "promql_expr_test")]
    pub(super) expressions: Option<Vec<ExpressionTest>>,
    #[serde(default)]
    pub(super) external_labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) external_url: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) start_timestamp: Time,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputSeries {
    #[serde(default)]
    pub(super) series: String,
    #[serde(default)]
    pub(super) values: String,
}

/// Which alerts of one name fire at a time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertTest {
    #[serde(default)]
    pub(super) eval_time: Millis,
    #[serde(default)]
    pub(super) alertname: String,
    #[serde(default, rename = "exp_alerts")]
    pub(super) expected: Option<Vec<ExpectedAlert>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedAlert {
    #[serde(default, rename = "exp_labels")]
    pub(super) labels: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "exp_annotations")]
    pub(super) annotations: Option<BTreeMap<String, String>>,
}

/// What a query answers at a time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpressionTest {
    #[serde(default)]
    pub(super) expr: String,
    #[serde(default)]
    pub(super) eval_time: Millis,
    #[serde(default, rename = "exp_samples")]
    pub(super) expected: Option<Vec<ExpectedSample>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedSample {
    #[serde(default)]
    pub(super) labels: String,
    #[serde(default)]
    pub(super) value: Number,
    #[serde(default)]
    pub(super) histogram: String,
}

impl TestFile {
    /// Reads a file; the refusal names the place in it.
    pub(super) fn read(path: &Utf8Path, text: &str) -> Result<Self, String> {
        let document = Document::parse(path.as_str(), text).map_err(|error| error.to_string())?;
        let mut file: Self = document.read().map_err(|error| error.to_string())?;
        if file.evaluation_interval.0 == 0 {
            file.evaluation_interval = default_interval();
        }
        for tests in &mut file.tests {
            if tests.interval.0 == 0 {
                tests.interval = file.evaluation_interval;
            }
        }
        Ok(file)
    }
}

fn default_interval() -> Millis {
    Millis(DEFAULT_INTERVAL_MILLIS)
}

/// A duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Millis(pub(super) i64);

/// In seconds or as RFC 3339; the epoch when it is not said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Time(pub(super) Timestamp);

/// A number as YAML writes it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number(pub(super) f64);

/// The text of a scalar, which may look like a number.
fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Scalar;
    impl Visitor<'_> for Scalar {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a scalar")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
    }
    deserializer.deserialize_str(Scalar)
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        duration_millis(&scalar(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let time = crate::outbound::time(&scalar(deserializer)?);
        time.map(|millis| Self(Timestamp::from_millis(millis)))
            .map_err(|error| D::Error::custom(format!("{error:#}")))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = scalar(deserializer)?;
        let plain = text.replace('_', "").to_ascii_lowercase();
        let number = match plain.strip_prefix("0x") {
            Some(digits) => i64::from_str_radix(digits, 16).ok().map(whole),
            // YAML writes `.inf` and `.nan`.
            None => match plain.replace(".inf", "inf").replace(".nan", "nan").as_str() {
                number if number.contains("infinity") => None,
                number => number.parse().ok(),
            },
        };
        number.map(Self).ok_or_else(|| D::Error::custom(format!("{text:?} is no number")))
    }
}

#[expect(clippy::cast_precision_loss, reason = "an integer beyond 2^53 is rounded")]
const fn whole(value: i64) -> f64 {
    value as f64
}
