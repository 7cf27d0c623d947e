//! What becomes of the values of a group at one step, one fold an operator.

use narthex_model::CompensatedSum;

use crate::functions::mean::Mean;
use crate::functions::quantile::quantile;

/// What the values of a group at one step become.
pub(super) trait Fold: Sized {
    /// Whether it grows with each value.
    const KEEPS_VALUES: bool = false;

    fn start(value: f64) -> Self;
    fn add(&mut self, value: f64);

    /// What it holds beside itself.
    fn bytes(&self) -> usize {
        0
    }

    /// `param` is that of the aggregation at this step.
    fn finish(self, param: f64) -> f64;
}

pub(super) struct SumFold(CompensatedSum);

impl Fold for SumFold {
    fn start(value: f64) -> Self {
        Self(CompensatedSum::starting_at(value))
    }

    fn add(&mut self, value: f64) {
        self.0.add(value);
    }

    fn finish(self, _param: f64) -> f64 {
        self.0.value()
    }
}

impl Fold for Mean {
    fn start(value: f64) -> Self {
        Self::starting_at(value)
    }

    fn add(&mut self, value: f64) {
        Self::add(self, value);
    }

    fn finish(self, _param: f64) -> f64 {
        self.value()
    }
}

pub(super) struct MinFold(f64);

impl Fold for MinFold {
    fn start(value: f64) -> Self {
        Self(value)
    }

    fn add(&mut self, value: f64) {
        if value < self.0 || self.0.is_nan() {
            self.0 = value;
        }
    }

    fn finish(self, _param: f64) -> f64 {
        self.0
    }
}

pub(super) struct MaxFold(f64);

impl Fold for MaxFold {
    fn start(value: f64) -> Self {
        Self(value)
    }

    fn add(&mut self, value: f64) {
        if value > self.0 || self.0.is_nan() {
            self.0 = value;
        }
    }

    fn finish(self, _param: f64) -> f64 {
        self.0
    }
}

pub(super) struct CountFold(f64);

impl Fold for CountFold {
    fn start(_value: f64) -> Self {
        Self(1.0)
    }

    fn add(&mut self, _value: f64) {
        self.0 += 1.0;
    }

    fn finish(self, _param: f64) -> f64 {
        self.0
    }
}

pub(super) struct GroupFold;

impl Fold for GroupFold {
    fn start(_value: f64) -> Self {
        Self
    }

    fn add(&mut self, _value: f64) {}

    fn finish(self, _param: f64) -> f64 {
        1.0
    }
}

/// The mean square distance from the mean (Welford), or its root.
pub(super) struct Spread<const ROOT: bool> {
    count: f64,
    mean: f64,
    squares: f64,
}

impl<const ROOT: bool> Fold for Spread<ROOT> {
    fn start(value: f64) -> Self {
        let squares = if value.is_finite() { 0.0 } else { f64::NAN };
        Self { count: 1.0, mean: value, squares }
    }

    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (value - self.mean);
    }

    fn finish(self, _param: f64) -> f64 {
        let variance = self.squares / self.count;
        if ROOT { variance.sqrt() } else { variance }
    }
}

/// Holds all its input.
pub(super) struct QuantileFold(Vec<f64>);

impl Fold for QuantileFold {
    const KEEPS_VALUES: bool = true;

    fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<f64>()
    }

    fn start(value: f64) -> Self {
        Self(vec![value])
    }

    fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    fn finish(mut self, param: f64) -> f64 {
        quantile(param, &mut self.0)
    }
}
