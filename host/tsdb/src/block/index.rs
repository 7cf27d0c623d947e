//! The index of a block: which series there are, what they are called and where their chunks lie.
//!
//! Reads versions 1, 2 and 3; [`IndexWriter`] writes 2. The file is mapped; in memory are one
//! offset of four bytes for every 32 symbols and every 32 label values, and the label names.
//!
//! Invariant: whatever the bytes are, a reader answers or says where they are damaged, and reserves
//! no more memory than the file is long.

use camino::Utf8Path;
use hashbrown::HashMap;
use narthex_platform::{Disk, FileBytes};

use super::error::{BlockError, Fault};
use super::frame;

mod offsets;
mod postings;
mod series;
mod symbols;
mod toc;
mod writer;

pub(super) use self::offsets::OffsetTable;
pub(super) use self::postings::{Refs, intersect, subtract, unite};
use self::series::SeriesEntry;
pub(super) use self::series::Texts;
pub(super) use self::symbols::Symbols;
pub(super) use self::toc::Toc;
pub(super) use self::writer::IndexWriter;

/// The file's name within the block's folder.
pub(crate) const INDEX_FILE: &str = "index";
const MAGIC: u32 = 0xBAAA_D700;
const HEADER_BYTES: usize = 5;
/// The version that is written.
const VERSION: u8 = 2;
/// The last one that is read. It differs from 2 in what writers promise, not in bytes.
const VERSION_MAX: u8 = 3;
/// Series begin at multiples of this, so that four bytes can refer to 64 GiB.
pub(super) const SERIES_ALIGN: u64 = 16;
/// Of this many symbols, and values of a label, one has its offset in memory.
const SAMPLED_EVERY: usize = 32;

/// A mapped index.
#[derive(Debug)]
pub(super) struct Index {
    bytes: FileBytes,
    version: u8,
    toc: Toc,
    symbols: Symbols,
    table: OffsetTable,
    /// Names are half of what series refer to: their symbols need no walk.
    names: HashMap<u32, Box<str>>,
}

/// A name and a value as symbols.
pub(super) type SymbolPair = (u32, u32);

impl Index {
    pub(super) fn open(disk: &dyn Disk, block: &Utf8Path) -> Result<Self, BlockError> {
        let path = block.join(INDEX_FILE);
        let bytes = disk.map(&path).map_err(BlockError::io("map", &path))?;
        Self::new(bytes).map_err(|fault| fault.of(&path))
    }

    pub(super) fn new(bytes: FileBytes) -> Result<Self, Fault> {
        let version = version(&bytes)?;
        let toc = Toc::read(&bytes)?;
        // The first version refers to symbols by their place in the file and sorts no table.
        let first = version == 1;
        let symbols = Symbols::read(&bytes, toc.symbols, first)?;
        let table = OffsetTable::read(&bytes, toc.postings_table, first)?;
        let mut names = HashMap::new();
        for name in table.names().filter(|name| !name.is_empty()) {
            if let Some(symbol) = symbols.find(&bytes, name)? {
                names.insert(symbol, name.into());
            }
        }
        Ok(Self { bytes, version, toc, symbols, table, names })
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(super) fn table(&self) -> &OffsetTable {
        &self.table
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn toc(&self) -> &Toc {
        &self.toc
    }

    pub(super) fn symbol_texts(&self) -> impl Iterator<Item = Result<&str, Fault>> {
        self.symbols.iter(&self.bytes)
    }

    pub(super) fn symbol_count(&self) -> usize {
        self.symbols.len()
    }

    pub(super) fn symbol(&self, text: &str) -> Result<Option<u32>, Fault> {
        self.symbols.find(&self.bytes, text)
    }

    pub(super) fn text(&self, symbol: u32) -> Result<&str, Fault> {
        match self.names.get(&symbol) {
            Some(name) => Ok(name),
            None => self.symbols.get(&self.bytes, symbol),
        }
    }

    /// Where the entry of a series begins.
    pub(super) fn series_offset(&self, series: u32) -> u64 {
        let unit = if self.version == 1 { 1 } else { SERIES_ALIGN };
        u64::from(series) * unit
    }

    /// The checked entry of a series.
    pub(super) fn series(&self, series: u32) -> Result<SeriesEntry<'_>, Fault> {
        let offset = self.series_offset(series);
        let frame::Entry { content, .. } =
            frame::entry(&self.bytes, offset, 0, "the series' checksum is wrong")?;
        Ok(SeriesEntry { index: self, series, content })
    }

    /// The symbol of a series' value of one label.
    pub(super) fn value_of(&self, series: u32, name: u32) -> Result<Option<u32>, Fault> {
        let mut found = None;
        self.series(series)?.pairs(|(candidate, value)| {
            if candidate == name {
                found = Some(value);
            }
            found.is_none()
        })?;
        Ok(found)
    }

    /// The series with a value of a label; none when there is no such label or value.
    pub(super) fn postings(&self, name: &str, value: &str) -> Result<Refs<'_>, Fault> {
        match self.table.find(&self.bytes, name, value)? {
            Some(offset) => self.postings_at(offset),
            None => Ok(Refs::EMPTY),
        }
    }

    pub(super) fn postings_at(&self, offset: u64) -> Result<Refs<'_>, Fault> {
        Refs::read(&self.bytes, offset)
    }

    /// All series, ascending by labels.
    pub(super) fn all(&self) -> Result<Refs<'_>, Fault> {
        self.postings("", "")
    }
}

fn version(bytes: &[u8]) -> Result<u8, Fault> {
    match bytes.first_chunk::<HEADER_BYTES>() {
        Some([a, b, c, d, version]) if u32::from_be_bytes([*a, *b, *c, *d]) == MAGIC => {
            if (1..=VERSION_MAX).contains(version) {
                return Ok(*version);
            }
            Err(Fault::new(4, "the version of the index is not known"))
        }
        _ => Err(Fault::new(0, "the file does not begin as an index")),
    }
}

#[cfg(test)]
mod tests;
