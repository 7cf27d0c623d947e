//! What happens to blocks: those that lie there at the beginning, rounds of maintenance, deletions,
//! snapshots.

use std::sync::Arc;

use camino::Utf8Path;
use narthex_model::{Labels, Matcher, Timestamp};
use narthex_oracles::generate::{SmallBlock, matchers};
use narthex_oracles::{Batch, Fate, Samples, Value};
use narthex_platform::Disk;
use narthex_storage::{Columns, TimeRange};
use narthex_tsdb::block::Block;
use narthex_tsdb::{ReadBudget, Tsdb};

use crate::History;
use crate::history::{BEGIN, DATA};
use crate::marks::Mark;

/// The range of the blocks that lie there.
const BLOCK_MILLIS: i64 = 7_200_000;

fn matches(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels.get(matcher.name()).unwrap_or("")))
}

impl History {
    /// Blocks from before the history: enough that some are compacted.
    pub(crate) fn begin_with_blocks(&mut self) {
        let disk: Arc<dyn Disk> = self.disk.shared();
        let data = Utf8Path::new(DATA);
        disk.create_folder(data).expect("an empty disk");
        for age in (1..=self.chance.between(1, 6)).rev() {
            let begin = BEGIN - age * BLOCK_MILLIS;
            let block = SmallBlock::generate_from(begin, &mut self.chance, 6, 60);
            block.write(&disk, data).expect("no fault");
            let mut batch = Batch::default();
            for (labels, samples) in block.samples() {
                let series = self.model.catalog.number(&labels);
                batch.samples.extend(samples.into_iter().map(|(at, value)| ((series, at), value)));
            }
            self.model.committed(batch, Fate::Durable);
        }
    }

    /// A round of maintenance: compaction, retention, checkpoints.
    pub(crate) fn maintain(&mut self, store: &Tsdb) {
        self.model.expired(self.horizon());
        let before = store.block_metas().len();
        let failures = store.maintain_now(self.now());
        self.say(|_| format!("maintained: {failures:?}"));
        let compacted = store.block_metas();
        if compacted.len() < before && compacted.iter().any(|meta| meta.compaction.level > 1) {
            self.marks.note(Mark::Compaction);
        }
        if !failures.is_empty() {
            self.marks.note(Mark::FailedMaintenance);
            assert!(self.is_disk_troubled(), "nothing is wrong with the disk: {failures:?}");
        }
    }

    /// Deletes from one block, durably.
    pub(crate) fn delete_from_block(&mut self, store: &Tsdb) {
        let blocks = store.blocks();
        if blocks.is_empty() {
            return;
        }
        let block = self.chance.pick(&blocks).clone();
        let matchers = matchers(self.model.catalog.all(), &mut self.chance);
        let start = block.meta().min_time + self.chance.between(0, 900_000);
        let end = start + self.chance.between(0, 900_000);
        let millis = Timestamp::from_millis;
        let range = TimeRange { start: millis(start), end: millis(end) };
        let outcome = block.delete(&matchers, range);
        self.say(|_| format!("deleted from a block: {outcome:?}"));
        let end = end.min(block.meta().max_time - 1);
        let is_deleted =
            |labels: &Labels, at: i64| (start..=end).contains(&at) && matches(&matchers, labels);
        let fate = outcome.is_ok().then_some(Fate::Durable);
        self.model.deleted(|labels, at| at < BEGIN && is_deleted(labels, at), fate);
        // What the store made a block of may stand in a block beside it and in the head as well.
        self.model.deleted(|labels, at| at >= BEGIN && is_deleted(labels, at), None);
        if fate.is_some() {
            self.marks.note(Mark::Deletion);
        }
    }

    /// Writes blocks anew of which something was deleted.
    pub(crate) fn clean(&mut self, store: &Tsdb) {
        if let Err(error) = store.clean_tombstones() {
            self.marks.note(Mark::FailedMaintenance);
            assert!(self.is_disk_troubled(), "nothing is wrong with the disk: {error:?}");
        }
    }

    /// A snapshot of everything holds everything.
    pub(crate) fn snapshot(&mut self, store: &Tsdb) {
        let name = format!("of-step-{}", self.disk.steps());
        let folder = match store.snapshot(&name, true) {
            Ok(folder) => folder,
            Err(error) => {
                assert!(self.is_disk_troubled(), "nothing is wrong with the disk: {error:?}");
                return;
            }
        };
        let disk: Arc<dyn Disk> = self.disk.shared();
        let mut found = Samples::new();
        for info in disk.list(&folder).expect("the snapshot") {
            let block = Block::open(&disk, &folder.join(&info.name)).expect("a whole block");
            block.verify(&mut |fault| panic!("a snapshot is whole: {fault}"));
            self.read_block(&block, &mut found);
        }
        self.model.check_samples(&found, self.model.shown());
        self.marks.note(Mark::Snapshot);
    }

    fn read_block(&self, block: &Block, found: &mut Samples) {
        let querier = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
        for series in querier.select(&[]).expect("a whole block") {
            let number =
                self.model.catalog.find(series.labels()).expect("a series that was written");
            let mut columns = Columns::default();
            series.read(TimeRange::ALL, &mut columns).expect("a whole block");
            for (at, value) in columns.times.iter().zip(&columns.values) {
                found.insert((number, *at), Value::from(*value));
            }
            for point in &columns.histograms {
                found.insert((number, point.at), Value::from(&*point.histogram));
            }
        }
    }
}
