//! What histograms take of memory.

use super::{BucketLayout, FloatHistogram, NativeHistogram};

/// Bytes of a histogram of so many spans, counts and bounds, as Prometheus counts them.
pub(super) const fn size_of_values(values: usize) -> usize {
    /// The struct, with its pointer.
    const STRUCT_BYTES: usize = 168;
    STRUCT_BYTES + 8 * values
}

impl BucketLayout {
    /// How many values it takes.
    const fn values(&self) -> usize {
        self.positive_spans.len() + self.negative_spans.len() + self.custom_bounds.len()
    }
}

impl NativeHistogram {
    /// As [`FloatHistogram::size`]: whole counts take as much.
    #[must_use]
    pub const fn size(&self) -> usize {
        let counts = match self {
            Self::Integer(histogram) => {
                histogram.positive_deltas.len() + histogram.negative_deltas.len()
            }
            Self::Float(histogram) => {
                histogram.positive_counts.len() + histogram.negative_counts.len()
            }
        };
        size_of_values(self.layout().values() + counts)
    }
}

impl FloatHistogram {
    /// Bytes it takes, as Prometheus counts them.
    #[must_use]
    pub fn size(&self) -> usize {
        let counts = self.positive_counts.len() + self.negative_counts.len();
        size_of_values(self.layout.values() + counts)
    }
}
