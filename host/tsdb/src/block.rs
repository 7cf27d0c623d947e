//! Blocks: Prometheus' immutable folders of series for a range of time, byte for byte.
//!
//! Enters: sorted series with their chunks, by [`BlockWriter`]. Leaves: series by [`Block::series`]
//! in ascending order, or by [`Block::querier`] for matchers; samples are decoded when asked for.
//!
//! Always holds: files are mapped and never changed in place; `meta.json` and `tombstones` are
//! replaced as one durable step. A folder under a block's name is whole. Damage is reported with
//! file and byte, whatever the bytes are.
//!
//! docs/formats/block.md draws the files. Open `block/index.rs` first.

use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::{Labels, Matcher};
use narthex_platform::Disk;
use narthex_storage::TimeRange;
use parking_lot::{Mutex, RwLock};

mod answers;
mod chunks;
mod error;
mod frame;
mod index;
mod matching;
mod meta;
mod querier;
mod sink;
mod tombstones;
mod verify;
mod writer;

pub use self::chunks::{ChunkPlace, ChunkView};
pub use self::error::{BlockError, BlockWriteError};
pub(crate) use self::meta::id_of_name;
pub use self::meta::{
    BlockMeta, BlockParent, BlockStats, CompactionMeta, FROM_OUT_OF_ORDER, block_id, is_block_name,
};
pub(crate) use self::tombstones::remove_deleted;
pub use self::tombstones::{Interval, Tombstones};
pub use self::verify::Checked;
pub use self::writer::{BlockWriter, UNFINISHED};

use self::answers::Answers;
use self::chunks::ChunkFiles;
use self::index::{INDEX_FILE, Index, Texts};
use crate::encoding::Encoding;

/// An open block. Clones share it; the files are closed with the last one.
#[derive(Clone)]
pub struct Block(Arc<Shared>);

struct Shared {
    disk: Arc<dyn Disk>,
    folder: Utf8PathBuf,
    meta: BlockMeta,
    meta_bytes: u64,
    index: Index,
    answers: Answers,
    chunks: ChunkFiles,
    /// Guards what is deleted, with the length of its file.
    tombstones: RwLock<(Arc<Tombstones>, u64)>,
    /// Held while tombstones are added, so that none of two additions is lost.
    deleting: Mutex<()>,
}

/// A series of a block: where its chunks lie, none of them read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockSeries {
    /// What tombstones and postings refer to it by.
    pub id: u32,
    /// Its identity.
    pub labels: Labels,
    /// Ascending in time, unless another program wrote them otherwise.
    pub chunks: Vec<ChunkPlace>,
}

impl Block {
    /// Opens the block in `folder`. Tables of the index are read once, chunks are only mapped.
    ///
    /// # Errors
    /// When the disk refuses or what is read at once is damaged.
    pub fn open(disk: &Arc<dyn Disk>, folder: &Utf8Path) -> Result<Self, BlockError> {
        let (meta, meta_bytes) = BlockMeta::read(&**disk, folder)?;
        let chunks = ChunkFiles::open(&**disk, folder)?;
        let index = Index::open(&**disk, folder)?;
        let (tombstones, tombstones_bytes) = Tombstones::read(&**disk, folder)?;
        Ok(Self(Arc::new(Shared {
            disk: Arc::clone(disk),
            folder: folder.to_owned(),
            meta,
            meta_bytes,
            answers: Answers::new(index.size_bytes()),
            index,
            chunks,
            tombstones: RwLock::new((Arc::new(tombstones), tombstones_bytes)),
            deleting: Mutex::new(()),
        })))
    }

    /// What `meta.json` said when the block was opened; tombstones may have been added since.
    #[must_use]
    pub fn meta(&self) -> &BlockMeta {
        &self.0.meta
    }

    /// Where it lies.
    #[must_use]
    pub fn folder(&self) -> &Utf8Path {
        &self.0.folder
    }

    /// Bytes of its files.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        let shared = &*self.0;
        let tombstones = shared.tombstones.read().1;
        shared.meta_bytes + shared.index.size_bytes() + shared.chunks.size_bytes() + tombstones
    }

    /// Whether it may have samples in the closed range.
    #[must_use]
    pub fn overlaps(&self, range: TimeRange) -> bool {
        let meta = self.meta();
        meta.min_time <= range.end.millis() && range.start.millis() < meta.max_time
    }

    /// Names and values of all labels, ascending.
    ///
    /// # Errors
    /// An item is an error when the table of symbols is damaged there.
    pub fn symbols(&self) -> impl Iterator<Item = Result<&str, BlockError>> {
        self.0.index.symbol_texts().map(|text| text.map_err(|fault| self.index_error(fault)))
    }

    /// How many symbols there are.
    #[must_use]
    pub fn symbol_count(&self) -> usize {
        self.0.index.symbol_count()
    }

    /// All series, ascending by labels. Their chunks are read by [`Block::chunk`]; deleted samples
    /// are among them, see [`Block::tombstones`].
    ///
    /// # Errors
    /// An item is an error when its place in the index is damaged; the others come all the same.
    pub fn series(&self) -> impl Iterator<Item = Result<BlockSeries, BlockError>> + use<> {
        let block = self.clone();
        let (all, error) = match self.0.index.all() {
            Ok(all) => (all.to_vec(), None),
            Err(fault) => (Vec::new(), Some(Err(self.index_error(fault)))),
        };
        error.into_iter().chain(all.into_iter().map(move |id| block.series_of(id)))
    }

    /// The series of an id from [`Block::matching`] or [`Tombstones`].
    ///
    /// # Errors
    /// When there is none or the index is damaged there.
    pub fn series_of(&self, id: u32) -> Result<BlockSeries, BlockError> {
        let mut chunks = Vec::new();
        let labels = self.0.index.series(id).and_then(|series| {
            series.chunks(&mut chunks)?;
            series.labels(&mut Texts::forgetful())
        });
        let labels = labels.map_err(|fault| self.index_error(fault))?;
        Ok(BlockSeries { id, labels, chunks })
    }

    /// The bytes of a chunk, not copied; their checksum was looked at.
    ///
    /// # Errors
    /// When the place is damaged.
    pub fn chunk(&self, place: &ChunkPlace) -> Result<ChunkView<'_>, BlockError> {
        self.0.chunks.read(place)
    }

    /// Whether a chunk has an encoding of a kind; no checksum of a chunk is looked at.
    pub(crate) fn has_chunk(&self, kind: impl Fn(Encoding) -> bool) -> Result<bool, BlockError> {
        let (index, mut places) = (&self.0.index, Vec::new());
        let mut look = |id| {
            places.clear();
            index.series(id)?.chunks(&mut places)?;
            let mut views = places.iter().filter_map(|place| self.0.chunks.peek(place));
            Ok(views.any(|view| kind(view.encoding)))
        };
        let found = index.all().and_then(|all| {
            for id in all.iter() {
                if look(id)? {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        found.map_err(|fault| self.index_error(fault))
    }

    /// The ids of the series that satisfy all matchers, ascending by labels.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn matching(&self, matchers: &[Matcher]) -> Result<Arc<[u32]>, BlockError> {
        if let Some(known) = self.0.answers.get(matchers) {
            return Ok(known);
        }
        let found = matching::matching(&self.0.index, matchers);
        let found: Arc<[u32]> = found.map_err(|fault| self.index_error(fault))?.into();
        self.0.answers.keep(matchers, &found);
        Ok(found)
    }

    /// What was deleted.
    #[must_use]
    pub fn tombstones(&self) -> Arc<Tombstones> {
        Arc::clone(&self.0.tombstones.read().0)
    }

    /// Deletes the samples in a closed range of the series that satisfy all matchers, durably, and
    /// says of how many series. Their bytes go when the block is compacted.
    ///
    /// # Errors
    /// When the index is damaged or the disk refuses. Nothing is deleted then, unless all that failed
    /// is to write down in `meta.json` how many intervals there are.
    pub fn delete(&self, matchers: &[Matcher], range: TimeRange) -> Result<usize, BlockError> {
        self.delete_ids(self.matching(matchers)?.iter().copied(), range)
    }

    /// The same of the series of these ids.
    pub(crate) fn delete_ids(
        &self,
        ids: impl IntoIterator<Item = u32>,
        range: TimeRange,
    ) -> Result<usize, BlockError> {
        let _one_at_a_time = self.0.deleting.lock();
        let (start, end) = (range.start.millis(), range.end.millis());
        let before = self.tombstones();
        let mut tombstones = (*before).clone();
        let mut series = 0;
        let mut chunks = Vec::new();
        for id in ids {
            chunks.clear();
            let found = self.0.index.series(id).and_then(|series| series.chunks(&mut chunks));
            found.map_err(|fault| self.index_error(fault))?;
            // Only as far as there are samples, so that intervals of other deletions merge.
            let first_at = chunks.iter().map(|chunk| chunk.first_at).min();
            let last_at = chunks.iter().map(|chunk| chunk.last_at).max();
            if let Some((first_at, last_at)) = first_at.zip(last_at)
                && chunks.iter().any(|chunk| chunk.overlaps(start, end))
            {
                let interval = Interval { start: start.max(first_at), end: end.min(last_at) };
                tombstones.add(u64::from(id), interval);
                series += 1;
            }
        }
        if tombstones != *before {
            self.replace_tombstones(tombstones)?;
        }
        Ok(series)
    }

    fn replace_tombstones(&self, tombstones: Tombstones) -> Result<(), BlockError> {
        let shared = &*self.0;
        let bytes = tombstones.write(&*shared.disk, &shared.folder)?;
        let mut meta = shared.meta.clone();
        meta.stats.num_tombstones = tombstones.len() as u64;
        *shared.tombstones.write() = (Arc::new(tombstones), bytes);
        meta.write(&*shared.disk, &shared.folder)
    }

    fn index_error(&self, fault: error::Fault) -> BlockError {
        fault.of(&self.folder().join(INDEX_FILE))
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Block").field(&self.0.folder).finish()
    }
}

#[cfg(test)]
mod tests;
