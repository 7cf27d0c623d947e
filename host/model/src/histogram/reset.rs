//! Counter resets: whether a histogram cannot have grown out of the one before.

use super::buckets::indexed;
use super::custom;
use super::side::Side;
use super::zero::zero_bucket;
use super::{CounterReset, FloatHistogram, Span, exponential_bound};

impl FloatHistogram {
    /// Whether the observations began anew between `previous` and this.
    ///
    /// The hint decides where it says reset or none. Else any count that fell, a bucket that is
    /// gone, a finer schema, a narrower zero bucket, or one that cuts a bucket of `previous` in
    /// two, tell of a reset. The sum of observations may fall.
    #[must_use]
    pub fn detect_reset(&self, previous: &Self) -> bool {
        match self.reset {
            CounterReset::Reset => return true,
            CounterReset::NotReset => return false,
            // A gauge is looked at like a counter: the caller warns of it.
            CounterReset::Unknown | CounterReset::Gauge => {}
        }
        if self.count < previous.count {
            return true;
        }
        let (now, before) = (&self.layout, &previous.layout);
        if now.is_custom() {
            if !before.is_custom() {
                return true;
            }
            if now.custom_bounds != before.custom_bounds {
                return custom::fell(self, previous);
            }
        }
        if now.schema > before.schema || now.zero_threshold < before.zero_threshold {
            return true;
        }
        let (zero_count, threshold) = zero_bucket(previous, now.zero_threshold);
        if threshold != now.zero_threshold || self.zero_count < zero_count.total {
            return true;
        }
        let steps = u32::try_from(before.schema.saturating_sub(now.schema)).unwrap_or(0);
        let is_custom = now.is_custom();
        let is_hidden =
            |index: i32| !is_custom && exponential_bound(index, now.schema) <= now.zero_threshold;
        let fell = |spans, counts, spans_before, counts_before| {
            side_fell((spans, counts), (spans_before, counts_before), steps, is_hidden)
        };
        fell(
            now.positive_spans.as_slice(),
            self.positive_counts.as_slice(),
            before.positive_spans.as_slice(),
            previous.positive_counts.as_slice(),
        ) || fell(
            &now.negative_spans,
            &self.negative_counts,
            &before.negative_spans,
            &previous.negative_counts,
        )
    }
}

/// Spans, and the counts of their buckets.
type Runs<'a> = (&'a [Span], &'a [f64]);

/// Whether a bucket of `before`, made coarser by `steps`, holds less `now`, or is gone.
fn side_fell(
    now: Runs<'_>,
    before: Runs<'_>,
    steps: u32,
    is_hidden: impl Fn(i32) -> bool + Copy,
) -> bool {
    let now = indexed(now.0, now.1);
    if steps == 0 {
        return any_fell(now, indexed(before.0, before.1), is_hidden);
    }
    let before = Side { spans: before.0.to_vec(), counts: before.1.to_vec() }.reduced(steps);
    any_fell(now, before.entries(), is_hidden)
}

fn any_fell(
    now: impl Iterator<Item = (i32, f64)>,
    before: impl Iterator<Item = (i32, f64)>,
    is_hidden: impl Fn(i32) -> bool + Copy,
) -> bool {
    let mut now = now.skip_while(|(index, _)| is_hidden(*index)).peekable();
    before.skip_while(|(index, _)| is_hidden(*index)).any(|(index, count_before)| {
        while now.next_if(|(other, _)| *other < index).is_some() {}
        match now.peek() {
            Some((other, count)) if *other == index => *count < count_before,
            Some(_) | None => count_before != 0.0,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::BucketLayout;
    use super::super::testing::{clean, custom, is_aligned, plain};
    use super::*;

    #[track_caller]
    fn check(now: &FloatHistogram, before: &FloatHistogram, expected: bool) {
        assert_eq!(now.detect_reset(before), expected, "{before} -> {now}");
    }

    #[test]
    fn a_count_that_fell_is_a_reset() {
        check(&plain(&[1.0, 2.0]), &plain(&[1.0, 2.0]), false);
        check(&plain(&[1.0, 2.0]), &plain(&[1.0, 1.0]), false);
        check(&plain(&[1.0, 2.0]), &plain(&[2.0, 1.0]), true);
        check(&plain(&[3.0]), &plain(&[1.0, 2.0]), true);
        check(&plain(&[3.0]), &plain(&[1.0, 0.0]), false);
        check(&plain(&[1.0, 0.0]), &plain(&[2.0]), true);
        // The sum may fall.
        check(&FloatHistogram { sum: -7.0, ..plain(&[1.0]) }, &plain(&[1.0]), false);
    }

    #[test]
    fn hints_decide() {
        let hinted = |reset| FloatHistogram { reset, ..plain(&[1.0]) };
        check(&hinted(CounterReset::Reset), &plain(&[1.0]), true);
        check(&hinted(CounterReset::NotReset), &plain(&[2.0]), false);
        check(&hinted(CounterReset::Gauge), &plain(&[2.0]), true);
    }

    #[test]
    fn finer_buckets_and_narrower_zeros_come_with_a_reset() {
        let finer = |schema| FloatHistogram {
            layout: BucketLayout { schema, ..plain(&[4.0]).layout },
            ..plain(&[4.0])
        };
        check(&finer(1), &finer(0), true);
        let coarser = FloatHistogram { count: 5.0, positive_counts: vec![5.0], ..finer(0) };
        check(&coarser, &finer(1), false);
        let zero = |zero_threshold, zero_count| {
            let mut histogram = plain(&[4.0]);
            (histogram.layout.zero_threshold, histogram.zero_count) = (zero_threshold, zero_count);
            histogram.count += zero_count;
            histogram
        };
        check(&zero(0.1, 1.0), &zero(0.2, 1.0), true);
        check(&zero(0.2, 1.0), &zero(0.1, 1.0), false);
        check(&zero(0.75, 5.0), &zero(0.1, 1.0), true);
    }

    proptest! {
        #[test]
        fn growth_is_no_reset(
            (before, growth) in prop_oneof![
                (clean(), clean()),
                (custom(), custom()),
            ],
        ) {
            let mut now = before.clone();
            now.add(&growth).unwrap();
            prop_assume!(now.layout.is_custom() || is_aligned(&now));
            prop_assert!(!now.detect_reset(&before), "{before} -> {now}");
            let mut gone = now.clone();
            gone.scale(0.5);
            prop_assert_eq!(gone.detect_reset(&now), now.count > 0.0);
        }
    }
}
