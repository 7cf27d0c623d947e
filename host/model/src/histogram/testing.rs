//! Histograms for tests: any layout, and a naive model of a histogram.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Bucket, BucketLayout, CounterReset, FloatHistogram, Span, exponential_bound, indexed};

/// Buckets by index: the naive model of one side.
pub(super) type Model = BTreeMap<i32, f64>;

fn side(first: std::ops::Range<i32>) -> impl Strategy<Value = (Vec<Span>, Vec<f64>)> {
    let span = (0_i32..4, 1_u32..4).prop_map(|(offset, length)| Span { offset, length });
    (first, prop::collection::vec(span, 0..5)).prop_flat_map(|(first, mut spans)| {
        if let Some(span) = spans.first_mut() {
            span.offset = first;
        }
        let buckets = spans.iter().map(|span| span.length as usize).sum::<usize>();
        // Whole numbers: their sums are exact in whatever order.
        let count = (0_u8..9).prop_map(f64::from);
        prop::collection::vec(count, buckets).prop_map(move |counts| (spans.clone(), counts))
    })
}

fn with_totals(layout: BucketLayout, zero_count: f64, counts: [Vec<f64>; 2]) -> FloatHistogram {
    let [positive_counts, negative_counts] = counts;
    let count = zero_count + positive_counts.iter().chain(&negative_counts).sum::<f64>();
    FloatHistogram {
        layout,
        count,
        zero_count,
        sum: count * 2.0,
        positive_counts,
        negative_counts,
        ..FloatHistogram::default()
    }
}

/// Exponential buckets from about 1/64 to 64, some of them within the zero bucket.
pub(super) fn exponential() -> impl Strategy<Value = FloatHistogram> {
    let threshold = prop::sample::select(vec![0.0, 0.001, 0.25, 0.3, 1.0]);
    (-2_i32..4, threshold, 0_u8..9).prop_flat_map(|(schema, zero_threshold, zero_count)| {
        (side(-12..8), side(-12..8)).prop_map(move |(positive, negative)| {
            let layout = BucketLayout {
                schema,
                zero_threshold,
                positive_spans: positive.0,
                negative_spans: negative.0,
                ..BucketLayout::default()
            };
            with_totals(layout, zero_count.into(), [positive.1, negative.1])
        })
    })
}

/// The same without what clients do not send: buckets that hold something within the zero bucket.
pub(super) fn clean() -> impl Strategy<Value = FloatHistogram> {
    exponential().prop_map(|mut histogram| {
        let zero = histogram.layout.zero_threshold;
        let hold = |buckets: Vec<Bucket>| -> Vec<f64> {
            let is_outside = |bucket: &Bucket| bucket.lower >= zero || bucket.upper <= -zero;
            buckets.iter().map(|b| if is_outside(b) { b.count } else { 0.0 }).collect()
        };
        let positive = hold(histogram.positive_buckets().collect());
        let negative = hold(histogram.negative_buckets().collect());
        with_totals(
            std::mem::take(&mut histogram.layout),
            histogram.zero_count,
            [positive, negative],
        )
    })
}

/// Custom buckets with some of a few bounds.
pub(super) fn custom() -> impl Strategy<Value = FloatHistogram> {
    let bounds = prop::sample::subsequence(vec![-2.0, -1.0, 0.0, 1.0, 2.0, 5.0, 10.0], 0..7);
    bounds.prop_flat_map(|custom_bounds| {
        prop::collection::vec((0_u8..9).prop_map(f64::from), custom_bounds.len() + 1).prop_map(
            move |counts| {
                let length = u32::try_from(counts.len()).unwrap();
                let layout = BucketLayout {
                    schema: super::CUSTOM_BUCKETS_SCHEMA,
                    positive_spans: vec![Span { offset: 0, length }],
                    custom_bounds: custom_bounds.clone(),
                    ..BucketLayout::default()
                };
                with_totals(layout, 0.0, [counts, Vec::new()])
            },
        )
    })
}

/// Whether the zero bucket ends at a bound of the schema. Where it ends within a bucket, what the
/// finer histogram has below that end is counted in both, as in Prometheus.
pub(super) fn is_aligned(histogram: &FloatHistogram) -> bool {
    let (schema, zero) = (histogram.layout.schema, histogram.layout.zero_threshold);
    zero == 0.0 || (-200..200).any(|index| exponential_bound(index, schema) == zero)
}

/// What both sides hold, empty buckets left out.
pub(super) fn models(histogram: &FloatHistogram) -> [Model; 2] {
    let layout = &histogram.layout;
    let model = |spans, counts| indexed(spans, counts).filter(|(_, count)| *count != 0.0).collect();
    [
        model(layout.positive_spans.as_slice(), histogram.positive_counts.as_slice()),
        model(layout.negative_spans.as_slice(), histogram.negative_counts.as_slice()),
    ]
}

/// A histogram of schema 0 with buckets from index 0.
pub(super) fn plain(counts: &[f64]) -> FloatHistogram {
    let length = u32::try_from(counts.len()).unwrap();
    let layout = BucketLayout {
        positive_spans: vec![Span { offset: 0, length }],
        ..BucketLayout::default()
    };
    with_totals(layout, 0.0, [counts.to_vec(), Vec::new()])
}

/// The same with a hint.
pub(super) fn hinted(reset: CounterReset) -> FloatHistogram {
    FloatHistogram { reset, ..plain(&[1.0]) }
}
