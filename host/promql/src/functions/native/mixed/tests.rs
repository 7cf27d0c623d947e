use super::super::testing::exponential;
use super::*;

type Timed<T> = Vec<(i64, T)>;

/// `f` and `h` with a number: floats and histograms with so many observations; one second apart.
fn samples(text: &str) -> (Timed<f64>, Timed<FloatHistogram>) {
    let (mut floats, mut histograms) = (Vec::new(), Vec::new());
    for (at, word) in (0..).map(|step| step * 1000).zip(text.split_whitespace()) {
        let (kind, number) = word.split_at(1);
        let number: f64 = number.parse().unwrap();
        match kind {
            "f" => floats.push((at, number)),
            _ => histograms.push((at, exponential(&[number]))),
        }
    }
    (floats, histograms)
}

#[track_caller]
fn check(text: &str, expected_resets: f64, expected_changes: f64) {
    let (floats, histograms) = samples(text);
    let (float_times, values): (Vec<i64>, Vec<f64>) = floats.into_iter().unzip();
    let (times, all): (Vec<i64>, Vec<FloatHistogram>) = histograms.into_iter().unzip();
    let floats = Floats { times: &float_times, values: &values, starts: &[] };
    let histograms = Histograms { times: &times, values: &all, starts: &[] };
    let by_time = || by_time(floats, histograms);
    assert!(by_time().map(|sample| sample.at).is_sorted());
    let counts = (resets(by_time()), changes(by_time()));
    assert_eq!(counts, (Some(expected_resets), Some(expected_changes)), "{text}");
}

#[test]
fn a_change_of_kind_is_a_reset_and_a_change() {
    check("f1 f2 f2 f1", 1.0, 2.0);
    check("h1 h2 h2 h1", 1.0, 2.0);
    check("f1 h1 h1 f1", 2.0, 2.0);
    check("h3 f4 f5", 1.0, 2.0);
    check("fNaN fNaN f1", 0.0, 1.0);
    check("f1", 0.0, 0.0);
}

#[test]
fn nothing_is_counted_of_nothing() {
    assert_eq!((resets([]), changes([])), (None, None));
}

#[test]
fn start_times_tell_of_resets() {
    let count = |starts: &[i64]| {
        let floats = Floats { times: &[10, 20], values: &[1.0, 2.0], starts };
        let none = Histograms::<FloatHistogram> { times: &[], values: &[], starts: &[] };
        resets(by_time(floats, none))
    };
    assert_eq!((count(&[]), count(&[5, 5]), count(&[5, 15])), (Some(0.0), Some(0.0), Some(1.0)));
}

#[test]
fn an_anchored_window_begins_with_the_sample_before_it() {
    let sample = |at| Mixed { at, start: 0, value: MixedValue::Float(0.0) };
    let samples = [10, 20, 30].map(sample);
    let times =
        |start| anchored(&samples, start).iter().map(|sample| sample.at).collect::<Vec<_>>();
    assert_eq!(times(20), [20, 30]);
    assert_eq!(times(25), [20, 30]);
    assert_eq!(times(5), [10, 20, 30]);
    assert!(times(30).is_empty());
}
