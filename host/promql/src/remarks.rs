//! All that queries remark on, in Prometheus' words.
//!
//! Always holds: each remark is a warning or an info by its kind, and `Annotations::add` puts it
//! where it belongs. `PromQL warning: ` and the position are not part of the text.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;

use narthex_model::{BUCKET_LABEL, Shortest};

use crate::functions::calendar::rfc3339;
use crate::functions::quantile::Forced;
use crate::span::Span;

/// A remark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Remark<'a> {
    /// `limit_ratio` takes no more than all.
    InvalidRatio { ratio: f64, cap: f64 },
    /// No such part of anything.
    InvalidQuantile(f64),
    /// A series without a bucket's bound among buckets.
    BadBucketLabel { metric: &'a str, bound: &'a str },
    /// Floats and histograms in one range.
    MixedFloatsHistograms { metric: &'a str },
    /// Floats and histograms in one group.
    MixedFloatsHistogramsInAggregation,
    /// A native histogram beside the classic buckets of the same labels.
    MixedClassicNative { metric: &'a str },
    /// A gauge where a counter belongs.
    NotCounter { metric: &'a str },
    /// A counter where a gauge belongs.
    NotGauge { metric: &'a str },
    /// Exponential buckets and custom ones.
    MixedExponentialCustom { metric: &'a str },
    /// The same on both sides of an operator.
    IncompatibleLayouts { operator: &'a str },
    /// Sorted for nothing.
    SortInRange,
    /// One histogram tells of a counter reset, another that there was none.
    ResetCollision(Operation),
    /// A sample counts from before the end of the one before it.
    StartTimeOverlap { metric: &'a str, count: usize },
    /// By its name, no counter.
    PossibleNonCounter { metric: &'a str },
    /// By its type, no counter.
    PossibleNonCounterType { metric: &'a str, metric_type: &'a str },
    /// Counts of classic buckets had to be raised.
    ForcedMonotonicity { metric: &'a str, forced: ForcedSamples },
    /// An operator between what it does not apply to.
    IncompatibleTypes { lhs: Operand, operator: &'a str, rhs: Operand },
    /// An aggregation that is of numbers only.
    HistogramIgnoredInAggregation { aggregation: &'a str },
    /// A function of numbers only, over a range that has both.
    HistogramIgnoredInRange { metric: &'a str },
    /// The quantile is among the observations that were no numbers.
    QuantileIsNan { metric: &'a str },
    /// The quantile would be lower without those.
    QuantileIsSkewed { metric: &'a str },
    /// The fractions add up to less than one.
    FractionLacksNan { metric: &'a str },
    /// Custom bounds differ.
    BoundsReconciled(Operation),
}

/// What two or more histograms were put together for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Addition,
    Subtraction,
    Aggregation,
}

/// What stands beside an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operand {
    Float,
    Histogram,
}

/// Samples of a classic histogram whose counts had to be raised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ForcedSamples {
    /// Milliseconds of the first and of the last.
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Of all of them.
    pub(crate) forced: Forced,
    pub(crate) count: usize,
}

impl Remark<'_> {
    /// Whether the value is probably wrong, and not only surprising.
    pub(crate) const fn is_warning(&self) -> bool {
        match self {
            Self::InvalidRatio { .. }
            | Self::InvalidQuantile(_)
            | Self::BadBucketLabel { .. }
            | Self::MixedFloatsHistograms { .. }
            | Self::MixedFloatsHistogramsInAggregation
            | Self::MixedClassicNative { .. }
            | Self::NotCounter { .. }
            | Self::NotGauge { .. }
            | Self::MixedExponentialCustom { .. }
            | Self::IncompatibleLayouts { .. }
            | Self::SortInRange
            | Self::ResetCollision(_)
            | Self::StartTimeOverlap { .. } => true,
            Self::PossibleNonCounter { .. }
            | Self::PossibleNonCounterType { .. }
            | Self::ForcedMonotonicity { .. }
            | Self::IncompatibleTypes { .. }
            | Self::HistogramIgnoredInAggregation { .. }
            | Self::HistogramIgnoredInRange { .. }
            | Self::QuantileIsNan { .. }
            | Self::QuantileIsSkewed { .. }
            | Self::FractionLacksNan { .. }
            | Self::BoundsReconciled(_) => false,
        }
    }
}

impl Remark<'_> {
    /// What tells this remark on the part of the query at `span` from all others.
    pub(crate) fn key(&self, span: Span) -> u64 {
        let mut hash = DefaultHasher::new();
        (span, mem::discriminant(self)).hash(&mut hash);
        match self {
            Self::InvalidRatio { ratio, cap } => (ratio.to_bits(), cap.to_bits()).hash(&mut hash),
            Self::InvalidQuantile(q) => q.to_bits().hash(&mut hash),
            Self::BadBucketLabel { metric, bound: text }
            | Self::PossibleNonCounterType { metric, metric_type: text } => {
                (metric, text).hash(&mut hash);
            }
            Self::MixedFloatsHistograms { metric: text }
            | Self::MixedClassicNative { metric: text }
            | Self::NotCounter { metric: text }
            | Self::NotGauge { metric: text }
            | Self::MixedExponentialCustom { metric: text }
            | Self::IncompatibleLayouts { operator: text }
            | Self::PossibleNonCounter { metric: text }
            | Self::HistogramIgnoredInAggregation { aggregation: text }
            | Self::HistogramIgnoredInRange { metric: text }
            | Self::QuantileIsNan { metric: text }
            | Self::QuantileIsSkewed { metric: text }
            | Self::FractionLacksNan { metric: text } => text.hash(&mut hash),
            Self::MixedFloatsHistogramsInAggregation | Self::SortInRange => {}
            Self::ResetCollision(operation) | Self::BoundsReconciled(operation) => {
                operation.hash(&mut hash);
            }
            Self::StartTimeOverlap { metric, count } => (metric, count).hash(&mut hash),
            Self::ForcedMonotonicity { metric, forced } => {
                let ForcedSamples { first, last, forced, count } = forced;
                let Forced { lowest, highest, difference } = forced;
                let bits = [lowest, highest, difference].map(|value| value.to_bits());
                (metric, first, last, bits, count).hash(&mut hash);
            }
            Self::IncompatibleTypes { lhs, operator, rhs } => (lhs, operator, rhs).hash(&mut hash),
        }
        hash.finish()
    }
}

impl fmt::Display for Remark<'_> {
    #[expect(clippy::too_many_lines, reason = "a table of texts")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIXED: &str = "encountered a mix of histograms and floats for";
        match self {
            Self::InvalidRatio { ratio, cap } => {
                let (ratio, cap) = (Shortest(*ratio), Shortest(*cap));
                write!(f, "ratio value should be between -1 and 1, got {ratio}, capping to {cap}")
            }
            Self::InvalidQuantile(q) => {
                write!(f, "quantile value should be between 0 and 1, got {}", Shortest(*q))
            }
            Self::BadBucketLabel { metric, bound } => {
                write!(
                    f,
                    "bucket label {BUCKET_LABEL:?} is missing or has a malformed value of {bound:?}"
                )?;
                fmt_named(f, metric)
            }
            Self::MixedFloatsHistograms { metric } => write!(f, "{MIXED} metric name {metric:?}"),
            Self::MixedFloatsHistogramsInAggregation => write!(f, "{MIXED} aggregation"),
            Self::MixedClassicNative { metric } => {
                f.write_str("vector contains a mix of classic and native histograms")?;
                fmt_named(f, metric)
            }
            Self::NotCounter { metric } => {
                write!(f, "this native histogram metric is not a counter: {metric:?}")
            }
            Self::NotGauge { metric } => {
                write!(f, "this native histogram metric is not a gauge: {metric:?}")
            }
            Self::MixedExponentialCustom { metric } => write!(
                f,
                "vector contains a mix of histograms with exponential and custom buckets schemas \
                 for metric name {metric:?}"
            ),
            Self::IncompatibleLayouts { operator } => {
                write!(f, "incompatible bucket layout encountered for binary operator {operator}")
            }
            Self::SortInRange => f.write_str(
                "sort is ineffective for range queries since results are always ordered by labels",
            ),
            Self::ResetCollision(operation) => {
                write!(f, "conflicting counter resets during histogram {operation}")
            }
            Self::StartTimeOverlap { metric, count } => {
                write!(
                    f,
                    "sample has start time that overlaps with previous sample timestamp for \
                     metric {metric:?}"
                )?;
                if *count > 1 { write!(f, " ({count} occurrences)") } else { Ok(()) }
            }
            Self::PossibleNonCounter { metric } => write!(
                f,
                "metric might not be a counter, name does not end in \
                 _total/_sum/_count/_bucket: {metric:?}"
            ),
            Self::PossibleNonCounterType { metric, metric_type } => write!(
                f,
                "metric might not be a counter, __type__ label is not set to \"counter\" or \
                 \"histogram\", got {metric_type:?}: {metric:?}"
            ),
            Self::ForcedMonotonicity { metric, forced } => {
                f.write_str(
                    "input to histogram_quantile needed to be fixed for monotonicity (see \
                     https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
                )?;
                fmt_named(f, metric)?;
                write!(f, ", {forced}")
            }
            Self::IncompatibleTypes { lhs, operator, rhs } => write!(
                f,
                "incompatible sample types encountered for binary operator {operator:?}: \
                 {lhs} {operator} {rhs}"
            ),
            Self::HistogramIgnoredInAggregation { aggregation } => {
                write!(f, "ignored histogram in {aggregation} aggregation")
            }
            Self::HistogramIgnoredInRange { metric } => write!(
                f,
                "ignored histograms in a range containing both floats and histograms for metric \
                 name {metric:?}"
            ),
            Self::QuantileIsNan { metric } => {
                f.write_str("input to histogram_quantile has NaN observations, result is NaN")?;
                fmt_named(f, metric)
            }
            Self::QuantileIsSkewed { metric } => {
                f.write_str(
                    "input to histogram_quantile has NaN observations, result is skewed higher",
                )?;
                fmt_named(f, metric)
            }
            Self::FractionLacksNan { metric } => {
                f.write_str(
                    "input to histogram_fraction has NaN observations, which are excluded from \
                     all fractions",
                )?;
                fmt_named(f, metric)
            }
            Self::BoundsReconciled(operation) => {
                write!(f, "mismatched custom buckets were reconciled during {operation}")
            }
        }
    }
}

/// The metric's name, where it is known.
fn fmt_named(f: &mut fmt::Formatter<'_>, metric: &str) -> fmt::Result {
    if metric.is_empty() { Ok(()) } else { write!(f, " for metric name {metric:?}") }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Addition => "addition",
            Self::Subtraction => "subtraction",
            Self::Aggregation => "aggregation",
        })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float => "float",
            Self::Histogram => "histogram",
        })
    }
}

impl fmt::Display for ForcedSamples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Forced { lowest, highest, difference } = self.forced;
        let (lowest, highest) = (Shortest(lowest), Shortest(highest));
        write!(f, "from buckets {lowest} to {highest}, with a max diff of ")?;
        fmt_two_digits(f, difference)?;
        let time = |millis: i64| rfc3339(millis.div_euclid(1000));
        let (first, last) = (time(self.first), time(self.last));
        write!(f, ", over {} samples from {first} to {last}", self.count)
    }
}

/// Two significant digits: `0.12`, `3`, `1.2e+02`.
fn fmt_two_digits(f: &mut fmt::Formatter<'_>, value: f64) -> fmt::Result {
    let rounded: f64 = format!("{value:.1e}").parse().unwrap_or(value);
    let magnitude = rounded.abs();
    // Beyond two digits before the point an exponent is written.
    if !(100.0..1e6).contains(&magnitude) {
        return write!(f, "{}", Shortest(rounded));
    }
    let scientific = format!("{rounded:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    write!(f, "{mantissa}e+{exponent:0>2}")
}

#[cfg(test)]
mod tests;
