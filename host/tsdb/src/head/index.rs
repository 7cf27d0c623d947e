//! The index of the head: label sets to slots, label pairs to postings.
//!
//! Invariant: a slot is in the postings of exactly the pairs of the series that lives in it. Who
//! holds the index for reading can trust a slot: slots are given out and taken back only by who
//! holds it for writing.

use hashbrown::{HashMap, HashTable};
use narthex_model::Labels;
use roaring::RoaringBitmap;

use crate::head::postings::Postings;
use crate::head::series::{SLOTS_MAX, Series, SeriesId, Slab, Slot, SymbolPair};
use crate::head::symbols::{Symbol, Symbols};

#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) symbols: Symbols,
    /// By the stable hash of the labels.
    by_labels: HashTable<Entry>,
    /// Postings by name and value.
    pub(crate) names: HashMap<Symbol, HashMap<Symbol, Postings>>,
    pub(crate) all: RoaringBitmap,
    free: Vec<Slot>,
    next_slot: Slot,
    pub(crate) next_id: SeriesId,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Low half of the labels' stable hash: growing the table must not visit the series.
    hash: u32,
    slot: Slot,
}

impl Entry {
    /// The table looks at high and low bits, so both need to be well mixed.
    fn table_hash(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

fn hash_of(labels: &Labels) -> u32 {
    let [a, b, c, d, ..] = labels.stable_hash().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

impl Index {
    pub(crate) fn find(&self, labels: &Labels, slab: &Slab) -> Option<Slot> {
        let hash = hash_of(labels);
        let is_it = |entry: &Entry| {
            entry.hash == hash
                && slab.with(entry.slot, |series| self.equals(&series.labels, labels)) == Some(true)
        };
        self.by_labels.find(Entry::table_hash(hash), is_it).map(|entry| entry.slot)
    }

    fn equals(&self, pairs: &[SymbolPair], labels: &Labels) -> bool {
        self.pairs(pairs).eq(labels.iter())
    }

    fn pairs<'a>(
        &'a self,
        pairs: &'a [SymbolPair],
    ) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        pairs.iter().map(|(name, value)| (self.symbols.text(*name), self.symbols.text(*value)))
    }

    pub(crate) fn labels(&self, pairs: &[SymbolPair]) -> Labels {
        Labels::from_sorted(self.pairs(pairs))
    }

    /// A slot for a new series, or `None` when all are taken.
    pub(crate) fn take_slot(&mut self) -> Option<Slot> {
        if let Some(slot) = self.free.pop() {
            return Some(slot);
        }
        let slot = self.next_slot;
        (slot < SLOTS_MAX).then(|| {
            self.next_slot += 1;
            slot
        })
    }

    /// One beyond the highest slot that was ever given out.
    pub(crate) fn slots_end(&self) -> Slot {
        self.next_slot
    }

    /// Enters a series that is not there yet; answers its labels as symbols.
    pub(crate) fn insert(&mut self, labels: &Labels, slot: Slot) -> Box<[SymbolPair]> {
        let mut pairs = Vec::with_capacity(labels.len());
        for (name, value) in labels {
            let pair = (self.symbols.acquire(name), self.symbols.acquire(value));
            self.names.entry(pair.0).or_default().entry(pair.1).or_default().insert(slot);
            pairs.push(pair);
        }
        self.enter(labels, slot);
        pairs.into_boxed_slice()
    }

    /// Enters a series but for its postings.
    pub(crate) fn enter(&mut self, labels: &Labels, slot: Slot) {
        let hash = hash_of(labels);
        self.by_labels.insert_unique(Entry::table_hash(hash), Entry { hash, slot }, |entry| {
            Entry::table_hash(entry.hash)
        });
        self.all.insert(slot);
    }

    /// Takes out a series and gives its slot back.
    pub(crate) fn remove(&mut self, series: &Series, slot: Slot) {
        let hash = hash_of(&self.labels(&series.labels));
        let entry = self.by_labels.find_entry(Entry::table_hash(hash), |entry| entry.slot == slot);
        if let Ok(entry) = entry {
            entry.remove();
        }
        for (name, value) in &series.labels {
            if let Some(values) = self.names.get_mut(name) {
                if let Some(postings) = values.get_mut(value) {
                    postings.remove(slot);
                    if postings.is_empty() {
                        values.remove(value);
                    }
                }
                if values.is_empty() {
                    self.names.remove(name);
                }
            }
            self.symbols.release(*name);
            self.symbols.release(*value);
        }
        self.all.remove(slot);
        self.free.push(slot);
    }
}
