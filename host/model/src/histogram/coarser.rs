//! Samples that are finer than their reader wants them.

use super::side::Side;
use super::{BucketLayout, IntegerHistogram, NativeHistogram, Span, absolute, check_spans};

impl NativeHistogram {
    /// Joins buckets to those of a coarser exponential `schema`. Nothing happens where the schema
    /// is not coarser, the bounds are custom, or spans and buckets disagree.
    pub fn reduce_resolution(&mut self, schema: i32) {
        let steps = self.layout().schema.saturating_sub(schema);
        let Ok(steps @ 1..) = u32::try_from(steps) else { return };
        let (positive, negative) = match self {
            Self::Integer(one) => (one.positive_deltas.len(), one.negative_deltas.len()),
            Self::Float(one) => (one.positive_counts.len(), one.negative_counts.len()),
        };
        let BucketLayout { positive_spans, negative_spans, .. } = self.layout();
        if !agree(positive_spans, positive) || !agree(negative_spans, negative) {
            return;
        }
        match self {
            Self::Integer(one) => one.join(steps),
            Self::Float(one) => one.reduce_resolution(schema),
        }
    }
}

impl IntegerHistogram {
    fn join(&mut self, steps: u32) {
        let Self { layout, positive_deltas, negative_deltas, .. } = self;
        layout.schema = layout.schema.saturating_sub_unsigned(steps);
        for (spans, deltas) in [
            (&mut layout.positive_spans, positive_deltas),
            (&mut layout.negative_spans, negative_deltas),
        ] {
            let side = Side { spans: std::mem::take(spans), counts: absolute(deltas).collect() };
            // Counts that are out of all bounds wrap around, as in Prometheus; they are never valid.
            let side = side.joined(steps, i64::wrapping_add);
            *spans = side.spans;
            let mut before = 0_i64;
            let delta = |count: &i64| count.wrapping_sub(std::mem::replace(&mut before, *count));
            *deltas = side.counts.iter().map(delta).collect();
        }
    }
}

/// Whether there are as many buckets as the spans cover, ascending, each with an index.
fn agree(spans: &[Span], buckets: usize) -> bool {
    let end = spans.iter().fold(0_i64, |end, span| {
        end.saturating_add(span.offset.into()).saturating_add(span.length.into())
    });
    check_spans("", spans, buckets).is_ok() && i32::try_from(end).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{FloatHistogram, buckets_in};

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
        one.reduce_resolution(8);
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
        let with = |schema: i32, span: Span, counts: usize| {
            let positive_spans = vec![span];
            let layout = BucketLayout { schema, positive_spans, ..BucketLayout::default() };
            let positive_counts = vec![1.0; counts];
            NativeHistogram::Float(FloatHistogram { layout, positive_counts, ..Default::default() })
        };
        let span = Span { offset: 1, length: 2 };
        for one in [
            with(8, span, 2),
            with(-53, span, 2),
            with(9, span, 1),
            with(9, Span { offset: i32::MAX, length: 2 }, 2),
        ] {
            let mut changed = one.clone();
            changed.reduce_resolution(8);
            assert!(changed.is_same(&one), "{one:?}");
        }
    }

    proptest! {
        #[test]
        fn whole_counts_are_joined_as_fractional_ones_are(
            first in -2000_i32..2000,
            spans in proptest::collection::vec((1_u32..20, 1_i32..30), 0..6),
            steps in 1_i32..40,
        ) {
            let mut layout = BucketLayout { schema: 8, ..BucketLayout::default() };
            for (place, (length, gap)) in spans.iter().enumerate() {
                let offset = if place == 0 { first } else { *gap };
                layout.positive_spans.push(Span { offset, length: *length });
            }
            let buckets = usize::try_from(buckets_in(&layout.positive_spans)).unwrap();
            layout.negative_spans = layout.positive_spans.clone();
            let whole = IntegerHistogram {
                layout,
                positive_deltas: vec![1; buckets],
                negative_deltas: vec![2; buckets],
                ..IntegerHistogram::default()
            };
            let mut expected = whole.to_float();
            expected.reduce_resolution(8 - steps);
            let mut found = NativeHistogram::Integer(whole);
            found.reduce_resolution(8 - steps);
            let NativeHistogram::Integer(found) = found else { panic!("it stays what it is") };
            prop_assert_eq!(found.to_float(), expected);
        }
    }
}
