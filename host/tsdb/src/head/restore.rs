//! Series out of the log, many at a time: what they share is looked up once.

use hashbrown::HashMap;

use super::Head;
use crate::head::index::Index;
use crate::head::series::{IDS_MAX, SeriesId, Slot, SymbolPair};
use crate::head::symbols::Symbol;
use crate::log::definitions::Definitions;

/// A series of the log and where it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Restored {
    /// As the log has it.
    pub(crate) id: SeriesId,
    pub(crate) slot: Slot,
    /// As the head has it: another one when the label set was there before.
    pub(crate) lives_as: SeriesId,
}

/// What a record's series add to the index beside themselves.
struct Shared {
    /// The symbols of the record's texts, held until the end.
    symbols: Vec<Symbol>,
    /// How many labels use each.
    users: Vec<u32>,
    postings: HashMap<(usize, usize), Vec<Slot>>,
}

impl Head {
    /// Restores the series of a record. A label set that is there under another id keeps that:
    /// appenders may hold it. The index is held for a few milliseconds at most: a record has some
    /// thousand series.
    pub(crate) fn restore_series(&self, definitions: &Definitions<'_>) -> Vec<Restored> {
        let mut guard = self.index.write();
        let index = &mut *guard;
        let symbols = definitions.texts.iter().map(|text| index.symbols.acquire(text)).collect();
        let users = vec![0; definitions.texts.len()];
        let mut shared = Shared { symbols, users, postings: HashMap::new() };
        let mut restored = Vec::new();
        for (id, pairs) in definitions.series() {
            if id >= IDS_MAX {
                continue;
            }
            index.next_id = index.next_id.max(id + 1);
            let labels = definitions.labels(pairs);
            if let Some(slot) = index.find(&labels, &self.slab) {
                let lives_as = self.slab.with(slot, |series| series.id).unwrap_or(id);
                restored.push(Restored { id, slot, lives_as });
                continue;
            }
            let Some(slot) = index.take_slot() else { continue };
            index.enter(&labels, slot);
            self.put_series(id, slot, shared.add(pairs, slot));
            restored.push(Restored { id, slot, lives_as: id });
        }
        shared.enter(index);
        restored
    }
}

impl Shared {
    fn add(&mut self, pairs: &[(usize, usize)], slot: Slot) -> Box<[SymbolPair]> {
        for pair in pairs {
            for number in [pair.0, pair.1] {
                if let Some(users) = self.users.get_mut(number) {
                    *users += 1;
                }
            }
            self.postings.entry(*pair).or_default().push(slot);
        }
        pairs.iter().map(|pair| (self.symbol(pair.0), self.symbol(pair.1))).collect()
    }

    fn symbol(&self, number: usize) -> Symbol {
        self.symbols.get(number).copied().expect("a definition names texts of its record")
    }

    fn enter(self, index: &mut Index) {
        let symbol = |number: usize| self.symbols.get(number).copied();
        for ((name, value), slots) in &self.postings {
            if let Some((name, value)) = symbol(*name).zip(symbol(*value)) {
                let postings = index.names.entry(name).or_default().entry(value).or_default();
                slots.iter().for_each(|slot| postings.insert(*slot));
            }
        }
        for (symbol, users) in self.symbols.iter().zip(&self.users) {
            index.symbols.add_users(*symbol, *users);
            // The one that held it for the time of the record.
            index.symbols.release(*symbol);
        }
    }
}
