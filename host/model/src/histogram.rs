//! Native histograms: whole distributions as one sample.
//!
//! Always holds after [`NativeHistogram::validate`]: as many buckets as the spans cover, no bucket
//! below zero, custom bounds ascending. Shapes follow Prometheus (`model/histogram`).

mod add;
mod body;
mod bounds;
mod buckets;
mod classic;
mod coarser;
mod count;
mod custom;
mod equal;
mod logarithm;
mod reset;
mod scale;
mod side;
mod size;
mod sum;
mod text;
mod trim;
mod zero;

#[cfg(test)]
mod testing;

use std::fmt;

pub use self::add::{Incompatible, Merged};
pub use self::bounds::{exponential_bound, upper_bound};
pub use self::buckets::{Bucket, indexed};
pub use self::classic::{ClassicHistogram, InvalidClassic};
pub use self::sum::{HistogramMean, HistogramSum};

use crate::sample::is_stale;

/// Schema of histograms whose bucket bounds are listed in [`BucketLayout::custom_bounds`].
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;
/// Coarsest exponential schema: each bound is the one before times 2^16.
pub const EXPONENTIAL_SCHEMA_MIN: i32 = -4;
/// Finest exponential schema: each bound is the one before times 2^(1/256).
pub const EXPONENTIAL_SCHEMA_MAX: i32 = 8;

/// A run of buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Empty buckets between the run before and this one; for the first run its first index.
    pub offset: i32,
    /// Buckets in the run.
    pub length: u32,
}

/// What is known of a counter reset between this sample and the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CounterReset {
    /// Nothing: readers compare the samples.
    #[default]
    Unknown,
    /// There was one.
    Reset,
    /// There was none.
    NotReset,
    /// The histogram is a gauge: falling is no reset.
    Gauge,
}

/// Where the buckets of a histogram lie.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BucketLayout {
    /// Bounds grow by 2^(2^-schema), or [`CUSTOM_BUCKETS_SCHEMA`].
    pub schema: i32,
    /// Width of the bucket around zero, to either side.
    pub zero_threshold: f64,
    /// Runs of buckets above zero, ascending.
    pub positive_spans: Vec<Span>,
    /// Runs of buckets below zero, descending.
    pub negative_spans: Vec<Span>,
    /// Upper bounds under [`CUSTOM_BUCKETS_SCHEMA`], ascending, without infinity; else empty.
    pub custom_bounds: Vec<f64>,
}

/// A histogram of whole counts, as targets expose it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntegerHistogram {
    /// About the sample before.
    pub reset: CounterReset,
    /// Where the buckets lie.
    pub layout: BucketLayout,
    /// Observations.
    pub count: u64,
    /// Observations around zero.
    pub zero_count: u64,
    /// Sum of the observations; the staleness marker makes the sample one.
    pub sum: f64,
    /// Counts of the positive buckets: the first as it is, each other minus the one before.
    pub positive_deltas: Vec<i64>,
    /// Counts of the negative buckets, likewise.
    pub negative_deltas: Vec<i64>,
}

/// A histogram of fractional counts, as queries compute it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FloatHistogram {
    /// About the sample before.
    pub reset: CounterReset,
    /// Where the buckets lie.
    pub layout: BucketLayout,
    /// Observations.
    pub count: f64,
    /// Observations around zero.
    pub zero_count: f64,
    /// Sum of the observations; the staleness marker makes the sample one.
    pub sum: f64,
    /// Counts of the positive buckets, each as it is.
    pub positive_counts: Vec<f64>,
    /// Counts of the negative buckets, each as it is.
    pub negative_counts: Vec<f64>,
}

/// A histogram as a sample.
#[derive(Clone, Debug, PartialEq)]
pub enum NativeHistogram {
    /// Of whole counts.
    Integer(IntegerHistogram),
    /// Of fractional counts.
    Float(FloatHistogram),
}

/// Why a histogram cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidHistogram {
    /// Neither exponential nor custom.
    #[error("schema {0} is not between -4 and 8, nor -53")]
    Schema(i32),
    /// Spans and buckets disagree.
    #[error("{side} spans cover {covered} buckets, but {given} are given")]
    BucketCount {
        /// `positive` or `negative`.
        side: &'static str,
        /// Buckets by spans.
        covered: u64,
        /// Buckets in the list.
        given: usize,
    },
    /// A span goes back.
    #[error("{side} span {index} has the negative offset {offset}")]
    SpanOffset {
        /// `positive` or `negative`.
        side: &'static str,
        /// Of the span.
        index: usize,
        /// Its offset.
        offset: i32,
    },
    /// A bucket holds less than nothing.
    #[error("{side} bucket {index} has a negative count")]
    NegativeBucket {
        /// `positive` or `negative`.
        side: &'static str,
        /// Of the bucket.
        index: usize,
    },
    /// Total and buckets disagree.
    #[error("{in_buckets} observations in buckets, but the count is {count}")]
    Count {
        /// Sum of the buckets.
        in_buckets: f64,
        /// The histogram's count.
        count: f64,
    },
    /// Custom bounds where there are none, or not ascending, or missing.
    #[error("custom bounds: {0}")]
    CustomBounds(&'static str),
}

impl BucketLayout {
    /// Whether the buckets have custom bounds.
    #[must_use]
    pub const fn is_custom(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    fn validate(&self, counts_zeros: bool) -> Result<(), InvalidHistogram> {
        if self.is_custom() {
            let ascends = self.custom_bounds.windows(2).all(|pair| match pair {
                [a, b] => a < b,
                _ => true,
            });
            if !ascends {
                return Err(InvalidHistogram::CustomBounds("are not ascending"));
            }
            if self.custom_bounds.iter().any(|bound| bound.is_nan() || *bound == f64::INFINITY) {
                return Err(InvalidHistogram::CustomBounds("hold NaN or infinity"));
            }
            if counts_zeros || !self.negative_spans.is_empty() || self.zero_threshold != 0.0 {
                return Err(InvalidHistogram::CustomBounds("exclude negative and zero buckets"));
            }
            let end = self.positive_spans.iter().fold(0_i64, |end, span| {
                end.saturating_add(i64::from(span.offset)).saturating_add(i64::from(span.length))
            });
            if end > self.custom_bounds.len() as i64 + 1 {
                return Err(InvalidHistogram::CustomBounds("are fewer than the buckets"));
            }
        } else if !(EXPONENTIAL_SCHEMA_MIN..=EXPONENTIAL_SCHEMA_MAX).contains(&self.schema) {
            return Err(InvalidHistogram::Schema(self.schema));
        } else if !self.custom_bounds.is_empty() {
            return Err(InvalidHistogram::CustomBounds("belong to schema -53"));
        }
        Ok(())
    }
}

/// How many buckets `spans` cover.
#[must_use]
pub fn buckets_in(spans: &[Span]) -> u64 {
    spans.iter().map(|span| u64::from(span.length)).sum()
}

fn check_spans(side: &'static str, spans: &[Span], given: usize) -> Result<(), InvalidHistogram> {
    for (index, span) in spans.iter().enumerate().skip(1) {
        if span.offset < 0 {
            return Err(InvalidHistogram::SpanOffset { side, index, offset: span.offset });
        }
    }
    let covered = buckets_in(spans);
    if covered != given as u64 {
        return Err(InvalidHistogram::BucketCount { side, covered, given });
    }
    Ok(())
}

fn absolute(deltas: &[i64]) -> impl Iterator<Item = i64> + '_ {
    deltas.iter().scan(0_i64, |count, delta| {
        *count = count.wrapping_add(*delta);
        Some(*count)
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 lose bits, as in Prometheus")]
impl IntegerHistogram {
    /// Checks what Prometheus checks when it takes a sample.
    ///
    /// # Errors
    /// When spans, buckets, count or bounds disagree.
    pub fn validate(&self) -> Result<(), InvalidHistogram> {
        self.layout.validate(self.zero_count != 0)?;
        let sides = [
            ("positive", &self.layout.positive_spans, &self.positive_deltas),
            ("negative", &self.layout.negative_spans, &self.negative_deltas),
        ];
        let mut in_buckets = i128::from(self.zero_count);
        for (side, spans, deltas) in sides {
            check_spans(side, spans, deltas.len())?;
            for (index, count) in absolute(deltas).enumerate() {
                if count < 0 {
                    return Err(InvalidHistogram::NegativeBucket { side, index });
                }
                in_buckets += i128::from(count);
            }
        }
        // A NaN is observed, and counted, but falls into no bucket.
        let count = i128::from(self.count);
        let fits = if self.sum.is_nan() { in_buckets <= count } else { in_buckets == count };
        if !fits {
            let (in_buckets, count) = (in_buckets as f64, count as f64);
            return Err(InvalidHistogram::Count { in_buckets, count });
        }
        Ok(())
    }

    /// The same with fractional counts.
    #[must_use]
    pub fn to_float(&self) -> FloatHistogram {
        FloatHistogram {
            reset: self.reset,
            layout: self.layout.clone(),
            count: self.count as f64,
            zero_count: self.zero_count as f64,
            sum: self.sum,
            positive_counts: absolute(&self.positive_deltas).map(|count| count as f64).collect(),
            negative_counts: absolute(&self.negative_deltas).map(|count| count as f64).collect(),
        }
    }
}

impl FloatHistogram {
    /// Checks what Prometheus checks when it takes a sample.
    ///
    /// # Errors
    /// When spans, buckets or bounds disagree, or a count is negative.
    pub fn validate(&self) -> Result<(), InvalidHistogram> {
        self.layout.validate(self.zero_count != 0.0)?;
        let sides = [
            ("positive", &self.layout.positive_spans, &self.positive_counts),
            ("negative", &self.layout.negative_spans, &self.negative_counts),
        ];
        for (side, spans, counts) in sides {
            check_spans(side, spans, counts.len())?;
            if let Some(index) = counts.iter().position(|count| *count < 0.0) {
                return Err(InvalidHistogram::NegativeBucket { side, index });
            }
        }
        if self.zero_count < 0.0 {
            return Err(InvalidHistogram::NegativeBucket { side: "zero", index: 0 });
        }
        if self.count < 0.0 {
            return Err(InvalidHistogram::Count { in_buckets: 0.0, count: self.count });
        }
        Ok(())
    }
}

impl NativeHistogram {
    /// Checks what Prometheus checks when it takes a sample.
    ///
    /// # Errors
    /// When the parts disagree.
    pub fn validate(&self) -> Result<(), InvalidHistogram> {
        match self {
            Self::Integer(histogram) => histogram.validate(),
            Self::Float(histogram) => histogram.validate(),
        }
    }

    /// Where the buckets lie.
    #[must_use]
    pub const fn layout(&self) -> &BucketLayout {
        match self {
            Self::Integer(histogram) => &histogram.layout,
            Self::Float(histogram) => &histogram.layout,
        }
    }

    /// What is known of a reset before.
    #[must_use]
    pub const fn reset(&self) -> CounterReset {
        match self {
            Self::Integer(histogram) => histogram.reset,
            Self::Float(histogram) => histogram.reset,
        }
    }

    /// Sum of the observations.
    #[must_use]
    pub const fn sum(&self) -> f64 {
        match self {
            Self::Integer(histogram) => histogram.sum,
            Self::Float(histogram) => histogram.sum,
        }
    }

    /// Whether it marks the end of a series.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        is_stale(self.sum())
    }

    /// The same with fractional counts.
    #[must_use]
    pub fn to_float(&self) -> FloatHistogram {
        match self {
            Self::Integer(histogram) => histogram.to_float(),
            Self::Float(histogram) => histogram.clone(),
        }
    }

    /// Whether both are the same to the bit: NaN equals NaN.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        let layouts = |a: &BucketLayout, b: &BucketLayout| {
            a.schema == b.schema
                && a.zero_threshold.to_bits() == b.zero_threshold.to_bits()
                && a.positive_spans == b.positive_spans
                && a.negative_spans == b.negative_spans
                && bits(&a.custom_bounds) == bits(&b.custom_bounds)
        };
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => {
                a.reset == b.reset
                    && layouts(&a.layout, &b.layout)
                    && (a.count, a.zero_count, a.sum.to_bits())
                        == (b.count, b.zero_count, b.sum.to_bits())
                    && a.positive_deltas == b.positive_deltas
                    && a.negative_deltas == b.negative_deltas
            }
            (Self::Float(a), Self::Float(b)) => {
                let sums = |h: &FloatHistogram| [h.count, h.zero_count, h.sum].map(f64::to_bits);
                a.reset == b.reset
                    && layouts(&a.layout, &b.layout)
                    && sums(a) == sums(b)
                    && bits(&a.positive_counts) == bits(&b.positive_counts)
                    && bits(&a.negative_counts) == bits(&b.negative_counts)
            }
            (Self::Integer(_), Self::Float(_)) | (Self::Float(_), Self::Integer(_)) => false,
        }
    }
}

impl fmt::Display for CounterReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown",
            Self::Reset => "reset",
            Self::NotReset => "not_reset",
            Self::Gauge => "gauge",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram() -> IntegerHistogram {
        IntegerHistogram {
            layout: BucketLayout {
                zero_threshold: 0.001,
                positive_spans: vec![Span { offset: -2, length: 2 }, Span { offset: 1, length: 1 }],
                ..BucketLayout::default()
            },
            count: 8,
            zero_count: 1,
            sum: 18.4,
            positive_deltas: vec![2, 1, -1],
            ..IntegerHistogram::default()
        }
    }

    #[test]
    fn deltas_become_counts() {
        let float = histogram().to_float();
        assert_eq!(float.positive_counts, [2.0, 3.0, 2.0]);
        assert_eq!(float.validate(), Ok(()));
        assert_eq!(histogram().validate(), Ok(()));
    }

    #[test]
    fn parts_that_disagree_are_named() {
        let check = |change: fn(&mut IntegerHistogram), expected: &str| {
            let mut histogram = histogram();
            change(&mut histogram);
            assert_eq!(histogram.validate().unwrap_err().to_string(), expected);
        };
        check(|h| h.count = 9, "8 observations in buckets, but the count is 9");
        check(|h| h.layout.schema = 9, "schema 9 is not between -4 and 8, nor -53");
        check(|h| h.positive_deltas[1] = -3, "positive bucket 1 has a negative count");
        check(
            |h| {
                h.positive_deltas.pop();
            },
            "positive spans cover 3 buckets, but 2 are given",
        );
        check(
            |h| h.layout.positive_spans[1].offset = -1,
            "positive span 1 has the negative offset -1",
        );
        check(|h| h.layout.custom_bounds = vec![1.0], "custom bounds: belong to schema -53");
        check(
            |h| {
                h.layout.schema = CUSTOM_BUCKETS_SCHEMA;
                h.layout.zero_threshold = 0.0;
            },
            "custom bounds: exclude negative and zero buckets",
        );
    }

    #[test]
    fn buckets_have_bounds() {
        let float = histogram().to_float();
        let buckets = float.buckets();
        let bounds: Vec<(f64, f64, f64)> =
            buckets.iter().map(|bucket| (bucket.lower, bucket.upper, bucket.count)).collect();
        let expected =
            [(-0.001, 0.001, 1.0), (0.125, 0.25, 2.0), (0.25, 0.5, 3.0), (1.0, 2.0, 2.0)];
        assert_eq!(bounds, expected);
    }

    #[test]
    fn observed_nan_is_in_no_bucket() {
        let mut histogram = histogram();
        (histogram.count, histogram.sum) = (9, f64::NAN);
        assert_eq!(histogram.validate(), Ok(()));
    }
}
