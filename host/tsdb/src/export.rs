//! A block for others: the same samples under the same name, in encodings that every reader of
//! Prometheus' blocks knows.

use std::sync::Arc;

use camino::Utf8Path;
use narthex_platform::Disk;

use crate::block::{Block, BlockError, BlockMeta, BlockWriteError, BlockWriter, Interval};
use crate::compaction::adapt::adapt_for_others;
use crate::compaction::meta::set_dense;
use crate::compaction::unite::{Part, Piece, unite};
use crate::encoding::{Damage, FloatEncoding};

/// What was copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// What the copy says of itself.
    pub meta: BlockMeta,
    /// Chunks that were written anew.
    pub transcoded: u64,
}

/// Why a block could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The block cannot be read in full.
    #[error(transparent)]
    Read(#[from] BlockError),
    /// A chunk's samples cannot be read.
    #[error("{path}: a chunk of {labels} is damaged")]
    Chunk {
        /// The block.
        path: String,
        /// The series.
        labels: String,
    },
    /// The copy cannot be written.
    #[error(transparent)]
    Write(#[from] BlockWriteError),
}

/// Copies `block` into the data folder `to`, without what was deleted from it, since not everybody
/// heeds tombstones. Chunks of encodings that not all know are written anew; start times are lost
/// thereby.
///
/// # Errors
/// When the block is damaged or the disk refuses; no copy is there then.
pub fn export_block(
    disk: &Arc<dyn Disk>,
    block: &Block,
    to: &Utf8Path,
) -> Result<Exported, ExportError> {
    let mut meta = block.meta().clone();
    set_dense(&mut meta, false);
    let symbols = block.symbols().collect::<Result<Vec<_>, _>>()?;
    let mut writer = BlockWriter::create(disk, to, meta.ulid, symbols)?;
    let tombstones = block.tombstones();
    let mut transcoded = 0;
    for series in block.series() {
        let series = series?;
        let chunks = series.chunks.iter().map(|place| block.chunk(place).map(Piece::Mapped));
        let part = Part {
            labels: series.labels.clone(),
            chunks: chunks.collect::<Result<_, _>>()?,
            deleted: tombstones.of(u64::from(series.id)).to_vec(),
        };
        let all = Interval { start: i64::MIN, end: i64::MAX };
        let united = unite(vec![part], all, FloatEncoding::Xor).and_then(adapt_for_others);
        let united = united.map_err(|Damage| ExportError::Chunk {
            path: block.folder().to_string(),
            labels: series.labels.to_string(),
        })?;
        if !united.is_empty() {
            let is_made = |piece: &&Piece<'_>| matches!(piece, Piece::Made(_));
            transcoded += united.iter().filter(is_made).count() as u64;
            let views: Vec<_> = united.iter().map(Piece::view).collect();
            writer.push_views(&series.labels, &views)?;
        }
    }
    let meta = writer.finish(meta)?;
    Ok(Exported { meta, transcoded })
}

#[cfg(test)]
mod tests {
    use narthex_model::{Labels, Timestamp};
    use narthex_platform::SimulatedDisk;
    use narthex_storage::{Columns, TimeRange};

    use super::*;
    use crate::BlockBuilder;
    use crate::block::block_id;
    use crate::compaction::meta::may_be_dense;
    use crate::encoding::Encoding;

    #[test]
    fn a_copy_has_the_samples_that_are_not_deleted_in_an_encoding_that_all_know() {
        let disk = SimulatedDisk::new(1).shared();
        for folder in ["/data", "/copy"] {
            disk.create_folder(folder.into()).unwrap();
        }
        for floats in [FloatEncoding::Xor, FloatEncoding::Xor2, FloatEncoding::Dense] {
            let mut builder = BlockBuilder::new(floats);
            let labels = Labels::from_pairs([("__name__", "up")]);
            let samples = Columns::from_floats((0..1000).collect(), vec![1.5; 1000]);
            builder.add(&labels, &samples).unwrap();
            let id = block_id(1, floats as u128);
            builder.write(&disk, "/data".into(), id).unwrap().unwrap();
            let folder = Utf8Path::new("/data").join(id.to_string());
            let (mut meta, _) = BlockMeta::read(&*disk, &folder).unwrap();
            set_dense(&mut meta, floats == FloatEncoding::Dense);
            meta.write(&*disk, &folder).unwrap();
            let block = Block::open(&disk, &folder).unwrap();
            let cut =
                TimeRange { start: Timestamp::from_millis(10), end: Timestamp::from_millis(499) };
            block.delete(&[], cut).unwrap();
            let copied = export_block(&disk, &block, "/copy".into()).unwrap();
            assert_eq!(copied.meta.stats.num_samples, 510, "{floats:?}");
            assert_eq!(copied.meta.ulid, id);
            assert!(!may_be_dense(&copied.meta), "no dense chunk is left");
            let copy = Block::open(&disk, &Utf8Path::new("/copy").join(id.to_string())).unwrap();
            assert_eq!(copy.verify(&mut |fault| panic!("{fault}")).samples, 510);
            for series in copy.series() {
                for place in &series.unwrap().chunks {
                    assert_eq!(copy.chunk(place).unwrap().encoding, Encoding::Xor);
                }
            }
        }
    }
}
