use proptest::prelude::*;

use super::super::testing::{custom, exponential, plain};
use super::super::{BucketLayout, Span};
use super::*;

#[track_caller]
fn check(histogram: &FloatHistogram, trim: impl Fn(&mut FloatHistogram), expected: &str) {
    let mut trimmed = histogram.clone();
    trim(&mut trimmed);
    assert_eq!(trimmed.to_string(), expected);
}

#[test]
fn whole_buckets_beyond_the_bound_go() {
    let histogram = plain(&[1.0, 2.0, 4.0]);
    check(&histogram, |h| h.trim_upper(4.0), "{count:7, sum:14, (0.5,1]:1, (1,2]:2, (2,4]:4}");
    // Means of the bounds: sqrt(0.5), and sqrt(2) twice.
    check(
        &histogram,
        |h| h.trim_upper(2.0),
        "{count:3, sum:3.5355339059327378, (0.5,1]:1, (1,2]:2}",
    );
    check(&histogram, |h| h.trim_lower(2.0), "{count:4, sum:11.313708498984761, (2,4]:4}");
    check(&histogram, |h| h.trim_upper(0.1), "{count:0, sum:0}");
}

#[test]
fn a_bucket_that_is_cut_keeps_its_part_by_the_logarithm() {
    let histogram = plain(&[0.0, 8.0]);
    let root = std::f64::consts::SQRT_2;
    let mut below = histogram.clone();
    below.trim_upper(root);
    assert!((below.count - 4.0).abs() < 1e-12, "{below}");
    let mut above = histogram;
    above.trim_lower(root);
    assert!((above.count - 4.0).abs() < 1e-12, "{above}");
}

#[test]
fn custom_buckets_are_cut_by_length() {
    let histogram = FloatHistogram {
        layout: BucketLayout {
            schema: -53,
            positive_spans: vec![Span { offset: 0, length: 3 }],
            custom_bounds: vec![4.0, 8.0],
            ..BucketLayout::default()
        },
        count: 12.0,
        sum: 50.0,
        positive_counts: vec![4.0, 4.0, 4.0],
        ..FloatHistogram::default()
    };
    check(&histogram, |h| h.trim_upper(6.0), "{count:6, sum:18, [-Inf,4]:4, (4,8]:2}");
    check(&histogram, |h| h.trim_upper(1.0), "{count:1, sum:0.5, [-Inf,4]:1}");
    check(
        &histogram,
        |h| h.trim_lower(1.0),
        "{count:11, sum:63.5, [-Inf,4]:3, (4,8]:4, (8,+Inf]:4}",
    );
    check(&histogram, |h| h.trim_lower(9.0), "{count:4, sum:36, (8,+Inf]:4}");
    check(&histogram, |h| h.trim_upper(9.0), "{count:8, sum:32, [-Inf,4]:4, (4,8]:4}");
}

#[test]
fn the_zero_bucket_is_cut_by_length() {
    let mut histogram = plain(&[2.0]);
    (histogram.layout.zero_threshold, histogram.zero_count, histogram.count) = (0.5, 4.0, 6.0);
    // There is nothing below zero, so the zero bucket begins there.
    check(&histogram, |h| h.trim_upper(0.25), "{count:2, sum:0.25, [-0.5,0.5]:2}");
    check(
        &histogram,
        |h| h.trim_lower(0.25),
        "{count:4, sum:2.164213562373095, [-0.5,0.5]:2, (0.5,1]:2}",
    );
}

proptest! {
    #[test]
    fn what_is_kept_below_and_above_is_all(
        histogram in prop_oneof![exponential(), custom()],
        bound in -70.0_f64..70.0,
    ) {
        let (mut below, mut above) = (histogram.clone(), histogram.clone());
        below.trim_upper(bound);
        above.trim_lower(bound);
        let layout = &histogram.layout;
        // Buckets without one of the bounds may go from both, or stay in both.
        let open = if layout.is_custom() {
            let highest = layout.custom_bounds.len();
            let count = |at: usize| histogram.positive_counts.get(at).copied().unwrap_or(0.0);
            count(0) + count(highest)
        } else {
            0.0
        };
        let sum = below.count + above.count;
        prop_assert!((sum - histogram.count).abs() <= open + 1e-9, "{below} {above}");
        prop_assert!(below.validate().is_ok() && above.validate().is_ok());
        for (bucket, keeps) in below.buckets().iter().map(|bucket| (bucket, bucket.lower < bound)) {
            prop_assert!(keeps || bucket.count == 0.0, "{below}");
        }
    }

    #[test]
    fn a_bound_beyond_all_changes_nothing(histogram in exponential()) {
        let (mut below, mut above) = (histogram.clone(), histogram.clone());
        below.trim_upper(1e300);
        above.trim_lower(-1e300);
        prop_assert!(below.equals(&histogram) && above.equals(&histogram));
    }
}
