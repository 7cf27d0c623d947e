//! What a range function sees at one step: the samples of one series within a window.

use std::sync::Arc;

use narthex_model::FloatHistogram;

use super::native::mixed::{Floats, Histograms, Mixed, by_time};
use super::native::rate::NativeWindow;

/// The samples within a window, no staleness markers among them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    /// Milliseconds, ascending, after `start` and up to `end`.
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [f64],
    /// When the counting of each float began: as long as `times`, or empty when start times are not
    /// known or not to be used.
    pub(crate) starts: &'a [i64],
    /// The floats before each reset between two samples of the window, for functions of counters.
    pub(crate) before_resets: &'a [f64],
    /// The native histograms of the window, likewise in columns.
    pub(crate) histogram_times: &'a [i64],
    pub(crate) histograms: &'a [Arc<FloatHistogram>],
    pub(crate) histogram_starts: &'a [i64],
    /// The window's ends; the first does not belong to it.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The time of evaluation.
    pub(crate) at: i64,
}

impl<'a> Window<'a> {
    /// The histograms by themselves.
    pub(crate) const fn native(&self) -> NativeWindow<'a, Arc<FloatHistogram>> {
        NativeWindow {
            histograms: self.histograms,
            times: self.histogram_times,
            starts: self.histogram_starts,
            start: self.start,
            end: self.end,
        }
    }

    /// The samples of both kinds by time.
    pub(crate) fn mixed(&self) -> impl Iterator<Item = Mixed<'a>> {
        let floats = Floats { times: self.times, values: self.values, starts: self.starts };
        let histograms = Histograms {
            times: self.histogram_times,
            values: self.histograms,
            starts: self.histogram_starts,
        };
        by_time(floats, histograms)
    }

    pub(crate) fn seconds(&self) -> f64 {
        seconds(self.end - self.start)
    }

    pub(crate) fn samples(&self) -> impl Iterator<Item = (i64, f64)> {
        self.times.iter().copied().zip(self.values.iter().copied())
    }

    /// The first and the last float; nothing when there are fewer than two.
    pub(crate) fn ends(&self) -> Option<((i64, f64), (i64, f64))> {
        match (self.times, self.values) {
            ([first_at, .., last_at], [first, .., last]) => {
                Some(((*first_at, *first), (*last_at, *last)))
            }
            _ => None,
        }
    }

    /// How many samples of either kind.
    pub(crate) const fn len(&self) -> usize {
        self.times.len() + self.histograms.len()
    }

    /// Whether there are samples of both kinds.
    pub(crate) const fn is_mixed(&self) -> bool {
        !self.times.is_empty() && !self.histograms.is_empty()
    }

    /// The time of the first sample of either kind.
    pub(crate) fn first_at(&self) -> Option<i64> {
        let histogram = self.histogram_times.first().copied();
        self.times.first().copied().into_iter().chain(histogram).min()
    }

    /// The time of the last sample of either kind.
    pub(crate) fn last_at(&self) -> Option<i64> {
        let histogram = self.histogram_times.last().copied();
        self.times.last().copied().into_iter().chain(histogram).max()
    }
}

/// Milliseconds as seconds.
pub(crate) fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
