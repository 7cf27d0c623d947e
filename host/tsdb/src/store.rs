//! The store: opens the log, owns head and log, hands out appenders and queriers.
//!
//! Locks, in the order in which they may be taken: `replay`, `rounds`, `maintenance`, `writer`, the head's
//! index, one shard of its slab, its visibility.

mod admin;
mod appender;
pub(crate) mod blocks;
mod blocks_observed;
mod checkpoint;
mod commit;
mod compact;
mod head_blocks;
mod imports;
mod leases;
mod replay;
mod retention;
mod round;
mod rules;
mod settings;
mod spill;
mod tasks;
mod uploads;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::Metadata;
use narthex_platform::{Clock, Disk, DiskLock, Metrics};
use narthex_storage::{
    Appendable, Appender, MergedQuerier, Querier, Queryable, ReadError, TimeRange,
};
use parking_lot::Mutex;

pub use self::admin::AdminError;
pub use self::blocks::UnreadableBlock;
pub use self::imports::ImportProgress;
pub use self::replay::{Damaged, ReplayError, ReplayProgress, ReplayState};
pub use self::settings::{PreparedSettings, SettingsRefused};

use self::appender::HeadAppender;
use self::blocks::Blocks;
use self::blocks_observed::{BlocksObserved, BlocksSource};
use self::commit::Writer;
use self::compact::{BlockIds, overlapping, ranked};
use self::imports::Imports;
use self::leases::{LeasedQuerier, Leases};
use self::replay::plan::Plan;
use self::replay::{Progress, Walk};
use self::round::Rounds;
use self::settings::InForce;
use crate::block::BlockError;
use crate::budget::{Charged, ReadBudget};
use crate::compaction::write::{CompactError, Interrupt};
use crate::config::Config;
use crate::head::{Head, chunk_files};
use crate::import::{self, ImportError};
use crate::log::writer::{LogConfig, LogWriter, SegmentStart};
use crate::observed::{HeadSource, Observed};
use crate::querier::HeadQuerier;
use crate::stats::{Stats, stats};

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder could not be made ready.
    #[error("prepare folder {path}")]
    Prepare {
        /// The folder.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// Another process has the store open.
    #[error("{path} is locked: another process uses this data folder")]
    Locked {
        /// The lock.
        path: Utf8PathBuf,
    },
    /// A file of the log could not be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// What a Prometheus left behind could not be looked at.
    #[error("look for what Prometheus left behind")]
    Import(#[from] ImportError),
    /// The log's new segment could not be made.
    #[error("begin a segment in {path}")]
    Begin {
        /// The log's folder.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
}

/// Why a sync, a checkpoint or a retention round failed.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The log could not be made durable.
    #[error("sync the log")]
    Sync {
        /// What the disk said.
        source: io::Error,
    },
    /// The log could not be given a new segment.
    #[error("begin a segment of the log: {reason}")]
    Rotate {
        /// What the disk said, now or before.
        reason: String,
    },
    /// It has to wait until all that the log holds is in the head.
    #[error("the log is still being replayed")]
    Replaying,
    /// It has to wait until all that a Prometheus left behind is in blocks.
    #[error("what Prometheus left behind is not imported yet")]
    Importing,
    /// The checkpoint could not be written.
    #[error("write checkpoint {path}")]
    Checkpoint {
        /// The file.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// The data folder could not be looked at.
    #[error("list blocks in {path}")]
    List {
        /// The folder.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// Chunks of the head could not leave memory.
    #[error("write chunks of the head to {path}")]
    HeadChunks {
        /// The folder.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// Somebody reads what is in blocks and should leave the head.
    #[error("a query still reads what should leave the head; try again")]
    Readers,
    /// A block could not be written, of the head or of other blocks.
    #[error("compact")]
    Compact(#[from] CompactError),
    /// A block that was just written cannot be opened.
    #[error("block {block} cannot be opened although it was just written; it is removed")]
    ReadBack {
        /// Its name.
        block: String,
    },
    /// A block could not be asked for the series that a rule lets go.
    #[error("apply retention rules to block {folder}")]
    Rules {
        /// The block.
        folder: Utf8PathBuf,
        /// What is wrong.
        source: BlockError,
    },
}

/// The local store. Clones share it.
#[derive(Clone)]
pub struct Tsdb(Arc<Shared>);

pub(crate) struct Shared {
    config: Config,
    pub(crate) in_force: InForce,
    pub(crate) log_folder: Utf8PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    clock: Clock,
    pub(crate) head: Arc<Head>,
    /// Guards the log and the order of commits.
    writer: Mutex<Writer>,
    /// Held by the one checkpoint or retention round that runs.
    maintenance: Mutex<Maintenance>,
    observed: Observed,
    pub(crate) progress: Arc<Progress>,
    /// Guards the replay until it has ended. Taken before all other locks.
    replay: Mutex<Option<Walk>>,
    /// Guards what another process wrote until it is synced. Taken last, and held while files are
    /// synced.
    inherited: Mutex<Inherited>,
    /// Bytes of the log that the newest checkpoint does not cover.
    uncovered_bytes: AtomicU64,
    /// Of the next file of chunks.
    chunk_file_number: AtomicU32,
    pub(crate) blocks: Blocks,
    block_ids: BlockIds,
    pub(crate) blocks_observed: BlocksObserved,
    /// Held by the one compaction, deletion or snapshot that runs. Taken before `maintenance`.
    rounds: Mutex<Rounds>,
    interrupt: Interrupt,
    pub(crate) leases: Leases,
    /// The log may hold what is in blocks, and not say so durably. Changed under `rounds`.
    log_has_blocks: AtomicBool,
    budget: ReadBudget,
    pub(crate) imports: Imports,
    /// Keeps other processes out.
    _lock: Option<Box<dyn DiskLock>>,
}

/// What another process left in the page cache.
#[derive(Debug)]
struct Inherited {
    /// Files that are to be synced before a sync of this process means anything.
    paths: Vec<Utf8PathBuf>,
    /// One of them could not be synced, and no checkpoint has saved since what it holds.
    is_lost: bool,
}

impl Inherited {
    /// A checkpoint holds all of it.
    fn forget(&mut self) {
        self.paths.clear();
        self.is_lost = false;
    }
}

#[derive(Debug, Default)]
struct Maintenance {
    /// Bytes of the newest checkpoint.
    checkpoint_bytes: u64,
}

impl fmt::Debug for Tsdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tsdb").field("folder", &self.0.config.folder()).finish_non_exhaustive()
    }
}

impl Tsdb {
    /// Opens the data folder, created when it is not there. This takes a few syncs, however long
    /// the log is: samples are taken and queries answered at once. What the log holds comes by
    /// [`Self::spawn_replay`] in the background, or by [`Self::replay_now`].
    ///
    /// Damage is no error: it is logged, counted, and told by [`Self::damaged`]; what can be proven
    /// correct is served.
    ///
    /// # Errors
    /// When another process uses the folder, or the disk refuses.
    pub fn open(
        config: Config,
        disk: Arc<dyn Disk>,
        clock: Clock,
        metrics: &Metrics,
    ) -> Result<Self, OpenError> {
        let log_folder = config.folder().join("log");
        create_durably(&*disk, &log_folder)
            .and_then(|()| disk.sync_folder(config.folder()))
            .map_err(|source| OpenError::Prepare { path: log_folder.clone(), source })?;
        let lock = if config.locks() {
            Some(take_lock(&*disk, config.folder().join("lock"))?)
        } else {
            None
        };
        // Before blocks are opened and new ones are made: see `import::pending`.
        let imports = Imports::new(import::pending(&*disk, config.folder())?);
        chunk_files::prepare(&*disk, config.folder()).map_err(|source| OpenError::Prepare {
            path: chunk_files::folder(config.folder()),
            source,
        })?;
        let blocks = Blocks::open(Arc::clone(&disk), config.folder().clone())
            .map_err(|source| OpenError::Prepare { path: config.folder().clone(), source })?;
        let observed = Observed::new(metrics);
        let head = Arc::new(Head::new(config.settings().exemplars_max()));
        let plan = Plan::read(&*disk, &log_folder)?;
        head.reserve_ids(plan.next_id.saturating_sub(1));
        // The log may hold older samples, and those count.
        head.counts.valid_from.fetch_max(blocks.in_order_end(), Ordering::Relaxed);
        let log_config =
            LogConfig { folder: log_folder.clone(), segment_bytes_max: config.segment_bytes() };
        let begin = SegmentStart {
            number: plan.next_segment,
            previous: plan.segments.last().map_or(0, |file| file.id.number),
            next_id: plan.next_id,
        };
        let log = LogWriter::open(Arc::clone(&disk), clock.clone(), log_config, begin)
            .map_err(|source| OpenError::Begin { path: log_folder.clone(), source })?;
        let progress = Arc::new(Progress::new(&plan, observed.clone()));
        let inherited = plan.segments.iter().map(|file| file.path(&log_folder)).collect();
        let checkpoint_bytes = plan.checkpoint.map_or(0, |file| file.len);
        let uncovered_bytes = AtomicU64::new(plan.log_bytes());
        let is_empty = plan.bytes() == 0;
        let walk = Walk::new(
            Arc::clone(&disk),
            log_folder.clone(),
            Arc::clone(&head),
            Arc::clone(&progress),
            plan,
        );
        let shared = Arc::new(Shared {
            log_folder,
            disk,
            clock,
            head,
            writer: Mutex::new(Writer::new(log)),
            maintenance: Mutex::new(Maintenance { checkpoint_bytes }),
            observed,
            uncovered_bytes,
            progress,
            replay: Mutex::new(Some(walk)),
            inherited: Mutex::new(Inherited { paths: inherited, is_lost: false }),
            in_force: InForce::new(config.settings().clone()),
            chunk_file_number: AtomicU32::new(1),
            blocks,
            block_ids: BlockIds::default(),
            blocks_observed: BlocksObserved::new(metrics),
            rounds: Mutex::new(Rounds::default()),
            interrupt: Interrupt::default(),
            leases: Leases::default(),
            log_has_blocks: AtomicBool::new(false),
            budget: ReadBudget::new(config.settings().query_bytes_max()),
            imports,
            config,
            _lock: lock,
        });
        metrics.add_source(Arc::new(HeadSource(Arc::downgrade(&shared))));
        metrics.add_source(Arc::new(BlocksSource(Arc::downgrade(&shared))));
        if is_empty && let Some(walk) = shared.replay.lock().take() {
            shared.finish_replay(walk);
        }
        Ok(Self(shared))
    }

    /// Numbers about the head; the lists hold at most `limit` entries.
    #[must_use]
    pub fn stats(&self, limit: usize) -> Stats {
        stats(&self.0.head, limit)
    }

    /// The settings that stay as they were at the start.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Bytes of the head's series and chunks, without the index: for measurements.
    #[must_use]
    pub fn series_bytes(&self) -> usize {
        let slots = self.0.head.index.read().slots_end();
        let mut slab = self.0.head.slab.reader();
        let series = (0..slots).filter_map(|slot| {
            slab.get(slot).map(|series| size_of_val(series) + series.heap_bytes())
        });
        series.sum()
    }

    /// Bytes of records handed to the log since the store was opened.
    #[must_use]
    pub fn log_bytes_written(&self) -> u64 {
        self.0.observed.log_bytes_written.get()
    }
}

/// Makes a folder and those above it that are missing, each with a name that lasts.
fn create_durably(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<()> {
    let mut parents = Vec::new();
    for path in folder.ancestors().filter(|path| !path.as_str().is_empty()) {
        match disk.list(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = path.parent().filter(|parent| !parent.as_str().is_empty());
                parents.push(parent.unwrap_or(Utf8Path::new(".")));
            }
            // Whatever else is wrong with it is said where it is used.
            Ok(_) | Err(_) => break,
        }
    }
    disk.create_folder(folder)?;
    parents.into_iter().try_for_each(|parent| disk.sync_folder(parent))
}

fn take_lock(disk: &dyn Disk, path: Utf8PathBuf) -> Result<Box<dyn DiskLock>, OpenError> {
    disk.lock(&path).map_err(|source| {
        if source.kind() == io::ErrorKind::WouldBlock {
            OpenError::Locked { path }
        } else {
            OpenError::Prepare { path, source }
        }
    })
}

impl Appendable for Tsdb {
    fn appender(&self) -> Box<dyn Appender + '_> {
        Box::new(HeadAppender::new(&self.0))
    }
}

impl Queryable for Tsdb {
    fn querier(&self, range: TimeRange) -> Result<Box<dyn Querier>, ReadError> {
        // The head first, with its floor: what leaves it after this waits for the reader, and what left
        // it before is in a block that is listed by now.
        let lease = Arc::new(self.0.leases.begin(range.start.millis()));
        let head = HeadQuerier::new(Arc::clone(&self.0.head), range);
        let inner = Box::new(Charged::new(Box::new(head), &self.0.budget));
        let head: Box<dyn Querier> = Box::new(LeasedQuerier { inner, lease });
        let blocks = self.0.blocks.list();
        let blocks = ranked(overlapping(&blocks, range));
        let mut parts: Vec<Box<dyn Querier>> =
            blocks.iter().map(|block| block.querier(range, &self.0.budget)).collect();
        // What the head has late counts where it will as a block. What it has in order is in no block
        // in order, or the same there.
        let place = blocks.partition_point(|block| !block.meta().is_from_out_of_order());
        parts.insert(place, head);
        Ok(match (parts.len(), parts.pop()) {
            (1, Some(head)) => head,
            (_, last) => {
                parts.extend(last);
                Box::new(MergedQuerier::new(parts))
            }
        })
    }

    fn metadata(&self, family: Option<&str>) -> Vec<(String, Metadata)> {
        let known = self.0.head.metadata.read();
        let clone = |(name, metadata): (&String, &Metadata)| (name.clone(), metadata.clone());
        match family {
            Some(family) => known.get(family).map(clone).into_iter().collect(),
            None => known.iter().map(clone).collect(),
        }
    }

    fn exemplars(
        &self,
        range: TimeRange,
        selectors: &[Vec<narthex_model::Matcher>],
    ) -> Result<Vec<narthex_storage::SeriesExemplars>, ReadError> {
        Ok(self.0.head.find_exemplars(range, selectors))
    }
}

#[cfg(test)]
mod tests;
