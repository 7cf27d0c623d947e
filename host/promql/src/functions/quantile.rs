//! Quantiles: of values, and of the buckets of classic histograms.

/// Counts that differ by less than this part are taken to be equal: rounding, not data.
const TOLERANCE: f64 = 1e-12;

/// The `q`-quantile; sorts `values`.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if let Some(beyond) = beyond(q) {
        return beyond;
    }
    // NaN counts as less than any number.
    values.sort_by(|a, b| {
        b.is_nan()
            .cmp(&a.is_nan())
            .then_with(|| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))
    });
    let rank = q * (values.len() - 1) as f64;
    let weight = rank - rank.floor();
    let lower = values.get(index(rank)).copied().unwrap_or(f64::NAN);
    let upper = values.get(index(rank) + 1).copied().unwrap_or(lower);
    lower * (1.0 - weight) + upper * weight
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= rank < len")]
fn index(rank: f64) -> usize {
    rank.max(0.0).floor() as usize
}

fn beyond(q: f64) -> Option<f64> {
    if q < 0.0 {
        Some(f64::NEG_INFINITY)
    } else if q > 1.0 {
        Some(f64::INFINITY)
    } else {
        None
    }
}

/// A bucket of a classic histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) upper: f64,
    /// Observations up to `upper`.
    pub(crate) count: f64,
}

/// Buckets whose counts fell had to be raised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Forced {
    /// The least upper bound of those.
    pub(crate) lowest: f64,
    /// The greatest.
    pub(crate) highest: f64,
    /// By how much at most.
    pub(crate) difference: f64,
}

/// Sorts, joins equal bounds; `None` when the last bucket is not that of all observations.
fn ordered(buckets: &mut Vec<Bucket>) -> Option<()> {
    buckets.sort_by(|a, b| a.upper.partial_cmp(&b.upper).unwrap_or(std::cmp::Ordering::Equal));
    if buckets.last()?.upper != f64::INFINITY {
        return None;
    }
    buckets.dedup_by(|next, kept| {
        let is_same = next.upper == kept.upper;
        if is_same {
            kept.count += next.count;
        }
        is_same
    });
    Some(())
}

/// Makes counts ascend.
fn make_monotonic(buckets: &mut [Bucket]) -> Option<Forced> {
    let mut forced: Option<Forced> = None;
    let (first, rest) = buckets.split_first_mut()?;
    let mut previous = first.count;
    for bucket in rest {
        if bucket.count == previous {
            continue;
        }
        if almost_equal(previous, bucket.count) {
            bucket.count = previous;
        } else if bucket.count < previous {
            let difference = previous - bucket.count;
            bucket.count = previous;
            let known = forced.get_or_insert(Forced {
                lowest: bucket.upper,
                highest: bucket.upper,
                difference,
            });
            known.lowest = known.lowest.min(bucket.upper);
            known.highest = known.highest.max(bucket.upper);
            known.difference = known.difference.max(difference);
        } else {
            previous = bucket.count;
        }
    }
    forced
}

fn almost_equal(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() || a == b {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}

/// The `q`-quantile of a classic histogram, linear within a bucket.
pub(crate) fn bucket_quantile(q: f64, buckets: &mut Vec<Bucket>) -> (f64, Option<Forced>) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if let Some(beyond) = beyond(q) {
        return (beyond, None);
    }
    if ordered(buckets).is_none() {
        return (f64::NAN, None);
    }
    let forced = make_monotonic(buckets);
    (interpolate(q, buckets).unwrap_or(f64::NAN), forced)
}

fn interpolate(q: f64, buckets: &[Bucket]) -> Option<f64> {
    let (all, finite) = buckets.split_last()?;
    let (first, last) = (finite.first()?, finite.last()?);
    if all.count == 0.0 {
        return None;
    }
    let rank = q * all.count;
    // A NaN rank is reached by no bucket.
    let Some(at) = finite.iter().position(|bucket| bucket.count >= rank) else {
        return Some(last.upper);
    };
    if at == 0 && first.upper <= 0.0 {
        return Some(first.upper);
    }
    let bucket = finite.get(at)?;
    let below = at.checked_sub(1).and_then(|at| finite.get(at));
    let (start, before) = below.map_or((0.0, 0.0), |below| (below.upper, below.count));
    Some(start + (bucket.upper - start) * ((rank - before) / (bucket.count - before)))
}

/// The part of a classic histogram's observations between two bounds.
pub(crate) fn bucket_fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if ordered(buckets).is_none() {
        return f64::NAN;
    }
    let count = buckets.last().map_or(0.0, |all| all.count);
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let first = buckets.first().map_or(0.0, |first| first.upper);
    let mut start = if first <= 0.0 { f64::NEG_INFINITY } else { 0.0 };
    let mut rank = 0.0;
    let (mut lower_rank, mut upper_rank) = (None, None);
    for bucket in buckets.iter() {
        let within = |bound: f64| {
            if start == f64::NEG_INFINITY {
                bucket.count
            } else {
                rank + (bucket.count - rank) * (bound - start) / (bucket.upper - start)
            }
        };
        for (bound, found) in [(lower, &mut lower_rank), (upper, &mut upper_rank)] {
            if found.is_none() && start >= bound {
                *found = Some(rank);
            }
        }
        if lower_rank.is_some() && upper_rank.is_some() {
            break;
        }
        for (bound, found) in [(lower, &mut lower_rank), (upper, &mut upper_rank)] {
            if found.is_none() && start < bound && bucket.upper > bound {
                *found = Some(within(bound));
            }
        }
        if lower_rank.is_some() && upper_rank.is_some() {
            break;
        }
        (start, rank) = (bucket.upper, bucket.count);
    }
    let lower_rank = lower_rank.filter(|found| *found <= count).unwrap_or(count);
    let upper_rank = upper_rank.filter(|found| *found <= count).unwrap_or(count);
    (upper_rank - lower_rank) / count
}
