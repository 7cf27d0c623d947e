use std::sync::Arc;

use proptest::prelude::*;

use super::super::super::rate::{DELTA, INCREASE, RATE};
use super::super::testing::{any, custom, exponential, hinted, of_schema};
use super::*;
use crate::remarks::Operation;

fn of(histograms: &[FloatHistogram], is_counter: bool) -> (Option<String>, Vec<Finding>) {
    let (change, findings) = change(histograms, &[], &[], is_counter);
    (change.map(|change| change.to_string()), findings.iter().collect())
}

#[track_caller]
fn check(histograms: &[FloatHistogram], expected: &str, found: &[Finding]) {
    assert_eq!(of(histograms, true), (Some(expected.to_owned()), found.to_vec()));
}

#[test]
fn what_was_before_a_reset_counts() {
    let all = [exponential(&[1.0]), exponential(&[4.0]), exponential(&[2.0]), exponential(&[3.0])];
    check(&all, "{count:6, sum:6, (0.5,1]:6}", &[]);
    check(&all[..2], "{count:3, sum:3, (0.5,1]:3}", &[]);
    check(&[all[1].clone(), all[2].clone()], "{count:2, sum:2, (0.5,1]:2}", &[]);
    assert_eq!(of(&all[..1], true), (None, Vec::new()));
}

#[test]
fn what_was_before_a_reset_at_once_may_have_any_layout() {
    let all = [custom(&[1.0], &[5.0, 5.0]), exponential(&[2.0]), exponential(&[3.0])];
    check(&all, "{count:3, sum:3, (0.5,1]:3}", &[]);
    let all = [exponential(&[2.0]), custom(&[1.0], &[5.0, 5.0]), exponential(&[3.0])];
    assert_eq!(of(&all, true), (None, vec![Finding::MixedExponentialCustom]));
    let all = [custom(&[1.0], &[1.0]), exponential(&[3.0])];
    assert_eq!(of(&all, false), (None, vec![Finding::MixedExponentialCustom]));
}

#[test]
fn the_coarsest_resolution_counts() {
    // In the first pair there is no reset, and in the second one the finer schema makes one.
    let all =
        [of_schema(1, &[1.0, 1.0]), of_schema(0, &[2.0, 1.0]), of_schema(1, &[3.0, 1.0, 1.0])];
    check(&all, "{count:6, sum:6, (0.5,1]:4, (1,2]:2}", &[]);
}

#[test]
fn bounds_are_reconciled() {
    let all = [custom(&[1.0, 2.0], &[1.0, 1.0, 1.0]), custom(&[2.0], &[3.0, 2.0])];
    let expected = "{count:2, sum:2, [-Inf,2]:1, (2,+Inf]:1}";
    check(&all, expected, &[Finding::BoundsReconciled(Operation::Subtraction)]);
}

#[test]
fn hints_that_do_not_fit_are_found() {
    let counter = exponential(&[1.0]);
    let gauge = hinted(CounterReset::Gauge, &exponential(&[1.0]));
    let found = |histograms: &[FloatHistogram], is_counter| of(histograms, is_counter).1;
    let both = [counter.clone(), gauge.clone()];
    assert_eq!(found(&both, true), [Finding::NotCounter]);
    assert_eq!(found(&both, false), [Finding::NotGauge]);
    assert_eq!(found(&[counter.clone(), gauge.clone(), counter], true), [Finding::NotCounter]);
    assert_eq!(found(&[gauge.clone(), gauge], false), []);
}

#[test]
fn start_times_tell_of_resets() {
    let all = [exponential(&[2.0]), exponential(&[3.0])];
    let at = [10, 20];
    let count = |starts: &[i64]| {
        let (change, findings) = change(&all, &at, starts, true);
        (change.unwrap().count, findings.iter().collect::<Vec<_>>())
    };
    assert_eq!(count(&[]), (1.0, vec![]));
    assert_eq!(count(&[5, 5]), (1.0, vec![]));
    assert_eq!(count(&[5, 12]), (3.0, vec![]));
    assert_eq!(count(&[5, 7]), (1.0, vec![Finding::StartTimeOverlap]));
}

#[test]
fn changes_are_extrapolated_as_those_of_numbers_are() {
    let histograms = [exponential(&[1.0]), exponential(&[2.0]), exponential(&[4.0])].map(Arc::new);
    let window = NativeWindow {
        histograms: &histograms,
        times: &[10_000, 20_000, 30_000],
        starts: &[],
        start: 0,
        end: 30_000,
    };
    let count = |kind| extrapolated(&window, kind).0.unwrap().count;
    // A third of the increase before the first sample would be 1.5, but there was only one.
    assert_eq!(count(INCREASE), 4.0);
    assert!((count(RATE) - 4.0 / 30.0).abs() < 1e-15);
    assert_eq!(count(DELTA), 4.5);
    let (change, _) = extrapolated(&window, RATE);
    assert_eq!(change.unwrap().reset, CounterReset::Gauge);
}

#[test]
fn a_start_within_the_window_makes_one_sample_enough() {
    let histograms = [exponential(&[3.0])];
    let mut window = NativeWindow {
        histograms: &histograms,
        times: &[20_000],
        starts: &[],
        start: 0,
        end: 60_000,
    };
    assert_eq!(extrapolated(&window, INCREASE).0, None);
    window.starts = &[5_000];
    assert_eq!(extrapolated(&window, INCREASE).0.unwrap().count, 3.0);
    assert_eq!(extrapolated(&window, DELTA).0, None);
    window.starts = &[0];
    assert_eq!(extrapolated(&window, INCREASE).0, None);
}

proptest! {
    #[test]
    fn a_counter_that_is_never_reset_grew_by_the_difference(
        first in any(),
        steps in prop::collection::vec(0_u8..5, 1..6),
    ) {
        let mut all = vec![first.clone()];
        for step in steps {
            let mut next = all.last().unwrap().clone();
            let mut growth = first.clone();
            growth.scale(f64::from(step));
            next.add(&growth).unwrap();
            all.push(next);
        }
        let mut expected = all.last().unwrap().clone();
        expected.sub(&first).unwrap();
        expected.compact(0);
        let (change, findings) = change(&all, &[], &[], true);
        prop_assert_eq!(findings, Findings::default());
        prop_assert!(change.unwrap().equals(&expected));
    }
}
