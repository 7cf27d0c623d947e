//! A histogram while it is computed with, over any kind of count.
//!
//! A [`FloatHistogram`] becomes a body and back without a copy.

use std::mem;

use crate::CompensatedSum;

use super::count::Count;
use super::side::Side;
use super::size::size_of_values;
use super::{BucketLayout, CUSTOM_BUCKETS_SCHEMA, CounterReset, FloatHistogram};

#[derive(Clone, Debug)]
pub(super) struct Body<C> {
    pub(super) reset: CounterReset,
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) custom_bounds: Vec<f64>,
    pub(super) count: C,
    pub(super) zero_count: C,
    pub(super) sum: C,
    pub(super) positive: Side<C>,
    pub(super) negative: Side<C>,
}

impl<C: Count> Body<C> {
    pub(super) const fn is_custom(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// As [`FloatHistogram::size`].
    pub(super) const fn size(&self) -> usize {
        let sides = self.positive.values() + self.negative.values();
        size_of_values(sides + self.custom_bounds.len())
    }

    /// Changes every number but the bounds.
    pub(super) fn each(&mut self, change: impl Fn(f64) -> f64) {
        for number in [&mut self.count, &mut self.zero_count, &mut self.sum] {
            *number = number.each(&change);
        }
        self.positive.each(&change);
        self.negative.each(&change);
    }

    pub(super) fn compact(&mut self, empty_max: u32) {
        self.positive.compact(empty_max);
        self.negative.compact(empty_max);
    }

    /// Joins buckets so that they are those of a coarser exponential `schema`.
    pub(super) fn reduce(&mut self, schema: i32) {
        let steps = self.schema.saturating_sub(schema);
        let Ok(steps @ 1..) = u32::try_from(steps) else { return };
        self.positive = self.positive.reduced(steps);
        self.negative = self.negative.reduced(steps);
        self.schema = schema;
    }

    fn totals(&self) -> impl Iterator<Item = f64> + '_ {
        let totals = [self.count, self.zero_count, self.sum].into_iter();
        let buckets = self.positive.counts.iter().chain(&self.negative.counts).copied();
        let counts = totals.chain(buckets).map(|count| count.compensated().total);
        counts.chain(self.custom_bounds.iter().copied())
    }

    /// Whether any number is infinite, bounds included.
    pub(super) fn has_overflow(&self) -> bool {
        self.totals().any(f64::is_infinite)
    }

    /// Whether no number comes near infinity.
    pub(super) fn is_small(&self) -> bool {
        self.totals().all(is_small)
    }
}

/// Whether millions of these, and more buckets are never merged, add up to a finite number.
fn is_small(number: f64) -> bool {
    const SMALL_MAX: f64 = f64::MAX / 4_194_304.0;
    number.abs() < SMALL_MAX
}

impl FloatHistogram {
    /// Takes the histogram out as a body; an empty one is left behind.
    pub(super) fn take_body(&mut self) -> Body<f64> {
        Body::from(mem::take(self))
    }

    /// Whether no number comes near infinity.
    pub(super) fn is_small(&self) -> bool {
        let totals = [self.count, self.zero_count, self.sum];
        let buckets = self.positive_counts.iter().chain(&self.negative_counts);
        let bounds = &self.layout.custom_bounds;
        totals.iter().chain(buckets).chain(bounds).all(|number| is_small(*number))
    }
}

impl From<FloatHistogram> for Body<f64> {
    fn from(histogram: FloatHistogram) -> Self {
        let FloatHistogram { reset, layout, count, zero_count, sum, .. } = histogram;
        let (positive, negative) = (histogram.positive_counts, histogram.negative_counts);
        Self {
            reset,
            schema: layout.schema,
            zero_threshold: layout.zero_threshold,
            custom_bounds: layout.custom_bounds,
            count,
            zero_count,
            sum,
            positive: Side { spans: layout.positive_spans, counts: positive },
            negative: Side { spans: layout.negative_spans, counts: negative },
        }
    }
}

impl From<Body<f64>> for FloatHistogram {
    fn from(body: Body<f64>) -> Self {
        Self {
            reset: body.reset,
            layout: BucketLayout {
                schema: body.schema,
                zero_threshold: body.zero_threshold,
                positive_spans: body.positive.spans,
                negative_spans: body.negative.spans,
                custom_bounds: body.custom_bounds,
            },
            count: body.count,
            zero_count: body.zero_count,
            sum: body.sum,
            positive_counts: body.positive.counts,
            negative_counts: body.negative.counts,
        }
    }
}

impl From<Body<f64>> for Body<CompensatedSum> {
    fn from(body: Body<f64>) -> Self {
        let side = |side: Side<f64>| Side {
            spans: side.spans,
            counts: side.counts.into_iter().map(CompensatedSum::starting_at).collect(),
        };
        Self {
            reset: body.reset,
            schema: body.schema,
            zero_threshold: body.zero_threshold,
            custom_bounds: body.custom_bounds,
            count: CompensatedSum::starting_at(body.count),
            zero_count: CompensatedSum::starting_at(body.zero_count),
            sum: CompensatedSum::starting_at(body.sum),
            positive: side(body.positive),
            negative: side(body.negative),
        }
    }
}
