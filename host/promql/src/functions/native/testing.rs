//! Histograms for tests.

use narthex_model::{BucketLayout, CounterReset, FloatHistogram, Span};
use proptest::prelude::*;

/// Buckets (0.5, 1], (1, 2], (2, 4] and so on.
pub(super) fn exponential(counts: &[f64]) -> FloatHistogram {
    with(0, &[], counts)
}

/// The same of another schema.
pub(super) fn of_schema(schema: i32, counts: &[f64]) -> FloatHistogram {
    with(schema, &[], counts)
}

/// Buckets up to each bound, and one above.
pub(super) fn custom(bounds: &[f64], counts: &[f64]) -> FloatHistogram {
    with(-53, bounds, counts)
}

fn with(schema: i32, bounds: &[f64], counts: &[f64]) -> FloatHistogram {
    let length = u32::try_from(counts.len()).unwrap();
    let layout = BucketLayout {
        schema,
        positive_spans: vec![Span { offset: 0, length }],
        custom_bounds: bounds.to_vec(),
        ..BucketLayout::default()
    };
    let count = counts.iter().sum::<f64>();
    let positive_counts = counts.to_vec();
    FloatHistogram { layout, count, sum: count, positive_counts, ..FloatHistogram::default() }
}

pub(super) fn hinted(reset: CounterReset, histogram: &FloatHistogram) -> FloatHistogram {
    FloatHistogram { reset, ..histogram.clone() }
}

/// Positive, negative and zero buckets that all hold something, or some of them.
pub(super) fn any() -> impl Strategy<Value = FloatHistogram> {
    let counts = || prop::collection::vec((0_u8..9).prop_map(f64::from), 0..6);
    let exponential =
        (-1_i32..4, counts(), counts(), 0_u8..5).prop_map(|(schema, up, down, zero)| {
            let span =
                |counts: &[f64]| Span { offset: 1, length: u32::try_from(counts.len()).unwrap() };
            let zero_count = f64::from(zero);
            let count = up.iter().chain(&down).sum::<f64>() + zero_count;
            FloatHistogram {
                layout: BucketLayout {
                    schema,
                    zero_threshold: 0.5,
                    positive_spans: vec![span(&up)],
                    negative_spans: vec![span(&down)],
                    ..BucketLayout::default()
                },
                count,
                zero_count,
                sum: count * 1.5,
                positive_counts: up,
                negative_counts: down,
                ..FloatHistogram::default()
            }
        });
    let custom_bounds = prop::sample::subsequence(vec![-3.0, -1.0, 0.0, 0.5, 2.0, 8.0], 1..6);
    let custom = (custom_bounds, prop::collection::vec((0_u8..9).prop_map(f64::from), 7))
        .prop_map(|(bounds, counts)| custom(&bounds, &counts[..=bounds.len()]));
    prop_oneof![exponential, custom]
}
