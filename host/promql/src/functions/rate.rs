//! `rate` and its relatives: how fast a series changes.

use super::native::starts;
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
    let began = if kind.is_counter {
        starts::began(window.starts, window.start, *window.times.first()?)
    } else {
        None
    };
    let ends = (window.start, window.end);
    of_floats((window.times, window.values), ends, window.before_resets, began, kind)
}

/// The same of the times and values of samples between two `ends`, with the values before resets
/// and when the counter `began`, if that was within the window.
#[inline]
pub(crate) fn of_floats(
    (times, values): (&[i64], &[f64]),
    (start, end): (i64, i64),
    before_resets: &[f64],
    began: Option<i64>,
    kind: RateKind,
) -> Option<f64> {
    let (first, last) = (*values.first()?, *values.last()?);
    let extent = Extent::of(times, start, end)?;
    let mut change = last - first;
    if kind.is_counter {
        for before in before_resets {
            change += before;
        }
    }
    if began.is_some() {
        change += first;
    } else if extent.gaps == 0 {
        return None;
    }
    Some(change * extent.factor(kind, began, first, change))
}

/// Whether start times tell of a reset between the sample at `index` and the next.
pub(crate) fn is_reset_by_start(starts: &[i64], times: &[i64], index: usize) -> bool {
    let at = |index| starts::at(starts, times, index);
    at(index).zip(at(index + 1)).is_some_and(|(before, now)| starts::is_reset(before, now))
}

/// Whether any sample counts from within the time of the one before.
pub(crate) fn overlaps(window: &Window<'_>) -> bool {
    let mut pairs = window.starts.windows(2).zip(window.times);
    pairs.any(|(starts, at)| {
        matches!(starts, [before, start] if starts::overlaps((*before, *at), *start))
    })
}

/// How the samples of a window lie within it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) first_at: i64,
    last_at: i64,
    /// From each sample to the next.
    gaps: usize,
    start: i64,
    end: i64,
}

impl Extent {
    /// Of the samples at `times`, of which there is one at least, within a window.
    pub(crate) fn of(times: &[i64], start: i64, end: i64) -> Option<Self> {
        let (first_at, last_at) = (*times.first()?, *times.last()?);
        Some(Self { first_at, last_at, gaps: times.len() - 1, start, end })
    }

    /// By what the change from the `first` sample to the last is to be multiplied to stand for the
    /// whole window. Where a counter `began` within the window, nothing was before that.
    #[inline]
    pub(crate) fn factor(
        &self,
        kind: RateKind,
        began: Option<i64>,
        first: f64,
        change: f64,
    ) -> f64 {
        let mut sampled = seconds(self.last_at - self.first_at);
        let spacing = if self.gaps == 0 { 0.0 } else { sampled / self.gaps as f64 };
        // A series that begins or ends within the window is taken to do so half a spacing beyond.
        let threshold = spacing * 1.1;
        let within = |distance: f64| if distance >= threshold { spacing / 2.0 } else { distance };
        let mut to_start = within(seconds(self.first_at - self.start));
        let to_end = within(seconds(self.end - self.last_at));
        if let Some(began) = began {
            (to_start, sampled) = (0.0, seconds(self.last_at - began));
        } else if kind.is_counter && change > 0.0 && first >= 0.0 {
            // A counter is not extrapolated below zero.
            let to_zero = sampled * (first / change);
            if to_zero < to_start {
                to_start = to_zero;
            }
        }
        let factor = if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled };
        if kind.is_per_second { factor / seconds(self.end - self.start) } else { factor }
    }
}
