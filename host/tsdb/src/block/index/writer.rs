//! Writes an index of version 2 from front to back, byte for byte as Prometheus does.
//!
//! In memory are the symbols (their text and some 12 bytes each), 12 bytes for each name and value,
//! and 8 bytes for each reference of the postings that one pass over the written series collects:
//! at most [`PASS_REFERENCES_MIN`], or as many as there are series.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8Path;
use narthex_model::Labels;
use narthex_platform::Disk;

use super::super::chunks::ChunkPlace;
use super::super::error::{BlockWriteError, Fault};
use super::super::frame::{self, varint_len};
use super::super::sink::Sink;
use super::series::pair;
use super::toc::Toc;
use super::{INDEX_FILE, MAGIC, SERIES_ALIGN, VERSION};
use crate::encoding::varint::{Cursor, push_bytes, push_signed, push_unsigned};

mod table;

pub(super) use self::table::SymbolTable;

/// 64 MiB: enough that a block of a million series needs few passes.
const PASS_REFERENCES_MIN: u64 = 8 << 20;
/// What four bytes and the alignment of series can refer to.
const INDEX_BYTES_MAX: u64 = SERIES_ALIGN * (u32::MAX as u64);
const SECTION_BYTES_MAX: u64 = u32::MAX as u64;

pub(in super::super) struct IndexWriter {
    disk: Arc<dyn Disk>,
    sink: Sink,
    symbols: SymbolTable,
    toc: Toc,
    series: u32,
    last_labels: Labels,
    /// How many series have a label, by the symbol of its name; so ascending by name.
    uses: BTreeMap<u32, u64>,
    pass_references: u64,
    scratch: Vec<u8>,
}

/// A line of the postings offset table whose list was written.
struct Listed {
    name: u32,
    value: u32,
    references: u32,
}

impl IndexWriter {
    /// Creates the file and writes the symbols, which ascend.
    pub(in super::super) fn create<S: AsRef<str>>(
        disk: &Arc<dyn Disk>,
        block: &Utf8Path,
        symbols: impl IntoIterator<Item = S>,
    ) -> Result<Self, BlockWriteError> {
        let symbols = SymbolTable::collect(symbols)?;
        let mut sink = Sink::create(&**disk, &block.join(INDEX_FILE))?;
        sink.write_u32(MAGIC)?;
        sink.write(&[VERSION])?;
        let mut toc = Toc { symbols: sink.position(), ..Toc::default() };
        let mut scratch = Vec::new();
        let len = 4 + symbols.iter().map(part_len).sum::<u64>();
        sink.write_u32(section_len(len, "the symbol table")?)?;
        sink.start_sum();
        sink.write_u32(symbols.len())?;
        for text in symbols.iter() {
            scratch.clear();
            push_bytes(&mut scratch, text.as_bytes());
            sink.write(&scratch)?;
        }
        sink.write_sum()?;
        toc.series = sink.position();
        Ok(Self {
            disk: Arc::clone(disk),
            sink,
            symbols,
            toc,
            series: 0,
            last_labels: Labels::empty(),
            uses: BTreeMap::new(),
            pass_references: PASS_REFERENCES_MIN,
            scratch,
        })
    }

    #[cfg(test)]
    pub(super) fn with_pass_references(mut self, max: u64) -> Self {
        self.pass_references = max;
        self
    }

    /// Writes a series, whose labels are above those of the one before.
    pub(in super::super) fn push(
        &mut self,
        labels: &Labels,
        chunks: &[ChunkPlace],
    ) -> Result<(), BlockWriteError> {
        if *labels <= self.last_labels {
            return Err(BlockWriteError::SeriesOrder { labels: labels.to_string() });
        }
        self.sink.pad(SERIES_ALIGN)?;
        if self.sink.position() > INDEX_BYTES_MAX {
            return Err(too_large("the index", INDEX_BYTES_MAX));
        }
        let mut content = std::mem::take(&mut self.scratch);
        content.clear();
        push_unsigned(&mut content, labels.len() as u64);
        for (name, value) in labels {
            let name = self.symbols.require(name)?;
            *self.uses.entry(name).or_default() += 1;
            push_unsigned(&mut content, u64::from(name));
            push_unsigned(&mut content, u64::from(self.symbols.require(value)?));
        }
        push_chunks(&mut content, chunks)
            .ok_or_else(|| BlockWriteError::Chunk { labels: labels.to_string() })?;
        let mut len = Vec::new();
        push_unsigned(&mut len, content.len() as u64);
        self.sink.write(&len)?;
        self.sink.start_sum();
        self.sink.write(&content)?;
        self.sink.write_sum()?;
        self.scratch = content;
        self.last_labels = labels.clone();
        self.series += 1;
        Ok(())
    }

    /// Writes postings and tables and makes the file durable.
    pub(in super::super) fn finish(mut self) -> Result<u64, BlockWriteError> {
        let series_end = self.sink.position();
        self.toc.label_indices = series_end;
        self.toc.postings = series_end;
        self.sink.flush()?;
        let path = self.sink.path().to_owned();
        let written = self.disk.map(&path).map_err(BlockWriteError::io("read back", &path))?;
        let walk = Walk { written: &written, next: self.toc.series, end: series_end };

        self.sink.pad(4)?;
        let postings_start = self.sink.position();
        let mut listed = Vec::new();
        self.write_all(walk)?;
        let mut names: Vec<(u32, u64)> = std::mem::take(&mut self.uses).into_iter().collect();
        names.reverse();
        while !names.is_empty() {
            let batch = self.next_batch(&mut names);
            self.write_batch(walk, batch, &mut listed)?;
        }
        self.toc.label_indices_table = self.sink.position();
        self.toc.postings_table = self.sink.position();
        self.write_table(postings_start, &listed)?;
        let toc = self.toc.to_bytes();
        self.sink.write(&toc)?;
        self.sink.finish()
    }

    /// The list of all series, under the empty name and value.
    fn write_all(&mut self, walk: Walk<'_>) -> Result<(), BlockWriteError> {
        self.start_list(self.series)?;
        for entry in walk {
            let (reference, _) = entry.map_err(|fault| damaged(fault, self.sink.path()))?;
            self.sink.write_u32(reference)?;
        }
        self.sink.write_sum()
    }

    fn start_list(&mut self, references: u32) -> Result<(), BlockWriteError> {
        let len = 4 + 4 * u64::from(references);
        self.sink.write_u32(section_len(len, "a postings list")?)?;
        self.sink.start_sum();
        self.sink.write_u32(references)
    }

    /// The next names, last first, whose postings one pass collects: one at least.
    fn next_batch(&self, names: &mut Vec<(u32, u64)>) -> BTreeMap<u32, Vec<u64>> {
        let max = self.pass_references.max(u64::from(self.series));
        let mut batch = BTreeMap::new();
        let mut references = 0;
        while let Some((name, uses)) = names.pop_if(|(_, uses)| references + *uses <= max) {
            references += uses;
            batch.insert(name, Vec::with_capacity(usize::try_from(uses).unwrap_or(0)));
        }
        batch
    }

    /// Collects and writes the postings of some names. A reference is kept below its value's
    /// symbol in one number, so that sorting brings the lists together.
    fn write_batch(
        &mut self,
        walk: Walk<'_>,
        mut batch: BTreeMap<u32, Vec<u64>>,
        listed: &mut Vec<Listed>,
    ) -> Result<(), BlockWriteError> {
        for entry in walk {
            let (reference, mut cursor) =
                entry.map_err(|fault| damaged(fault, self.sink.path()))?;
            let cut = |_| damaged(Fault::new(0, "a series is cut"), self.sink.path());
            for _ in 0..cursor.count(2).map_err(cut)? {
                let (name, value) = pair(&mut cursor).map_err(cut)?;
                if let Some(found) = batch.get_mut(&name) {
                    found.push(u64::from(value) << 32 | u64::from(reference));
                }
            }
        }
        for (name, mut found) in batch {
            found.sort_unstable();
            for list in found.chunk_by(|a, b| a >> 32 == b >> 32) {
                let references = u32::try_from(list.len()).expect("as many as series at most");
                self.start_list(references)?;
                let mut value = 0;
                for both in list {
                    let (high, low) = halves(*both);
                    value = high;
                    self.sink.write_u32(low)?;
                }
                self.sink.write_sum()?;
                listed.push(Listed { name, value, references });
            }
        }
        Ok(())
    }

    /// The lists lie one behind the other in the order of the lines.
    fn write_table(&mut self, start: u64, listed: &[Listed]) -> Result<(), BlockWriteError> {
        let lines = std::iter::once(("", "", self.series)).chain(
            listed
                .iter()
                .map(|l| (self.symbols.text(l.name), self.symbols.text(l.value), l.references)),
        );
        let mut place = start;
        let lines = lines.map(move |(name, value, references)| {
            let here = place;
            place += 4 + 4 + 4 * u64::from(references) + 4;
            (name, value, here)
        });
        let line_len = |(name, value, place): (&str, &str, u64)| {
            1 + part_len(name) + part_len(value) + varint_len(place)
        };
        let len = 4 + lines.clone().map(line_len).sum::<u64>();
        let count = section_len(1 + listed.len() as u64, "the postings offset table")?;
        self.sink.write_u32(section_len(len, "the postings offset table")?)?;
        self.sink.start_sum();
        self.sink.write_u32(count)?;
        for (name, value, place) in lines {
            self.scratch.clear();
            push_unsigned(&mut self.scratch, 2);
            push_bytes(&mut self.scratch, name.as_bytes());
            push_bytes(&mut self.scratch, value.as_bytes());
            push_unsigned(&mut self.scratch, place);
            self.sink.write(&self.scratch)?;
        }
        self.sink.write_sum()
    }
}

/// The series that were written: the reference and the content of each.
#[derive(Clone, Copy)]
struct Walk<'a> {
    written: &'a [u8],
    next: u64,
    end: u64,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<(u32, Cursor<'a>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next.next_multiple_of(SERIES_ALIGN);
        if start >= self.end {
            return None;
        }
        let entry = match frame::entry(self.written, start, 0, "a series was not written whole") {
            Ok(entry) => entry,
            Err(fault) => {
                self.next = self.end;
                return Some(Err(fault));
            }
        };
        self.next = entry.end;
        let reference = u32::try_from(start / SERIES_ALIGN);
        let reference = reference.map_err(|_| Fault::new(start, "the index is too long"));
        Some(reference.map(|reference| (reference, Cursor::new(entry.content))))
    }
}

/// Times and references as differences to the chunk before. `None`: they do not ascend.
fn push_chunks(out: &mut Vec<u8>, chunks: &[ChunkPlace]) -> Option<()> {
    push_unsigned(out, chunks.len() as u64);
    let mut last: Option<&ChunkPlace> = None;
    for chunk in chunks {
        let covered = difference(chunk.last_at, chunk.first_at)?;
        match last {
            None => {
                push_signed(out, chunk.first_at);
                push_unsigned(out, covered);
                push_unsigned(out, chunk.reference);
            }
            Some(last) => {
                let gap = difference(chunk.first_at, last.last_at).filter(|gap| *gap > 0)?;
                push_unsigned(out, gap);
                push_unsigned(out, covered);
                push_signed(out, chunk.reference.checked_signed_diff(last.reference)?);
            }
        }
        last = Some(chunk);
    }
    Some(())
}

/// How far `later` lies behind `earlier`.
fn difference(later: i64, earlier: i64) -> Option<u64> {
    (later >= earlier).then(|| later.abs_diff(earlier))
}

fn halves(both: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = both.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

fn part_len(text: &str) -> u64 {
    varint_len(text.len() as u64) + text.len() as u64
}

fn section_len(len: u64, what: &'static str) -> Result<u32, BlockWriteError> {
    u32::try_from(len).map_err(|_| too_large(what, SECTION_BYTES_MAX))
}

fn too_large(what: &'static str, bytes_max: u64) -> BlockWriteError {
    BlockWriteError::TooLarge { what, bytes_max }
}

/// What was written a moment ago reads back differently.
fn damaged(fault: Fault, path: &Utf8Path) -> BlockWriteError {
    fault.of(path).into()
}
