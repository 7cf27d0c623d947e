//! The times at which an expression is evaluated.

/// `start`, `start + step`, …: `steps` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) start: i64,
    pub(crate) step: i64,
    pub(crate) steps: usize,
}

impl Grid {
    pub(crate) const fn single(at: i64) -> Self {
        Self { start: at, step: 1, steps: 1 }
    }

    /// The times from `start` up to `end`; none when `end` comes first.
    pub(crate) fn range(start: i64, end: i64, step: i64) -> Self {
        let step = step.max(1);
        let last = end.saturating_sub(start).div_euclid(step);
        let steps = usize::try_from(last.saturating_add(1)).unwrap_or(0);
        Self { start, step, steps }
    }

    pub(crate) fn times(self) -> impl ExactSizeIterator<Item = i64> {
        let mut at = self.start;
        (0..self.steps).map(move |_| {
            let now = at;
            at = at.saturating_add(self.step);
            now
        })
    }

    /// The last time; the first when there is none.
    pub(crate) fn last(self) -> i64 {
        let steps = i64::try_from(self.steps).unwrap_or(i64::MAX).saturating_sub(1).max(0);
        self.start.saturating_add(self.step.saturating_mul(steps))
    }

    /// Only the first time.
    pub(crate) const fn first(self) -> Self {
        Self { steps: if self.steps == 0 { 0 } else { 1 }, ..self }
    }
}
