use proptest::prelude::*;

use super::super::testing::{any, custom, exponential};
use super::*;

/// The root of two as the bounds of buckets have it.
const ROOT: f64 = std::f64::consts::SQRT_2 - f64::EPSILON;

#[track_caller]
fn assert_close(value: f64, expected: f64) {
    assert!((value - expected).abs() <= 1e-15 * expected.abs(), "{value} {expected}");
}

fn nan_observed(histogram: FloatHistogram, count: f64) -> FloatHistogram {
    FloatHistogram { count, sum: f64::NAN, ..histogram }
}

#[test]
fn quantiles_are_found_by_the_logarithm() {
    let check = |q: f64, expected: f64| {
        assert_eq!(quantile(q, &exponential(&[0.0, 4.0, 4.0])), (expected, None), "{q}");
    };
    check(0.0, 1.0);
    check(0.25, ROOT);
    check(0.5, 2.0);
    check(0.75, 2.0 * ROOT);
    check(1.0, 4.0);
    check(-0.1, f64::NEG_INFINITY);
    check(1.1, f64::INFINITY);
}

#[test]
fn custom_buckets_and_the_one_around_zero_are_linear() {
    let histogram = custom(&[4.0, 8.0], &[4.0, 4.0, 2.0]);
    let check = |q: f64, expected: f64| assert_eq!(quantile(q, &histogram).0, expected, "{q}");
    // The lowest bucket begins at zero, the highest has no end.
    check(0.1, 1.0);
    check(0.6, 6.0);
    check(0.95, 8.0);
    let mut histogram = exponential(&[0.0, 4.0]);
    histogram.layout.zero_threshold = 0.5;
    (histogram.zero_count, histogram.count) = (4.0, 8.0);
    // Nothing is below zero.
    assert_eq!(quantile(0.25, &histogram).0, 0.25);
    (histogram.positive_counts, histogram.layout.positive_spans) = (Vec::new(), Vec::new());
    histogram.count = 4.0;
    assert_eq!(quantile(0.25, &histogram).0, -0.25);
}

#[test]
fn nothing_has_no_quantile() {
    assert!(quantile(0.5, &FloatHistogram::default()).0.is_nan());
    assert!(quantile(f64::NAN, &exponential(&[1.0])).0.is_nan());
    assert!(fraction(0.0, 1.0, &FloatHistogram::default()).0.is_nan());
    assert!(fraction(f64::NAN, 1.0, &exponential(&[1.0])).0.is_nan());
}

#[test]
fn observed_nan_is_above_all_others() {
    let histogram = nan_observed(exponential(&[0.0, 4.0]), 8.0);
    assert_eq!(quantile(0.25, &histogram).1, Some(Finding::QuantileIsSkewed));
    let (value, finding) = quantile(0.75, &histogram);
    assert!(value.is_nan());
    assert_eq!(finding, Some(Finding::QuantileIsNan));
    // Both infinities make the sum NaN as well, but are counted in buckets.
    let infinite = nan_observed(exponential(&[0.0, 4.0]), 4.0);
    assert_eq!(quantile(0.5, &infinite), (ROOT, None));
    let (part, finding) = fraction(f64::NEG_INFINITY, f64::INFINITY, &histogram);
    assert_eq!((part, finding), (0.5, Some(Finding::FractionLacksNan)));
}

#[test]
fn fractions_lie_between_bounds() {
    let histogram = exponential(&[0.0, 4.0, 4.0]);
    let check = |lower, upper, expected: f64| {
        let (part, finding) = fraction(lower, upper, &histogram);
        assert_close(part, expected);
        assert_eq!(finding, None);
    };
    check(f64::NEG_INFINITY, f64::INFINITY, 1.0);
    check(1.0, 2.0, 0.5);
    check(ROOT, 2.0, 0.25);
    check(3.0, 2.0, 0.0);
    check(100.0, f64::INFINITY, 0.0);
    let histogram = custom(&[-1.0, 8.0], &[4.0, 4.5, 1.5]);
    // Of a bucket that begins nowhere, all is below any value in it.
    assert_eq!(fraction(f64::NEG_INFINITY, -3.0, &histogram).0, 0.4);
    // One that reaches across zero is cut there.
    assert_eq!(fraction(0.0, 4.0, &histogram).0, 0.225);
    assert_eq!(fraction(9.0, f64::INFINITY, &histogram).0, 0.15);
}

#[test]
fn spread_is_measured_from_the_middle_of_buckets() {
    let histogram = FloatHistogram { sum: 12.0, ..custom(&[0.0, 4.0, 8.0], &[0.0, 1.0, 1.0]) };
    assert_eq!((average(&histogram), variance(&histogram)), (6.0, 8.0));
    assert_eq!(deviation(&histogram), 8.0_f64.sqrt());
    let histogram = FloatHistogram { sum: 2.0, ..exponential(&[0.0, 1.0]) };
    let distance = ROOT - 2.0;
    assert!((variance(&histogram) - distance * distance).abs() < 1e-15);
}

/// The definition: a value below which `part` of all observations are, by what each bucket has
/// below a value.
fn below(value: f64, histogram: &FloatHistogram) -> f64 {
    let is_custom = histogram.layout.is_custom();
    let mut below = 0.0;
    for mut bucket in histogram.disjoint_buckets() {
        let is_around_zero = bucket.lower <= 0.0 && bucket.upper >= 0.0;
        // Quantiles do not cut custom buckets, and fractions do.
        if is_around_zero && !is_custom {
            bound_by_zero(&mut bucket, histogram);
        }
        below += if bucket.upper <= value {
            bucket.count
        } else if bucket.lower >= value {
            0.0
        } else {
            bucket.count * bucket.fraction_below(value, is_custom || is_around_zero)
        };
    }
    below / histogram.count
}

proptest! {
    #[test]
    fn a_quantile_has_its_part_of_all_below_it(histogram in any(), q in 0.0_f64..1.0) {
        prop_assume!(histogram.count > 0.0);
        let (value, finding) = quantile(q, &histogram);
        prop_assert_eq!(finding, None);
        // In buckets without an end there is nothing to measure.
        let bounds = &histogram.layout.custom_bounds;
        let ends = (bounds.first().copied(), bounds.last().copied());
        let is_open = ends.0.is_some_and(|first| value <= first) || ends.1 == Some(value);
        if !is_open {
            prop_assert!((below(value, &histogram) - q).abs() < 1e-9, "{value} {histogram}");
        }
    }

    #[test]
    fn fractions_add_up(histogram in any(), a in -40.0_f64..40.0, b in -40.0_f64..40.0) {
        prop_assume!(histogram.count > 0.0);
        let (low, high) = (a.min(b), a.max(b));
        let parts = [(f64::NEG_INFINITY, low), (low, high), (high, f64::INFINITY)]
            .map(|(lower, upper)| fraction(lower, upper, &histogram).0);
        prop_assert!((parts.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{parts:?} {histogram}");
        if !histogram.layout.is_custom() {
            prop_assert!((parts[0] - below(low, &histogram)).abs() < 1e-9);
        }
    }
}
