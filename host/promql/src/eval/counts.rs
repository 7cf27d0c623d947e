//! What a query has cost so far, counted by all its threads.

use std::sync::atomic::{AtomicU64, Ordering};

use narthex_model::Timestamp;

use super::grid::Grid;
use super::row::Column;

/// How the samples of a selector count, so that a query looks at as many as in Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Each at the step that looks at it.
    AtSteps,
    /// All at each step of the query: they are looked at once and serve every step.
    AtEachStep,
    /// Not at all: within a subquery, whose result counts.
    Nowhere,
}

/// Counts of a query.
#[derive(Debug)]
pub(crate) struct Counts {
    /// The times of evaluation.
    grid: Grid,
    series: AtomicU64,
    samples: AtomicU64,
    looked_at: AtomicU64,
    /// Samples looked at at each step, if that was asked for.
    steps: Option<Box<[AtomicU64]>>,
}

impl Counts {
    pub(crate) fn new(grid: Grid, with_steps: bool) -> Self {
        let zero = AtomicU64::default;
        let steps = with_steps.then(|| (0..grid.steps).map(|_| zero()).collect());
        Self { grid, series: zero(), samples: zero(), looked_at: zero(), steps }
    }

    /// Notes that a series was read.
    pub(super) fn add_series(&self, samples: usize) {
        self.series.fetch_add(1, Ordering::Relaxed);
        self.samples.fetch_add(samples as u64, Ordering::Relaxed);
    }

    pub(super) fn series(&self) -> u64 {
        self.series.load(Ordering::Relaxed)
    }

    pub(super) fn samples(&self) -> u64 {
        self.samples.load(Ordering::Relaxed)
    }

    pub(super) fn looked_at(&self) -> u64 {
        self.looked_at.load(Ordering::Relaxed)
    }

    pub(super) fn steps(&self) -> Vec<(Timestamp, u64)> {
        let counts = self.steps.iter().flatten().map(|count| count.load(Ordering::Relaxed));
        self.grid.times().map(Timestamp::from_millis).zip(counts).collect()
    }

    /// For what one operator looks at.
    pub(super) const fn tally(&self, counted: Counted) -> Tally<'_> {
        Tally { counts: self, counted, total: 0 }
    }
}

/// Counts of one series; they reach the query's when this is dropped.
pub(super) struct Tally<'c> {
    counts: &'c Counts,
    counted: Counted,
    total: u64,
}

impl Tally<'_> {
    /// Adds the values of a column.
    pub(super) fn add_column(&mut self, values: &Column) {
        if self.counts.steps.is_none() && !values.has_histograms() {
            self.total += values.iter().count() as u64;
            return;
        }
        for (step, item) in values.items() {
            self.add(step, item.samples());
        }
    }

    #[inline]
    pub(super) fn add(&mut self, step: usize, samples: usize) {
        self.total += samples as u64;
        if self.counted == Counted::AtSteps
            && let Some(count) = self.counts.steps.as_ref().and_then(|steps| steps.get(step))
        {
            count.fetch_add(samples as u64, Ordering::Relaxed);
        }
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        let Counts { grid, steps, looked_at, .. } = self.counts;
        let repeats = match self.counted {
            Counted::AtSteps => 1,
            Counted::AtEachStep => {
                for count in steps.iter().flatten() {
                    count.fetch_add(self.total, Ordering::Relaxed);
                }
                grid.steps as u64
            }
            Counted::Nowhere => 0,
        };
        looked_at.fetch_add(self.total.saturating_mul(repeats), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
