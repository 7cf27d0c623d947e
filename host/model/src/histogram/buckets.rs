//! Buckets of a histogram one by one, with their bounds.

use std::ops::Range;

use super::bounds::upper_bound;
use super::logarithm::{exp2, log2};
use super::{FloatHistogram, Span};

/// A bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Whether the lower bound belongs to it.
    pub is_lower_inclusive: bool,
    /// Whether the upper bound belongs to it.
    pub is_upper_inclusive: bool,
    /// Observations.
    pub count: f64,
}

/// Index of each bucket that `spans` cover, in their order.
pub(super) fn indices(spans: &[Span]) -> impl Iterator<Item = i32> + '_ {
    ranges(spans).flatten()
}

/// Indices of the buckets of each span.
pub(super) fn ranges(spans: &[Span]) -> impl Iterator<Item = Range<i32>> + '_ {
    spans.iter().scan(0_i32, |next, span| {
        let start = next.wrapping_add(span.offset);
        let length = i32::try_from(span.length).unwrap_or(i32::MAX);
        *next = start.saturating_add(length);
        Some(start..*next)
    })
}

/// Index and count of each bucket that `spans` cover, in their order.
pub fn indexed<'a, C: Copy>(
    spans: &'a [Span],
    counts: &'a [C],
) -> impl Iterator<Item = (i32, C)> + 'a {
    indices(spans).zip(counts.iter().copied())
}

impl Bucket {
    /// Which part of the bucket lies below `value`, between 0 and 1, for a value within bounds that
    /// are finite: by length where `is_linear`, else by the length of the logarithm, as if every
    /// half of a finer schema held as much as the other.
    #[must_use]
    pub fn fraction_below(&self, value: f64, is_linear: bool) -> f64 {
        if is_linear {
            return (value - self.lower) / (self.upper - self.lower);
        }
        let (lower, upper) = (log2(self.lower.abs()), log2(self.upper.abs()));
        let value_log = log2(value.abs());
        if value > 0.0 {
            (value_log - lower) / (upper - lower)
        } else {
            1.0 - (value_log - upper) / (lower - upper)
        }
    }

    /// The value below which `fraction` of the bucket lies, likewise.
    #[must_use]
    pub fn value_at(&self, fraction: f64, is_linear: bool) -> f64 {
        if is_linear {
            return self.lower + (self.upper - self.lower) * fraction;
        }
        let (lower, upper) = (log2(self.lower.abs()), log2(self.upper.abs()));
        if self.lower > 0.0 {
            exp2(lower + (upper - lower) * fraction)
        } else {
            -exp2(upper + (lower - upper) * (1.0 - fraction))
        }
    }
}

impl FloatHistogram {
    /// All buckets, ascending by bound: negative ones, the one around zero where it holds
    /// something, positive ones. Empty buckets within spans are among them.
    #[must_use]
    pub fn buckets(&self) -> Vec<Bucket> {
        self.ascending(self.zero_count != 0.0)
    }

    fn ascending(&self, has_zero: bool) -> Vec<Bucket> {
        let mut buckets: Vec<Bucket> = self.negative_buckets().collect();
        buckets.reverse();
        if has_zero {
            buckets.push(self.zero_bucket());
        }
        buckets.extend(self.positive_buckets());
        buckets
    }

    /// The buckets above zero, ascending, each as its index has it.
    pub(super) fn positive_buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        let layout = &self.layout;
        let bound = |index: i32| upper_bound(index, layout.schema, &layout.custom_bounds);
        indexed(&layout.positive_spans, &self.positive_counts).map(move |(index, count)| {
            // The first custom bucket reaches down to, and includes, minus infinity.
            let is_first_custom = layout.is_custom() && index == 0;
            let lower =
                if is_first_custom { f64::NEG_INFINITY } else { bound(index.wrapping_sub(1)) };
            Bucket {
                lower,
                upper: bound(index),
                is_lower_inclusive: is_first_custom,
                is_upper_inclusive: true,
                count,
            }
        })
    }

    /// The buckets below zero, descending.
    pub(super) fn negative_buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        let layout = &self.layout;
        let bound = |index: i32| upper_bound(index, layout.schema, &layout.custom_bounds);
        indexed(&layout.negative_spans, &self.negative_counts).map(move |(index, count)| Bucket {
            lower: -bound(index),
            upper: -bound(index.wrapping_sub(1)),
            is_lower_inclusive: true,
            is_upper_inclusive: false,
            count,
        })
    }

    pub(super) const fn zero_bucket(&self) -> Bucket {
        Bucket {
            lower: -self.layout.zero_threshold,
            upper: self.layout.zero_threshold,
            is_lower_inclusive: true,
            is_upper_inclusive: true,
            count: self.zero_count,
        }
    }

    /// All buckets, ascending, as estimates see them: none reaches into the one around zero, and
    /// that one is there only if it holds more than nothing.
    #[must_use]
    pub fn disjoint_buckets(&self) -> Vec<Bucket> {
        let zero = self.layout.zero_threshold;
        let mut buckets = self.ascending(self.zero_count > 0.0);
        for bucket in &mut buckets {
            if bucket.upper < 0.0 && bucket.upper > -zero {
                bucket.upper = -zero;
            } else if bucket.lower > 0.0 && bucket.lower < zero {
                bucket.lower = zero;
            }
        }
        buckets
    }
}
