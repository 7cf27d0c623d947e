//! Buckets of a histogram one by one, with their bounds.

use super::bounds::upper_bound;
use super::{FloatHistogram, Span};

/// A bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Whether the lower bound belongs to it.
    pub is_lower_inclusive: bool,
    /// Whether the upper bound belongs to it.
    pub is_upper_inclusive: bool,
    /// Observations.
    pub count: f64,
}

/// Index and count of each bucket that `spans` cover, in their order.
pub fn indexed<'a, C: Copy>(
    spans: &'a [Span],
    counts: &'a [C],
) -> impl Iterator<Item = (i32, C)> + 'a {
    let runs = spans.iter().scan(0_i32, |next, span| {
        let start = next.wrapping_add(span.offset);
        let length = i32::try_from(span.length).unwrap_or(i32::MAX);
        *next = start.saturating_add(length);
        Some(start..*next)
    });
    runs.flatten().zip(counts.iter().copied())
}

impl FloatHistogram {
    /// All buckets, ascending by bound: negative ones, the one around zero where it holds
    /// something, positive ones. Empty buckets within spans are among them.
    #[must_use]
    pub fn buckets(&self) -> Vec<Bucket> {
        let layout = &self.layout;
        let bound = |index: i32| upper_bound(index, layout.schema, &layout.custom_bounds);
        let mut buckets: Vec<Bucket> = indexed(&layout.negative_spans, &self.negative_counts)
            .map(|(index, count)| Bucket {
                lower: -bound(index),
                upper: -bound(index.wrapping_sub(1)),
                is_lower_inclusive: true,
                is_upper_inclusive: false,
                count,
            })
            .collect();
        buckets.reverse();
        if self.zero_count != 0.0 {
            buckets.push(Bucket {
                lower: -layout.zero_threshold,
                upper: layout.zero_threshold,
                is_lower_inclusive: true,
                is_upper_inclusive: true,
                count: self.zero_count,
            });
        }
        let lowest = |index: i32| {
            if layout.is_custom() && index == 0 {
                f64::NEG_INFINITY
            } else {
                bound(index.wrapping_sub(1))
            }
        };
        buckets.extend(indexed(&layout.positive_spans, &self.positive_counts).map(
            |(index, count)| Bucket {
                lower: lowest(index),
                upper: bound(index),
                // The first custom bucket reaches down to, and includes, minus infinity.
                is_lower_inclusive: layout.is_custom() && index == 0,
                is_upper_inclusive: true,
                count,
            },
        ));
        buckets
    }
}
