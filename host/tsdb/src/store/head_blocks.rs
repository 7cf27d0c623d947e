//! The head's samples become blocks.
//!
//! When the head spans one and a half block ranges its oldest range becomes a block, and so do the
//! samples that came out of order, each range of them a block beside the one in order. Then the head
//! lets go of them, and a checkpoint has the log do the same.
//!
//! Invariant: samples leave the head only after a block that holds them is durable and listed, and when
//! no reader that began before needs them. A range that became a block takes no samples in order any
//! more, so nothing comes between the two.
//!
//! A chunk that reaches over the end of a block stays, with samples that are in the block too. They lie
//! before the head's floor, which the log keeps: they are not shown any more, and not written again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use camino::Utf8Path;
use narthex_model::Labels;
use narthex_storage::{Columns, ReadError, merge_columns};

use super::retention::Cut;
use super::{MaintenanceError, Shared, Tsdb};
use crate::block::{Block, BlockMeta, FROM_OUT_OF_ORDER, Interval};
use crate::compaction::meta::may_be_dense;
use crate::compaction::unite::{Part, Piece};
use crate::compaction::write::{CompactError, Output, Source};
use crate::encoding::{self, FloatEncoding};
use crate::head::Head;
use crate::head::out_of_order::OutOfOrder;
use crate::head::series::{Series, SeriesId, Slot};
use crate::log::frame::RecordKind;
use crate::log::record::push_floor;

/// Queries end sooner, or are ended.
const READERS_WAIT: Duration = Duration::from_secs(150);

/// What rounds remember of the head.
#[derive(Debug, Default)]
pub(crate) struct HeadRounds {
    /// What is in blocks and still in the head, because somebody reads it there.
    leaving: Option<Leaving>,
    /// A range became a block, and the samples that came late to such ranges did not yet.
    late_is_due: bool,
}

#[derive(Clone, Copy, Debug)]
struct Leaving {
    cut: Cut,
    /// Readers that began before this may read what goes.
    point: u64,
}

impl Leaving {
    /// Who reads nothing before this is not in the way.
    fn cutoff(&self) -> i64 {
        self.cut.in_order.max(self.cut.late)
    }
}

/// The first sample in order of a series that is not before `from`.
fn first_from(series: &Series, from: i64) -> Option<i64> {
    let sealed = series.sealed.iter().find(|chunk| chunk.last_at >= from);
    let first = sealed
        .map(|chunk| chunk.first_at)
        .or_else(|| series.open.span().filter(|(_, last)| *last >= from).map(|(first, _)| first));
    first.map(|first| first.max(from))
}

fn newest(head: &Head) -> i64 {
    head.newest_at().unwrap_or(i64::MIN)
}

/// What of the head goes into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    InOrder,
    OutOfOrder,
    All,
}

/// A series of the head, found once for a block.
struct Found {
    labels: Labels,
    slot: Slot,
    id: SeriesId,
    out_of_order: Option<Arc<OutOfOrder>>,
}

impl Tsdb {
    /// Makes blocks of the whole head, and of chunks in encodings that not all know what others read:
    /// so whoever reads the folder's blocks has all samples, and nothing that the log holds is needed.
    /// Start times are lost where that is so.
    ///
    /// # Errors
    /// When a block cannot be written; what is not in one stays in head and log. Also while the log
    /// is replayed, and while somebody reads what should leave the head.
    pub fn flush(&self) -> Result<(), MaintenanceError> {
        let shared = &self.0;
        let mut rounds = shared.blocks_lock();
        shared.flush_head(&mut rounds.head)?;
        shared.wait_for_readers(&mut rounds.head)?;
        let output = shared.output(shared.config.folder(), FloatEncoding::Xor);
        let output = Output { is_for_others: true, ..output };
        // What cannot be read cannot be written anew either, and is no reason to leave out the rest.
        let is_for_all = |block: &Block| {
            let has_own = block.has_chunk(|encoding| !encoding.is_known_to_all());
            !may_be_dense(block.meta()) && !has_own.unwrap_or(false)
        };
        for block in shared.blocks.list().iter().filter(|block| !is_for_all(block)) {
            shared.compact_as(std::slice::from_ref(block), &output)?;
        }
        self.checkpoint_after_blocks()
    }
}

impl Shared {
    /// Where the part of the head begins that is in no block.
    fn head_begin(&self) -> Option<i64> {
        self.head.oldest_at().map(|oldest| oldest.max(self.head.floor()))
    }

    /// Whether the head spans so much that its oldest range should become a block.
    pub(crate) fn head_is_due(&self) -> bool {
        let range = self.config.block_millis();
        let span = self.head_begin().zip(self.head.newest_at());
        let span = span.map(|(begin, newest)| newest.saturating_sub(begin));
        self.is_replayed() && span.is_some_and(|span| span > range.saturating_add(range / 2))
    }

    /// Writes the ranges of the head that are due as blocks, and lets go of what is in blocks.
    pub(crate) fn compact_head(&self, rounds: &mut HeadRounds) -> Result<(), MaintenanceError> {
        self.let_go(rounds);
        while self.head_is_due() {
            let Some((_, end)) = self.next_range() else { break };
            if end.saturating_add(self.config.block_millis() / 2) > newest(&self.head) {
                break;
            }
            self.write_in_order(end)?;
            rounds.late_is_due = true;
        }
        if rounds.late_is_due {
            self.write_out_of_order(rounds, self.head.floor())?;
        }
        Ok(())
    }

    /// Writes all of the head as blocks. What comes meanwhile with newer times stays: otherwise a
    /// busy server would never come to the end.
    pub(crate) fn flush_head(&self, rounds: &mut HeadRounds) -> Result<(), MaintenanceError> {
        self.check_replayed()?;
        let until = newest(&self.head).saturating_add(1);
        while let Some((begin, end)) = self.next_range()
            && begin < until
        {
            self.write_in_order(end.min(until))?;
            rounds.late_is_due = true;
        }
        // Late samples of any time: a chunk may hold some from before and some from after `until`.
        self.write_out_of_order(rounds, i64::MAX)
    }

    /// The first sample in order that is in no block, and the end of the aligned range it lies in.
    fn next_range(&self) -> Option<(i64, i64)> {
        let floor = self.head.floor();
        let end = self.head.index.read().slots_end();
        let mut slab = self.head.slab.reader();
        let firsts = (0..end).filter_map(|slot| first_from(slab.get(slot)?, floor));
        let begin = firsts.min()?;
        let range = self.config.block_millis();
        Some((begin, begin.div_euclid(range).saturating_add(1).saturating_mul(range)))
    }

    /// Writes the samples in order of the oldest range before `end`, which takes no more of them from
    /// now on.
    fn write_in_order(&self, end: i64) -> Result<(), MaintenanceError> {
        let before = self.head.counts.valid_from.fetch_max(end, Ordering::Relaxed);
        // Commits that were checked before have ended when the lock is free. They may have brought
        // something older than all that was there, so where the range begins is asked only now.
        drop(self.writer.lock());
        let Some((begin, range_end)) = self.next_range().filter(|(begin, _)| *begin < end) else {
            return Ok(());
        };
        let end = end.min(range_end);
        let meta = BlockMeta::new(self.new_block_id(), begin, end);
        let written = self.write_head(self.config.folder(), meta, Share::InOrder);
        let adopted = written.and_then(|meta| meta.map(|meta| self.adopt(meta)).transpose());
        if let Err(error) = adopted {
            // The range is in no block after all.
            self.head.counts.valid_from.store(before, Ordering::Relaxed);
            return Err(error);
        }
        self.raise_floor(end);
        Ok(())
    }

    /// All in order before `floor` is in blocks that are listed: from now on it is theirs.
    fn raise_floor(&self, floor: i64) {
        // First here: a checkpoint that begins now has it, and one that began before leaves the record.
        self.head.raise_floor(floor);
        let mut writer = self.writer.lock();
        let log = &mut writer.log;
        let next_id = self.head.index.read().next_id;
        // Should it fail, or a power cut take it, a restart finds samples in head and block. Nothing is
        // deleted before a checkpoint that says it.
        self.log_has_blocks.store(true, Ordering::Relaxed);
        if log.begin(self.head.counts.series.load(Ordering::Relaxed), next_id).is_ok() {
            match log.push(RecordKind::Floor, |_, out| push_floor(out, floor)) {
                Ok(()) => drop(log.write()),
                Err(_) => log.abandon(),
            }
        }
    }

    /// Writes what came out of order with times before `late`, and lets go of all that is in blocks.
    fn write_out_of_order(
        &self,
        rounds: &mut HeadRounds,
        late: i64,
    ) -> Result<(), MaintenanceError> {
        let commit = self.end_late_chunks();
        let range = self.config.block_millis();
        let kept = self.found(Share::OutOfOrder).into_iter().filter_map(|found| found.out_of_order);
        let spans = kept.flat_map(|kept| kept.spans().collect::<Vec<_>>());
        // Between late samples there may be years without any.
        let begins: BTreeSet<i64> = spans
            .flat_map(|(first, last)| first.div_euclid(range)..=last.div_euclid(range))
            .map(|number| number.saturating_mul(range))
            .filter(|begin| *begin < late)
            .collect();
        for begin in begins {
            let end = begin.saturating_add(range).min(late);
            let mut meta = BlockMeta::new(self.new_block_id(), begin, end);
            meta.compaction.hints = vec![FROM_OUT_OF_ORDER.to_owned()];
            if let Some(meta) = self.write_head(self.config.folder(), meta, Share::OutOfOrder)? {
                self.adopt(meta)?;
            }
        }
        let in_order = self.head.floor();
        let point = self.leases.now();
        rounds.late_is_due = false;
        rounds.leaving = Some(Leaving { cut: Cut { in_order, late, commit }, point });
        self.let_go(rounds);
        Ok(())
    }

    /// Has later commits begin new chunks out of order, so that none of theirs shares a chunk with
    /// samples that are about to leave; answers the newest commit before.
    fn end_late_chunks(&self) -> u64 {
        let late = self.found(Share::OutOfOrder);
        let _writer = self.writer.lock();
        let mut slab = self.head.slab.writer();
        for Found { slot, id, .. } in late {
            // No commit is under way. Who reads has the value from before, with the same samples.
            if let Some(series) = slab.get(slot).filter(|series| series.id == id) {
                series.change_out_of_order(OutOfOrder::seal);
            }
        }
        drop(slab);
        self.head.visibility.snapshot().seen()
    }

    /// Lets go of what is in blocks, unless somebody still reads it in the head.
    fn let_go(&self, rounds: &mut HeadRounds) {
        let Some(leaving) = rounds.leaving else { return };
        if self.leases.are_over(leaving.point, leaving.cutoff()) {
            rounds.leaving = None;
            self.drop_before(leaving.cut);
            // The log still holds it; the next checkpoint does not.
            self.log_has_blocks.store(true, Ordering::Relaxed);
        }
    }

    /// Waits until what is in blocks has left the head.
    pub(crate) fn wait_for_readers(&self, rounds: &mut HeadRounds) -> Result<(), MaintenanceError> {
        let Some(leaving) = rounds.leaving else { return Ok(()) };
        if !self.leases.wait(leaving.point, leaving.cutoff(), READERS_WAIT) {
            return Err(MaintenanceError::Readers);
        }
        self.let_go(rounds);
        Ok(())
    }

    /// Writes all of the head as a block into a folder of its own. Not before its log is replayed.
    pub(crate) fn snapshot_head(&self, folder: &Utf8Path) -> Result<(), MaintenanceError> {
        self.check_replayed()?;
        let (Some(oldest), Some(newest)) = (self.head.oldest_at(), self.head.newest_at()) else {
            return Ok(());
        };
        let meta = BlockMeta::new(self.new_block_id(), oldest, newest.saturating_add(1));
        self.write_head(folder, meta, Share::All)?;
        Ok(())
    }

    /// Writes what the head has within the times of `meta` as a block; `None`: nothing, and no block.
    fn write_head(
        &self,
        folder: &Utf8Path,
        meta: BlockMeta,
        share: Share,
    ) -> Result<Option<BlockMeta>, MaintenanceError> {
        let begun = self.clock.monotonic();
        let range = Interval { start: meta.min_time, end: meta.max_time.saturating_sub(1) };
        let found = self.found(share);
        let pairs = found.iter().flat_map(|found| &found.labels);
        // As Prometheus' head, whose symbols begin with the empty one.
        let symbols: BTreeSet<String> = pairs
            .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
            .chain([String::new()])
            .collect();
        // A copy of all may go to another program.
        let floats = match share {
            Share::All => FloatEncoding::Xor,
            Share::InOrder | Share::OutOfOrder => self.in_force.get().floats(),
        };
        let output = self.output(folder, floats);
        let source: Source<'_> = Box::new(found.into_iter().map(|found| {
            let columns = self.read_found(&found, range, share).map_err(CompactError::Head)?;
            let mut chunks = Vec::new();
            encoding::encode(&columns, output.floats, &mut chunks);
            let chunks = chunks.into_iter().map(Piece::Made).collect();
            Ok(Part { labels: found.labels, chunks, deleted: Vec::new() })
        }));
        let written = output.write(vec![source], symbols, meta)?;
        let took = self.clock.monotonic().saturating_sub(begun);
        self.blocks_observed.compactions.increment();
        self.blocks_observed.compaction_seconds.observe_duration(took);
        if let Some(meta) = &written {
            tracing::info!(
                block = %meta.ulid,
                min_time = meta.min_time,
                max_time = meta.max_time,
                series = meta.stats.num_series,
                samples = meta.stats.num_samples,
                milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "a part of the head became a block"
            );
        }
        Ok(written)
    }

    /// The series of the head that may have such samples, ascending by labels.
    fn found(&self, share: Share) -> Vec<Found> {
        let index = self.head.index.read();
        let mut slab = self.head.slab.reader();
        let mut found = Vec::new();
        for slot in 0..index.slots_end() {
            let Some(series) = slab.get(slot) else { continue };
            if share != Share::OutOfOrder || series.out_of_order().is_some() {
                found.push(Found {
                    labels: index.labels(&series.labels),
                    slot,
                    id: series.id,
                    out_of_order: series.out_of_order().cloned(),
                });
            }
        }
        drop(slab);
        drop(index);
        found.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        found
    }

    fn read_found(
        &self,
        found: &Found,
        range: Interval,
        share: Share,
    ) -> Result<Columns, ReadError> {
        let damaged = |_| {
            let place = self.head.slab.with(found.slot, |series| series.damaged_place());
            let (path, offset) = place.unwrap_or(("memory".to_owned(), 0));
            ReadError::Damaged { path, offset }
        };
        let mut pieces = vec![Columns::default()];
        if share != Share::OutOfOrder
            && let Some(in_order) = pieces.first_mut()
        {
            let read = self.head.slab.with(found.slot, |series| {
                let is_same = series.id == found.id;
                let start = range.start.max(self.head.floor());
                if is_same { series.read(start, range.end, in_order) } else { Ok(()) }
            });
            read.unwrap_or(Ok(())).map_err(damaged)?;
        }
        if share != Share::InOrder
            && let Some(late) = &found.out_of_order
        {
            late.read(range.start, range.end, &mut pieces).map_err(damaged)?;
        }
        let mut columns = Columns::default();
        merge_columns(pieces, &mut columns);
        Ok(columns)
    }
}

#[cfg(test)]
mod tests;
