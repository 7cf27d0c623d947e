//! The same backfill as blocks, without a server: what a sample costs on disk, and what compaction costs.
//!
//! Blocks of two hours are written for an aligned range of six and for two hours behind it; then the store opens the
//! folder and does one round, which makes one block of the six.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use camino::Utf8PathBuf;
use narthex_model::Labels;
use narthex_platform::{Clock, Disk, Metrics, RealDisk};
use narthex_storage::Columns;
use narthex_tsdb::block::{Block, BlockMeta, BlockWriter, block_id};
use narthex_tsdb::encoding::{FloatEncoding, encode};
use narthex_tsdb::{Config, Settings, Tsdb};

use crate::push::{columns, identities};
use crate::shape::{Family, Member, Shape};
use crate::values::Seed;

/// The range of a head's block, and of the block that compaction makes of three.
const RANGE_MILLIS: i64 = 2 * 3_600_000;
const JOINED_MILLIS: i64 = 3 * RANGE_MILLIS;
/// `USER_HZ`, the unit of times under /proc.
const TICKS_A_SECOND: f64 = 100.0;

/// What is written.
#[derive(Debug, Clone)]
pub struct Blocks {
    /// A new data folder.
    pub folder: Utf8PathBuf,
    /// How many targets.
    pub targets: usize,
    /// Series of each.
    pub series: usize,
    /// Between steps.
    pub interval: Duration,
    /// Whether the joined block is dense, where that is smaller.
    pub is_dense: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
pub struct Compacted {
    /// Samples in the joined block.
    pub samples: u64,
    /// Its series.
    pub series: u64,
    /// Its chunks and index, in bytes.
    pub bytes: u64,
    /// Its index alone.
    pub index_bytes: u64,
    /// Bytes of the blocks it was made of.
    pub bytes_before: u64,
    /// Processor time of the round, in seconds.
    pub cpu_seconds: f64,
}

/// Writes and compacts.
///
/// # Errors
/// When the disk refuses, or no block was made of three.
pub fn write_blocks(blocks: &Blocks) -> anyhow::Result<Compacted> {
    let (disk, clock) = (RealDisk::shared(), Clock::real());
    disk.create_folder(&blocks.folder).context("create the data folder")?;
    let now = clock.now_millis();
    // The youngest block is never compacted, so that a fourth stands behind the three.
    let from = (now - JOINED_MILLIS - RANGE_MILLIS).div_euclid(JOINED_MILLIS) * JOINED_MILLIS;
    let bytes_before = write_all(blocks, &disk, from, now)?;
    let settings = Settings::default();
    let floats = if blocks.is_dense { FloatEncoding::Dense } else { FloatEncoding::Xor };
    let config = Config::new(blocks.folder.clone()).with_settings(settings.with_floats(floats));
    let store = Tsdb::open(config, Arc::clone(&disk), clock.clone(), &Metrics::new())
        .context("open the store")?;
    let before = cpu_seconds(&*disk)?;
    if let Some(failure) = store.maintain_now(now).into_iter().next() {
        return Err(failure).context("compact");
    }
    let cpu_seconds = cpu_seconds(&*disk)? - before;
    let joined = store.blocks().into_iter().find(|block| block.meta().compaction.level > 1);
    let joined = joined.context("a block of six hours")?;
    let meta = joined.meta();
    let index = disk.map(&joined.folder().join("index")).context("measure the block's index")?;
    Ok(Compacted {
        samples: meta.stats.num_samples,
        series: meta.stats.num_series,
        bytes: joined.size_bytes(),
        index_bytes: u64::try_from(index.len())?,
        bytes_before,
        cpu_seconds,
    })
}

/// Four blocks; the bytes of the three that will be joined.
fn write_all(blocks: &Blocks, disk: &Arc<dyn Disk>, from: i64, now: i64) -> anyhow::Result<u64> {
    let shape = Shape::new(blocks.series);
    let mut series: Vec<(Labels, Place)> = Vec::new();
    for target in 0..blocks.targets {
        let mut own = identities(&shape, target).into_iter();
        for (family, of_family) in shape.families.iter().enumerate() {
            for (member, _) in of_family.members.iter().enumerate() {
                for column in 0..of_family.series_a_member() {
                    let labels = own.next().context("an identity for every series")?;
                    series.push((
                        Labels::from_pairs(labels),
                        Place { target, family, member, column },
                    ));
                }
            }
        }
    }
    series.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let mut bytes = 0;
    for number in 0..4 {
        let start = from + number * RANGE_MILLIS;
        let meta = write_one(blocks, disk, &shape, &series, (start, now, number))?;
        let block = Block::open(disk, &blocks.folder.join(meta.ulid.to_string()))
            .context("open a block")?;
        bytes += if number < 3 { block.size_bytes() } else { 0 };
    }
    Ok(bytes)
}

/// Where the values of a series come from.
struct Place {
    target: usize,
    family: usize,
    member: usize,
    column: usize,
}

impl Place {
    fn source<'a>(&self, shape: &'a Shape) -> Option<(&'a Family, &'a Member)> {
        let family = shape.families.get(self.family)?;
        Some((family, family.members.get(self.member)?))
    }
}

fn write_one(
    blocks: &Blocks,
    disk: &Arc<dyn Disk>,
    shape: &Shape,
    series: &[(Labels, Place)],
    (start, now, number): (i64, i64, i64),
) -> anyhow::Result<BlockMeta> {
    let mut symbols: Vec<&str> =
        series.iter().flat_map(|(labels, _)| labels.iter().flat_map(<[&str; 2]>::from)).collect();
    symbols.sort_unstable();
    symbols.dedup();
    let ulid = block_id(now, u128::try_from(number)? + 1);
    let mut writer =
        BlockWriter::create(disk, &blocks.folder, ulid, symbols).context("begin a block")?;
    let interval = i64::try_from(blocks.interval.as_millis())?;
    let steps = RANGE_MILLIS / interval.max(1);
    let first = 20_000 + number * steps;
    let range = u64::try_from(first)?..u64::try_from(first + steps)?;
    let times: Vec<i64> = (0..steps).map(|step| start + step * interval).collect();
    let mut chunks = Vec::new();
    for (labels, place) in series {
        let (family, member) = place.source(shape).context("a member for every series")?;
        let seed = Seed::new(u64::try_from(place.target)?, member.number);
        let values = columns(family, member, seed, range.clone()).into_iter().nth(place.column);
        chunks.clear();
        encode(
            &Columns::from_floats(times.clone(), values.context("a column")?),
            FloatEncoding::Xor,
            &mut chunks,
        );
        writer.push(labels, &chunks).context("write a series")?;
    }
    writer.finish(BlockMeta::new(ulid, start, start + RANGE_MILLIS)).context("complete a block")
}

fn cpu_seconds(disk: &dyn Disk) -> anyhow::Result<f64> {
    let stat =
        disk.read("/proc/self/stat".into(), 1 << 12).context("read the times of this process")?;
    let text = String::from_utf8_lossy(&stat).into_owned();
    let Some((_, fields)) = text.rsplit_once(')') else { bail!("the times of this process") };
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS_A_SECOND)
}
