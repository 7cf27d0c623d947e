//! Compaction of the store's blocks, and what is beyond retention.
//!
//! Invariant: a block goes only after what replaces it is durable and open. What went wrong with a
//! block's contents keeps it out of later compactions; a disk that refuses is no fault of a block.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use narthex_platform::Disk;
use ulid::Ulid;

use super::{MaintenanceError, Shared, uploads};
use crate::block::{Block, BlockMeta, BlockWriteError, block_id};
use crate::compaction::meta::{candidate, merged};
use crate::compaction::plan::{Candidate, plan, ranges};
use crate::compaction::retain::{Held, beyond_size, beyond_time, newest};
use crate::compaction::write::{CompactError, Output};
use crate::config::{Retention, Settings};
use crate::encoding::FloatEncoding;
use crate::import::imported_bytes;

/// Folders beside the blocks whose bytes count: ours, and what of Prometheus' is not imported.
const LOG_FOLDERS: [&str; 5] = ["log", "head_chunks", "wal", "wbl", "chunks_head"];

impl Shared {
    /// A name for a new block; later ones are greater.
    pub(crate) fn new_block_id(&self) -> Ulid {
        self.block_ids.next(self.clock.now_millis())
    }

    pub(crate) fn output<'a>(&'a self, folder: &'a Utf8Path, floats: FloatEncoding) -> Output<'a> {
        let segment_bytes = self.config.chunk_segment_bytes();
        let (interrupt, is_for_others) = (&self.interrupt, false);
        Output { disk: &self.disk, folder, floats, is_for_others, segment_bytes, interrupt }
    }

    /// Brings the list of blocks in line with the folder.
    pub(crate) fn reload_blocks(&self) -> Result<(), MaintenanceError> {
        self.blocks_observed.reloads.increment();
        self.blocks.reload().map_err(|source| {
            self.blocks_observed.reloads_failed.increment();
            MaintenanceError::List { path: self.config.folder().clone(), source }
        })
    }

    /// Makes one block of several, which it replaces. They stand in the order of their times.
    pub(crate) fn compact(&self, parents: &[Block]) -> Result<Option<BlockMeta>, MaintenanceError> {
        let output = self.output(self.config.folder(), self.in_force.get().floats());
        self.compact_as(parents, &output)
    }

    /// The same with other encodings than the settings say.
    pub(crate) fn compact_as(
        &self,
        parents: &[Block],
        output: &Output<'_>,
    ) -> Result<Option<BlockMeta>, MaintenanceError> {
        let metas: Vec<&BlockMeta> = parents.iter().map(Block::meta).collect();
        let ids: BTreeSet<Ulid> = metas.iter().map(|meta| meta.ulid).collect();
        let observed = &self.blocks_observed;
        if overlap(&metas) {
            observed.vertical_compactions.increment();
        }
        let begun = self.clock.monotonic();
        let meta = merged(self.new_block_id(), &metas);
        let written = output.write_blocks(&ranked(parents.iter()), meta);
        let took = self.clock.monotonic().saturating_sub(begun);
        observed.compactions.increment();
        observed.compaction_seconds.observe_duration(took);
        match written {
            Ok(None) => {
                self.blocks.remove(&ids);
                tracing::info!(parents = ids.len(), "nothing was left of blocks");
                Ok(None)
            }
            Ok(Some(meta)) => {
                say_compacted(&meta, took);
                self.adopt(meta).map(Some)
            }
            Err(error) => {
                self.note_failure(parents, &error);
                Err(MaintenanceError::Compact(error))
            }
        }
    }

    /// Opens a block that was just written; what it replaces goes.
    pub(crate) fn adopt(&self, meta: BlockMeta) -> Result<BlockMeta, MaintenanceError> {
        self.reload_blocks()?;
        if self.blocks.list().iter().any(|block| block.meta().ulid == meta.ulid) {
            return Ok(meta);
        }
        // It cannot be read back, so its parents are still there and it may go.
        self.blocks.remove(&BTreeSet::from([meta.ulid]));
        Err(MaintenanceError::ReadBack { block: meta.ulid.to_string() })
    }

    /// Keeps blocks whose contents are to blame out of later compactions.
    fn note_failure(&self, parents: &[Block], error: &CompactError) {
        let is_to_blame = |block: &&Block| match error {
            CompactError::Read { folder, .. } => block.folder() == folder,
            // What the writer refuses is what the parents hold: which of them is not known.
            CompactError::Decode { .. } => true,
            CompactError::Write(error) => !matches!(error, BlockWriteError::Io { .. }),
            CompactError::Head(_) | CompactError::Stopped => false,
        };
        for block in parents.iter().filter(is_to_blame) {
            let mut meta = block.meta().clone();
            meta.compaction.failed = true;
            meta.stats.num_tombstones = block.tombstones().len() as u64;
            let marked = meta.write(&*self.disk, block.folder());
            let marked = marked.and_then(|()| self.blocks.refresh(meta.ulid));
            if let Err(error) = marked {
                tracing::warn!(%error, folder = %block.folder(), "cannot mark a block as failed");
            }
        }
    }

    /// Compacts until there is nothing to do, or until the head has to be written first.
    pub(crate) fn compact_blocks(&self) -> Result<(), MaintenanceError> {
        let longest = i64::try_from(self.config.block_range_max().as_millis()).unwrap_or(i64::MAX);
        let ranges = ranges(self.config.block_millis(), longest);
        loop {
            self.interrupt.check().map_err(MaintenanceError::Compact)?;
            let mut blocks = self.blocks.list().to_vec();
            if let Some(file) = self.config.uploads_file() {
                blocks = uploads::uploaded(&*self.disk, file, blocks);
            }
            let candidates: Vec<Candidate> = blocks
                .iter()
                .map(|block| candidate(block.meta(), block.tombstones().len()))
                .collect();
            let chosen = plan(&candidates, &ranges, self.config.merges_overlaps());
            if chosen.is_empty() {
                return Ok(());
            }
            self.blocks_observed.compactions_triggered.increment();
            let is_chosen = |block: &&Block| chosen.contains(&block.meta().ulid);
            let parents: Vec<Block> = blocks.iter().filter(is_chosen).cloned().collect();
            self.compact(&parents)?;
            if self.head_is_due() {
                return Ok(());
            }
        }
    }

    /// Removes blocks that are beyond the limits of time and size. Reads nothing of them, so it
    /// works whatever state they and the disk are in.
    pub(crate) fn drop_old_blocks(&self) {
        let settings = self.in_force.get();
        let blocks = self.blocks.list();
        let held: Vec<Held> = blocks.iter().map(held).collect();
        let mut doomed = BTreeSet::new();
        if let Some(kept) = settings.longest_millis() {
            let old = beyond_time(&held, kept);
            if !old.is_empty() {
                self.blocks_observed.time_retentions.increment();
            }
            doomed.extend(old);
        }
        if let Some(bytes_max) = self.bytes_max(&settings) {
            let others = self.log_bytes();
            let large = beyond_size(&held, others, bytes_max);
            if !large.is_empty() {
                self.blocks_observed.size_retentions.increment();
            }
            doomed.extend(large);
        }
        if !doomed.is_empty() {
            tracing::info!(blocks = doomed.len(), "blocks are beyond the retention");
            self.blocks.remove(&doomed);
        }
    }

    fn bytes_max(&self, settings: &Settings) -> Option<u64> {
        let Retention { bytes, percentage, .. } = *settings.retention();
        let Some(percentage) = percentage else { return bytes };
        match self.disk.space(self.config.folder()) {
            Ok(space) => Some(share_of(space.total_bytes, percentage)),
            Err(error) => {
                tracing::warn!(%error, "the size of the disk is not known; its share is no limit");
                bytes
            }
        }
    }

    /// Bytes of the folders that are no blocks. What was imported from Prometheus' stays for its sake,
    /// and its samples are in blocks: it does not count.
    pub(crate) fn log_bytes(&self) -> u64 {
        let folder = self.config.folder();
        let bytes = LOG_FOLDERS.iter().map(|name| folder_bytes(&*self.disk, &folder.join(name)));
        bytes.sum::<u64>().saturating_sub(imported_bytes(&*self.disk, folder))
    }

    /// The end of the newest block, or of the head where it is newer.
    pub(crate) fn newest_time(&self) -> Option<i64> {
        let blocks: Vec<Held> = self.blocks.list().iter().map(held).collect();
        newest(&blocks).max(self.head.newest_at())
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a disk is not exact, and within 0 and its size"
)]
fn share_of(bytes: u64, percentage: f64) -> u64 {
    (bytes as f64 * percentage / 100.0) as u64
}

fn held(block: &Block) -> Held {
    let meta = block.meta();
    Held { id: meta.ulid, max_time: meta.max_time, bytes: block.size_bytes() }
}

/// Blocks in the order in which their samples count, the first before the others, for queries as for
/// compactions: samples in order before those that came out of order, as in the head. Blocks in order
/// stand as they are given, by their times; of the others the newest comes first, as the head's late
/// samples come before all of them. A block made of both kinds holds what counts already.
pub(crate) fn ranked<'a>(blocks: impl Iterator<Item = &'a Block>) -> Vec<Block> {
    let mut ranked: Vec<Block> = blocks.cloned().collect();
    // The sort keeps the order of equal ones.
    ranked.sort_by_key(|block| {
        let meta = block.meta();
        meta.is_from_out_of_order().then_some(Reverse(meta.ulid))
    });
    ranked
}

fn overlap(metas: &[&BlockMeta]) -> bool {
    metas.windows(2).any(|pair| match pair {
        [a, b] => b.min_time < a.max_time,
        _ => false,
    })
}

fn folder_bytes(disk: &dyn Disk, folder: &Utf8Path) -> u64 {
    let files = disk.list(folder).unwrap_or_default().into_iter();
    let bytes = files.map(|file| {
        if file.is_folder { folder_bytes(disk, &folder.join(&file.name)) } else { file.len }
    });
    bytes.sum()
}

fn say_compacted(meta: &BlockMeta, took: Duration) {
    tracing::info!(
        block = %meta.ulid,
        level = meta.compaction.level,
        parents = meta.compaction.parents.len(),
        min_time = meta.min_time,
        max_time = meta.max_time,
        series = meta.stats.num_series,
        milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "blocks became one"
    );
}

/// Names of new blocks: the time, never less than that of the one before, and what nobody can guess,
/// so that two servers that write to one bucket do not meet.
#[derive(Debug, Default)]
pub(crate) struct BlockIds {
    /// Guards the time of the newest name.
    last: parking_lot::Mutex<i64>,
    seed: std::collections::hash_map::RandomState,
}

impl BlockIds {
    fn next(&self, now_millis: i64) -> Ulid {
        use std::hash::BuildHasher;
        let mut last = self.last.lock();
        *last = now_millis.max(last.saturating_add(1));
        let half = |side: u8| u128::from(self.seed.hash_one((*last, side)));
        block_id(*last, half(0) << 64 | half(1))
    }
}

/// The blocks of a list whose times overlap a closed range.
pub(crate) fn overlapping(
    blocks: &Arc<[Block]>,
    range: narthex_storage::TimeRange,
) -> impl Iterator<Item = &Block> {
    blocks.iter().filter(move |block| block.overlaps(range))
}
