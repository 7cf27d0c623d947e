//! Strings that many series share, each held once and named by a small number.
//!
//! Invariant: a symbol lives as long as a series uses it; its number is given out again after.

use hashbrown::HashTable;

/// The number of a string.
pub(crate) type Symbol = u32;

#[derive(Debug, Default)]
pub(crate) struct Symbols {
    entries: Vec<Entry>,
    by_text: HashTable<Symbol>,
    free: Vec<Symbol>,
    text_bytes: usize,
}

#[derive(Debug, Default)]
struct Entry {
    text: Box<str>,
    users: u32,
}

fn hash(text: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}

impl Symbols {
    /// The symbol of `text`, with one user more.
    pub(crate) fn acquire(&mut self, text: &str) -> Symbol {
        let entries = &mut self.entries;
        let is_it = |symbol: &Symbol| text_of(entries, *symbol) == text;
        if let Some(symbol) = self.by_text.find(hash(text), is_it).copied() {
            if let Some(entry) = entries.get_mut(symbol as usize) {
                entry.users += 1;
            }
            return symbol;
        }
        let entry = Entry { text: text.into(), users: 1 };
        self.text_bytes += text.len();
        let symbol = match self.free.pop() {
            Some(symbol) => {
                if let Some(place) = entries.get_mut(symbol as usize) {
                    *place = entry;
                }
                symbol
            }
            None => {
                entries.push(entry);
                Symbol::try_from(entries.len() - 1).expect("fewer symbols than series labels")
            }
        };
        self.by_text.insert_unique(hash(text), symbol, |symbol| hash(text_of(entries, *symbol)));
        symbol
    }

    /// More users of a symbol in use.
    pub(crate) fn add_users(&mut self, symbol: Symbol, count: u32) {
        if let Some(entry) = self.entries.get_mut(symbol as usize) {
            entry.users += count;
        }
    }

    /// One user fewer; the last one takes the symbol along.
    pub(crate) fn release(&mut self, symbol: Symbol) {
        let Some(entry) = self.entries.get_mut(symbol as usize) else { return };
        entry.users = entry.users.saturating_sub(1);
        if entry.users > 0 {
            return;
        }
        let text = std::mem::take(&mut entry.text);
        if let Ok(found) = self.by_text.find_entry(hash(&text), |known| *known == symbol) {
            found.remove();
        }
        self.text_bytes -= text.len();
        self.free.push(symbol);
    }

    pub(crate) fn find(&self, text: &str) -> Option<Symbol> {
        let is_it = |symbol: &Symbol| text_of(&self.entries, *symbol) == text;
        self.by_text.find(hash(text), is_it).copied()
    }

    /// The text of a symbol in use.
    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        text_of(&self.entries, symbol)
    }
}

fn text_of(entries: &[Entry], symbol: Symbol) -> &str {
    entries.get(symbol as usize).map_or("", |entry| &entry.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_held_once_until_its_last_user_goes() {
        let mut symbols = Symbols::default();
        let (a, b) = (symbols.acquire("a"), symbols.acquire("b"));
        assert_eq!((symbols.acquire("a"), symbols.text(b)), (a, "b"));
        symbols.release(a);
        assert_eq!(symbols.find("a"), Some(a), "one user is left");
        symbols.release(a);
        assert_eq!((symbols.find("a"), symbols.text_bytes), (None, 1));
        assert_eq!((symbols.acquire("c"), symbols.find("c")), (a, Some(a)), "numbers are reused");
    }
}
