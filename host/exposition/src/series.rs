//! A series as it is written in a body.

use std::borrow::Cow;
use std::hash::Hasher as _;

use narthex_model::{BUCKET_LABEL, Labels, METRIC_NAME, MetricType, QUANTILE_LABEL};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::collected::{Collected, LabelsError};
use crate::number::{format_openmetrics_float, parse_float};
use crate::parts::{Kind, Part, Parts, Syntax};
use crate::proto;

/// The label that says what kind of family a series is of.
pub const TYPE_LABEL: &str = "__type__";
/// The label that says what a family is counted in.
pub const UNIT_LABEL: &str = "__unit__";

/// A series as the target wrote it, checked: `name{label="value"}`, or a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesText<'a> {
    pub(crate) written: Written<'a>,
    pub(crate) context: Context<'a>,
}

/// What the lines before a series say of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context<'a> {
    pub(crate) metric_type: MetricType,
    /// `Some`: type and unit are labels.
    pub(crate) unit: Option<&'a str>,
    /// A hash of as much of it as decides on the labels.
    seed: u128,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Written<'a> {
    Line {
        bytes: &'a [u8],
        syntax: Syntax,
        /// It is one of the lines of a classic histogram, of which a native one was made: the name's
        /// suffix and the bound are no part of the series.
        is_custom: bool,
    },
    Message(proto::Series<'a>),
}

impl<'a> Context<'a> {
    pub(crate) fn new(metric_type: MetricType, unit: Option<&'a str>) -> Self {
        let seed = match (unit, metric_type) {
            (Some(unit), _) => {
                let mut hash = Xxh3::new();
                hash.write(metric_type.name().as_bytes());
                hash.write(b" ");
                hash.write(unit.as_bytes());
                hash.digest128()
            }
            // What counts as a number depends on these.
            (None, MetricType::Histogram) => 1,
            (None, MetricType::Summary) => 2,
            (
                None,
                MetricType::Counter
                | MetricType::Gauge
                | MetricType::GaugeHistogram
                | MetricType::Info
                | MetricType::StateSet
                | MetricType::Unknown,
            ) => 0,
        };
        Self { metric_type, unit, seed }
    }

    /// The key of a line.
    pub(crate) fn key(&self, bytes: &[u8]) -> u128 {
        xxh3_128(bytes) ^ self.seed
    }

    /// Whether a label of this name gives way to what the family says.
    fn overrides(&self, name: &str) -> bool {
        let Some(unit) = self.unit else { return false };
        match name {
            METRIC_NAME => true,
            TYPE_LABEL => self.metric_type != MetricType::Unknown,
            UNIT_LABEL => !unit.is_empty(),
            _ => false,
        }
    }

    fn add_to(&self, labels: &mut Collected<'a>) -> Result<(), LabelsError> {
        let Some(unit) = self.unit else { return Ok(()) };
        if self.metric_type != MetricType::Unknown {
            labels.add(TYPE_LABEL, self.metric_type.name())?;
        }
        labels.add(UNIT_LABEL, unit)
    }
}

impl<'a> SeriesText<'a> {
    /// A key for the series within its target: two series with one key are the same, but for a
    /// chance of 2^-128. What has another key may be the same series all the same, written
    /// differently.
    #[must_use]
    pub fn key(&self) -> u128 {
        match &self.written {
            Written::Line { bytes, is_custom, .. } => {
                // Half of the bits, so that it is no key of the line itself.
                self.context.key(bytes) ^ if *is_custom { u128::MAX >> 64 } else { 0 }
            }
            Written::Message(series) => series.key() ^ self.context.seed,
        }
    }

    /// Bytes of the line before the value, for [`crate::Parser::known_sample`]; 0 when there is
    /// nothing to be gained.
    #[must_use]
    pub const fn text_len(&self) -> usize {
        match &self.written {
            Written::Line { bytes, is_custom: false, .. } => bytes.len(),
            Written::Line { .. } | Written::Message(_) => 0,
        }
    }

    /// The type that the exposition gave last before this series.
    #[must_use]
    pub const fn metric_type(&self) -> MetricType {
        self.context.metric_type
    }

    /// Whether the target names the label, be it with an empty value: [`Self::labels`] does not tell
    /// an empty label from none.
    #[must_use]
    pub fn names_label(&self, wanted: &str) -> bool {
        match self.written {
            Written::Line { bytes, syntax, is_custom } => {
                if is_custom && wanted == BUCKET_LABEL {
                    return false;
                }
                let mut parts = Parts::new(bytes, syntax, Kind::Series);
                while let Ok(Some(part)) = parts.next() {
                    if matches!(part, Part::Label { name, .. } if name == wanted) {
                        return true;
                    }
                }
                false
            }
            Written::Message(series) => {
                series.labels().any(|(name, _)| name == wanted)
                    || series.own_label().is_some_and(|(name, _)| name == wanted)
            }
        }
    }

    /// The labels, the name among them. `le` of histograms and `quantile` of summaries are written
    /// as OpenMetrics writes numbers, so that `1` and `1.0` are one series.
    ///
    /// # Errors
    /// When a label stands twice, a label of a message is none, or there are more than any series has.
    pub fn labels(&self) -> Result<Labels, LabelsError> {
        let mut labels = Collected::default();
        self.context.add_to(&mut labels)?;
        match self.written {
            Written::Line { bytes, syntax, is_custom } => {
                let mut parts = Parts::new(bytes, syntax, Kind::Series);
                while let Ok(Some(part)) = parts.next() {
                    match part {
                        Part::Name(name) if is_custom => {
                            labels.add(METRIC_NAME, base_name(&name).to_owned())?;
                        }
                        Part::Name(name) => labels.add(METRIC_NAME, name)?,
                        Part::Label { name, .. } if is_custom && name == BUCKET_LABEL => {}
                        Part::Label { name, .. } if self.context.overrides(&name) => {}
                        Part::Label { name, value } => {
                            let value = normalize(self.context.metric_type, &name, value);
                            labels.add(name, value)?;
                        }
                    }
                }
            }
            Written::Message(series) => {
                series.check()?;
                let (family, suffix) = series.name();
                labels.add(METRIC_NAME, [family, suffix].concat())?;
                for (name, value) in series.labels() {
                    if !self.context.overrides(name) {
                        labels.add(name, value)?;
                    }
                }
                if let Some((name, bound)) = series.own_label() {
                    let mut text = String::new();
                    format_openmetrics_float(bound, &mut text);
                    labels.add(name, text)?;
                }
            }
        }
        labels.finish()
    }
}

/// Suffixes of the series of a classic histogram.
pub(crate) const BUCKET: &str = "_bucket";
pub(crate) const COUNT: &str = "_count";
pub(crate) const SUM: &str = "_sum";
pub(crate) const CREATED: &str = "_created";

/// The name of a histogram, given that of one of its series.
fn base_name(name: &str) -> &str {
    let suffixes = [BUCKET, COUNT, SUM];
    suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

fn normalize<'a>(metric_type: MetricType, name: &str, value: Cow<'a, str>) -> Cow<'a, str> {
    let is_number = (metric_type == MetricType::Histogram && name == BUCKET_LABEL)
        || (metric_type == MetricType::Summary && name == QUANTILE_LABEL);
    match parse_float(value.as_bytes()) {
        Some(number) if is_number => {
            let mut text = String::new();
            format_openmetrics_float(number, &mut text);
            Cow::Owned(text)
        }
        _ => value,
    }
}
