use std::sync::Arc;

use narthex_model::{FloatHistogram, NativeHistogram};

use super::*;

fn series(floats: &[(i64, f64)], histograms: &[i64]) -> MatrixSeries {
    let mut points = Columns::default();
    for (at, value) in floats {
        points.push(*at, *value);
    }
    for at in histograms {
        points.push_histogram(*at, Arc::new(NativeHistogram::Float(FloatHistogram::default())));
    }
    MatrixSeries { labels: Labels::from_pairs([("job", "a")]), points }
}

#[test]
fn samples_of_the_same_labels_are_put_in_order() {
    let parts = [series(&[(1, 1.0), (5, 5.0)], &[2]), series(&[(3, 3.0)], &[]), series(&[], &[1])];
    let merged = of_same_labels(parts.to_vec()).unwrap();
    let [MatrixSeries { points, .. }] = merged.as_slice() else { panic!("one series") };
    assert_eq!((&*points.times, &*points.values), (&[1, 3, 5][..], &[1.0, 3.0, 5.0][..]));
    let histograms: Vec<i64> = points.histograms.iter().map(|point| point.at).collect();
    assert_eq!(histograms, [1, 2]);
}

#[test]
fn two_samples_of_a_kind_at_one_time_are_refused() {
    for parts in [
        [series(&[(1, 1.0), (5, 5.0)], &[]), series(&[(5, 5.0)], &[])],
        [series(&[], &[4, 7]), series(&[(1, 1.0)], &[4])],
    ] {
        let error = of_same_labels(parts.to_vec()).unwrap_err();
        assert_eq!(error.to_string(), same_labels().to_string());
    }
}
