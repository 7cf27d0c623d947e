//! The head's samples become blocks.
//!
//! Invariant: samples leave the head only after a block that holds them is durable and listed.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8Path;
use narthex_model::Timestamp;
use narthex_storage::{Columns, Querier, ReadError, Series, TimeRange};

use super::{MaintenanceError, Shared};
use crate::block::BlockMeta;
use crate::compaction::unite::{Part, Piece};
use crate::compaction::write::{CompactError, Source};
use crate::encoding::{self, FloatEncoding};
use crate::querier::HeadQuerier;

impl Shared {
    /// Whether the head spans so much that its oldest range should become a block.
    pub(crate) fn head_is_due(&self) -> bool {
        false
    }

    /// Writes the ranges of the head that are due as blocks.
    pub(crate) fn compact_head(&self) -> Result<(), MaintenanceError> {
        Ok(())
    }

    /// Writes all of the head as a block into a folder of its own. Not before its log is replayed.
    pub(crate) fn snapshot_head(&self, folder: &Utf8Path) -> Result<(), MaintenanceError> {
        self.check_replayed()?;
        let (Some(oldest), Some(newest)) = (self.head.oldest_at(), self.head.newest_at()) else {
            return Ok(());
        };
        let meta = BlockMeta::new(self.new_block_id(), oldest, newest.saturating_add(1));
        self.write_head(folder, meta)?;
        Ok(())
    }

    /// Writes what the head has within the times of `meta` as a block; `None`: nothing, and no block.
    fn write_head(
        &self,
        folder: &Utf8Path,
        meta: BlockMeta,
    ) -> Result<Option<BlockMeta>, MaintenanceError> {
        let range = TimeRange {
            start: Timestamp::from_millis(meta.min_time),
            end: Timestamp::from_millis(meta.max_time.saturating_sub(1)),
        };
        let head = HeadQuerier::new(Arc::clone(&self.head), range);
        let series = head.select(&[]).map_err(CompactError::Head)?;
        let pairs = series.iter().flat_map(|series| series.labels());
        // As Prometheus' head, whose symbols begin with the empty one.
        let symbols: BTreeSet<String> = pairs
            .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
            .chain([String::new()])
            .collect();
        let output = self.output(folder);
        let source = source_of(series, range, output.floats);
        Ok(output.write(vec![source], symbols, meta)?)
    }
}

/// Series of the head as parts of a block.
fn source_of(
    series: Vec<Box<dyn Series>>,
    range: TimeRange,
    floats: FloatEncoding,
) -> Source<'static> {
    let mut columns = Columns::default();
    Box::new(series.into_iter().map(move |series| {
        columns.clear();
        let read: Result<(), ReadError> = series.read(range, &mut columns);
        read.map_err(CompactError::Head)?;
        let mut chunks = Vec::new();
        encoding::encode(&columns, floats, &mut chunks);
        let chunks = chunks.into_iter().map(Piece::Made).collect();
        Ok(Part { labels: series.labels().clone(), chunks, deleted: Vec::new() })
    }))
}
