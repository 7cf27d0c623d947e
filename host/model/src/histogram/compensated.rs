//! Counts as they are added up: plain, or with what rounding took (Kahan's sum, improved by
//! Neumaier).
//!
//! Always holds: the order of steps is Prometheus', so that sums come out the same to the bit.

/// A sum with what rounding took from it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Compensated {
    pub(super) total: f64,
    pub(super) lost: f64,
}

impl Compensated {
    pub(super) const fn of(total: f64) -> Self {
        Self { total, lost: 0.0 }
    }

    /// The sum with one more value.
    pub(super) fn with(self, value: f64) -> Self {
        let total = self.total + value;
        let lost = if total.is_infinite() {
            0.0
        } else if self.total.abs() >= value.abs() {
            self.lost + ((self.total - total) + value)
        } else {
            self.lost + ((value - total) + self.total)
        };
        Self { total, lost }
    }
}

/// What a bucket may hold.
pub(super) trait Count: Copy + Default {
    /// From a number and what rounding took from it.
    fn of(count: Compensated) -> Self;
    /// As a number and what rounding took from it.
    fn compensated(self) -> Compensated;
    fn plus(self, other: Self) -> Self;
    /// The count after `change` of every number in it.
    fn each(self, change: impl Fn(f64) -> f64) -> Self;
    fn is_empty(self) -> bool;
}

impl Count for f64 {
    fn of(count: Compensated) -> Self {
        count.total
    }

    fn compensated(self) -> Compensated {
        Compensated::of(self)
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn each(self, change: impl Fn(f64) -> f64) -> Self {
        change(self)
    }

    fn is_empty(self) -> bool {
        self == 0.0
    }
}

impl Count for Compensated {
    fn of(count: Compensated) -> Self {
        count
    }

    fn compensated(self) -> Compensated {
        self
    }

    fn plus(self, other: Self) -> Self {
        let sum = self.with(other.total);
        if other.lost == 0.0 { sum } else { sum.with(other.lost) }
    }

    fn each(self, change: impl Fn(f64) -> f64) -> Self {
        Self { total: change(self.total), lost: change(self.lost) }
    }

    fn is_empty(self) -> bool {
        self.total == 0.0 && self.lost == 0.0
    }
}
