//! Native histograms as a job wants them: how fine, and of how many buckets.

use narthex_model::{
    EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MIN, FloatHistogram, IntegerHistogram,
    NativeHistogram, stale_nan,
};

use crate::cache::Kind;

/// Targets may count by finer buckets than any store takes; those beyond are none.
const EXPOSED_SCHEMA_MAX: i32 = 52;
const EXPOSED_SCHEMA_MIN: i32 = -9;

/// Closer together than by this factor no bounds lie: that is schema 8.
const SMALLEST_FACTOR: f64 = 1.002_71;

/// Bounds on the histograms of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HistogramLimits {
    /// Finer histograms are made this coarse.
    pub(crate) schema_max: i32,
    /// Of how many buckets, in both directions; 0: no bound.
    pub(crate) buckets_max: u64,
}

/// A histogram has too many buckets, and cannot be coarser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyBuckets;

/// The finest schema whose bounds grow by at least this factor.
#[expect(clippy::cast_possible_truncation, reason = "between the bounds of schemas")]
pub(crate) fn schema_of_factor(factor: f64) -> i32 {
    let factor = if factor > 1.0 { factor } else { SMALLEST_FACTOR };
    let schema = (-factor.log2().log2()).floor();
    schema.clamp(f64::from(EXPONENTIAL_SCHEMA_MIN), f64::from(EXPONENTIAL_SCHEMA_MAX)) as i32
}

impl HistogramLimits {
    /// Makes a histogram coarser until it fits.
    pub(crate) fn fit(self, histogram: &mut NativeHistogram) -> Result<(), TooManyBuckets> {
        let schema = histogram.layout().schema;
        let is_exponential = (EXPOSED_SCHEMA_MIN..=EXPOSED_SCHEMA_MAX).contains(&schema);
        if is_exponential && schema > self.schema_max {
            histogram.reduce_resolution(self.schema_max);
        }
        let mut next = histogram.layout().schema;
        while self.is_exceeded_by(histogram) {
            next = next.saturating_sub(1);
            if !is_exponential || next < EXPONENTIAL_SCHEMA_MIN {
                return Err(TooManyBuckets);
            }
            histogram.reduce_resolution(next);
        }
        Ok(())
    }

    fn is_exceeded_by(self, histogram: &NativeHistogram) -> bool {
        let buckets = match histogram {
            NativeHistogram::Integer(one) => one.positive_deltas.len() + one.negative_deltas.len(),
            NativeHistogram::Float(one) => one.positive_counts.len() + one.negative_counts.len(),
        };
        self.buckets_max > 0 && buckets as u64 > self.buckets_max
    }
}

/// The marker that ends a series of histograms; `None`: it is one of numbers.
pub(crate) fn stale_histogram(kind: Kind) -> Option<NativeHistogram> {
    let sum = stale_nan();
    match kind {
        Kind::Float => None,
        Kind::Integer => {
            let marker = IntegerHistogram { sum, ..IntegerHistogram::default() };
            Some(NativeHistogram::Integer(marker))
        }
        Kind::FloatHistogram => {
            Some(NativeHistogram::Float(FloatHistogram { sum, ..FloatHistogram::default() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::{BucketLayout, CUSTOM_BUCKETS_SCHEMA, Span};

    use super::*;

    #[test]
    fn a_factor_is_a_schema() {
        for (factor, schema) in [
            (0.0, 8),
            (1.0, 8),
            (1.002, 8),
            (1.0027, 8),
            (1.003, 7),
            (1.1, 2),
            (1.5, 0),
            (2.0, 0),
            (4.0, -1),
            (65536.0, -4),
            (1e9, -4),
            (f64::NAN, 8),
            (f64::INFINITY, -4),
        ] {
            assert_eq!(schema_of_factor(factor), schema, "{factor}");
        }
    }

    /// A histogram with one observation in each of so many buckets that follow one another.
    fn histogram(schema: i32, buckets: usize) -> NativeHistogram {
        let length = u32::try_from(buckets).unwrap();
        let custom_bounds = match schema {
            CUSTOM_BUCKETS_SCHEMA => (0..length).map(f64::from).collect(),
            _ => Vec::new(),
        };
        let mut positive_deltas = vec![0; buckets];
        positive_deltas[0] = 1;
        NativeHistogram::Integer(IntegerHistogram {
            layout: BucketLayout {
                schema,
                positive_spans: vec![Span { offset: 0, length }],
                custom_bounds,
                ..BucketLayout::default()
            },
            count: u64::from(length),
            positive_deltas,
            ..IntegerHistogram::default()
        })
    }

    #[track_caller]
    fn check(schema: i32, buckets: usize, limits: (i32, u64), expected: Result<i32, ()>) {
        let mut one = histogram(schema, buckets);
        let (schema_max, buckets_max) = limits;
        let fitted = HistogramLimits { schema_max, buckets_max }.fit(&mut one);
        assert_eq!(fitted.map(|()| one.layout().schema).map_err(|_| ()), expected);
    }

    #[test]
    fn a_histogram_is_halved_until_it_fits() {
        check(3, 8, (8, 0), Ok(3));
        check(3, 8, (8, 8), Ok(3));
        check(3, 8, (8, 7), Ok(2));
        check(3, 8, (8, 3), Ok(1));
        check(3, 8, (1, 0), Ok(1));
        check(3, 8, (1, 2), Ok(0));
        check(10, 8, (8, 0), Ok(8));
        check(-3, 30, (8, 3), Err(()));
        check(CUSTOM_BUCKETS_SCHEMA, 8, (1, 8), Ok(CUSTOM_BUCKETS_SCHEMA));
        check(CUSTOM_BUCKETS_SCHEMA, 8, (1, 7), Err(()));
    }

    #[test]
    fn a_histogram_whose_parts_disagree_is_left_to_the_store() {
        let mut one = histogram(3, 8);
        if let NativeHistogram::Integer(one) = &mut one {
            one.positive_deltas.push(1);
        }
        let limits = HistogramLimits { schema_max: 8, buckets_max: 2 };
        assert_eq!(limits.fit(&mut one), Err(TooManyBuckets));
    }

    #[test]
    fn a_marker_is_a_histogram_of_its_kind() {
        assert!(stale_histogram(Kind::Float).is_none());
        for kind in [Kind::Integer, Kind::FloatHistogram] {
            let marker = stale_histogram(kind).unwrap();
            assert!(marker.is_stale() && marker.validate().is_ok());
        }
    }
}
