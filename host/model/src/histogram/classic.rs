//! Classic histograms, collected series by series, as native ones with custom buckets.
//!
//! Always holds: in what comes of it bounds ascend, and no bucket holds less than the one before
//! it; in whatever order buckets come, that takes little more than reading them.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{
    BucketLayout, CUSTOM_BUCKETS_SCHEMA, FloatHistogram, IntegerHistogram, NativeHistogram, Span,
};

/// What the series of a classic histogram say at one time.
#[derive(Clone, Debug, Default)]
pub struct ClassicHistogram {
    /// As they were added.
    buckets: Vec<Cumulative>,
    /// Their bounds do not ascend.
    is_mixed: bool,
    count: Option<f64>,
    sum: f64,
    /// The first thing that was wrong.
    invalid: Option<InvalidClassic>,
}

/// A bound, and observations up to it.
#[derive(Clone, Copy, Debug)]
struct Cumulative {
    bound: f64,
    count: f64,
}

/// Why a classic histogram is none.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum InvalidClassic {
    /// A bucket without a bound.
    #[error("the bound of a bucket is NaN")]
    NanBound,
    /// A bucket holds less than nothing.
    #[error("the bucket of {bound} holds {count}")]
    NegativeBucket {
        /// The bucket's bound.
        bound: f64,
        /// What it holds.
        count: f64,
    },
    /// There are fewer observations than none.
    #[error("the count is {0}")]
    NegativeCount(f64),
    /// A bucket holds less than the one before.
    #[error("the bucket of {bound} holds less than the one before")]
    Falling {
        /// The upper one of both.
        bound: f64,
    },
    /// The highest bucket does not hold all observations.
    #[error("the count is {count}, but the highest bucket holds {highest}")]
    Count {
        /// All observations, as they were counted.
        count: f64,
        /// Those in the highest bucket.
        highest: f64,
    },
}

/// From here a double is not surely a whole number of 64 bits.
const WHOLE_END: f64 = 9_223_372_036_854_775_808.0;

/// The whole number that a count is.
#[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
fn whole(count: f64) -> Option<i64> {
    (count.fract() == 0.0 && count.abs() < WHOLE_END).then_some(count as i64)
}

impl ClassicHistogram {
    /// Forgets everything but the room that it took.
    pub fn clear(&mut self) {
        self.buckets.clear();
        (self.is_mixed, self.count, self.sum, self.invalid) = (false, None, 0.0, None);
    }

    /// Adds a bucket. Of two with the same bound the first counts.
    pub fn add_bucket(&mut self, bound: f64, count: f64) {
        if self.invalid.is_some() {
            return;
        }
        if bound.is_nan() {
            self.invalid = Some(InvalidClassic::NanBound);
            return;
        }
        if count < 0.0 {
            self.invalid = Some(InvalidClassic::NegativeBucket { bound, count });
            return;
        }
        // Nearly always they ascend.
        self.is_mixed |= self.buckets.last().is_some_and(|last| last.bound >= bound);
        self.buckets.push(Cumulative { bound, count });
    }

    /// The buckets by their bounds.
    fn ascending(&self) -> Result<Cow<'_, [Cumulative]>, InvalidClassic> {
        let mut buckets = Cow::Borrowed(self.buckets.as_slice());
        if self.is_mixed {
            let buckets = buckets.to_mut();
            // Those with the same bound stay in order. No bound is NaN.
            buckets.sort_by(|a, b| a.bound.partial_cmp(&b.bound).unwrap_or(Ordering::Equal));
            buckets.dedup_by(|later, first| later.bound == first.bound);
        }
        let mut before = 0.0;
        for Cumulative { bound, count } in buckets.iter() {
            if *count < before {
                return Err(InvalidClassic::Falling { bound: *bound });
            }
            before = *count;
        }
        Ok(buckets)
    }

    /// Sets how many observations there are.
    pub fn set_count(&mut self, count: f64) {
        if count < 0.0 {
            self.invalid = self.invalid.or(Some(InvalidClassic::NegativeCount(count)));
        } else {
            self.count = Some(count);
        }
    }

    /// Sets the sum of the observations.
    pub const fn set_sum(&mut self, sum: f64) {
        self.sum = sum;
    }

    /// The native histogram: of whole counts where all counts are whole.
    ///
    /// # Errors
    /// When anything that was added is invalid, or the count is not that of the highest bucket.
    pub fn to_native(&self) -> Result<NativeHistogram, InvalidClassic> {
        if let Some(invalid) = self.invalid {
            return Err(invalid);
        }
        let ascending = self.ascending()?;
        let highest = ascending.last().copied();
        let count = self.count.or(highest.map(|highest| highest.count)).unwrap_or(0.0);
        let infinite = Cumulative { bound: f64::INFINITY, count };
        let missing = highest.is_none_or(|highest| highest.bound != f64::INFINITY);
        let held = match highest {
            Some(highest) if !missing => highest.count,
            Some(_) | None => count,
        };
        if count != held {
            return Err(InvalidClassic::Count { count, highest: held });
        }
        let buckets = || ascending.iter().chain(missing.then_some(&infinite));
        if let Some(falling) = highest.filter(|highest| highest.count > count) {
            return Err(InvalidClassic::Falling { bound: falling.bound });
        }
        let layout = BucketLayout {
            schema: CUSTOM_BUCKETS_SCHEMA,
            positive_spans: vec![Span {
                offset: 0,
                length: u32::try_from(buckets().count()).unwrap_or(u32::MAX),
            }],
            custom_bounds: ascending
                .iter()
                .map(|bucket| bucket.bound)
                .filter(|bound| *bound != f64::INFINITY)
                .collect(),
            ..BucketLayout::default()
        };
        let wholes: Option<Vec<i64>> = buckets().map(|bucket| whole(bucket.count)).collect();
        Ok(match wholes.zip(whole(count)) {
            Some((wholes, count)) => {
                NativeHistogram::Integer(self.integer(layout, &wholes, count.unsigned_abs()))
            }
            None => {
                let mut below = 0.0;
                let each = |bucket: &Cumulative| {
                    bucket.count - std::mem::replace(&mut below, bucket.count)
                };
                let positive_counts = buckets().map(each).collect();
                let mut histogram = FloatHistogram {
                    layout,
                    count,
                    sum: self.sum,
                    positive_counts,
                    ..FloatHistogram::default()
                };
                histogram.compact(0);
                NativeHistogram::Float(histogram)
            }
        })
    }

    fn integer(&self, layout: BucketLayout, cumulative: &[i64], count: u64) -> IntegerHistogram {
        let (mut below, mut before) = (0, 0);
        let delta = |cumulative: &i64| {
            let held = cumulative - std::mem::replace(&mut below, *cumulative);
            held - std::mem::replace(&mut before, held)
        };
        let positive_deltas = cumulative.iter().map(delta).collect();
        let sum = self.sum;
        let mut histogram =
            IntegerHistogram { layout, count, sum, positive_deltas, ..IntegerHistogram::default() };
        histogram.compact(EMPTY_BUCKETS_MAX);
        histogram
    }
}

/// Between others, so many empty buckets of whole counts cost less than another span.
const EMPTY_BUCKETS_MAX: u32 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn classic(
        buckets: &[(f64, f64)],
        count: Option<f64>,
    ) -> Result<NativeHistogram, InvalidClassic> {
        let mut classic = ClassicHistogram::default();
        for (bound, held) in buckets {
            classic.add_bucket(*bound, *held);
        }
        if let Some(count) = count {
            classic.set_count(count);
        }
        classic.set_sum(7.5);
        classic.to_native()
    }

    #[track_caller]
    fn whole_counts(buckets: &[(f64, f64)], count: Option<f64>, expected: (&[f64], &[i64], u64)) {
        let Ok(NativeHistogram::Integer(histogram)) = classic(buckets, count) else {
            panic!("whole counts");
        };
        let (bounds, counts, count) = expected;
        assert_eq!(histogram.layout.custom_bounds, bounds);
        let held: Vec<i64> = super::super::absolute(&histogram.positive_deltas).collect();
        assert_eq!((held.as_slice(), histogram.count, histogram.sum), (counts, count, 7.5));
        assert_eq!(histogram.validate(), Ok(()));
    }

    #[test]
    fn buckets_become_custom_ones() {
        let infinite = f64::INFINITY;
        whole_counts(
            &[(1.0, 2.0), (2.0, 5.0), (infinite, 6.0)],
            Some(6.0),
            (&[1.0, 2.0], &[2, 3, 1], 6),
        );
        // In any order, the first of two counts, and what is missing follows from the others.
        whole_counts(&[(2.0, 5.0), (1.0, 2.0), (2.0, 9.0)], None, (&[1.0, 2.0], &[2, 3], 5));
        whole_counts(&[(2.0, 5.0)], Some(6.0), (&[2.0], &[5, 1], 6));
        whole_counts(&[], Some(6.0), (&[], &[6], 6));
        whole_counts(&[], None, (&[], &[], 0));
    }

    #[test]
    fn broken_counts_stay_broken() {
        let Ok(NativeHistogram::Float(histogram)) =
            classic(&[(1.0, 0.5), (2.0, 0.5), (f64::INFINITY, 2.0)], Some(2.0))
        else {
            panic!("broken counts");
        };
        assert_eq!(histogram.positive_counts, [0.5, 1.5]);
        assert_eq!(
            histogram.layout.positive_spans,
            [Span { offset: 0, length: 1 }, Span { offset: 1, length: 1 }]
        );
    }

    #[test]
    fn what_cannot_be_is_said() {
        let refuse = |buckets: &[(f64, f64)], count| classic(buckets, count).unwrap_err();
        assert_eq!(refuse(&[(f64::NAN, 1.0)], None), InvalidClassic::NanBound);
        assert_eq!(
            refuse(&[(1.0, -1.0)], None),
            InvalidClassic::NegativeBucket { bound: 1.0, count: -1.0 }
        );
        assert_eq!(refuse(&[], Some(-1.0)), InvalidClassic::NegativeCount(-1.0));
        assert_eq!(refuse(&[(1.0, 3.0), (2.0, 2.0)], None), InvalidClassic::Falling { bound: 2.0 });
        assert_eq!(refuse(&[(2.0, 2.0), (1.0, 3.0)], None), InvalidClassic::Falling { bound: 2.0 });
        assert_eq!(
            refuse(&[(f64::INFINITY, 2.0)], Some(3.0)),
            InvalidClassic::Count { count: 3.0, highest: 2.0 }
        );
    }

    #[test]
    fn buckets_in_the_worst_order_take_no_longer() {
        let falling: Vec<(f64, f64)> = (0..500_000).rev().map(|n| (n.into(), n.into())).collect();
        let histogram = classic(&falling, None).unwrap();
        assert_eq!(histogram.layout().custom_bounds.len(), 500_000);
    }

    proptest! {
        #[test]
        fn order_does_not_matter(
            counts in prop::collection::vec(0_u8..9, 1..8), shift in 0_usize..8
        ) {
            let mut total = 0.0;
            let mut buckets: Vec<(f64, f64)> = (0_u8..).zip(counts).map(|(bound, count)| {
                total += f64::from(count);
                (f64::from(bound), total)
            }).collect();
            let ordered = classic(&buckets, None);
            let shift = shift % buckets.len();
            buckets.rotate_left(shift);
            prop_assert_eq!(classic(&buckets, None), ordered.clone());
            prop_assert_eq!(ordered.unwrap().validate(), Ok(()));
        }
    }
}
