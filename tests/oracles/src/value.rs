//! A sample's value as it is compared: to the bit, and no further.
//!
//! A store may add empty buckets to a histogram and may split its spans otherwise; it may also say
//! more of counter resets than the writer did. Whether it is a gauge must stay.

use std::hash::{DefaultHasher, Hash, Hasher};

use narthex_model::{CounterReset, FloatHistogram, IntegerHistogram, NativeHistogram, Span};

/// A value: the bits of a float, or the fingerprint of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// The float's bits.
    Float(u64),
    /// A hash over what must be the same.
    Histogram(u64),
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value.to_bits())
    }
}

impl From<&NativeHistogram> for Value {
    fn from(histogram: &NativeHistogram) -> Self {
        let mut hasher = DefaultHasher::new();
        match histogram {
            NativeHistogram::Integer(integer) => integer_parts(integer, &mut hasher),
            NativeHistogram::Float(float) => float_parts(float, &mut hasher),
        }
        Self::Histogram(hasher.finish())
    }
}

/// Indices and counts of the buckets that hold something.
fn buckets<T: Copy>(spans: &[Span], counts: impl Iterator<Item = T>) -> Vec<(i64, T)> {
    let mut at = 0_i64;
    let indices = spans.iter().flat_map(|span| {
        at += i64::from(span.offset);
        let first = at;
        at += i64::from(span.length);
        first..at
    });
    indices.zip(counts).collect()
}

fn sides(layout: &narthex_model::BucketLayout, reset: CounterReset, hasher: &mut impl Hasher) {
    layout.schema.hash(hasher);
    layout.zero_threshold.to_bits().hash(hasher);
    for bound in &layout.custom_bounds {
        bound.to_bits().hash(hasher);
    }
    (reset == CounterReset::Gauge).hash(hasher);
}

fn integer_parts(histogram: &IntegerHistogram, hasher: &mut impl Hasher) {
    let bits = histogram.sum.to_bits();
    (0_u8, bits).hash(hasher);
    // A staleness marker has nothing but its sum.
    if narthex_model::is_stale(histogram.sum) {
        return;
    }
    sides(&histogram.layout, histogram.reset, hasher);
    (histogram.count, histogram.zero_count).hash(hasher);
    let layout = &histogram.layout;
    for (spans, deltas) in [
        (&layout.positive_spans, &histogram.positive_deltas),
        (&layout.negative_spans, &histogram.negative_deltas),
    ] {
        let counts = deltas.iter().scan(0_i64, |count, delta| {
            *count = count.wrapping_add(*delta);
            Some(*count)
        });
        for bucket in buckets(spans, counts).into_iter().filter(|(_, count)| *count != 0) {
            bucket.hash(hasher);
        }
        u64::MAX.hash(hasher);
    }
}

fn float_parts(histogram: &FloatHistogram, hasher: &mut impl Hasher) {
    (1_u8, histogram.sum.to_bits()).hash(hasher);
    if narthex_model::is_stale(histogram.sum) {
        return;
    }
    sides(&histogram.layout, histogram.reset, hasher);
    (histogram.count.to_bits(), histogram.zero_count.to_bits()).hash(hasher);
    let layout = &histogram.layout;
    for (spans, counts) in [
        (&layout.positive_spans, &histogram.positive_counts),
        (&layout.negative_spans, &histogram.negative_counts),
    ] {
        let counts = counts.iter().map(|count| count.to_bits());
        for bucket in buckets(spans, counts).into_iter().filter(|(_, bits)| *bits != 0) {
            bucket.hash(hasher);
        }
        u64::MAX.hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::{BucketLayout, Span};

    use super::*;

    fn histogram(spans: &[(i32, u32)], deltas: &[i64]) -> Value {
        let spans = spans.iter().map(|(offset, length)| Span { offset: *offset, length: *length });
        Value::from(&NativeHistogram::Integer(IntegerHistogram {
            layout: BucketLayout { positive_spans: spans.collect(), ..BucketLayout::default() },
            positive_deltas: deltas.to_vec(),
            ..IntegerHistogram::default()
        }))
    }

    #[test]
    fn empty_buckets_and_split_spans_make_no_difference() {
        let plain = histogram(&[(1, 1), (1, 1)], &[5, -2]);
        assert_eq!(plain, histogram(&[(1, 3)], &[5, -5, 3]));
        assert_eq!(plain, histogram(&[(0, 2), (0, 2)], &[0, 5, -5, 3]));
        assert_ne!(plain, histogram(&[(1, 2)], &[5, -2]));
    }
}
