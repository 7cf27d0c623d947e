//! When two histograms are the same data.

use super::{FloatHistogram, Span};

impl FloatHistogram {
    /// Whether both have the same buckets, empty ones included, with the same counts and the same
    /// sum, to the bit: NaN equals NaN, and zero does not equal minus zero. The hint may differ.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        let (a, b) = (&self.layout, &other.layout);
        let totals = |histogram: &Self| {
            [histogram.count, histogram.sum, histogram.zero_count].map(f64::to_bits)
        };
        a.schema == b.schema
            && totals(self) == totals(other)
            && (!a.is_custom() || a.custom_bounds == b.custom_bounds)
            && a.zero_threshold == b.zero_threshold
            && spans_match(&a.negative_spans, &b.negative_spans)
            && same_bits(&self.negative_counts, &other.negative_counts)
            && spans_match(&a.positive_spans, &b.positive_spans)
            && same_bits(&self.positive_counts, &other.positive_counts)
    }
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// Whether both cover the same buckets in the same runs, spans without buckets aside.
fn spans_match(a: &[Span], b: &[Span]) -> bool {
    runs(a).eq(runs(b))
}

/// The runs that have buckets, with the offset of those before that have none.
fn runs(spans: &[Span]) -> impl Iterator<Item = Span> + '_ {
    let mut offset = 0_i32;
    spans.iter().filter_map(move |span| {
        offset = offset.wrapping_add(span.offset);
        let run = Span { offset, length: span.length };
        (span.length > 0).then(|| {
            offset = 0;
            run
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_without_buckets_do_not_matter() {
        let span = |offset, length| Span { offset, length };
        assert!(spans_match(
            &[span(1, 2), span(3, 1)],
            &[span(1, 2), span(1, 0), span(2, 1), span(7, 0)]
        ));
        assert!(spans_match(&[], &[span(4, 0)]));
        assert!(!spans_match(&[span(1, 2)], &[span(1, 1), span(0, 1)]));
        assert!(!spans_match(&[span(1, 2)], &[span(1, 2), span(0, 1)]));
    }

    #[test]
    fn nan_equals_nan_and_hints_do_not_count() {
        let nan = FloatHistogram { sum: f64::NAN, ..FloatHistogram::default() };
        let gauge = FloatHistogram { reset: super::super::CounterReset::Gauge, ..nan.clone() };
        assert!(nan.equals(&gauge));
        let minus = FloatHistogram { sum: -0.0, ..FloatHistogram::default() };
        assert!(!minus.equals(&FloatHistogram::default()));
    }
}
