//! What is done with native histograms. How two of them are put together, compared and trimmed is
//! the model's, which has tests of its own.

use std::sync::Arc;

use narthex_model::{Bucket, CounterReset, FloatHistogram, HistogramMean, HistogramSum};
use narthex_promql::BinaryOp;

use super::{Row, Sample};

fn sample(mut histogram: FloatHistogram) -> Sample {
    histogram.compact(0);
    Sample::Histogram(Arc::new(histogram))
}

/// A histogram times a number.
pub(super) fn scaled(histogram: &FloatHistogram, factor: f64) -> Sample {
    let mut scaled = histogram.clone();
    scaled.scale(factor);
    Sample::Histogram(Arc::new(scaled))
}

/// What an operator makes of a histogram and a number, or `None`.
pub(super) fn with_number(op: BinaryOp, histogram: &FloatHistogram, number: f64) -> Option<Sample> {
    let mut result = histogram.clone();
    if op == BinaryOp::Mul {
        result.scale(number);
    } else if op == BinaryOp::Div {
        result.divide(number);
    } else if op == BinaryOp::TrimUpper {
        result.trim_upper(number);
        return Some(Sample::Histogram(Arc::new(result)));
    } else if op == BinaryOp::TrimLower {
        result.trim_lower(number);
        return Some(Sample::Histogram(Arc::new(result)));
    } else {
        return None;
    }
    Some(sample(result))
}

/// What an operator makes of two histograms and whether a comparison holds, or `None`.
pub(super) fn of_two(
    op: BinaryOp,
    lhs: &FloatHistogram,
    rhs: &FloatHistogram,
) -> Option<(Sample, bool)> {
    let mut result = lhs.clone();
    if op == BinaryOp::Add {
        result.add(rhs).ok()?;
    } else if op == BinaryOp::Sub {
        result.sub(rhs).ok()?;
        result.reset = CounterReset::Gauge;
    } else if op == BinaryOp::Equal || op == BinaryOp::NotEqual {
        let holds = lhs.equals(rhs) == (op == BinaryOp::Equal);
        return Some((Sample::Histogram(Arc::new(result)), holds));
    } else {
        return None;
    }
    Some((sample(result), true))
}

/// The sum or the mean of histograms; `None` where exponential and custom buckets are among them.
pub(super) fn summed(is_mean: bool, histograms: &[&FloatHistogram]) -> Option<Sample> {
    let (first, others) = histograms.split_first()?;
    let mut mean = HistogramMean::starting_at(first);
    let mut sum = HistogramSum::starting_at(first);
    for other in others {
        mean.add(other).ok()?;
        sum.add(other).ok()?;
    }
    Some(sample(if is_mean { mean.finish() } else { sum.finish() }))
}

/// A function of a range that holds nothing but histograms.
pub(super) fn over_range(
    name: &str,
    points: &[(i64, &FloatHistogram)],
    (start, end): (i64, i64),
) -> Option<Sample> {
    let histograms: Vec<&FloatHistogram> = points.iter().map(|(_, histogram)| *histogram).collect();
    match name {
        "sum_over_time" => summed(false, &histograms),
        "avg_over_time" => summed(true, &histograms),
        "irate" | "idelta" => last_two(name == "irate", points),
        "rate" | "increase" | "delta" => extrapolated(name, points, (start, end)),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "times in milliseconds are far below 2^53")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

fn last_two(is_rate: bool, points: &[(i64, &FloatHistogram)]) -> Option<Sample> {
    let [.., (before_at, before), (last_at, last)] = points else { return None };
    let mut rise = (*last).clone();
    if !is_rate || !last.detect_reset(before) {
        rise.sub(before).ok()?;
    }
    if is_rate {
        rise.divide(seconds(last_at - before_at));
    }
    Some(sample(rise))
}

fn extrapolated(
    name: &str,
    points: &[(i64, &FloatHistogram)],
    (start, end): (i64, i64),
) -> Option<Sample> {
    let is_counter = name != "delta";
    let [(first_at, first), .., (last_at, last)] = points else { return None };
    let second = points.get(1).map(|(_, second)| *second)?;
    // What comes before a reset right at the beginning need not even have the same buckets.
    let nothing = FloatHistogram {
        layout: narthex_model::BucketLayout {
            schema: second.layout.schema,
            custom_bounds: second.layout.custom_bounds.clone(),
            ..narthex_model::BucketLayout::default()
        },
        ..FloatHistogram::default()
    };
    let is_reset_first = is_counter && second.detect_reset(first);
    let base = if is_reset_first { &nothing } else { *first };
    if is_counter {
        let is_custom = base.layout.is_custom();
        if points.iter().skip(1).any(|(_, other)| other.layout.is_custom() != is_custom) {
            return None;
        }
    }
    let mut rise = (*last).clone();
    let coarsest = if is_counter {
        points.iter().skip(1).map(|(_, other)| other.layout.schema).min()
    } else {
        None
    };
    let coarsest = coarsest.unwrap_or(last.layout.schema).min(base.layout.schema);
    if !rise.layout.is_custom() {
        rise.reduce_resolution(coarsest);
    }
    rise.sub(base).ok()?;
    if is_counter {
        let mut before = base;
        for (_, after) in points.iter().skip(1) {
            if after.detect_reset(before) {
                rise.add(before).ok()?;
            }
            before = after;
        }
    }
    rise.compact(0);
    let covered = seconds(last_at - first_at);
    #[expect(clippy::cast_precision_loss, reason = "few samples")]
    let between = covered / (points.len() - 1) as f64;
    let stretch = |gap: f64| if gap >= between * 1.1 { between / 2.0 } else { gap };
    let mut early = stretch(seconds(first_at - start));
    if is_counter && rise.count > 0.0 && first.count >= 0.0 {
        early = early.min(covered * (first.count / rise.count));
    }
    let late = stretch(seconds(end - last_at));
    let mut factor = (covered + early + late) / covered;
    if name == "rate" {
        factor /= seconds(end - start);
    }
    rise.scale(factor);
    Some(Sample::Histogram(Arc::new(rise)))
}

/// Whether a series changed between two samples.
pub(super) fn is_changed(before: &Sample, after: &Sample) -> bool {
    match (before, after) {
        (Sample::Float(a), Sample::Float(b)) => a != b && !(a.is_nan() && b.is_nan()),
        (Sample::Histogram(a), Sample::Histogram(b)) => !b.equals(a),
        (Sample::Float(_), Sample::Histogram(_)) | (Sample::Histogram(_), Sample::Float(_)) => true,
    }
}

/// Whether a counter began anew between two samples.
pub(super) fn is_reset(before: &Sample, after: &Sample) -> bool {
    match (before, after) {
        (Sample::Float(a), Sample::Float(b)) => b < a,
        (Sample::Histogram(a), Sample::Histogram(b)) => b.detect_reset(a),
        (Sample::Float(_), Sample::Histogram(_)) | (Sample::Histogram(_), Sample::Float(_)) => true,
    }
}

/// The histograms of a row.
pub(super) fn histograms(row: &Row) -> Vec<(i64, &FloatHistogram)> {
    let points = row.points.iter();
    points.filter_map(|(at, value)| Some((*at, value.histogram()?))).collect()
}

/// `histogram_count` and the like of one histogram.
pub(super) fn part(name: &str, histogram: &FloatHistogram) -> Option<f64> {
    Some(match name {
        "histogram_count" => histogram.count,
        "histogram_sum" => histogram.sum,
        "histogram_avg" => histogram.sum / histogram.count,
        "histogram_stdvar" => variance(histogram),
        "histogram_stddev" => variance(histogram).sqrt(),
        _ => return None,
    })
}

/// Every observation counts as the middle of its bucket, on the scale of the buckets.
fn variance(histogram: &FloatHistogram) -> f64 {
    let mean = histogram.sum / histogram.count;
    let filled = histogram.disjoint_buckets().into_iter().filter(|bucket| bucket.count != 0.0);
    let squares = filled.map(|bucket| {
        let middle = if histogram.layout.is_custom() {
            (bucket.lower + bucket.upper) / 2.0
        } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            0.0
        } else {
            (bucket.lower * bucket.upper).sqrt().copysign(bucket.upper)
        };
        bucket.count * (middle - mean) * (middle - mean)
    });
    squares.sum::<f64>() / histogram.count
}

/// The buckets as estimates see them: one that holds zero ends there where all others are on one
/// side of it.
fn estimated(histogram: &FloatHistogram) -> Vec<Bucket> {
    let mut buckets = histogram.disjoint_buckets();
    for bucket in &mut buckets {
        if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            let has_negative = !histogram.negative_counts.is_empty();
            let has_positive = !histogram.positive_counts.is_empty();
            if has_positive && !has_negative {
                bucket.lower = 0.0;
            } else if has_negative && !has_positive {
                bucket.upper = 0.0;
            }
        }
    }
    buckets
}

/// Where a bucket is cut for a part of it.
fn inside(bucket: &Bucket, fraction: f64, is_custom: bool) -> f64 {
    if is_custom || (bucket.lower <= 0.0 && bucket.upper >= 0.0) {
        return bucket.lower + (bucket.upper - bucket.lower) * fraction;
    }
    // The logarithm is what is spread evenly.
    let (lower, upper) = (bucket.lower.abs().log2(), bucket.upper.abs().log2());
    let value = (lower + (upper - lower) * fraction).exp2();
    if bucket.upper > 0.0 { value } else { -value }
}

/// Which part of a bucket lies below a value within.
fn below(bucket: &Bucket, value: f64, is_custom: bool) -> f64 {
    if is_custom || (bucket.lower <= 0.0 && bucket.upper >= 0.0) {
        return (value - bucket.lower) / (bucket.upper - bucket.lower);
    }
    let (lower, upper) = (bucket.lower.abs().log2(), bucket.upper.abs().log2());
    (value.abs().log2() - lower) / (upper - lower)
}

pub(super) fn quantile(q: f64, histogram: &FloatHistogram) -> f64 {
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    if q.is_nan() || histogram.count == 0.0 {
        return f64::NAN;
    }
    let is_custom = histogram.layout.is_custom();
    let mut buckets = estimated(histogram);
    buckets.retain(|bucket| bucket.count != 0.0);
    // Counted from the nearer end; observed NaN are beyond the upper one.
    let is_from_above = q >= 0.5 && !histogram.sum.is_nan();
    let rank = if is_from_above { (1.0 - q) * histogram.count } else { q * histogram.count };
    if is_from_above {
        buckets.reverse();
    }
    let mut passed = 0.0;
    let mut found = None;
    for bucket in &buckets {
        found = Some(bucket);
        if passed + bucket.count >= rank {
            break;
        }
        passed += bucket.count;
    }
    let Some(bucket) = found else { return 0.0 };
    if is_custom && bucket.lower == f64::NEG_INFINITY && bucket.upper <= 0.0 {
        return bucket.upper;
    }
    if is_custom && bucket.upper == f64::INFINITY {
        return bucket.lower;
    }
    let mut bucket = *bucket;
    if is_custom && bucket.lower == f64::NEG_INFINITY {
        bucket.lower = 0.0;
    }
    // Rounding may have put more into buckets than was counted.
    let upto = (passed + bucket.count).min(histogram.count);
    if upto < rank {
        return if histogram.sum.is_nan() { f64::NAN } else { bucket.upper };
    }
    let before = if is_from_above { upto - rank } else { rank - (upto - bucket.count) };
    inside(&bucket, before / bucket.count, is_custom)
}

pub(super) fn fraction(low: f64, high: f64, histogram: &FloatHistogram) -> f64 {
    if histogram.count == 0.0 || low.is_nan() || high.is_nan() {
        return f64::NAN;
    }
    if low >= high {
        return 0.0;
    }
    let is_custom = histogram.layout.is_custom();
    let buckets = estimated(histogram);
    let all: f64 = buckets.iter().map(|bucket| bucket.count).sum();
    let all = if histogram.sum.is_nan() { all } else { histogram.count };
    let rank = |value: f64| {
        let mut passed = 0.0;
        for bucket in &buckets {
            if bucket.lower >= value {
                return passed;
            }
            if bucket.upper > value {
                return if bucket.lower == f64::NEG_INFINITY {
                    bucket.count
                } else {
                    passed + bucket.count * below(bucket, value, is_custom)
                };
            }
            passed += bucket.count;
        }
        all
    };
    (rank(high).min(all) - rank(low).min(all)) / histogram.count
}
