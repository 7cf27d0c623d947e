//! What a range function sees at one step: the samples of one series within a window.

/// The samples within a window, no staleness markers among them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    /// Milliseconds, ascending, after `start` and up to `end`.
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [f64],
    /// The window's ends; the first does not belong to it.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The time of evaluation.
    pub(crate) at: i64,
}

impl Window<'_> {
    pub(crate) fn seconds(&self) -> f64 {
        seconds(self.end - self.start)
    }

    pub(crate) fn samples(&self) -> impl Iterator<Item = (i64, f64)> {
        self.times.iter().copied().zip(self.values.iter().copied())
    }

    /// The first and the last sample; nothing when there are fewer than two.
    pub(crate) fn ends(&self) -> Option<((i64, f64), (i64, f64))> {
        match (self.times, self.values) {
            ([first_at, .., last_at], [first, .., last]) => {
                Some(((*first_at, *first), (*last_at, *last)))
            }
            _ => None,
        }
    }
}

/// Milliseconds as seconds.
pub(crate) fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
