//! Histograms with custom bounds that differ: what they share is what can be compared.
//!
//! Always holds: a bucket goes to the first shared bound that is not below its own, so that no
//! observation falls below a bound that it was not known to be below.

use crate::CompensatedSum;

use super::add::Sign;
use super::body::Body;
use super::buckets::indexed;
use super::count::{Count, Held};
use super::side::Side;
use super::{BucketLayout, FloatHistogram, Span};

/// The bounds of both; both ascend.
fn shared(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut others = b.iter().peekable();
    let mut shared = Vec::new();
    for bound in a {
        while others.next_if(|other| *other < bound).is_some() {}
        if others.next_if(|other| *other == bound).is_some() {
            shared.push(*bound);
        }
    }
    shared
}

/// Where the buckets of other bounds go among `shared`.
struct Mapping<'a> {
    shared: &'a [f64],
}

impl Mapping<'_> {
    /// Each bucket with its place; the last place is above all bounds.
    fn places<'b, C: Copy>(
        &'b self,
        spans: &'b [Span],
        counts: &'b [C],
        bounds: &'b [f64],
    ) -> impl Iterator<Item = (usize, C)> + 'b {
        indexed(spans, counts).map(|(index, count)| {
            let bound = usize::try_from(index).ok().and_then(|index| bounds.get(index));
            let place = match bound {
                Some(bound) => self.shared.partition_point(|shared| shared < bound),
                None => self.shared.len(),
            };
            (place, count)
        })
    }
}

impl<C: Count> Body<C> {
    /// Adds or subtracts the buckets of `other`, whose bounds differ.
    pub(super) fn merge_custom(&mut self, other: &FloatHistogram, sign: Sign) {
        let shared = shared(&self.custom_bounds, &other.layout.custom_bounds);
        let mapping = Mapping { shared: &shared };
        let mut counts = vec![CompensatedSum::default(); shared.len() + 1];
        let mine = mapping.places(&self.positive.spans, &self.positive.counts, &self.custom_bounds);
        for (place, count) in mine {
            if let Some(sum) = counts.get_mut(place) {
                *sum = sum.plus(count.compensated());
            }
        }
        let others = mapping.places(
            &other.layout.positive_spans,
            &other.positive_counts,
            &other.layout.custom_bounds,
        );
        for (place, count) in others {
            if let Some(sum) = counts.get_mut(place) {
                *sum = sum.with(sign.of(count));
            }
        }
        let held = (0_i32..).zip(counts).filter(|(_, count)| !Held::is_empty(*count));
        self.positive = Side::from_entries(held.map(|(index, count)| (index, C::of(count))));
        self.custom_bounds = shared;
    }
}

/// Whether any count between bounds of both is less than it was.
pub(super) fn fell(now: &FloatHistogram, before: &FloatHistogram) -> bool {
    let shared = shared(&now.layout.custom_bounds, &before.layout.custom_bounds);
    let mapping = Mapping { shared: &shared };
    let counts = |histogram: &FloatHistogram| {
        let mut counts = vec![0.0; shared.len() + 1];
        let BucketLayout { positive_spans, custom_bounds, .. } = &histogram.layout;
        for (place, count) in
            mapping.places(positive_spans, &histogram.positive_counts, custom_bounds)
        {
            if let Some(sum) = counts.get_mut(place) {
                *sum += count;
            }
        }
        counts
    };
    counts(now).iter().zip(counts(before)).any(|(now, before)| *now < before)
}
