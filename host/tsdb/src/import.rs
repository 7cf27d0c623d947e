//! Opens a Prometheus data folder as it is: what its head held becomes blocks.
//!
//! Enters: `wal/` with its checkpoints, `wbl/`, `chunks_head/` (docs/formats/import.md says what of
//! them is read). Leaves: blocks of two hours, and for the head metadata and exemplars.
//!
//! Always holds: Prometheus' files are only read, so that going back is starting Prometheus. What
//! was imported is remembered in `log/imported.json`, and imported again only when Prometheus has
//! written more. An import that was cut off begins again, without the blocks it had made. Damage is
//! reported with file and offset, and the rest is served.
//!
//! Open `import/gather.rs` for the order of reading, `import/frames.rs` and `import/record.rs` for
//! the log, `import/scratch.rs` for what becomes of it.

mod blocks;
mod chunk_files;
mod compression;
mod files;
mod frames;
mod gather;
mod marker;
mod record;
mod scratch;
mod series_samples;
mod spill;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::{Exemplar, Labels, Metadata};
use narthex_platform::{Clock, Disk};
use narthex_storage::Columns;
use ulid::Ulid;

use self::blocks::Target;
use self::files::{File, Files};
use self::gather::Gather;
use self::marker::{Marker, UnderWay};
use self::scratch::{Scratch, ScratchSeries};
use self::series_samples::Chunks;
use self::spill::Spill;
use crate::Damaged;
use crate::block::BlockWriteError;

/// Two hours, as blocks of the head have.
const BLOCK_MILLIS: i64 = 2 * 3_600_000;

/// The beginning of the block to which a time belongs.
const fn block_start(at: i64) -> i64 {
    at.div_euclid(BLOCK_MILLIS).saturating_mul(BLOCK_MILLIS)
}

/// Why an import ended early. It begins again at the next start.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folders could not be listed.
    #[error("list the files of Prometheus in {path}")]
    List {
        /// The data folder.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// Chunks could not be put aside.
    #[error("write the chunks that an import gathers")]
    Spill {
        /// What the disk said.
        source: io::Error,
    },
    /// The marker of what was imported could not be written.
    #[error("write {path}")]
    Mark {
        /// The marker.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// What an earlier attempt had made could not be removed.
    #[error("remove {path} of an import that was cut off")]
    Remove {
        /// The block.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// A block could not be written.
    #[error("write a block of imported samples")]
    Block {
        /// What failed.
        #[from]
        source: BlockWriteError,
    },
    /// The store is being closed.
    #[error("the import was stopped")]
    Stopped,
}

impl ImportError {
    const fn spill(source: io::Error) -> Self {
        Self::Spill { source }
    }
}

/// How far an import is, and whether it shall go on.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Bytes of all files.
    pub(crate) bytes_total: AtomicU64,
    /// Bytes read.
    pub(crate) bytes_done: AtomicU64,
    /// Samples taken from the logs.
    pub(crate) samples: AtomicU64,
    /// Set to end the import soon.
    pub(crate) stop: AtomicBool,
}

/// What is to be imported.
#[derive(Debug)]
pub(crate) struct Pending {
    files: Files,
    marker: Marker,
    valid_from: i64,
}

impl Pending {
    /// Bytes to read.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.all().map(|file| file.bytes).sum()
    }
}

/// What an import brought.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    /// Blocks that were written, ascending in time.
    pub(crate) blocks: Vec<Ulid>,
    pub(crate) damaged: Vec<Damaged>,
    pub(crate) exemplars: Vec<(Labels, Exemplar)>,
    /// The newest sample of each series that has exemplars: our head keeps exemplars of series that
    /// it has samples of.
    pub(crate) newest: Vec<(Labels, Columns)>,
    /// By metric family.
    pub(crate) metadata: Vec<(String, Metadata)>,
    pub(crate) samples: u64,
    /// Samples and other things whose series no record names, and chunks that cannot be decoded.
    pub(crate) lost: u64,
    /// Histograms and records of a later version of Prometheus.
    pub(crate) unknown: u64,
    /// Histograms whose start times no chunk of ours can hold.
    pub(crate) starts_dropped: u64,
    marker: Marker,
}

/// Looks whether Prometheus has written what was not imported. Called before the store opens its
/// blocks and before its head can make any: what is there now tells which samples of the log stand
/// in a block, and blocks of an import that was cut off are removed.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn pending(disk: &dyn Disk, folder: &Utf8Path) -> Result<Option<Pending>, ImportError> {
    let list_error = |source| ImportError::List { path: folder.to_owned(), source };
    let files = Files::list(disk, folder).map_err(list_error)?;
    if !files.hold_records() {
        return Ok(None);
    }
    let path = Marker::path(folder);
    let mut marker = Marker::read(disk, folder)
        .map_err(|source| ImportError::Read { path: path.clone(), source })?;
    let valid_from = match marker.under_way.take() {
        Some(UnderWay { valid_from, blocks }) => {
            remove_blocks(disk, folder, &blocks)?;
            valid_from
        }
        None if files.all().all(|file| marker.files.contains(file)) => return Ok(None),
        None => blocks::newest_in_order(disk, folder).map_err(list_error)?,
    };
    marker.under_way = Some(UnderWay { valid_from, blocks: Vec::new() });
    marker.write(disk, folder).map_err(|source| ImportError::Mark { path, source })?;
    Ok(Some(Pending { files, marker, valid_from }))
}

/// Bytes of what lies in Prometheus' folders and was imported.
pub(crate) fn imported_bytes(disk: &dyn Disk, folder: &Utf8Path) -> u64 {
    let (Ok(files), Ok(marker)) = (Files::list(disk, folder), Marker::read(disk, folder)) else {
        return 0;
    };
    let imported: HashSet<&File> = marker.files.iter().collect();
    files.all().filter(|file| imported.contains(file)).map(|file| file.bytes).sum()
}

/// Imports. Blocks are complete when this returns; [`finish`] must follow when everything that came
/// with them is safe.
///
/// # Errors
/// When the disk refuses or the import is stopped; it then begins again at the next start.
pub(crate) fn run(
    disk: &Arc<dyn Disk>,
    clock: &Clock,
    folder: &Utf8Path,
    pending: Pending,
    progress: &Progress,
) -> Result<Imported, ImportError> {
    progress.bytes_total.store(pending.bytes(), Ordering::Relaxed);
    let Pending { files, mut marker, valid_from } = pending;
    let spill = Spill::create(&**disk, folder).map_err(ImportError::spill)?;
    let scratch = (Scratch::new(spill, valid_from), valid_from);
    let gather = Gather::new(&**disk, folder, progress, scratch, &marker.files);
    let found = gather.read(&files)?;
    let (series, spill, counts) = found.scratch.finish(&**disk).map_err(ImportError::spill)?;
    let chunks = Chunks { files: found.chunk_files, spill, valid_from };
    let target = Target { disk, clock, folder, progress };
    let written = target.write(&series, &chunks, &mut marker)?;
    let newest = newest(&series, &chunks, &found.exemplars);
    let mut metadata: Vec<_> = found.metadata.into_iter().collect();
    metadata.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    marker.files = files.all().cloned().collect();
    marker.under_way = None;
    let lost = counts.of_unknown_series + written.broken_chunks;
    Ok(Imported {
        blocks: written.blocks,
        damaged: found.damaged,
        exemplars: found.exemplars.into(),
        newest,
        metadata,
        samples: counts.samples,
        lost,
        unknown: found.unknown,
        starts_dropped: found.starts_dropped,
        marker,
    })
}

/// Remembers that an import is done.
///
/// # Errors
/// When the disk refuses; the import then begins again at the next start.
pub(crate) fn finish(
    disk: &dyn Disk,
    folder: &Utf8Path,
    imported: &mut Imported,
) -> Result<(), ImportError> {
    let written = imported.marker.write(disk, folder);
    written.map_err(|source| ImportError::Mark { path: Marker::path(folder), source })
}

/// The newest samples of series with exemplars. `series` ascend by labels.
fn newest(
    series: &[ScratchSeries],
    chunks: &Chunks,
    exemplars: &VecDeque<(Labels, Exemplar)>,
) -> Vec<(Labels, Columns)> {
    let mut with_exemplars: Vec<&Labels> = exemplars.iter().map(|(labels, _)| labels).collect();
    with_exemplars.sort_unstable();
    with_exemplars.dedup();
    let find = |labels: &Labels| {
        let index = series.binary_search_by(|one| one.labels.cmp(labels)).ok()?;
        Some((labels.clone(), chunks.newest(series.get(index)?)?))
    };
    with_exemplars.into_iter().filter_map(find).collect()
}

fn remove_blocks(disk: &dyn Disk, folder: &Utf8Path, names: &[String]) -> Result<(), ImportError> {
    for name in names.iter().filter(|name| Ulid::from_string(name).is_ok()) {
        let path = folder.join(name);
        match disk.remove_folder(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(ImportError::Remove { path, source });
            }
            _ => {}
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let synced = disk.sync_folder(folder);
    synced.map_err(|source| ImportError::Remove { path: folder.to_owned(), source })
}

#[cfg(test)]
mod tests;
