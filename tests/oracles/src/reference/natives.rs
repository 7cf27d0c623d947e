//! What is asked of native histograms.

use std::sync::Arc;

use narthex_model::FloatHistogram;

use super::Sample;

/// A histogram times a number.
pub(super) fn scaled(histogram: &FloatHistogram, factor: f64) -> Sample {
    let mut scaled = histogram.clone();
    scaled.count *= factor;
    scaled.zero_count *= factor;
    scaled.sum *= factor;
    scaled.positive_counts.iter_mut().for_each(|count| *count *= factor);
    scaled.negative_counts.iter_mut().for_each(|count| *count *= factor);
    Sample::Histogram(Arc::new(scaled))
}

/// `histogram_count` and the like of one histogram.
pub(super) fn part(name: &str, histogram: &FloatHistogram) -> Option<f64> {
    Some(match name {
        "histogram_count" => histogram.count,
        "histogram_sum" => histogram.sum,
        "histogram_avg" => histogram.sum / histogram.count,
        _ => return None,
    })
}
