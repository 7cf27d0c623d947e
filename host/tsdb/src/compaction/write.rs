//! Writes a block of several sources of series. In memory are one series of each source, what the
//! index writer keeps until the end (docs/formats/block.md: the symbols, and some bytes for each series
//! and each pair of name and value), and the buffers of the files.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::iter::Peekable;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicBool};

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::Labels;
use narthex_platform::Disk;
use narthex_storage::ReadError;

use super::adapt::adapt_for_others;
use super::meta;
use super::unite::{Part, Piece, unite};
use crate::block::{Block, BlockError, BlockMeta, BlockWriteError, BlockWriter, Interval};
use crate::encoding::FloatEncoding;

/// Series between two looks whether to stop: some milliseconds.
const SERIES_A_LOOK: usize = 256;

/// Why blocks did not become one.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// A block cannot be read.
    #[error("read block {folder}")]
    Read {
        /// The block.
        folder: Utf8PathBuf,
        /// What is wrong.
        source: BlockError,
    },
    /// A chunk is damaged although its checksum is right.
    #[error("decode a chunk of series {labels}")]
    Decode {
        /// The series.
        labels: String,
    },
    /// The head cannot be read.
    #[error("read the head")]
    Head(#[source] ReadError),
    /// The new block cannot be written.
    #[error("write a block")]
    Write(#[from] BlockWriteError),
    /// The program stops.
    #[error("stopped")]
    Stopped,
}

/// Tells a compaction to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub(crate) fn set(&self) {
        self.0.store(true, atomic::Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> Result<(), CompactError> {
        if self.0.load(atomic::Ordering::Relaxed) { Err(CompactError::Stopped) } else { Ok(()) }
    }
}

/// Series ascending by labels.
pub(crate) type Source<'a> = Box<dyn Iterator<Item = Result<Part<'a>, CompactError>> + 'a>;

/// How a block is to be written.
pub(crate) struct Output<'a> {
    pub(crate) disk: &'a Arc<dyn Disk>,
    /// Where the block's folder will stand.
    pub(crate) folder: &'a Utf8Path,
    pub(crate) floats: FloatEncoding,
    /// Whether other programs will read the block: no chunk may have an encoding that one of them
    /// does not know.
    pub(crate) is_for_others: bool,
    /// How long files of chunks get, if that is set.
    pub(crate) segment_bytes: Option<u64>,
    pub(crate) interrupt: &'a Interrupt,
}

impl Output<'_> {
    /// Writes what the sources hold within the times of `meta`; where two hold a sample of one time,
    /// the first counts. `None`: there is nothing, and no block.
    ///
    /// # Errors
    /// No block is there then.
    pub(crate) fn write<'a>(
        &self,
        sources: Vec<Source<'a>>,
        symbols: impl IntoIterator<Item: AsRef<str>>,
        mut meta: BlockMeta,
    ) -> Result<Option<BlockMeta>, CompactError> {
        meta::set_dense(&mut meta, self.floats == FloatEncoding::Dense);
        let range = Interval { start: meta.min_time, end: meta.max_time.saturating_sub(1) };
        let mut writer = BlockWriter::create(self.disk, self.folder, meta.ulid, symbols)?;
        if let Some(bytes) = self.segment_bytes {
            writer = writer.with_segment_bytes(bytes);
        }
        let mut merge = Merge::new(sources)?;
        let mut seen = 0_usize;
        while let Some((labels, parts)) = merge.next_series()? {
            seen += 1;
            if seen.is_multiple_of(SERIES_A_LOOK) {
                self.interrupt.check()?;
            }
            let mut united = unite(parts, range, self.floats);
            if self.is_for_others {
                united = united.and_then(adapt_for_others);
            }
            let chunks = united.map_err(|_| CompactError::Decode { labels: labels.to_string() })?;
            if !chunks.is_empty() {
                let views: Vec<_> = chunks.iter().map(Piece::view).collect();
                writer.push_views(&labels, &views)?;
            }
        }
        self.interrupt.check()?;
        if writer.stats().num_samples == 0 {
            return Ok(None);
        }
        Ok(Some(writer.finish(meta)?))
    }

    /// Writes one block of several. Their order says which sample counts.
    ///
    /// # Errors
    /// No block is there then.
    pub(crate) fn write_blocks(
        &self,
        blocks: &[Block],
        meta: BlockMeta,
    ) -> Result<Option<BlockMeta>, CompactError> {
        let sources = blocks.iter().map(source_of).collect();
        let mut failed = None;
        let symbols = SymbolUnion::new(blocks, &mut failed);
        let written = self.write(sources, symbols, meta);
        match failed {
            Some(error) => Err(error),
            None => written,
        }
    }
}

fn read_error(block: &Block) -> impl FnOnce(BlockError) -> CompactError + use<> {
    let folder = block.folder().to_owned();
    move |source| CompactError::Read { folder, source }
}

/// The series of a block without what is deleted.
fn source_of(block: &Block) -> Source<'_> {
    let tombstones = block.tombstones();
    Box::new(block.series().map(move |series| {
        let series = series.map_err(read_error(block))?;
        let chunks = series.chunks.iter().map(|place| block.chunk(place).map(Piece::Mapped));
        let chunks = chunks.collect::<Result<Vec<_>, _>>().map_err(read_error(block))?;
        let deleted = tombstones.of(u64::from(series.id)).to_vec();
        Ok(Part { labels: series.labels, chunks, deleted })
    }))
}

/// The next series of a source.
struct Front<'a> {
    part: Part<'a>,
    source: usize,
}

impl Ord for Front<'_> {
    /// The heap gives its greatest first: the one with the least labels, of these the first source.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_labels = other.part.labels.cmp(&self.part.labels);
        by_labels.then_with(|| other.source.cmp(&self.source))
    }
}

impl PartialOrd for Front<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Front<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Front<'_> {}

/// Goes through several sources at once.
struct Merge<'a> {
    sources: Vec<Source<'a>>,
    fronts: BinaryHeap<Front<'a>>,
}

impl<'a> Merge<'a> {
    fn new(sources: Vec<Source<'a>>) -> Result<Self, CompactError> {
        let mut merge = Self { fronts: BinaryHeap::with_capacity(sources.len()), sources };
        (0..merge.sources.len()).try_for_each(|source| merge.advance(source))?;
        Ok(merge)
    }

    fn advance(&mut self, source: usize) -> Result<(), CompactError> {
        if let Some(part) = self.sources.get_mut(source).and_then(Iterator::next) {
            self.fronts.push(Front { part: part?, source });
        }
        Ok(())
    }

    /// The least series that is left, with a part of each source that holds it, in their order.
    fn next_series(&mut self) -> Result<Option<(Labels, Vec<Part<'a>>)>, CompactError> {
        let Some(first) = self.fronts.pop() else { return Ok(None) };
        self.advance(first.source)?;
        let labels = first.part.labels.clone();
        let mut parts = vec![first.part];
        while self.fronts.peek().is_some_and(|front| front.part.labels == labels) {
            let Some(front) = self.fronts.pop() else { break };
            self.advance(front.source)?;
            parts.push(front.part);
        }
        Ok(Some((labels, parts)))
    }
}

type Symbols<'a> = Box<dyn Iterator<Item = Result<&'a str, BlockError>> + 'a>;

/// The symbols of several blocks, ascending, each once. It ends at the first that cannot be read.
struct SymbolUnion<'a, 'b> {
    blocks: Vec<(&'a Block, Peekable<Symbols<'a>>)>,
    failed: &'b mut Option<CompactError>,
}

impl<'a, 'b> SymbolUnion<'a, 'b> {
    fn new(blocks: &'a [Block], failed: &'b mut Option<CompactError>) -> Self {
        let symbols = |block: &'a Block| -> Symbols<'a> { Box::new(block.symbols()) };
        let blocks = blocks.iter().map(|block| (block, symbols(block).peekable())).collect();
        Self { blocks, failed }
    }
}

impl<'a> Iterator for SymbolUnion<'a, '_> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let mut least: Option<&'a str> = None;
        for (block, symbols) in &mut self.blocks {
            match symbols.peek() {
                Some(Ok(text)) if least.is_none_or(|least| *text < least) => least = Some(text),
                Some(Ok(_)) | None => {}
                Some(Err(_)) => {
                    if let Some(Err(error)) = symbols.next() {
                        *self.failed = Some(read_error(block)(error));
                    }
                    return None;
                }
            }
        }
        for (_, symbols) in &mut self.blocks {
            symbols.next_if(|text| matches!((text, least), (Ok(a), Some(b)) if *a == b));
        }
        least
    }
}

#[cfg(test)]
mod tests;
