//! `rate` and its relatives: how fast a series changes.

use super::window::{Window, seconds};

/// Which of the extrapolating functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateKind {
    /// Whether the series only goes up but for resets.
    pub(crate) is_counter: bool,
    /// Whether the result is per second.
    pub(crate) is_per_second: bool,
}

pub(crate) const RATE: RateKind = RateKind { is_counter: true, is_per_second: true };
pub(crate) const INCREASE: RateKind = RateKind { is_counter: true, is_per_second: false };
pub(crate) const DELTA: RateKind = RateKind { is_counter: false, is_per_second: false };

/// The change over the window, extrapolated to its ends where the samples come close enough.
pub(crate) fn extrapolated(window: &Window<'_>, kind: RateKind) -> Option<f64> {
    let ((first_at, first), (last_at, last)) = window.ends()?;
    let mut change = last - first;
    if kind.is_counter {
        for (before, after) in window.values.iter().zip(window.values.get(1..)?) {
            if after < before {
                change += before;
            }
        }
    }
    let mut to_start = seconds(first_at - window.start);
    let mut to_end = seconds(window.end - last_at);
    let sampled = seconds(last_at - first_at);
    let spacing = sampled / (window.times.len() - 1) as f64;
    // A series that begins or ends within the window is taken to do so half a spacing beyond.
    let threshold = spacing * 1.1;
    if to_start >= threshold {
        to_start = spacing / 2.0;
    }
    if kind.is_counter {
        // A counter is not extrapolated below zero.
        let to_zero =
            if change > 0.0 && first >= 0.0 { sampled * (first / change) } else { to_start };
        if to_zero < to_start {
            to_start = to_zero;
        }
    }
    if to_end >= threshold {
        to_end = spacing / 2.0;
    }
    let mut factor = if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled };
    if kind.is_per_second {
        factor /= window.seconds();
    }
    Some(change * factor)
}

/// `irate` and `idelta`: from the last two samples alone.
pub(crate) fn instant(window: &Window<'_>, is_rate: bool) -> Option<f64> {
    let ([.., at_before, at_last], [.., before, last]) = (window.times, window.values) else {
        return None;
    };
    let interval = at_last - at_before;
    if interval == 0 {
        return None;
    }
    let is_reset = is_rate && last < before;
    let change = if is_reset { *last } else { last - before };
    Some(if is_rate { change / seconds(interval) } else { change })
}

/// How often the value fell.
pub(crate) fn resets(values: &[f64]) -> f64 {
    values.iter().zip(values.iter().skip(1)).filter(|(before, after)| after < before).count() as f64
}

/// How often the value became another; one NaN after another is no change.
pub(crate) fn changes(values: &[f64]) -> f64 {
    let differ =
        |(before, after): &(&f64, &f64)| before != after && !(before.is_nan() && after.is_nan());
    values.iter().zip(values.iter().skip(1)).filter(differ).count() as f64
}
