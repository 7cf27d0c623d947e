//! Running sums and means of native histograms.

use narthex_model::{FloatHistogram, HistogramMean, HistogramSum, Incompatible, Merged};

use super::holding::{Amount, samples_of_histogram};

/// What histograms come to, those taken in until now.
pub(super) enum Total {
    Sum(HistogramSum),
    Mean(HistogramMean),
}

impl Total {
    pub(super) fn starting_at(first: &FloatHistogram, is_mean: bool) -> Self {
        if is_mean {
            Self::Mean(HistogramMean::starting_at(first))
        } else {
            Self::Sum(HistogramSum::starting_at(first))
        }
    }

    pub(super) fn add(&mut self, next: &FloatHistogram) -> Result<Merged, Incompatible> {
        match self {
            Self::Sum(sum) => sum.add(next),
            Self::Mean(mean) => mean.add(next),
        }
    }

    /// Whether one claimed a counter reset and another that there was none.
    pub(super) const fn has_reset_collision(&self) -> bool {
        match self {
            Self::Sum(sum) => sum.has_reset_collision(),
            Self::Mean(mean) => mean.has_reset_collision(),
        }
    }

    /// What it holds: beside each count there is what rounding took from it.
    pub(super) const fn amount(&self) -> Amount {
        let size = match self {
            Self::Sum(sum) => sum.size(),
            Self::Mean(mean) => mean.size(),
        };
        Amount { samples: samples_of_histogram(size), bytes: 2 * size }
    }

    pub(super) fn finish(self) -> FloatHistogram {
        match self {
            Self::Sum(sum) => sum.finish(),
            Self::Mean(mean) => mean.finish(),
        }
    }
}
