//! Sums that lose no small part: Kahan's, improved by Neumaier, in Prometheus' order of steps, so
//! that they come out the same to the bit.

/// A running sum with what rounding took from it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompensatedSum {
    /// The sum as rounded.
    pub total: f64,
    /// What rounding took from it.
    pub lost: f64,
}

impl CompensatedSum {
    /// A sum of one value.
    #[must_use]
    pub const fn starting_at(total: f64) -> Self {
        Self { total, lost: 0.0 }
    }

    /// The sum with one more value.
    #[inline]
    #[must_use]
    pub fn with(self, value: f64) -> Self {
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

    /// Adds one more value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        *self = self.with(value);
    }

    /// Both parts times `factor`.
    #[inline]
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { total: factor * self.total, lost: factor * self.lost }
    }

    /// The sum with what was lost.
    #[inline]
    #[must_use]
    pub fn value(self) -> f64 {
        self.total + self.lost
    }
}
