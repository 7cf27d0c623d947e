//! Writes what was gathered as blocks of two hours.
//!
//! Always holds: the marker names a block before the block gets its name, so that an import that is
//! cut off finds what it had made. Blocks are written in ascending order of time.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use camino::Utf8Path;
use narthex_platform::{Clock, Disk};
use ulid::Ulid;

use super::marker::Marker;
use super::scratch::ScratchSeries;
use super::series_samples::Chunks;
use super::{ImportError, Progress};
use crate::block::{BlockMeta, BlockWriter, block_id};

/// `compaction.hints` of blocks that say nothing of how far Prometheus' head had come.
const NOT_IN_ORDER: [&str; 3] = ["from-out-of-order", "from-stale-series", "from-selected-series"];

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) blocks: Vec<Ulid>,
    /// Chunks whose damage no checksum told.
    pub(super) broken_chunks: u64,
}

/// Where the samples of the newest block end that was made of samples in order: from there on the
/// log has what no block has.
pub(super) fn newest_in_order(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<i64> {
    let mut newest = i64::MIN;
    for info in disk.list(folder)? {
        if !info.is_folder || Ulid::from_string(&info.name).is_err() {
            continue;
        }
        // A block that cannot be read says nothing; then more is imported, and duplicates vanish.
        let Ok((meta, _)) = BlockMeta::read(disk, &folder.join(&info.name)) else { continue };
        let hints = &meta.compaction.hints;
        if !hints.iter().any(|hint| NOT_IN_ORDER.contains(&hint.as_str())) {
            newest = newest.max(meta.max_time);
        }
    }
    Ok(newest)
}

/// Where blocks go.
pub(super) struct Target<'a> {
    pub(super) disk: &'a Arc<dyn Disk>,
    pub(super) clock: &'a Clock,
    pub(super) folder: &'a Utf8Path,
    pub(super) progress: &'a Progress,
}

impl Target<'_> {
    /// `series` ascend by labels.
    pub(super) fn write(
        &self,
        series: &[ScratchSeries],
        chunks: &Chunks,
        marker: &mut Marker,
    ) -> Result<Written, ImportError> {
        let mut members: BTreeMap<i64, Vec<&ScratchSeries>> = BTreeMap::new();
        for one in series {
            for start in one.chunks.iter().flat_map(|held| chunks.block_starts(held)) {
                let members = members.entry(start).or_default();
                if members.last().is_none_or(|last| last.labels != one.labels) {
                    members.push(one);
                }
            }
        }
        let mut written = Written::default();
        for (start, members) in members {
            self.block(start, &members, chunks, marker, &mut written)?;
        }
        Ok(written)
    }

    fn block(
        &self,
        start: i64,
        members: &[&ScratchSeries],
        chunks: &Chunks,
        marker: &mut Marker,
        written: &mut Written,
    ) -> Result<(), ImportError> {
        let texts = members.iter().flat_map(|one| one.labels.iter());
        let mut symbols: HashSet<&str> = texts.flat_map(|(name, value)| [name, value]).collect();
        symbols.insert("");
        let mut symbols: Vec<&str> = symbols.into_iter().collect();
        symbols.sort_unstable();
        let ulid = self.ulid(start, marker);
        if let Some(under_way) = &mut marker.under_way {
            under_way.blocks.push(ulid.to_string());
        }
        marker
            .write(&**self.disk, self.folder)
            .map_err(|source| ImportError::Mark { path: Marker::path(self.folder), source })?;
        let mut writer = BlockWriter::create(self.disk, self.folder, ulid, symbols)?;
        let (mut first_at, mut last_at) = (i64::MAX, i64::MIN);
        let mut made = Vec::new();
        for one in members {
            if self.progress.stop.load(Ordering::Relaxed) {
                return Err(ImportError::Stopped);
            }
            made.clear();
            chunks.of_block(one, start, &mut made, &mut written.broken_chunks);
            if let (Some(first), Some(last)) = (made.first(), made.last()) {
                first_at = first_at.min(first.first_at);
                last_at = last_at.max(last.last_at);
                writer.push(&one.labels, &made)?;
            }
        }
        if first_at <= last_at {
            // Not to the end of the two hours: what comes next belongs to the head, and a Prometheus
            // that opens this folder takes no samples from before the end of a block.
            let meta = BlockMeta::new(ulid, first_at, last_at.saturating_add(1));
            written.blocks.push(writer.finish(meta)?.ulid);
        }
        Ok(())
    }

    /// A name for the block of `start`: its random part follows from what the import has, so that
    /// nothing depends on chance.
    fn ulid(&self, start: i64, marker: &Marker) -> Ulid {
        let mut seed = serde_json::to_vec(marker).unwrap_or_default();
        seed.extend_from_slice(&start.to_le_bytes());
        block_id(self.clock.now_millis(), xxhash_rust::xxh3::xxh3_128(&seed))
    }
}
