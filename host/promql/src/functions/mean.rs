//! A mean of values that come one by one.

use narthex_model::CompensatedSum;

/// A running mean: a sum that is divided at the end, unless the sum overflows; from then on the
/// mean itself is carried along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mean {
    count: f64,
    sum: CompensatedSum,
    is_incremental: bool,
}

impl Mean {
    pub(crate) const fn starting_at(value: f64) -> Self {
        Self { count: 1.0, sum: CompensatedSum::starting_at(value), is_incremental: false }
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
            self.sum =
                CompensatedSum { total: self.sum.total / before, lost: self.sum.lost / before };
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
