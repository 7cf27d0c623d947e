use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::side::coarser;
use super::super::testing::{Model, clean, custom, hinted, is_aligned, models, plain};
use super::super::{BucketLayout, upper_bound};
use super::*;

/// A side in a coarser schema, without what lies within the zero bucket.
fn outside(model: &Model, from: i32, to: i32, threshold: f64) -> Model {
    let mut outside = Model::new();
    for (index, count) in model {
        let index = coarser(*index, u32::try_from(from - to).unwrap());
        if exponential_bound(index, to) > threshold {
            *outside.entry(index).or_default() += count;
        }
    }
    outside
}

fn total(model: &Model) -> f64 {
    model.values().sum()
}

proptest! {
    #[test]
    fn a_sum_is_the_sum_of_its_buckets(a in clean(), b in clean()) {
        let mut sum = a.clone();
        let merged = sum.add(&b).unwrap();
        prop_assume!(is_aligned(&sum));
        prop_assert_eq!(merged, Merged::default());
        prop_assert_eq!(sum.count, a.count + b.count);
        prop_assert_eq!(sum.sum, a.sum + b.sum);
        let schema = a.layout.schema.min(b.layout.schema);
        prop_assert_eq!(sum.layout.schema, schema);
        let zero = sum.layout.zero_threshold;
        prop_assert!(zero >= a.layout.zero_threshold.max(b.layout.zero_threshold));
        // Nothing is lost, and nothing is counted twice: outside the zero bucket each bucket holds
        // what both held there, and the zero bucket the rest.
        let mut rest = a.count + b.count;
        for (side, model) in models(&sum).into_iter().enumerate() {
            let mut expected = outside(&models(&a)[side], a.layout.schema, schema, zero);
            for (index, count) in outside(&models(&b)[side], b.layout.schema, schema, zero) {
                *expected.entry(index).or_default() += count;
            }
            prop_assert_eq!(&model, &expected);
            rest -= total(&model);
        }
        prop_assert_eq!(sum.zero_count, rest);
        prop_assert_eq!(sum.validate(), Ok(()));
    }

    #[test]
    fn a_difference_undoes_a_sum(a in clean(), b in clean()) {
        let mut sum = a.clone();
        sum.add(&b).unwrap();
        prop_assume!(is_aligned(&sum));
        let mut left = sum.clone();
        left.sub(&b).unwrap();
        // What is left has the layout of the sum.
        let mut expected = FloatHistogram {
            layout: BucketLayout {
                schema: sum.layout.schema,
                zero_threshold: sum.layout.zero_threshold,
                ..BucketLayout::default()
            },
            ..FloatHistogram::default()
        };
        expected.add(&a).unwrap();
        prop_assert_eq!(models(&left), models(&expected));
        prop_assert_eq!(left.zero_count, expected.zero_count);
        prop_assert_eq!((left.count, left.sum), (a.count, a.sum));
    }

    #[test]
    fn custom_buckets_meet_at_the_bounds_of_both(a in custom(), b in custom()) {
        let mut sum = a.clone();
        let merged = sum.add(&b).unwrap();
        let (bounds_a, bounds_b) = (&a.layout.custom_bounds, &b.layout.custom_bounds);
        prop_assert_eq!(merged.bounds_reconciled, bounds_a != bounds_b);
        let shared: Vec<f64> =
            bounds_a.iter().copied().filter(|bound| bounds_b.contains(bound)).collect();
        prop_assert_eq!(&sum.layout.custom_bounds, &shared);
        // Up to every shared bound, both counts together.
        let below = |histogram: &FloatHistogram, bound: f64| -> f64 {
            let layout = &histogram.layout;
            let upper = |index| upper_bound(index, layout.schema, &layout.custom_bounds);
            models(histogram)[0].iter().filter(|(i, _)| upper(**i) <= bound).map(|(_, n)| n).sum()
        };
        for bound in shared.into_iter().chain([f64::INFINITY]) {
            prop_assert_eq!(below(&sum, bound), below(&a, bound) + below(&b, bound));
        }
        prop_assert_eq!(sum.validate(), Ok(()));
    }
}

#[test]
fn zero_buckets_widen_to_a_bound_of_both() {
    // 0.3 falls into (0.25, 0.5], which holds something: so does the zero bucket end at 0.5.
    let layout = BucketLayout {
        zero_threshold: 0.1,
        positive_spans: vec![Span { offset: -1, length: 3 }],
        negative_spans: vec![Span { offset: -2, length: 1 }],
        ..BucketLayout::default()
    };
    let mut narrow = FloatHistogram {
        layout,
        count: 16.0,
        zero_count: 1.0,
        positive_counts: vec![2.0, 4.0, 8.0],
        negative_counts: vec![1.0],
        ..FloatHistogram::default()
    };
    let mut wide = plain(&[0.0, 3.0]);
    (wide.layout.zero_threshold, wide.zero_count, wide.count) = (0.3, 5.0, 8.0);
    narrow.add(&wide).unwrap();
    assert_eq!(narrow.to_string(), "{count:24, sum:6, [-0.5,0.5]:9, (0.5,1]:4, (1,2]:11}");
}

#[test]
fn hints_follow_from_both() {
    use CounterReset::{Gauge, NotReset, Reset, Unknown};
    let check = |a, b, expected, collides| {
        let mut sum = hinted(a);
        let merged = sum.add(&hinted(b)).unwrap();
        assert_eq!((sum.reset, merged.reset_collision), (expected, collides), "{a} {b}");
    };
    for any in [Unknown, Reset, NotReset, Gauge] {
        check(any, any, any, false);
        check(any, Gauge, Gauge, false);
        check(Gauge, any, Gauge, false);
    }
    check(Unknown, Reset, Unknown, false);
    check(NotReset, Unknown, Unknown, false);
    check(Reset, NotReset, Unknown, true);
    check(NotReset, Reset, Unknown, true);
}

#[test]
fn custom_and_exponential_do_not_mix() {
    let mut exponential = plain(&[1.0]);
    let custom = FloatHistogram {
        layout: BucketLayout { schema: -53, ..BucketLayout::default() },
        ..FloatHistogram::default()
    };
    assert_eq!(exponential.add(&custom), Err(Incompatible));
    assert_eq!(exponential.sub(&custom), Err(Incompatible));
    assert_eq!(exponential, plain(&[1.0]));
}

#[test]
fn sides_far_apart_stay_far_apart() {
    let mut low = plain(&[1.0]);
    low.layout.positive_spans[0].offset = -1000;
    let mut high = plain(&[2.0]);
    high.layout.positive_spans[0].offset = 1000;
    low.add(&high).unwrap();
    let expected: Model = BTreeMap::from([(-1000, 1.0), (1000, 2.0)]);
    assert_eq!(models(&low)[0], expected);
    assert_eq!(low.positive_counts.len(), 2);
}
