//! A distribution in buckets.

/// Counts observations by upper bound.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// Sorted; the last bucket, without a bound, is implied.
    bounds: Vec<f64>,
    /// One more than `bounds`.
    counts: Vec<u64>,
    sum: f64,
}

impl Histogram {
    /// An empty histogram. Bounds are sorted; those that are not finite or stand twice are dropped.
    pub fn new(bounds: &[f64]) -> Self {
        let mut bounds: Vec<f64> =
            bounds.iter().copied().filter(|bound| bound.is_finite()).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let counts = vec![0; bounds.len() + 1];
        Self { bounds, counts, sum: 0.0 }
    }

    /// Counts one observation. NaN counts into the last bucket.
    pub fn observe(&mut self, value: f64) {
        let bucket =
            self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum += value;
    }

    /// Adds `count` observations that were counted elsewhere, of which only the bucket of `value` is known. The sum
    /// does not change; see [`add_sum`](Self::add_sum).
    pub fn add(&mut self, value: f64, count: u64) {
        let bucket =
            self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        if let Some(total) = self.counts.get_mut(bucket) {
            *total += count;
        }
    }

    /// Adds to the sum of observations.
    pub fn add_sum(&mut self, sum: f64) {
        self.sum += sum;
    }

    /// How many were observed.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The sum of what was observed.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Bounds with the count at or below each; the last is `+Inf` with all.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts.iter().scan(0, |total, count| {
            *total += count;
            Some(*total)
        }))
    }
}
