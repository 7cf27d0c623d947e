//! Histograms finer than the store takes become as fine as it takes.

use std::ops::AddAssign;

use narthex_model::{
    EXPONENTIAL_SCHEMA_MAX, FloatHistogram, IntegerHistogram, NativeHistogram, Span, buckets_in,
    indexed,
};

/// The finest exponential schema that there may ever be. Others are not known, and left as they are.
const SCHEMA_MAX: i32 = 52;

/// Joins buckets until the schema is one that is stored. What cannot be joined, as spans and buckets
/// disagree, stays as it is: the store says what is wrong with it.
pub(crate) fn coarsen(histogram: &mut NativeHistogram) {
    let schema = histogram.layout().schema;
    let steps = schema - EXPONENTIAL_SCHEMA_MAX;
    if !(1..=SCHEMA_MAX - EXPONENTIAL_SCHEMA_MAX).contains(&steps) {
        return;
    }
    match histogram {
        NativeHistogram::Integer(one) => integer(one, steps),
        NativeHistogram::Float(one) => float(one, steps),
    }
}

fn integer(one: &mut IntegerHistogram, steps: i32) {
    let positive = joined(&one.layout.positive_spans, &absolute(&one.positive_deltas), steps);
    let negative = joined(&one.layout.negative_spans, &absolute(&one.negative_deltas), steps);
    if let (Some((positive_spans, positive)), Some((negative_spans, negative))) =
        (positive, negative)
    {
        one.layout.schema -= steps;
        (one.layout.positive_spans, one.positive_deltas) = (positive_spans, deltas(&positive));
        (one.layout.negative_spans, one.negative_deltas) = (negative_spans, deltas(&negative));
    }
}

fn float(one: &mut FloatHistogram, steps: i32) {
    let positive = joined(&one.layout.positive_spans, &one.positive_counts, steps);
    let negative = joined(&one.layout.negative_spans, &one.negative_counts, steps);
    if let (Some(positive), Some(negative)) = (positive, negative) {
        one.layout.schema -= steps;
        (one.layout.positive_spans, one.positive_counts) = positive;
        (one.layout.negative_spans, one.negative_counts) = negative;
    }
}

/// Counts that are out of all bounds wrap around, as in Prometheus; they are never valid.
fn absolute(deltas: &[i64]) -> Vec<Wrapping> {
    let counts = deltas.iter().scan(0_i64, |count, delta| {
        *count = count.wrapping_add(*delta);
        Some(Wrapping(*count))
    });
    counts.collect()
}

fn deltas(counts: &[Wrapping]) -> Vec<i64> {
    let mut before = 0_i64;
    let delta = |count: &Wrapping| count.0.wrapping_sub(std::mem::replace(&mut before, count.0));
    counts.iter().map(delta).collect()
}

#[derive(Clone, Copy, Debug)]
struct Wrapping(i64);

impl AddAssign for Wrapping {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

/// Spans and counts when each bucket of the new schema holds those of 2^`steps` of the old one.
fn joined<C: Copy + AddAssign>(
    spans: &[Span],
    counts: &[C],
    steps: i32,
) -> Option<(Vec<Span>, Vec<C>)> {
    let goes_back = spans.iter().skip(1).any(|span| span.offset < 0);
    if goes_back || buckets_in(spans) != counts.len() as u64 {
        return None;
    }
    let (mut new_spans, mut new_counts): (Vec<Span>, Vec<C>) = (Vec::new(), Vec::new());
    let mut last_index = 0_i32;
    for (index, count) in indexed(spans, counts) {
        // The upper bounds of schema n are every second one of schema n + 1. A shift by 31 is one by more.
        let index = (index.wrapping_sub(1) >> steps.min(31)).wrapping_add(1);
        let offset = index.checked_sub(last_index)?;
        match (new_spans.last_mut(), new_counts.last_mut()) {
            (Some(_), Some(last)) if offset == 0 => *last += count,
            (Some(span), _) if offset == 1 => {
                span.length += 1;
                new_counts.push(count);
            }
            (Some(_), _) => {
                new_spans.push(Span { offset: offset.checked_sub(1)?, length: 1 });
                new_counts.push(count);
            }
            (None, _) => {
                new_spans.push(Span { offset: index, length: 1 });
                new_counts.push(count);
            }
        }
        last_index = index;
    }
    Some((new_spans, new_counts))
}

#[cfg(test)]
mod tests {
    use narthex_model::BucketLayout;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_histogram_of_schema_10_becomes_one_of_schema_8() {
        let layout = BucketLayout {
            schema: 10,
            positive_spans: vec![Span { offset: -1, length: 3 }, Span { offset: 9, length: 2 }],
            ..BucketLayout::default()
        };
        let mut one = NativeHistogram::Integer(IntegerHistogram {
            layout,
            count: 15,
            positive_deltas: vec![1, 1, 1, 1, 1],
            ..IntegerHistogram::default()
        });
        coarsen(&mut one);
        // Buckets -1, 0 and 1, then 11 and 12: four to one, each up to a multiple of four.
        let NativeHistogram::Integer(one) = one else { panic!("it stays what it is") };
        assert_eq!(one.layout.schema, 8);
        let spans = [Span { offset: 0, length: 2 }, Span { offset: 1, length: 1 }];
        assert_eq!(one.layout.positive_spans, spans);
        assert_eq!(one.positive_deltas, [3, 0, 6]);
        assert_eq!(one.validate(), Ok(()));
    }

    #[test]
    fn others_stay_as_they_are() {
        let with = |schema: i32, counts: Vec<f64>| {
            let positive_spans = vec![Span { offset: 1, length: 2 }];
            let layout = BucketLayout { schema, positive_spans, ..BucketLayout::default() };
            let float = FloatHistogram { layout, positive_counts: counts, ..Default::default() };
            NativeHistogram::Float(float)
        };
        for one in [
            with(8, vec![1.0; 2]),
            with(53, vec![1.0; 2]),
            with(-53, vec![1.0; 2]),
            with(9, vec![1.0]),
        ] {
            let mut changed = one.clone();
            coarsen(&mut changed);
            assert!(changed.is_same(&one), "{one:?}");
        }
    }

    proptest! {
        #[test]
        fn buckets_are_joined_as_queries_join_them(
            first in -2000_i32..2000,
            spans in proptest::collection::vec((1_u32..20, 1_i32..30), 0..6),
            steps in 1_i32..10,
        ) {
            let mut layout = BucketLayout { schema: 8, ..BucketLayout::default() };
            for (place, (length, gap)) in spans.iter().enumerate() {
                let offset = if place == 0 { first } else { *gap };
                layout.positive_spans.push(Span { offset, length: *length });
            }
            let buckets = usize::try_from(buckets_in(&layout.positive_spans)).unwrap();
            let positive_counts: Vec<f64> = (1..=buckets).map(|count| count as f64).collect();
            let mut expected = FloatHistogram { layout, positive_counts, ..Default::default() };
            let mut found = expected.clone();
            expected.reduce_resolution(8 - steps);
            float(&mut found, steps);
            prop_assert_eq!(found, expected);
        }
    }
}
