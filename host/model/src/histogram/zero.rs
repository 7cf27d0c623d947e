//! The bucket around zero: how wide it must be so that two histograms can share it.

use std::cmp::Ordering;

use crate::CompensatedSum;

use super::body::Body;
use super::buckets::indexed;
use super::count::Count;
use super::{BucketLayout, FloatHistogram, Span, exponential_bound};

/// The buckets of a histogram, as far as its zero bucket may swallow them.
struct Around<'a, C> {
    schema: i32,
    zero_count: C,
    positive: (&'a [Span], &'a [C]),
    negative: (&'a [Span], &'a [C]),
}

impl<C: Count> Around<'_, C> {
    /// The zero bucket as it were with a `threshold` that is greater than it is: where that falls
    /// into a bucket that holds something, the bucket's bound becomes the threshold.
    fn widened(&self, mut threshold: f64) -> (CompensatedSum, f64) {
        let mut count = self.zero_count.compensated();
        let (at_first, mut side) = (count.total, self.positive);
        let mut is_negative = false;
        loop {
            let cut = self.swallow(side, threshold, &mut count);
            match cut {
                // The positive side was looked at with another threshold: once more. What rounding
                // took until now stays.
                Some(bound) if is_negative => {
                    (threshold, count.total, side) = (bound, at_first, self.positive);
                    is_negative = false;
                    continue;
                }
                Some(bound) => threshold = bound,
                None => {}
            }
            if is_negative {
                return (count, threshold);
            }
            (is_negative, side) = (true, self.negative);
        }
    }

    /// Counts the buckets of one side that begin below `threshold`. If the last of them ends above
    /// it and holds something: where it ends.
    fn swallow(
        &self,
        (spans, counts): (&[Span], &[C]),
        threshold: f64,
        count: &mut CompensatedSum,
    ) -> Option<f64> {
        for (index, held) in indexed(spans, counts) {
            if exponential_bound(index.wrapping_sub(1), self.schema) >= threshold {
                return None;
            }
            *count = count.plus(held.compensated());
            let upper = exponential_bound(index, self.schema);
            if upper > threshold {
                return (held.compensated().total != 0.0).then_some(upper);
            }
        }
        None
    }
}

/// The zero bucket of `histogram` with a `threshold` that is its own or greater.
pub(super) fn zero_bucket(histogram: &FloatHistogram, threshold: f64) -> (CompensatedSum, f64) {
    let BucketLayout { schema, zero_threshold, positive_spans, negative_spans, .. } =
        &histogram.layout;
    if *zero_threshold == threshold {
        return (CompensatedSum::starting_at(histogram.zero_count), threshold);
    }
    let around = Around {
        schema: *schema,
        zero_count: histogram.zero_count,
        positive: (positive_spans, &histogram.positive_counts),
        negative: (negative_spans, &histogram.negative_counts),
    };
    around.widened(threshold)
}

impl<C: Count> Body<C> {
    /// Widens the zero bucket so that `other` can have the same; returns what the other's would
    /// hold.
    pub(super) fn reconcile_zero(&mut self, other: &FloatHistogram) -> CompensatedSum {
        let mut zero_count = CompensatedSum::starting_at(other.zero_count);
        let mut threshold = other.layout.zero_threshold;
        // Each round widens one of the two to a bound of the other's buckets, of which there are
        // finitely many. A threshold that is no number is not to be reached.
        loop {
            match threshold.partial_cmp(&self.zero_threshold) {
                Some(Ordering::Less) => {
                    (zero_count, threshold) = zero_bucket(other, self.zero_threshold);
                }
                Some(Ordering::Greater) => self.widen_zero(threshold),
                Some(Ordering::Equal) | None => return zero_count,
            }
        }
    }

    fn widen_zero(&mut self, threshold: f64) {
        let schema = self.schema;
        let around = Around {
            schema,
            zero_count: self.zero_count,
            positive: (&self.positive.spans, &self.positive.counts),
            negative: (&self.negative.spans, &self.negative.counts),
        };
        let (zero_count, threshold) = around.widened(threshold);
        (self.zero_count, self.zero_threshold) = (C::of(zero_count), threshold);
        let is_outside = |index: i32| exponential_bound(index.wrapping_sub(1), schema) >= threshold;
        self.positive.retain(is_outside);
        self.negative.retain(is_outside);
    }
}
