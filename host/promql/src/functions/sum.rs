//! Sums that lose no small part: Kahan's, improved by Neumaier, in Prometheus' order of steps.

/// A running sum with what rounding took from it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    pub(crate) total: f64,
    pub(crate) lost: f64,
}

impl Sum {
    pub(crate) const fn starting_at(total: f64) -> Self {
        Self { total, lost: 0.0 }
    }

    /// The sum with one more value.
    pub(crate) fn with(self, value: f64) -> Self {
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

    pub(crate) fn add(&mut self, value: f64) {
        *self = self.with(value);
    }

    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { total: factor * self.total, lost: factor * self.lost }
    }

    pub(crate) fn value(self) -> f64 {
        self.total + self.lost
    }
}

/// A running mean: a sum that is divided at the end, unless the sum overflows; from then on the
/// mean itself is carried along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mean {
    count: f64,
    sum: Sum,
    is_incremental: bool,
}

impl Mean {
    pub(crate) const fn starting_at(value: f64) -> Self {
        Self { count: 1.0, sum: Sum::starting_at(value), is_incremental: false }
    }

    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if !self.is_incremental {
            let next = self.sum.with(value);
            if !next.total.is_infinite() {
                self.sum = next;
                return;
            }
            self.is_incremental = true;
            let before = self.count - 1.0;
            self.sum = Sum { total: self.sum.total / before, lost: self.sum.lost / before };
        }
        let keep = (self.count - 1.0) / self.count;
        self.sum = self.sum.scaled(keep).with(value / self.count);
    }

    pub(crate) fn value(self) -> f64 {
        if self.is_incremental {
            self.sum.value()
        } else {
            self.sum.total / self.count + self.sum.lost / self.count
        }
    }
}
