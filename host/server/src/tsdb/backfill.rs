//! Blocks made of other data: what `create-blocks-from` has in common.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::Labels;
use narthex_platform::{Clock, Disk};
use narthex_storage::Columns;
use narthex_tsdb::block::{BlockMeta, block_id};
use narthex_tsdb::encoding::FloatEncoding;
use narthex_tsdb::{BlockBuilder, Unordered};

use super::arguments::Telling;
use super::list;
use super::output::Output;

/// The shortest range of a block, in milliseconds.
const BLOCK_MILLIS: i64 = 2 * 3600 * 1000;
/// Ranges grow by three, ten times at most.
const STEPS_MAX: u32 = 9;

/// The aligned ranges that cover `start..=end`, each as long as blocks may be.
pub(crate) fn windows(start: i64, end: i64, longest: Duration) -> impl Iterator<Item = Range<i64>> {
    let length = block_millis(longest);
    let first = start.div_euclid(length) * length;
    let next = move |window: &Range<i64>| Some(window.end..window.end.checked_add(length)?);
    std::iter::successors(Some(first..first.saturating_add(length)), next)
        .take_while(move |window| window.start <= end)
}

/// Two hours times a power of three, no longer than `longest`.
fn block_millis(longest: Duration) -> i64 {
    let longest = i64::try_from(longest.as_millis()).unwrap_or(i64::MAX);
    let ranges = (0..=STEPS_MAX).map(|step| BLOCK_MILLIS * 3_i64.pow(step));
    ranges.take_while(|range| *range <= longest).last().unwrap_or(BLOCK_MILLIS)
}

/// Samples of one block after the other.
pub(crate) struct Backfill {
    disk: Arc<dyn Disk>,
    clock: Clock,
    folder: Utf8PathBuf,
    telling: Telling,
    builder: BlockBuilder,
    made: Vec<BlockMeta>,
}

impl Backfill {
    /// Blocks below `folder`, which is made when it is not there.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        folder: &Utf8Path,
        telling: Telling,
    ) -> anyhow::Result<Self> {
        disk.create_folder(folder).with_context(|| format!("make {folder}"))?;
        Ok(Self {
            disk,
            clock: Clock::real(),
            folder: folder.to_owned(),
            telling,
            builder: BlockBuilder::new(FloatEncoding::Xor),
            made: Vec::new(),
        })
    }

    /// Adds samples to the block that is being made.
    ///
    /// # Errors
    /// When the samples do not ascend in time.
    pub(crate) fn add(&mut self, labels: &Labels, columns: &Columns) -> Result<(), Unordered> {
        self.builder.add(labels, columns)
    }

    /// Writes the block; one without samples is none.
    pub(crate) fn finish_block(&mut self) -> anyhow::Result<()> {
        let builder = std::mem::replace(&mut self.builder, BlockBuilder::new(FloatEncoding::Xor));
        let id = block_id(self.clock.now_millis(), random());
        let made = builder
            .write(&self.disk, &self.folder, id)
            .with_context(|| format!("write a block to {}", self.folder))?;
        self.made.extend(made);
        Ok(())
    }

    /// Tells what was made.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        if self.telling.quiet || self.made.is_empty() {
            return Ok(());
        }
        let mut rows = vec![list::header()];
        for meta in &self.made {
            let block = self.folder.join(meta.ulid.to_string());
            let bytes = list::folder_bytes(&*self.disk, &block)?;
            rows.push(list::row(meta, bytes, self.telling.human_readable));
        }
        let mut out = Output::new();
        out.text(&super::table::table(&rows))?;
        out.finish()
    }
}

/// Numbers that nobody else has: the standard library's seeds come from the operating system.
pub(crate) fn random() -> u128 {
    let half = || u128::from(RandomState::new().build_hasher().finish());
    half() << 64 | half()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600 * 1000;

    #[test]
    fn windows_are_aligned_and_cover_the_range() {
        let of = |start, end, hours: u64| {
            let longest = Duration::from_secs(3600 * hours);
            windows(start, end, longest).collect::<Vec<_>>()
        };
        assert_eq!(of(HOUR, 2 * HOUR, 2), [0..2 * HOUR, 2 * HOUR..4 * HOUR]);
        assert_eq!(of(HOUR, HOUR, 7).as_slice(), std::slice::from_ref(&(0..6 * HOUR)));
        assert_eq!(of(-1, 0, 1), [-2 * HOUR..0, 0..2 * HOUR]);
    }
}
