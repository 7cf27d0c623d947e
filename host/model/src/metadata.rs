//! What a metric says of itself.

use std::fmt;
use std::str::FromStr;

/// The kind of a metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MetricType {
    /// Only goes up, but for resets.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations in buckets.
    Histogram,
    /// A histogram whose buckets may fall.
    GaugeHistogram,
    /// Quantiles computed by the target.
    Summary,
    /// Facts in labels, value 1.
    Info,
    /// A set of booleans.
    StateSet,
    /// Nothing was said, or `untyped`.
    #[default]
    Unknown,
}

impl MetricType {
    /// The name in OpenMetrics and in the HTTP API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for MetricType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for MetricType {
    type Err = ();

    /// Reads the names of OpenMetrics and of the text format (`untyped` is [`Self::Unknown`]).
    fn from_str(name: &str) -> Result<Self, ()> {
        Ok(match name {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "gaugehistogram" => Self::GaugeHistogram,
            "summary" => Self::Summary,
            "info" => Self::Info,
            "stateset" => Self::StateSet,
            "unknown" | "untyped" => Self::Unknown,
            _ => return Err(()),
        })
    }
}

/// What a metric family says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The kind.
    pub metric_type: MetricType,
    /// One line for people.
    pub help: String,
    /// The unit in the plural base form (`seconds`), or empty.
    pub unit: String,
}
