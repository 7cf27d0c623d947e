//! Lines through samples: `deriv`, `predict_linear`; and double exponential smoothing.

use narthex_model::CompensatedSum;

use super::window::Window;

/// The slope per second, and the value at `at`, of the line with the least squares.
fn line(window: &Window<'_>, at: i64) -> (f64, f64) {
    let first = window.values.first().copied().unwrap_or(f64::NAN);
    if window.values.iter().skip(1).all(|value| *value == first) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let [mut x_sum, mut y_sum, mut xy_sum, mut xx_sum] = [CompensatedSum::default(); 4];
    for (time, y) in window.samples() {
        let x = (time - at) as f64 / 1e3;
        x_sum.add(x);
        y_sum.add(y);
        xy_sum.add(x * y);
        xx_sum.add(x * x);
    }
    let n = window.times.len() as f64;
    let [x, y, xy, xx] = [x_sum.value(), y_sum.value(), xy_sum.value(), xx_sum.value()];
    let slope = (xy - x * y / n) / (xx - x * x / n);
    (slope, y / n - slope * x / n)
}

/// The slope per second.
pub(crate) fn deriv(window: &Window<'_>) -> Option<f64> {
    let ((first_at, _), _) = window.ends()?;
    Some(line(window, first_at).0)
}

/// The value `ahead` seconds after the time of evaluation.
pub(crate) fn predict_linear(window: &Window<'_>, ahead: f64) -> Option<f64> {
    window.ends()?;
    let (slope, now) = line(window, window.at);
    Some(slope * ahead + now)
}

/// The last of the smoothed values.
pub(crate) fn double_exponential_smoothing(
    values: &[f64],
    smoothing: f64,
    trend: f64,
) -> Option<f64> {
    let (first, rest) = values.split_first()?;
    let mut slope = rest.first()? - first;
    let (mut before, mut smoothed) = (0.0, *first);
    for (index, value) in rest.iter().enumerate() {
        if index > 0 {
            slope = trend * (smoothed - before) + (1.0 - trend) * slope;
        }
        let next = smoothing * value + (1.0 - smoothing) * (smoothed + slope);
        (before, smoothed) = (smoothed, next);
    }
    Some(smoothed)
}
