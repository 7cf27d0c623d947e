//! Counts as they are added up: plain, or with what rounding took.

use crate::CompensatedSum;

/// What a bucket may hold.
pub(super) trait Held: Copy + Default {
    fn is_empty(self) -> bool;
}

/// What is added up.
pub(super) trait Count: Held {
    /// From a number and what rounding took from it.
    fn of(count: CompensatedSum) -> Self;
    /// As a number and what rounding took from it.
    fn compensated(self) -> CompensatedSum;
    fn plus(self, other: Self) -> Self;
    /// The count after `change` of every number in it.
    fn each(self, change: impl Fn(f64) -> f64) -> Self;
}

impl Held for i64 {
    fn is_empty(self) -> bool {
        self == 0
    }
}

impl Held for f64 {
    fn is_empty(self) -> bool {
        self == 0.0
    }
}

impl Held for CompensatedSum {
    fn is_empty(self) -> bool {
        self.total == 0.0 && self.lost == 0.0
    }
}

impl Count for f64 {
    fn of(count: CompensatedSum) -> Self {
        count.total
    }

    fn compensated(self) -> CompensatedSum {
        CompensatedSum::starting_at(self)
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn each(self, change: impl Fn(f64) -> f64) -> Self {
        change(self)
    }
}

impl Count for CompensatedSum {
    fn of(count: CompensatedSum) -> Self {
        count
    }

    fn compensated(self) -> CompensatedSum {
        self
    }

    fn plus(self, other: Self) -> Self {
        let sum = self.with(other.total);
        if other.lost == 0.0 { sum } else { sum.with(other.lost) }
    }

    fn each(self, change: impl Fn(f64) -> f64) -> Self {
        Self { total: change(self.total), lost: change(self.lost) }
    }
}
