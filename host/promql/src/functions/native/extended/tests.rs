use super::super::super::rate::{DELTA, INCREASE, RATE};
use super::super::testing::{custom, exponential, hinted};
use super::*;

/// Samples each ten seconds from 0 on with so many observations; the window is from 15 to 35 s.
#[track_caller]
fn check(counts: &[f64], extension: Extension, kind: RateKind, expected: Option<f64>) {
    let histograms: Vec<_> = counts.iter().map(|count| exponential(&[*count])).collect();
    let times: Vec<i64> = (0_i64..).map(|step| step * 10_000).take(counts.len()).collect();
    let window = NativeWindow {
        histograms: &histograms,
        times: &times,
        starts: &[],
        start: 15_000,
        end: 35_000,
    };
    let (change, _) = rate(&window, extension, kind);
    let change = change.map(|change| change.count);
    assert_eq!(change, expected, "{counts:?}");
}

#[test]
fn anchored_windows_begin_with_the_sample_before() {
    let anchored = Extension::Anchored;
    check(&[0.0, 2.0, 5.0, 6.0], anchored, INCREASE, Some(4.0));
    check(&[0.0, 2.0, 5.0, 6.0], anchored, RATE, Some(0.2));
    check(&[0.0, 2.0, 5.0, 1.0], anchored, INCREASE, Some(4.0));
    check(&[0.0, 2.0, 1.0, 3.0], anchored, INCREASE, Some(3.0));
    check(&[0.0, 2.0, 1.0, 3.0], anchored, DELTA, Some(1.0));
    check(&[0.0, 2.0], anchored, INCREASE, None);
}

#[test]
fn smoothed_windows_end_between_samples() {
    let smoothed = Extension::Smoothed;
    check(&[0.0, 2.0, 4.0, 6.0, 10.0], smoothed, INCREASE, Some(5.0));
    check(&[0.0, 2.0, 4.0, 6.0, 10.0], smoothed, DELTA, Some(5.0));
    // A reset across the start: the counter began again at nothing, and stood at 2 there.
    check(&[0.0, 9.0, 4.0, 6.0, 10.0], smoothed, INCREASE, Some(6.0));
    // A reset within.
    check(&[0.0, 2.0, 4.0, 1.0, 3.0], smoothed, INCREASE, Some(3.0));
    // A reset across the end.
    check(&[0.0, 2.0, 4.0, 6.0, 2.0], smoothed, INCREASE, Some(4.0));
}

#[test]
fn two_resets_at_the_start_count_both() {
    // 9 -> 4 is in the left end, 4 -> 1 is within.
    check(&[0.0, 9.0, 4.0, 1.0, 3.0], Extension::Smoothed, INCREASE, Some(4.0));
}

#[test]
fn mixed_buckets_have_no_change() {
    let all = [exponential(&[1.0]), custom(&[1.0], &[1.0])];
    let window = NativeWindow { histograms: &all, times: &[1, 2], starts: &[], start: 0, end: 3 };
    let (change, findings) = rate(&window, Extension::Anchored, INCREASE);
    assert_eq!((change, findings), (None, Findings::only(Finding::MixedExponentialCustom)));
}

#[test]
fn smoothed_instants_lie_between_samples() {
    let (one, three) = (exponential(&[1.0]), exponential(&[3.0]));
    let [gauge_one, gauge_three] =
        [&one, &three].map(|histogram| hinted(CounterReset::Gauge, histogram));
    let count = |before, after, at| smooth(before, after, at).0.map(|result| result.count);
    assert_eq!(count(Some((0, &one)), Some((10, &three)), 5), Some(2.0));
    assert_eq!(count(Some((0, &one)), Some((10, &three)), 10), Some(3.0));
    assert_eq!(count(Some((0, &three)), Some((10, &one)), 5), Some(0.5));
    assert_eq!(count(Some((0, &gauge_three)), Some((10, &gauge_one)), 5), Some(2.0));
    assert_eq!(count(Some((0, &one)), None, 5), Some(1.0));
    assert_eq!(count(None, Some((10, &three)), 5), None);
    let custom = custom(&[1.0], &[1.0]);
    let (result, findings) = smooth(Some((0, &one)), Some((10, &custom)), 5);
    assert_eq!((result, findings), (None, Findings::only(Finding::MixedExponentialCustom)));
}
