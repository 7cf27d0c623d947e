//! A block for others: the same samples under the same name, in encodings that every reader of
//! Prometheus' blocks knows.

use std::sync::Arc;

use camino::Utf8Path;
use narthex_platform::Disk;
use narthex_storage::Columns;

use crate::block::{
    Block, BlockError, BlockMeta, BlockWriteError, BlockWriter, ChunkView, Interval,
};
use crate::encoding::{Chunk, Damage, Encoding, FloatEncoding, decode, encode};

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
    #[error("{path}: the chunk {reference:#x} of {labels} is damaged")]
    Chunk {
        /// The block.
        path: String,
        /// Segment and byte.
        reference: u64,
        /// The series.
        labels: String,
    },
    /// The copy cannot be written.
    #[error(transparent)]
    Write(#[from] BlockWriteError),
}

/// Copies `block` into the data folder `to`, without what was deleted from it, since not everybody
/// heeds tombstones. Chunks of other encodings than [`Encoding::Xor`], [`Encoding::Histogram`] and
/// [`Encoding::FloatHistogram`] are written anew; start times are lost thereby.
///
/// # Errors
/// When the block is damaged or the disk refuses; no copy is there then.
pub fn export_block(
    disk: &Arc<dyn Disk>,
    block: &Block,
    to: &Utf8Path,
) -> Result<Exported, ExportError> {
    let meta = block.meta().clone();
    let symbols = block.symbols().collect::<Result<Vec<_>, _>>()?;
    let mut writer = BlockWriter::create(disk, to, meta.ulid, symbols)?;
    let tombstones = block.tombstones();
    let (mut transcoded, mut chunks) = (0, Vec::new());
    for series in block.series() {
        let series = series?;
        chunks.clear();
        for place in &series.chunks {
            let view = block.chunk(place)?;
            let deleted = tombstones.of(u64::from(series.id));
            let is_new =
                translate(&view, deleted, &mut chunks).map_err(|Damage| ExportError::Chunk {
                    path: block.folder().to_string(),
                    reference: place.reference,
                    labels: series.labels.to_string(),
                })?;
            transcoded += u64::from(is_new);
        }
        if !chunks.is_empty() {
            writer.push(&series.labels, &chunks)?;
        }
    }
    let meta = writer.finish(meta)?;
    Ok(Exported { meta, transcoded })
}

/// Appends what is left of the chunk, in an encoding that all know; says whether it is written anew.
fn translate(
    view: &ChunkView<'_>,
    deleted: &[Interval],
    out: &mut Vec<Chunk>,
) -> Result<bool, Damage> {
    let is_known =
        matches!(view.encoding, Encoding::Xor | Encoding::Histogram | Encoding::FloatHistogram);
    let mut cuts =
        deleted.iter().filter(|cut| view.first_at <= cut.end && cut.start <= view.last_at);
    if is_known && cuts.next().is_none() {
        out.push(view.to_chunk());
        return Ok(false);
    }
    let mut all = Columns::default();
    decode(view.encoding, view.bytes, i64::MIN, i64::MAX, &mut all)?;
    let is_kept = |at: i64| !deleted.iter().any(|cut| cut.contains(at));
    let mut kept = Columns::default();
    // With a start time, floats would need an encoding that others do not know.
    for (at, value) in all.times.iter().zip(&all.values).filter(|(at, _)| is_kept(**at)) {
        kept.push(*at, *value);
    }
    kept.histograms.extend(all.histograms.into_iter().filter(|point| is_kept(point.at)));
    encode(&kept, FloatEncoding::Xor, out);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use narthex_model::{Labels, Timestamp};
    use narthex_platform::SimulatedDisk;
    use narthex_storage::TimeRange;

    use super::*;
    use crate::BlockBuilder;
    use crate::block::block_id;

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
            builder.add(&labels, &samples);
            let id = block_id(1, floats as u128);
            builder.write(&disk, "/data".into(), id).unwrap().unwrap();
            let block = Block::open(&disk, &Utf8Path::new("/data").join(id.to_string())).unwrap();
            let cut =
                TimeRange { start: Timestamp::from_millis(10), end: Timestamp::from_millis(499) };
            block.delete(&[], cut).unwrap();
            let copied = export_block(&disk, &block, "/copy".into()).unwrap();
            assert_eq!(copied.meta.stats.num_samples, 510, "{floats:?}");
            assert_eq!(copied.meta.ulid, id);
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
