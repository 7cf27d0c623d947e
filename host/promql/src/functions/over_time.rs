//! The `*_over_time` functions: one value out of the samples of a window that is not empty.

use narthex_model::CompensatedSum;

use super::mean::Mean;
use super::quantile::quantile;
use super::window::{Window, seconds};

pub(crate) fn avg(values: &[f64]) -> Option<f64> {
    let (first, rest) = values.split_first()?;
    let mut mean = Mean::starting_at(*first);
    for value in rest {
        mean.add(*value);
    }
    Some(mean.value())
}

pub(crate) fn sum(values: &[f64]) -> f64 {
    let mut sum = CompensatedSum::default();
    for value in values {
        sum.add(*value);
    }
    if sum.total.is_infinite() { sum.total } else { sum.value() }
}

/// The sample that `beats` those before it; NaN is beaten by any.
fn best(window: &Window<'_>, beats: impl Fn(f64, f64) -> bool) -> Option<(i64, f64)> {
    let mut samples = window.samples();
    let mut best = samples.next()?;
    for sample in samples {
        if beats(sample.1, best.1) || best.1.is_nan() {
            best = sample;
        }
    }
    Some(best)
}

pub(crate) fn max(window: &Window<'_>) -> Option<f64> {
    best(window, |new, old| new > old).map(|(_, value)| value)
}

pub(crate) fn min(window: &Window<'_>) -> Option<f64> {
    best(window, |new, old| new < old).map(|(_, value)| value)
}

/// The time of the last of the greatest.
pub(crate) fn ts_of_max(window: &Window<'_>) -> Option<f64> {
    best(window, |new, old| new >= old).map(|(at, _)| seconds(at))
}

/// The time of the last of the least.
pub(crate) fn ts_of_min(window: &Window<'_>) -> Option<f64> {
    best(window, |new, old| new <= old).map(|(at, _)| seconds(at))
}

/// The mean square of the distances from the mean (Welford).
pub(crate) fn variance(values: &[f64]) -> f64 {
    let (mut count, mut mean, mut squares) =
        (0.0, CompensatedSum::default(), CompensatedSum::default());
    for value in values {
        count += 1.0;
        let delta = value - mean.value();
        mean.add(delta / count);
        squares.add(delta * (value - mean.value()));
    }
    squares.value() / count
}

/// The median of the distances from the median.
pub(crate) fn median_deviation(values: &[f64]) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let mut sorted = values.to_vec();
    let median = quantile(0.5, &mut sorted);
    let mut distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    quantile(0.5, &mut distances)
}
