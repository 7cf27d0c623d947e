use proptest::prelude::*;

use super::super::testing::{custom, exponential, hinted, plain};
use super::*;

proptest! {
    #[test]
    fn sums_of_whole_numbers_are_plain_sums(all in prop::collection::vec(exponential(), 1..6)) {
        let mut sum = HistogramSum::starting_at(&all[0]);
        let mut plain = all[0].clone();
        for next in &all[1..] {
            let merged = sum.add(next).unwrap();
            prop_assert_eq!(merged, plain.add(next).unwrap());
            prop_assert_eq!(sum.size(), sum.clone().finish().size());
        }
        let (mut sum, mut plain) = (sum.finish(), plain);
        sum.compact(0);
        plain.compact(0);
        prop_assert!(sum.equals(&plain), "{sum} {plain}");
    }

    #[test]
    fn means_are_sums_over_the_count(all in prop::collection::vec(custom(), 1..6)) {
        let (mut sum, mut mean) =
            (HistogramSum::starting_at(&all[0]), HistogramMean::starting_at(&all[0]));
        for next in &all[1..] {
            prop_assert_eq!(sum.add(next).unwrap(), mean.add(next).unwrap());
        }
        let mut sum = sum.finish();
        sum.divide(all.len() as f64);
        let mean = mean.finish();
        prop_assert!(mean.equals(&sum), "{mean} {sum}");
    }
}

#[test]
fn small_parts_are_not_lost_to_large_ones() {
    let mut sum = HistogramSum::starting_at(&plain(&[1.0]));
    for part in [1e100, 1.0, -1e100] {
        sum.add(&plain(&[part])).unwrap();
    }
    assert_eq!(sum.finish().to_string(), "{count:2, sum:4, (0.5,1]:2}");
}

#[test]
fn a_mean_whose_sum_overflows_is_carried_along() {
    let big = plain(&[1e308, 0.0]);
    let mut mean = HistogramMean::starting_at(&big);
    for _ in 0..3 {
        mean.add(&FloatHistogram { sum: 1e308, ..big.clone() }).unwrap();
    }
    let mean = mean.finish();
    assert_eq!((mean.count, mean.positive_counts[0]), (1e308, 1e308));
}

#[test]
fn claims_about_resets_are_remembered() {
    let mut sum = HistogramSum::starting_at(&hinted(CounterReset::Reset));
    let unknown = sum.add(&hinted(CounterReset::Unknown)).unwrap();
    assert!(!unknown.reset_collision && !sum.has_reset_collision());
    // The sum's own hint is unknown by now, and yet two of its parts contradict each other.
    let collision = sum.add(&hinted(CounterReset::NotReset)).unwrap();
    assert!(collision.reset_collision && sum.has_reset_collision());
    assert_eq!(sum.finish().reset, CounterReset::Unknown);
}
