//! Series by the bytes that name them in a request, so that a series that is sent again costs one
//! hash: no label is looked at, and nothing allocated.
//!
//! The bytes are known by 128 bits of a hash with a seed of this process. Two different series with
//! one hash would be taken for one; with ten million series the chance is below 1e-24.
//!
//! Invariant: a reference in here was given by the store for labels with these bytes. It may be
//! outdated, which the store says; then the labels are asked for anew.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use narthex_storage::SeriesRef;

/// Entries of a generation: they fill a table of two million places, 50 MB, to seven eighths. The
/// store needs ten times as much for as many series.
const GENERATION_MAX: usize = (1 << 21) / 8 * 7;
/// Entries that were not used for one to two such times are forgotten. Metadata excepted, a sender
/// sends every series at least every few minutes.
const GENERATION_MILLIS: i64 = 60 * 60 * 1000;

/// Names a row of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    high: u64,
    low: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    series: SeriesRef,
}

/// What the last requests named: two generations, of which the older one is dropped as a whole.
#[derive(Debug)]
pub(crate) struct Known {
    seed: u64,
    young: HashTable<Entry>,
    old: HashTable<Entry>,
    begun_at: i64,
}

/// An entry, and whether it is time to enter it again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) series: SeriesRef,
    pub(crate) is_old: bool,
}

impl Known {
    pub(crate) fn new() -> Self {
        let seed = RandomState::new().hash_one(0_u8);
        Self { seed, young: HashTable::new(), old: HashTable::new(), begun_at: 0 }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves of the hash are wanted")]
    pub(crate) fn key(&self, label_bytes: &[u8]) -> Key {
        let hash = xxhash_rust::xxh3::xxh3_128_with_seed(label_bytes, self.seed);
        Key { high: (hash >> 64) as u64, low: hash as u64 }
    }

    pub(crate) fn find(&self, key: Key) -> Option<Found> {
        let is_it = |entry: &Entry| entry.key == key;
        let found = |entry: &Entry, is_old| Found { series: entry.series, is_old };
        self.young
            .find(key.low, is_it)
            .map(|entry| found(entry, false))
            .or_else(|| self.old.find(key.low, is_it).map(|entry| found(entry, true)))
    }

    /// Enters what a request has learned.
    pub(crate) fn learn(&mut self, learned: &[(Key, SeriesRef)], now: i64) {
        if self.young.len() + learned.len() > GENERATION_MAX
            || now.saturating_sub(self.begun_at) > GENERATION_MILLIS
        {
            self.old = std::mem::take(&mut self.young);
            self.begun_at = now;
        }
        for (key, series) in learned.iter().take(GENERATION_MAX) {
            match self.young.find_mut(key.low, |entry| entry.key == *key) {
                Some(entry) => entry.series = *series,
                None => {
                    let entry = Entry { key: *key, series: *series };
                    self.young.insert_unique(key.low, entry, |entry| entry.key.low);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = GENERATION_MILLIS;

    #[test]
    fn what_is_not_named_for_two_hours_is_forgotten() {
        let mut known = Known::new();
        let (a, b) = (known.key(b"a"), known.key(b"b"));
        assert_ne!(a, b);
        known.learn(&[(a, SeriesRef(1)), (b, SeriesRef(2))], 0);
        assert_eq!(known.find(a), Some(Found { series: SeriesRef(1), is_old: false }));
        known.learn(&[], HOUR + 1);
        assert_eq!(known.find(a), Some(Found { series: SeriesRef(1), is_old: true }));
        known.learn(&[(a, SeriesRef(3))], HOUR + 2);
        assert_eq!(known.find(a), Some(Found { series: SeriesRef(3), is_old: false }));
        known.learn(&[], 2 * HOUR + 2);
        assert_eq!(known.find(a), Some(Found { series: SeriesRef(3), is_old: true }));
        assert_eq!(known.find(b), None);
    }
}
