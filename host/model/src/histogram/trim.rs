//! Histograms without the observations beyond a bound.
//!
//! Always holds: a bucket that the bound cuts keeps the part that interpolation gives it; once
//! anything is cut, count and sum are those of what is kept, each bucket's observations standing
//! at its middle.

use super::{Bucket, FloatHistogram};

/// Which observations stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    Below,
    Above,
}

/// What stays of a bucket: how many observations, and where they are taken to stand.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kept {
    count: f64,
    middle: f64,
}

/// How values are spread within the buckets of one side.
#[derive(Clone, Copy, Debug)]
struct Spread {
    is_positive: bool,
    is_linear: bool,
}

/// The sums over what is kept.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    count: f64,
    sum: f64,
    is_cut: bool,
}

impl Totals {
    /// Takes in what stays of a bucket, and returns its count.
    fn take(&mut self, before: f64, kept: Kept) -> f64 {
        self.count += kept.count;
        self.sum += kept.middle * kept.count;
        self.is_cut |= before != kept.count;
        kept.count
    }
}

impl FloatHistogram {
    /// Takes away the observations above `bound`: the operator `</`.
    pub fn trim_upper(&mut self, bound: f64) {
        self.trim(bound, Keep::Below);
    }

    /// Takes away the observations below `bound`: the operator `>/`.
    pub fn trim_lower(&mut self, bound: f64) {
        self.trim(bound, Keep::Above);
    }

    fn trim(&mut self, bound: f64, keep: Keep) {
        let is_linear = self.layout.is_custom();
        let mut totals = Totals::default();
        let side = Spread { is_positive: true, is_linear };
        let positive: Vec<f64> = self
            .positive_buckets()
            .map(|bucket| trim_bucket(&bucket, bound, keep, side, &mut totals))
            .collect();
        let side = Spread { is_positive: false, is_linear };
        let negative: Vec<f64> = self
            .negative_buckets()
            .map(|bucket| trim_bucket(&bucket, bound, keep, side, &mut totals))
            .collect();
        let zero_count = self.zero_count;
        if zero_count > 0.0 && !is_linear {
            let holds = |counts: &[f64]| counts.iter().any(|count| *count != 0.0);
            let mut zero = self.zero_bucket();
            match (holds(&self.negative_counts), holds(&self.positive_counts)) {
                (true, false) => zero.upper = 0.0,
                (false, true) => zero.lower = 0.0,
                (true, true) | (false, false) => {}
            }
            self.zero_count = totals.take(zero_count, cut_zero(&zero, bound, keep));
        }
        if totals.is_cut {
            (self.positive_counts, self.negative_counts) = (positive, negative);
            (self.count, self.sum) = (totals.count, totals.sum);
            self.compact(0);
        }
    }
}

/// Trims one bucket, and returns its new count.
fn trim_bucket(bucket: &Bucket, bound: f64, keep: Keep, side: Spread, totals: &mut Totals) -> f64 {
    if bucket.count == 0.0 {
        return bucket.count;
    }
    let (is_within, is_cut) = match keep {
        Keep::Below => (bucket.upper <= bound, bucket.lower < bound),
        Keep::Above => (bucket.lower >= bound, bucket.upper > bound),
    };
    if is_within {
        let middle = middle(bucket.lower, bucket.upper, side);
        return totals.take(bucket.count, Kept { count: bucket.count, middle });
    }
    if is_cut {
        return totals.take(bucket.count, cut(bucket, bound, keep, side));
    }
    totals.is_cut = true;
    0.0
}

/// What stays of a bucket that holds `bound`.
fn cut(bucket: &Bucket, bound: f64, keep: Keep, side: Spread) -> Kept {
    if bucket.lower == f64::NEG_INFINITY {
        return cut_lowest(bucket, bound, keep);
    }
    if bucket.upper == f64::INFINITY {
        return cut_highest(bucket, bound, keep);
    }
    let below = if bound <= bucket.lower {
        0.0
    } else if bound >= bucket.upper {
        bucket.count
    } else {
        bucket.count * bucket.fraction_below(bound, side.is_linear)
    };
    match keep {
        Keep::Below => Kept { count: below, middle: middle(bucket.lower, bound, side) },
        Keep::Above => {
            Kept { count: bucket.count - below, middle: middle(bound, bucket.upper, side) }
        }
    }
}

/// A bucket without a lower bound. If its upper bound is finite and above zero, it is taken to
/// begin at zero; else nobody knows where its observations stand, and it goes as a whole unless all
/// of it may stay.
fn cut_lowest(bucket: &Bucket, bound: f64, keep: Keep) -> Kept {
    let Bucket { upper, count, .. } = *bucket;
    let nothing = Kept { count: 0.0, middle: if upper.is_infinite() { 0.0 } else { upper } };
    match keep {
        Keep::Below if bound >= upper => Kept { count, middle: 0.0 },
        Keep::Below if bound > 0.0 && upper > 0.0 && upper.is_finite() => {
            Kept { count: count * bound / upper, middle: bound / 2.0 }
        }
        Keep::Below if upper <= 0.0 => Kept { count, middle: bound },
        Keep::Above if bound <= bucket.lower => Kept { count, middle: 0.0 },
        Keep::Above if bound >= 0.0 && upper > bound && upper.is_finite() => {
            Kept { count: count * (1.0 - bound / upper), middle: (bound + upper) / 2.0 }
        }
        Keep::Below | Keep::Above => nothing,
    }
}

/// A bucket without an upper bound: nobody knows where its observations stand, and it stays only
/// above a bound within it.
fn cut_highest(bucket: &Bucket, bound: f64, keep: Keep) -> Kept {
    let Bucket { lower, count, .. } = *bucket;
    match keep {
        Keep::Above if bound >= lower => Kept { count, middle: bound },
        Keep::Below | Keep::Above => {
            Kept { count: 0.0, middle: if lower.is_infinite() { 0.0 } else { lower } }
        }
    }
}

/// What stays of the bucket around zero, spread evenly.
fn cut_zero(zero: &Bucket, bound: f64, keep: Keep) -> Kept {
    let Bucket { lower, upper, count, .. } = *zero;
    let nothing = Kept { count: 0.0, middle: 0.0 };
    let all = Kept { count, middle: (lower + upper) / 2.0 };
    let (fraction, middle) = match keep {
        Keep::Below if bound <= lower => return nothing,
        Keep::Below if bound >= upper => return all,
        Keep::Above if bound <= lower => return all,
        Keep::Above if bound >= upper => return nothing,
        Keep::Below => ((bound - lower) / (upper - lower), (lower + bound) / 2.0),
        Keep::Above => ((upper - bound) / (upper - lower), (bound + upper) / 2.0),
    };
    Kept { count: count * fraction, middle }
}

/// Where the observations between two bounds are taken to stand.
fn middle(lower: f64, upper: f64, side: Spread) -> f64 {
    match (lower.is_infinite(), upper.is_infinite()) {
        (true, true) => 0.0,
        (true, false) if upper > 0.0 => upper / 2.0,
        (true, false) => upper,
        (false, true) => lower,
        (false, false) if side.is_linear => (lower + upper) / 2.0,
        (false, false) => {
            let mean = (lower * upper).abs().sqrt();
            if side.is_positive { mean } else { -mean }
        }
    }
}

#[cfg(test)]
mod tests;
