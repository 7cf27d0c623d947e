//! The newest exemplars of all series together, in a ring.
//!
//! Invariant: exemplars of one series ascend by time, then value, then the hash of their labels, in
//! the order in which they came; so the newest decides what is refused.
//! Invariant: the ring holds at most as many as it may; each new one takes the place of the oldest.

use std::cmp::Ordering;

use hashbrown::{HashMap, HashSet};
use narthex_model::{Exemplar, Matcher, Timestamp};
use narthex_storage::{SeriesExemplars, TimeRange};

use super::Head;
use crate::head::matching::matching;
use crate::head::series::{SeriesId, Slot};

/// What the order of a series says of an exemplar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExemplarOrder {
    Newer,
    SameAgain,
    Older,
}

/// A ring of exemplars. Each has a number that grows; its place is the number modulo the ring's
/// length.
#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    max: usize,
    ring: Vec<Entry>,
    /// Number of the next one.
    next: u64,
    newest_by_slot: HashMap<Slot, Newest>,
}

#[derive(Debug)]
struct Entry {
    slot: Slot,
    id: SeriesId,
    /// Number of the one before of the same series. It may be gone.
    before: Option<u64>,
    exemplar: Exemplar,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    id: SeriesId,
    number: u64,
}

impl Exemplars {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, ..Self::default() }
    }

    pub(crate) fn is_disabled(&self) -> bool {
        self.max == 0
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }

    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    pub(crate) fn series(&self) -> usize {
        self.newest_by_slot.len()
    }

    /// Time of the one that goes next.
    pub(crate) fn oldest_at(&self) -> Option<Timestamp> {
        let oldest = self.next.checked_sub(self.ring.len() as u64)?;
        self.get(oldest).map(|entry| entry.exemplar.at)
    }

    fn place(&self, number: u64) -> usize {
        usize::try_from(number % self.max.max(1) as u64).unwrap_or(0)
    }

    fn get(&self, number: u64) -> Option<&Entry> {
        let is_there = number < self.next && self.next - number <= self.ring.len() as u64;
        if is_there { self.ring.get(self.place(number)) } else { None }
    }

    fn newest(&self, slot: Slot, id: SeriesId) -> Option<(u64, &Exemplar)> {
        let newest = self.newest_by_slot.get(&slot).filter(|newest| newest.id == id)?;
        self.get(newest.number).map(|entry| (newest.number, &entry.exemplar))
    }

    pub(crate) fn order(&self, slot: Slot, id: SeriesId, exemplar: &Exemplar) -> ExemplarOrder {
        self.newest(slot, id).map_or(ExemplarOrder::Newer, |(_, newest)| order(newest, exemplar))
    }

    /// Adds all of another ring, oldest first.
    pub(crate) fn add_all(&mut self, mut other: Self) {
        let oldest = other.next - other.ring.len() as u64;
        let place = other.place(oldest).min(other.ring.len());
        other.ring.rotate_left(place);
        for Entry { slot, id, exemplar, .. } in other.ring {
            self.add(slot, id, exemplar);
        }
    }

    /// Adds one that is newer than the newest of its series, and says whether it was.
    pub(crate) fn add(&mut self, slot: Slot, id: SeriesId, exemplar: Exemplar) -> ExemplarOrder {
        if self.max == 0 {
            return ExemplarOrder::SameAgain;
        }
        let newest = self.newest(slot, id);
        let order = newest.map_or(ExemplarOrder::Newer, |(_, newest)| order(newest, &exemplar));
        if order != ExemplarOrder::Newer {
            return order;
        }
        let before = newest.map(|(number, _)| number);
        let number = self.next;
        let place = self.place(number);
        let entry = Entry { slot, id, before, exemplar };
        match self.ring.get_mut(place) {
            Some(old) => {
                let old = std::mem::replace(old, entry);
                let gone = number - self.max as u64;
                if self.newest_by_slot.get(&old.slot).is_some_and(|newest| newest.number == gone) {
                    self.newest_by_slot.remove(&old.slot);
                }
            }
            None => self.ring.push(entry),
        }
        self.next += 1;
        self.newest_by_slot.insert(slot, Newest { id, number });
        order
    }

    /// The series of which there is one.
    pub(crate) fn series_ids(&self) -> HashSet<SeriesId> {
        self.ring.iter().map(|entry| entry.id).collect()
    }

    /// All, the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SeriesId, &Exemplar)> {
        let first = self.next - self.ring.len() as u64;
        (first..self.next)
            .filter_map(|number| self.get(number).map(|entry| (entry.id, &entry.exemplar)))
    }

    /// Those of one series within `range`, ascending.
    fn of_series(&self, slot: Slot, id: SeriesId, range: TimeRange) -> Vec<Exemplar> {
        let mut found = Vec::new();
        let mut next = self.newest(slot, id).map(|(number, _)| number);
        while let Some(entry) = next.and_then(|number| self.get(number)) {
            if entry.slot != slot || entry.id != id || entry.exemplar.at < range.start {
                break;
            }
            if range.contains(entry.exemplar.at) {
                found.push(entry.exemplar.clone());
            }
            next = entry.before;
        }
        found.reverse();
        found
    }

    /// Forgets all that are older than `cutoff`.
    pub(crate) fn drop_before(&mut self, cutoff: Timestamp) {
        let is_old = self.oldest_at().is_some_and(|oldest| oldest < cutoff);
        if !is_old {
            return;
        }
        self.rebuild(self.max, |exemplar| exemplar.at >= cutoff);
    }

    /// Changes how many are kept; the newest stay.
    pub(crate) fn resize(&mut self, max: usize) {
        if max != self.max {
            self.rebuild(max, |_| true);
        }
    }

    fn rebuild(&mut self, max: usize, keep: impl Fn(&Exemplar) -> bool) {
        let start = self.place(self.next - self.ring.len() as u64);
        let mut ring = std::mem::take(&mut self.ring);
        if ring.len() == self.max {
            ring.rotate_left(start);
        }
        *self = Self::new(max);
        for entry in ring.into_iter().filter(|entry| keep(&entry.exemplar)) {
            self.add(entry.slot, entry.id, entry.exemplar);
        }
    }
}

/// Prometheus' order: by time; of one time by value, then by labels, in any fixed order.
fn order(newest: &Exemplar, exemplar: &Exemplar) -> ExemplarOrder {
    let by_labels = || exemplar.labels.stable_hash().cmp(&newest.labels.stable_hash());
    let order = exemplar
        .at
        .cmp(&newest.at)
        .then_with(|| exemplar.value.total_cmp(&newest.value))
        .then_with(by_labels);
    match order {
        Ordering::Less => ExemplarOrder::Older,
        Ordering::Equal => ExemplarOrder::SameAgain,
        Ordering::Greater => ExemplarOrder::Newer,
    }
}

impl Head {
    /// The exemplars within `range` of series that satisfy all matchers of one of the selectors,
    /// ascending by labels.
    pub(crate) fn find_exemplars(
        &self,
        range: TimeRange,
        selectors: &[Vec<Matcher>],
    ) -> Vec<SeriesExemplars> {
        let index = self.index.read();
        let mut slots = roaring::RoaringBitmap::new();
        for selector in selectors {
            slots |= matching(&index, selector);
        }
        let mut slab = self.slab.reader();
        let mut found = Vec::new();
        let kept = self.exemplars.read();
        for slot in kept.newest_by_slot.keys().filter(|slot| slots.contains(**slot)) {
            let Some(series) = slab.get(*slot) else { continue };
            let exemplars = kept.of_series(*slot, series.id, range);
            if !exemplars.is_empty() {
                found.push(SeriesExemplars { labels: index.labels(&series.labels), exemplars });
            }
        }
        found.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        found
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::Labels;
    use proptest::prelude::*;

    use super::*;

    fn exemplar(at: i64, trace: u32) -> Exemplar {
        let labels = Labels::from_pairs([("trace_id", trace.to_string())]);
        Exemplar { labels, value: 1.0, at: Timestamp::from_millis(at) }
    }

    proptest! {
        /// Against a list of all that were ever taken, cut at the front.
        #[test]
        fn the_ring_holds_the_newest(
            max in 1_usize..9,
            steps in prop::collection::vec((0_u32..4, 0_i64..6, 0_u32..3), 0..60),
            cutoff in 0_i64..6,
        ) {
            let mut ring = Exemplars::new(max);
            let mut model: Vec<(Slot, Exemplar)> = Vec::new();
            for (slot, at, trace) in steps {
                let one = exemplar(at, trace);
                let newest = model.iter().rev().find(|(known, _)| *known == slot);
                let expected = newest.map_or(ExemplarOrder::Newer, |(_, newest)| order(newest, &one));
                prop_assert_eq!(ring.add(slot, u64::from(slot), one.clone()), expected);
                if expected == ExemplarOrder::Newer {
                    model.push((slot, one));
                    if model.len() > max {
                        model.remove(0);
                    }
                }
            }
            let all = |ring: &Exemplars| {
                ring.iter().map(|(id, one)| (Slot::try_from(id).unwrap(), one.clone())).collect::<Vec<_>>()
            };
            prop_assert_eq!(all(&ring), model.clone());
            for slot in 0..4_u32 {
                let found = ring.of_series(slot, u64::from(slot), TimeRange::ALL);
                let expected: Vec<Exemplar> =
                    model.iter().filter(|(s, _)| *s == slot).map(|(_, one)| one.clone()).collect();
                prop_assert_eq!(found, expected);
            }
            ring.drop_before(Timestamp::from_millis(cutoff));
            if let Some((_, oldest)) = model.first() && oldest.at.millis() < cutoff {
                model.retain(|(_, one)| one.at.millis() >= cutoff);
            }
            prop_assert_eq!(all(&ring), model.clone());
            ring.resize(2);
            prop_assert_eq!(all(&ring), &model[model.len().saturating_sub(2)..]);
        }
    }
}
