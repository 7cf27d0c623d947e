//! One series at all steps: what flows between operators.

use narthex_model::{Labels, is_stale, stale_nan};
use narthex_storage::Columns;

use super::grid::Grid;

/// One series with its value at each step.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) labels: Labels,
    /// Whether the metric's name does not apply any more; it is still among the labels when names
    /// are removed at the end of the query.
    pub(crate) drops_name: bool,
    pub(crate) values: Column,
}

/// The value of a series at each step, where there is one.
///
/// Where there is none stands the staleness marker, which no operator takes in or brings forth.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Column(Vec<f64>);

impl Column {
    /// No value at any step.
    pub(crate) fn absent(steps: usize) -> Self {
        Self(vec![stale_nan(); steps])
    }

    /// The same value at each step.
    pub(crate) fn constant(value: f64, steps: usize) -> Self {
        Self(vec![value; steps])
    }

    pub(crate) fn get(&self, step: usize) -> Option<f64> {
        self.0.get(step).copied().filter(|value| !is_stale(*value))
    }

    pub(crate) fn set(&mut self, step: usize, value: f64) {
        if let Some(slot) = self.0.get_mut(step) {
            *slot = value;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|value| is_stale(*value))
    }

    pub(crate) fn steps(&self) -> usize {
        self.0.len()
    }

    /// Every step that has a value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, f64)> {
        self.0.iter().copied().enumerate().filter(|(_, value)| !is_stale(*value))
    }

    /// Replaces each value by what `change` makes of it and of its step.
    pub(crate) fn change(&mut self, mut change: impl FnMut(usize, f64) -> Option<f64>) {
        for (step, slot) in self.0.iter_mut().enumerate() {
            if !is_stale(*slot) {
                *slot = change(step, *slot).unwrap_or(stale_nan());
            }
        }
    }

    /// Takes in the values of `other`; false when both have one at the same step.
    pub(crate) fn merge(&mut self, other: &Self) -> bool {
        other.iter().all(|(step, value)| {
            let is_free = self.get(step).is_none();
            self.set(step, value);
            is_free
        })
    }

    /// The values with their times.
    pub(crate) fn points(&self, grid: Grid) -> Columns {
        let mut points = Columns::default();
        for (at, value) in grid.times().zip(&self.0) {
            if !is_stale(*value) {
                points.push(at, *value);
            }
        }
        points
    }
}
