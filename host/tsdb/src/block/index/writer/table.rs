//! The symbols of an index that is being written: numbers by text, text by number.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::super::super::error::BlockWriteError;

/// Texts one behind the other; a symbol costs its text and some 12 bytes.
pub(in super::super) struct SymbolTable {
    text: String,
    /// Where each symbol ends.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
}

impl SymbolTable {
    pub(super) fn collect<S: AsRef<str>>(
        symbols: impl IntoIterator<Item = S>,
    ) -> Result<Self, BlockWriteError> {
        let mut table = Self { text: String::new(), ends: Vec::new(), numbers: HashTable::new() };
        for symbol in symbols {
            table.push(symbol.as_ref())?;
        }
        Ok(table)
    }

    fn push(&mut self, symbol: &str) -> Result<(), BlockWriteError> {
        if self.len().checked_sub(1).is_some_and(|last| symbol <= self.text(last)) {
            return Err(BlockWriteError::SymbolOrder { symbol: symbol.to_owned() });
        }
        self.text.push_str(symbol);
        let too_large = super::too_large("the symbol table", super::SECTION_BYTES_MAX);
        let end = u32::try_from(self.text.len()).map_err(|_| too_large)?;
        let number = self.len();
        self.ends.push(end);
        let (text, ends) = (&self.text, &self.ends);
        self.numbers.insert_unique(xxh3_64(symbol.as_bytes()), number, |number| {
            xxh3_64(part(text, ends, *number).as_bytes())
        });
        Ok(())
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).expect("each symbol but the first takes a byte of 4 GiB")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|number| self.text(number))
    }

    pub(super) fn text(&self, number: u32) -> &str {
        part(&self.text, &self.ends, number)
    }

    /// The number of a text that must be there.
    pub(super) fn require(&self, text: &str) -> Result<u32, BlockWriteError> {
        let is_it = |number: &u32| self.text(*number) == text;
        let found = self.numbers.find(xxh3_64(text.as_bytes()), is_it);
        found.copied().ok_or_else(|| BlockWriteError::SymbolMissing { symbol: text.to_owned() })
    }
}

fn part<'a>(text: &'a str, ends: &[u32], number: u32) -> &'a str {
    let place =
        |number: u32| usize::try_from(number).ok().and_then(|number| ends.get(number)).copied();
    let start = number.checked_sub(1).map_or(Some(0), place);
    let range = start
        .zip(place(number))
        .and_then(|(start, end)| Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?));
    range.and_then(|range| text.get(range)).expect("numbers come from this table")
}
