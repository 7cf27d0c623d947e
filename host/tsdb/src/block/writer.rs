//! Writes a block: symbols first, then series in ascending order, each with its chunks.
//!
//! The files grow in `<ULID>.tmp-for-creation`, which becomes `<ULID>` when all of it is durable; a
//! folder that a power cut left behind is no block to any reader. What memory it takes is said in
//! `index/writer.rs`.

use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::Labels;
use narthex_platform::Disk;
use ulid::Ulid;

use super::chunks::{ChunkPlace, ChunkView, ChunkWriter};
use super::error::BlockWriteError;
use super::index::IndexWriter;
use super::meta::{BlockMeta, BlockStats};
use super::tombstones::Tombstones;
use crate::encoding::{self, Chunk};

/// What the name of an unfinished block's folder ends with.
pub const UNFINISHED: &str = ".tmp-for-creation";

/// A block that is being written. Dropped before [`BlockWriter::finish`], it is removed.
pub struct BlockWriter {
    disk: Arc<dyn Disk>,
    ulid: Ulid,
    data_folder: Utf8PathBuf,
    unfinished: Unfinished,
    index: IndexWriter,
    chunks: ChunkWriter,
    stats: BlockStats,
    places: Vec<ChunkPlace>,
}

/// A folder that goes unless it is kept.
struct Unfinished {
    disk: Arc<dyn Disk>,
    folder: Utf8PathBuf,
    is_kept: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed now is removed when the store is opened.
            drop(self.disk.remove_folder(&self.folder));
        }
    }
}

impl BlockWriter {
    /// Begins the block `ulid` in the data folder. `symbols` are the names and values of all labels
    /// that will come, strictly ascending; more may be there: a compaction of
    /// Prometheus takes the union of what the parents have.
    ///
    /// # Errors
    /// When the disk refuses or the symbols do not ascend.
    pub fn create<S: AsRef<str>>(
        disk: &Arc<dyn Disk>,
        data_folder: &Utf8Path,
        ulid: Ulid,
        symbols: impl IntoIterator<Item = S>,
    ) -> Result<Self, BlockWriteError> {
        let folder = data_folder.join(format!("{ulid}{UNFINISHED}"));
        match disk.remove_folder(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BlockWriteError::io("remove", &folder)(error));
            }
            _ => {}
        }
        disk.create_folder(&folder).map_err(BlockWriteError::io("create", &folder))?;
        let unfinished =
            Unfinished { disk: Arc::clone(disk), folder: folder.clone(), is_kept: false };
        Ok(Self {
            disk: Arc::clone(disk),
            ulid,
            data_folder: data_folder.to_owned(),
            unfinished,
            chunks: ChunkWriter::create(disk, &folder)?,
            index: IndexWriter::create(disk, &folder, symbols)?,
            stats: BlockStats::default(),
            places: Vec::new(),
        })
    }

    /// Another length of files of chunks, at most 4 GiB. Called before anything is pushed.
    #[must_use]
    pub(crate) fn with_segment_bytes(self, max: u64) -> Self {
        Self { chunks: self.chunks.with_segment_bytes(max), ..self }
    }

    /// Writes a series whose labels are above those of the one before; its chunks ascend in time
    /// and do not overlap.
    ///
    /// # Errors
    /// When the disk refuses or order or symbols are not as promised; the writer is of no more use.
    pub fn push(&mut self, labels: &Labels, chunks: &[Chunk]) -> Result<(), BlockWriteError> {
        let views: Vec<ChunkView<'_>> = chunks.iter().map(ChunkView::from).collect();
        self.push_views(labels, &views)
    }

    /// The same with chunks that belong to someone else.
    ///
    /// # Errors
    /// As [`BlockWriter::push`].
    pub fn push_views(
        &mut self,
        labels: &Labels,
        chunks: &[ChunkView<'_>],
    ) -> Result<(), BlockWriteError> {
        for chunk in chunks {
            let samples = encoding::count(chunk.encoding, chunk.bytes).unwrap_or(0) as u64;
            if samples == 0 {
                return Err(BlockWriteError::Chunk { labels: labels.to_string() });
            }
            self.stats.num_samples += samples;
            if chunk.encoding.is_histogram() {
                self.stats.num_histogram_samples += samples;
            } else {
                self.stats.num_float_samples += samples;
            }
        }
        self.places.clear();
        self.chunks.write(chunks, &mut self.places)?;
        self.index.push(labels, &self.places)?;
        self.stats.num_series += 1;
        self.stats.num_chunks += chunks.len() as u64;
        Ok(())
    }

    /// What was written so far.
    #[must_use]
    pub fn stats(&self) -> &BlockStats {
        &self.stats
    }

    /// Completes the block and gives it its name, durably. `meta` says all but the name and the
    /// statistics, which are filled in; see [`BlockMeta::new`].
    ///
    /// # Errors
    /// What the disk says. Unless it is the very last step, no block is there then.
    pub fn finish(mut self, mut meta: BlockMeta) -> Result<BlockMeta, BlockWriteError> {
        meta.ulid = self.ulid;
        meta.stats = self.stats;
        let (disk, folder) = (&self.disk, &self.unfinished.folder);
        self.chunks.finish()?;
        self.index.finish()?;
        Tombstones::default().write(&**disk, folder)?;
        meta.write(&**disk, folder)?;
        let name = self.data_folder.join(meta.ulid.to_string());
        disk.sync_folder(folder).map_err(BlockWriteError::io("sync", folder))?;
        disk.rename(folder, &name).map_err(BlockWriteError::io("rename", folder))?;
        self.unfinished.is_kept = true;
        let data_folder = &self.data_folder;
        disk.sync_folder(data_folder).map_err(BlockWriteError::io("sync", data_folder))?;
        Ok(meta)
    }
}
