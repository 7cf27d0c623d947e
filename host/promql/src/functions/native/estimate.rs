//! Estimates from one histogram: average, spread, quantiles, fractions.
//!
//! Within a bucket, observations are taken to be spread evenly; in exponential ones by the
//! logarithm, but not around zero.

use narthex_model::{Bucket, CompensatedSum, FloatHistogram};

use super::Finding;

pub(crate) fn average(histogram: &FloatHistogram) -> f64 {
    histogram.sum / histogram.count
}

/// The mean square of the distances from the average.
pub(crate) fn variance(histogram: &FloatHistogram) -> f64 {
    let mean = average(histogram);
    let is_custom = histogram.layout.is_custom();
    let mut squares = CompensatedSum::default();
    for bucket in histogram.disjoint_buckets() {
        if bucket.count == 0.0 {
            continue;
        }
        let delta = middle(&bucket, is_custom) - mean;
        squares.add(bucket.count * delta * delta);
    }
    squares.value() / histogram.count
}

pub(crate) fn deviation(histogram: &FloatHistogram) -> f64 {
    variance(histogram).sqrt()
}

fn middle(bucket: &Bucket, is_custom: bool) -> f64 {
    let Bucket { lower, upper, .. } = *bucket;
    if is_custom {
        return (upper + lower) / 2.0;
    }
    if lower <= 0.0 && upper >= 0.0 {
        return 0.0;
    }
    let middle = (upper * lower).sqrt();
    if upper < 0.0 { -middle } else { middle }
}

/// The `q`-quantile.
///
/// Observations that are no numbers count as greater than all others; then buckets are walked from
/// the lowest one always.
pub(crate) fn quantile(q: f64, histogram: &FloatHistogram) -> (f64, Option<Finding>) {
    if q < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if q > 1.0 {
        return (f64::INFINITY, None);
    }
    let total = histogram.count;
    if total == 0.0 || q.is_nan() {
        return (f64::NAN, None);
    }
    let has_nan = histogram.sum.is_nan();
    let is_ascending = has_nan || q < 0.5;
    let mut rank = if is_ascending { q * total } else { (1.0 - q) * total };
    let mut buckets = histogram.disjoint_buckets();
    if !is_ascending {
        buckets.reverse();
    }
    let mut rest = buckets.iter();
    let (mut bucket, mut count) = (NO_BUCKET, 0.0);
    for next in rest.by_ref() {
        bucket = *next;
        if bucket.count != 0.0 {
            count += bucket.count;
            if count >= rank {
                break;
            }
        }
    }
    let is_custom = histogram.layout.is_custom();
    if is_custom && bucket.lower == f64::NEG_INFINITY {
        if bucket.upper <= 0.0 {
            return (bucket.upper, None);
        }
        bucket.lower = 0.0;
    } else if is_custom && bucket.upper == f64::INFINITY {
        return (bucket.lower, None);
    } else if !is_custom && bucket.lower < 0.0 && bucket.upper > 0.0 {
        bound_by_zero(&mut bucket, histogram);
    }
    // Rounding may have counted more than there are.
    count = count.min(total);
    if count < rank {
        let finding = has_nan.then_some(Finding::QuantileIsNan);
        return (if has_nan { f64::NAN } else { bucket.upper }, finding);
    }
    rank = if is_ascending { rank - (count - bucket.count) } else { count - rank };
    let mut finding = None;
    if has_nan {
        // The last bucket is the one that is looked into from here on, as in Prometheus 3.14.
        for next in rest {
            bucket = *next;
            count += bucket.count;
        }
        if count < total {
            finding = Some(Finding::QuantileIsSkewed);
        }
    }
    let is_linear = is_custom || bucket.lower <= 0.0 && bucket.upper >= 0.0;
    (bucket.value_at(rank / bucket.count, is_linear), finding)
}

/// What is looked into when there is no bucket at all.
const NO_BUCKET: Bucket = Bucket {
    lower: 0.0,
    upper: 0.0,
    is_lower_inclusive: false,
    is_upper_inclusive: false,
    count: 0.0,
};

/// A bucket around zero ends there where all other buckets are on one side.
fn bound_by_zero(bucket: &mut Bucket, histogram: &FloatHistogram) {
    match (histogram.negative_counts.is_empty(), histogram.positive_counts.is_empty()) {
        (true, false) => bucket.lower = 0.0,
        (false, true) => bucket.upper = 0.0,
        (true, true) | (false, false) => {}
    }
}

/// The part of the observations between `lower` and `upper`.
pub(crate) fn fraction(
    lower: f64,
    upper: f64,
    histogram: &FloatHistogram,
) -> (f64, Option<Finding>) {
    let total = histogram.count;
    if total == 0.0 || lower.is_nan() || upper.is_nan() {
        return (f64::NAN, None);
    }
    if lower >= upper {
        return (0.0, None);
    }
    let is_custom = histogram.layout.is_custom();
    let (mut below_lower, mut below_upper) = (None, None);
    let (mut rank, mut in_buckets) = (0.0, 0.0);
    for mut bucket in histogram.disjoint_buckets() {
        in_buckets += bucket.count;
        let is_around_zero = bucket.lower <= 0.0 && bucket.upper >= 0.0;
        if is_around_zero {
            bound_by_zero(&mut bucket, histogram);
        }
        let is_linear = is_custom || is_around_zero;
        below_lower = below_lower.or_else(|| rank_at(lower, &bucket, rank, is_linear));
        below_upper = below_upper.or_else(|| rank_at(upper, &bucket, rank, is_linear));
        rank += bucket.count;
    }
    let (count, finding) = if histogram.sum.is_nan() {
        (in_buckets, (in_buckets < total).then_some(Finding::FractionLacksNan))
    } else {
        (total, None)
    };
    let capped = |rank: Option<f64>| match rank {
        Some(rank) if rank > count => count,
        Some(rank) => rank,
        None => count,
    };
    ((capped(below_upper) - capped(below_lower)) / total, finding)
}

/// How many observations are below `value`, where `rank` of them are below the bucket; nothing if
/// the value is above the bucket.
fn rank_at(value: f64, bucket: &Bucket, rank: f64, is_linear: bool) -> Option<f64> {
    if bucket.lower >= value {
        return Some(rank);
    }
    if bucket.upper <= value {
        return None;
    }
    if is_linear && bucket.lower == f64::NEG_INFINITY {
        return Some(bucket.count);
    }
    Some(rank + bucket.count * bucket.fraction_below(value, is_linear))
}

#[cfg(test)]
mod tests;
