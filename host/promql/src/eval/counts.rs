//! What a query has cost so far, counted by all its threads.

use std::sync::atomic::{AtomicU64, Ordering};

use narthex_model::Timestamp;

use super::grid::Grid;

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

    /// For what one operator looks at on its grid. What is the same at each step of the query counts
    /// at each of them, and what a subquery looks at does not: its result does. So does Prometheus.
    pub(super) fn tally(&self, grid: Grid) -> Tally<'_> {
        let repeats = if grid == self.grid {
            1
        } else if grid == self.grid.first() {
            self.grid.steps as u64
        } else {
            0
        };
        Tally { counts: self, total: 0, repeats }
    }
}

/// Counts of one series; they reach the query's when this is dropped.
pub(super) struct Tally<'c> {
    counts: &'c Counts,
    total: u64,
    repeats: u64,
}

impl Tally<'_> {
    #[inline]
    pub(super) fn add(&mut self, step: usize, samples: usize) {
        self.total += samples as u64;
        if let Some(steps) = &self.counts.steps
            && self.repeats > 0
        {
            let alike = if self.repeats > 1 { 0..steps.len() } else { step..step + 1 };
            for count in steps.get(alike).unwrap_or(&[]) {
                count.fetch_add(samples as u64, Ordering::Relaxed);
            }
        }
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        self.counts.looked_at.fetch_add(self.total * self.repeats, Ordering::Relaxed);
    }
}
