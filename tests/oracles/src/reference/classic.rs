//! Quantiles and fractions of classic histograms: series with cumulative counts by `le`.

use narthex_model::Labels;

use super::Element;

/// Upper bound and count, ascending by bound.
pub(super) type Buckets = Vec<(f64, f64)>;

/// The classic histograms among elements, each with its labels but `le`.
pub(super) fn histograms(elements: &[Element]) -> Vec<(Labels, bool, Buckets)> {
    let mut found: Vec<(Labels, bool, Buckets)> = Vec::new();
    for element in elements {
        let Some(count) = element.value.float() else { continue };
        let bound = element.labels.get("le").unwrap_or_default();
        let Ok(bound) = bound.trim_start_matches('+').parse::<f64>() else { continue };
        let labels = element.labels.filtered(|name| name != "le");
        match found.iter_mut().find(|(other, ..)| *other == labels) {
            Some((.., buckets)) => buckets.push((bound, count)),
            None => found.push((labels, element.is_nameless, vec![(bound, count)])),
        }
    }
    for (.., buckets) in &mut found {
        buckets.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal));
    }
    found
}

fn total(buckets: &Buckets) -> Option<f64> {
    buckets.last().filter(|(bound, _)| *bound == f64::INFINITY).map(|(_, count)| *count)
}

/// Counts that never fall: a bucket holds at least what the one below it does.
fn risen(buckets: &Buckets) -> Buckets {
    let mut most = f64::NEG_INFINITY;
    let risen = buckets.iter().map(|(bound, count)| {
        // Differences of this size are noise of additions.
        let is_noise =
            most.is_finite() && (count - most).abs() <= 1e-12 * count.abs().max(most.abs());
        if !is_noise && *count > most {
            most = *count;
        }
        (*bound, most)
    });
    risen.collect()
}

pub(super) fn quantile(q: f64, buckets: &Buckets) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    if total(buckets).is_none() || buckets.len() < 2 {
        return f64::NAN;
    }
    let buckets = risen(buckets);
    let count = total(&buckets).unwrap_or(0.0);
    if count == 0.0 {
        return f64::NAN;
    }
    let rank = q * count;
    let (mut lower, mut below) = (0.0, 0.0);
    for (index, (upper, upto)) in buckets.iter().enumerate() {
        if index + 1 == buckets.len() {
            break;
        }
        if *upto >= rank {
            if index == 0 && *upper <= 0.0 {
                return *upper;
            }
            return lower + (upper - lower) * ((rank - below) / (upto - below));
        }
        (lower, below) = (*upper, *upto);
    }
    lower
}

pub(super) fn fraction(low: f64, high: f64, buckets: &Buckets) -> f64 {
    let Some(count) = total(buckets) else { return f64::NAN };
    if count == 0.0 || low.is_nan() || high.is_nan() {
        return f64::NAN;
    }
    if low >= high {
        return 0.0;
    }
    let below = |value: f64| {
        let first = buckets.first().map_or(0.0, |(bound, _)| *bound);
        let mut lower = if first <= 0.0 { f64::NEG_INFINITY } else { 0.0 };
        let mut rank = 0.0;
        for (upper, upto) in buckets {
            if lower >= value {
                return rank;
            }
            if *upper > value {
                return if lower == f64::NEG_INFINITY {
                    *upto
                } else {
                    rank + (upto - rank) * (value - lower) / (upper - lower)
                };
            }
            (lower, rank) = (*upper, *upto);
        }
        count
    };
    (below(high).min(count) - below(low).min(count)) / count
}
