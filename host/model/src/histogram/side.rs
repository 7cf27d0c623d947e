//! One side of a histogram, the positive or the negative: runs of buckets and what they hold.
//!
//! Always holds: as many counts as the spans cover; indices ascend.

use super::Span;
use super::buckets::{indices, ranges};
use super::count::{Count, Held};

/// How many empty buckets at most are put between two others to make one run of them. All bounds
/// that are floats, of the finest schema, are fewer.
const EMPTY_BUCKETS_MAX: u32 = 1 << 20;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Side<C> {
    pub(super) spans: Vec<Span>,
    pub(super) counts: Vec<C>,
}

impl<C: Copy> Side<C> {
    /// The buckets of `entries`, whose indices ascend.
    pub(super) fn from_entries(entries: impl IntoIterator<Item = (i32, C)>) -> Self {
        let entries = entries.into_iter();
        let mut side =
            Self { spans: Vec::new(), counts: Vec::with_capacity(entries.size_hint().0) };
        let mut next: Option<i32> = None;
        for (index, count) in entries {
            match side.spans.last_mut() {
                Some(span) if next == Some(index) => span.length = span.length.saturating_add(1),
                Some(_) | None => {
                    let offset = index.saturating_sub(next.unwrap_or(0));
                    side.spans.push(Span { offset, length: 1 });
                }
            }
            side.counts.push(count);
            next = Some(index.saturating_add(1));
        }
        side
    }

    /// How many values it takes.
    pub(super) const fn values(&self) -> usize {
        self.spans.len() + self.counts.len()
    }

    /// Each bucket's index and what it holds.
    pub(super) fn entries(&self) -> impl Iterator<Item = (i32, C)> + '_ {
        indices(&self.spans).zip(self.counts.iter().copied())
    }

    /// The buckets of a schema that is coarser by `steps`.
    pub(super) fn joined(&self, steps: u32, plus: impl Fn(C, C) -> C) -> Self {
        let mut merged: Vec<(i32, C)> = Vec::with_capacity(self.counts.len());
        for (index, count) in self.entries() {
            let index = coarser(index, steps);
            match merged.last_mut() {
                Some((last, sum)) if *last == index => *sum = plus(*sum, count),
                Some(_) | None => merged.push((index, count)),
            }
        }
        Self::from_entries(merged)
    }
}

impl<C: Held> Side<C> {
    /// Takes away empty buckets but for runs of at most `empty_max` between others.
    pub(super) fn compact(&mut self, empty_max: u32) {
        let is_compact = !self.counts.iter().any(|count| count.is_empty())
            && self.spans.iter().all(|span| span.length > 0)
            && self.spans.iter().skip(1).all(|span| i64::from(span.offset) > empty_max.into());
        if is_compact {
            return;
        }
        let empty_max = empty_max.min(EMPTY_BUCKETS_MAX);
        let mut kept: Vec<(i32, C)> = Vec::with_capacity(self.counts.len());
        for (index, count) in self.entries().filter(|(_, count)| !count.is_empty()) {
            if let Some((last, _)) = kept.last() {
                let between = last.saturating_add(1)..index;
                if between.len() <= empty_max as usize {
                    kept.extend(between.map(|index| (index, C::default())));
                }
            }
            kept.push((index, count));
        }
        *self = Self::from_entries(kept);
    }

    /// Takes away empty buckets, and those that `keeps` does not name.
    pub(super) fn retain(&mut self, keeps: impl Fn(i32) -> bool) {
        let kept: Vec<_> =
            self.entries().filter(|(index, count)| keeps(*index) && !count.is_empty()).collect();
        *self = Self::from_entries(kept);
    }
}

impl<C: Count> Side<C> {
    /// Adds buckets of the same schema. Those that `is_hidden` names, all of them before the
    /// others, are left out.
    pub(super) fn add(
        &mut self,
        spans: &[Span],
        counts: impl Iterator<Item = C>,
        is_hidden: impl Fn(i32) -> bool,
    ) {
        let is_first_hidden = spans.first().is_some_and(|span| is_hidden(span.offset));
        if !is_first_hidden && self.covers(spans) {
            self.add_within(spans, counts);
            return;
        }
        let others = indices(spans).zip(counts);
        let mut others = others.skip_while(|(index, _)| is_hidden(*index)).peekable();
        let mut sum = Vec::with_capacity(self.counts.len());
        for (index, mine) in self.entries() {
            while let Some(before) = others.next_if(|(other, _)| *other < index) {
                sum.push(before);
            }
            let count = match others.next_if(|(other, _)| *other == index) {
                Some((_, other)) => mine.plus(other),
                None => mine,
            };
            sum.push((index, count));
        }
        sum.extend(others);
        *self = Self::from_entries(sum);
    }

    /// Whether each run of `spans` lies within a run here: then nothing has to move.
    fn covers(&self, spans: &[Span]) -> bool {
        let mut mine = ranges(&self.spans);
        let mut run = mine.next();
        ranges(spans).filter(|other| !other.is_empty()).all(|other| {
            while run.as_ref().is_some_and(|run| run.end < other.end) {
                run = mine.next();
            }
            run.as_ref().is_some_and(|run| run.start <= other.start)
        })
    }

    /// Adds buckets all of which are here.
    fn add_within(&mut self, spans: &[Span], counts: impl Iterator<Item = C>) {
        let mut mine = indices(&self.spans).zip(&mut self.counts);
        for (index, other) in indices(spans).zip(counts) {
            if let Some((_, count)) = mine.find(|(candidate, _)| *candidate == index) {
                *count = count.plus(other);
            }
        }
    }

    /// The buckets of a schema that is coarser by `steps`.
    pub(super) fn reduced(&self, steps: u32) -> Self {
        self.joined(steps, C::plus)
    }

    /// Changes every number.
    pub(super) fn each(&mut self, change: impl Fn(f64) -> f64) {
        for count in &mut self.counts {
            *count = count.each(&change);
        }
    }
}

/// The bucket of a schema coarser by `steps` that holds the bucket `index`.
pub(super) fn coarser(index: i32, steps: u32) -> i32 {
    (index.wrapping_sub(1) >> steps.min(31)).wrapping_add(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn side() -> impl Strategy<Value = Side<f64>> {
        let span = (0_i32..4, 0_u32..4).prop_map(|(offset, length)| Span { offset, length });
        (-9_i32..9, prop::collection::vec(span, 0..6)).prop_flat_map(|(first, mut spans)| {
            if let Some(span) = spans.first_mut() {
                span.offset = first;
            }
            let buckets = spans.iter().map(|span| span.length as usize).sum::<usize>();
            let count = prop_oneof![Just(0.0), (1_u8..9).prop_map(f64::from)];
            prop::collection::vec(count, buckets)
                .prop_map(move |counts| Side { spans: spans.clone(), counts })
        })
    }

    proptest! {
        #[test]
        fn compacting_keeps_short_runs_of_empty_buckets_only(side in side(), empty_max in 0_u32..5) {
            let mut compact = side.clone();
            compact.compact(empty_max);
            let held = |side: &Side<f64>| {
                side.entries().filter(|(_, count)| *count != 0.0).collect::<Vec<_>>()
            };
            prop_assert_eq!(held(&compact), held(&side));
            // Between two that hold something: all the empty ones, or none of them.
            let held = held(&side);
            let covered: Vec<i32> = indices(&compact.spans).collect();
            for pair in held.windows(2) {
                let between = pair[0].0 + 1..pair[1].0;
                let is_short = between.len() <= empty_max as usize;
                prop_assert!(between.into_iter().all(|index| covered.contains(&index) == is_short));
            }
            prop_assert_eq!(covered.first(), held.first().map(|(index, _)| index));
            prop_assert_eq!(covered.last(), held.last().map(|(index, _)| index));
            prop_assert_eq!(&Side::from_entries(compact.entries()), &compact);
        }

        #[test]
        fn adding_in_place_is_adding(a in side(), b in side()) {
            let mut sum = a.clone();
            sum.add(&b.spans, b.counts.iter().copied(), |_| false);
            let mut model: BTreeMap<i32, f64> = a.entries().collect();
            for (index, count) in b.entries() {
                *model.entry(index).or_default() += count;
            }
            prop_assert_eq!(sum.entries().collect::<BTreeMap<_, _>>(), model);
            let (spans, len) = (sum.spans.clone(), sum.counts.len());
            // Once all buckets are there, none moves any more.
            for other in [&a, &b] {
                sum.add(&other.spans, other.counts.iter().copied(), |_| false);
                prop_assert_eq!((&sum.spans, sum.counts.len()), (&spans, len));
            }
        }

        #[test]
        fn a_coarser_bucket_spans_those_it_is_made_of(index in -3000_i32..3000, steps in 0_u32..6) {
            let index_there = coarser(index, steps);
            let schema = 3;
            let (lower, upper) = (schema - steps as i32, schema);
            let bound = super::super::exponential_bound;
            prop_assert!(bound(index_there, lower) >= bound(index, upper));
            prop_assert!(bound(index_there - 1, lower) <= bound(index - 1, upper));
        }
    }
}
