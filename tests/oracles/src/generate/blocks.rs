//! Small blocks: a few series of every kind of sample.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::Labels;
use narthex_platform::Disk;
use narthex_storage::Columns;
use narthex_tsdb::block::{BlockMeta, BlockWriteError, BlockWriter, block_id};
use narthex_tsdb::encoding::{self, Chunk, FloatEncoding};

use super::{FloatKind, FloatWalk, HistogramKind, HistogramWalk, Target};
use crate::{Chance, Value};

/// When the samples begin.
const BEGIN: i64 = 1_767_225_600_000;

/// The contents of a block.
#[derive(Clone, Debug)]
pub struct SmallBlock {
    /// Ascending by labels; chunks ascend in time.
    pub series: BTreeMap<Labels, Vec<Chunk>>,
    begin: i64,
    number: u128,
}

impl SmallBlock {
    /// A block of at most `series` series with at most `samples` samples each.
    pub fn generate(chance: &mut Chance, series: u64, samples: u64) -> Self {
        Self::generate_from(BEGIN, chance, series, samples)
    }

    /// The same, with the first samples within a minute after `begin`.
    pub fn generate_from(begin: i64, chance: &mut Chance, series: u64, samples: u64) -> Self {
        let target = Target::new(chance.below(3), usize::try_from(series).unwrap_or(1));
        let mut all = BTreeMap::new();
        for index in 0..1 + chance.index(target.len()) {
            let mut columns = Columns::default();
            let is_float = chance.below(3) > 0;
            let mut floats = FloatWalk::new(*chance.pick(&FloatKind::ALL));
            let mut histograms = HistogramWalk::new(*chance.pick(&HistogramKind::ALL), chance);
            let mut at = begin + chance.between(0, 60_000);
            for _ in 0..1 + chance.below(samples) {
                if is_float {
                    columns.push(at, floats.next(chance));
                } else {
                    let histogram = Arc::new(histograms.next(chance));
                    columns.push_histogram(at, histogram);
                }
                at += 15_000;
            }
            let mut chunks = Vec::new();
            encoding::encode(&columns, FloatEncoding::Xor, &mut chunks);
            all.insert(target.labels(index), chunks);
        }
        Self { series: all, begin, number: u128::from(chance.any()) }
    }

    /// The name of its folder.
    #[must_use]
    pub fn folder(&self, data: &Utf8Path) -> Utf8PathBuf {
        data.join(block_id(self.begin, self.number).to_string())
    }

    /// All samples, series by series.
    ///
    /// # Panics
    /// Never: what was encoded is decoded.
    #[must_use]
    pub fn samples(&self) -> BTreeMap<Labels, BTreeMap<i64, Value>> {
        let decoded = |chunks: &Vec<Chunk>| {
            let mut columns = Columns::default();
            for chunk in chunks {
                encoding::decode(chunk.encoding, &chunk.bytes, i64::MIN, i64::MAX, &mut columns)
                    .expect("what was encoded");
            }
            let floats = columns.times.iter().zip(&columns.values);
            let floats = floats.map(|(at, value)| (*at, Value::from(*value)));
            let histograms = columns.histograms.iter();
            let histograms = histograms.map(|point| (point.at, Value::from(&*point.histogram)));
            floats.chain(histograms).collect()
        };
        self.series.iter().map(|(labels, chunks)| (labels.clone(), decoded(chunks))).collect()
    }

    /// Writes it below `data`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(
        &self,
        disk: &Arc<dyn Disk>,
        data: &Utf8Path,
    ) -> Result<BlockMeta, BlockWriteError> {
        let ulid = block_id(self.begin, self.number);
        let symbols: BTreeSet<String> = self
            .series
            .keys()
            .flat_map(|labels| labels.iter().flat_map(|(name, value)| [name, value]))
            .map(str::to_owned)
            .collect();
        let mut writer = BlockWriter::create(disk, data, ulid, symbols)?;
        for (labels, chunks) in &self.series {
            writer.push(labels, chunks)?;
        }
        let chunks = || self.series.values().flatten();
        let start = chunks().map(|chunk| chunk.first_at).min().unwrap_or(0);
        let end = chunks().map(|chunk| chunk.last_at).max().unwrap_or(0);
        writer.finish(BlockMeta::new(ulid, start, end + 1))
    }
}
