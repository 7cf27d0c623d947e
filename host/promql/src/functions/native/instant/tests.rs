use super::super::testing::{custom, exponential, hinted};
use super::*;
use crate::remarks::Operation;

#[track_caller]
fn check(
    before: MixedValue<'_>,
    last: MixedValue<'_>,
    is_rate: bool,
    expected: Option<&str>,
    found: &[Finding],
) {
    let sample = |at, value| Mixed { at, start: 0, value };
    let (change, findings) = instant(&sample(0, before), &sample(2000, last), is_rate);
    let change = change.map(|change| match change {
        Change::Float(change) => change.to_string(),
        Change::Histogram(change) => change.to_string(),
    });
    assert_eq!(
        (change.as_deref(), findings.iter().collect::<Vec<_>>().as_slice()),
        (expected, found)
    );
}

#[test]
fn the_last_two_samples_decide() {
    use MixedValue::{Float, Histogram};
    let (one, four) = (exponential(&[1.0]), exponential(&[4.0]));
    let (one, four) = (Histogram(&one), Histogram(&four));
    check(Float(1.0), Float(4.0), true, Some("1.5"), &[]);
    check(Float(4.0), Float(1.0), true, Some("0.5"), &[]);
    check(Float(4.0), Float(1.0), false, Some("-3"), &[]);
    check(one, four, true, Some("{count:1.5, sum:1.5, (0.5,1]:1.5}"), &[]);
    check(four, one, true, Some("{count:0.5, sum:0.5, (0.5,1]:0.5}"), &[]);
    check(four, one, false, Some("{count:-3, sum:-3, (0.5,1]:-3}"), &[Finding::NotGauge]);
    check(Float(1.0), one, true, None, &[Finding::MixedFloatsHistograms]);
}

#[test]
fn hints_and_bounds_are_looked_at() {
    let gauge = hinted(CounterReset::Gauge, &exponential(&[1.0]));
    let gauge = MixedValue::Histogram(&gauge);
    check(gauge, gauge, false, Some("{count:0, sum:0}"), &[]);
    check(gauge, gauge, true, Some("{count:0, sum:0}"), &[Finding::NotCounter]);
    let (a, b) = (custom(&[1.0], &[1.0, 1.0]), custom(&[2.0], &[1.0, 2.0]));
    let (a, b) = (MixedValue::Histogram(&a), MixedValue::Histogram(&b));
    let found = [Finding::BoundsReconciled(Operation::Subtraction)];
    check(a, b, true, Some("{count:0.5, sum:0.5, [-Inf,+Inf]:0.5}"), &found);
    let exponential = exponential(&[9.0]);
    let exponential = MixedValue::Histogram(&exponential);
    let found = [Finding::NotGauge, Finding::MixedExponentialCustom];
    check(a, exponential, false, None, &found);
}

#[test]
fn two_samples_of_one_time_have_no_rate() {
    let sample = Mixed { at: 7, start: 0, value: MixedValue::Float(1.0) };
    assert_eq!(instant(&sample, &sample, true), (None, Findings::default()));
}
