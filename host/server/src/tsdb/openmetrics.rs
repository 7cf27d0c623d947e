//! `create-blocks-from openmetrics`: text with times becomes blocks.
//!
//! Samples of a series ascend in the text. One that comes late, or a second value of one time, is an
//! error that names its line: promtool refuses it as well, but leaves it out without a word when it
//! stands less than five thousand samples behind the other. The same line twice counts once.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use narthex_exposition::{Entry, Format, Parser, Sample};
use narthex_model::Labels;
use narthex_platform::RealDisk;
use narthex_storage::Columns;

use super::arguments::{FromOpenMetrics, Telling};
use super::backfill::{Backfill, windows};
use super::notation::seconds;
use super::output::progress;

/// So many samples are collected before they are coded: a few megabytes.
const BATCH_SAMPLES: usize = 100_000;
/// The text is held in memory: a pipe can be read only once, and a file that somebody cuts must not
/// end the program. More than this is better given in parts.
const INPUT_BYTES_MAX: u64 = 16 << 30;

/// `narthex tsdb create-blocks-from openmetrics`.
pub(crate) fn create(arguments: &FromOpenMetrics, telling: Telling) -> anyhow::Result<()> {
    let disk = RealDisk::shared();
    let input = &arguments.input;
    let text = disk.read(input, INPUT_BYTES_MAX).with_context(|| format!("read {input}"))?;
    let Some((start, end)) = times(&text).with_context(|| format!("read {input}"))? else {
        progress(&format!("{input} holds no samples"));
        return Ok(());
    };
    let mut backfill = Backfill::new(disk, &arguments.output, telling)?;
    // A window without samples is found out without a walk over the file.
    let mut next_at = start;
    for window in windows(start, end, telling.max_block_duration) {
        if next_at >= window.end {
            continue;
        }
        next_at = i64::MAX;
        let mut batch = Batch::default();
        each(&text, |sample, at| {
            if at >= window.end {
                next_at = next_at.min(at);
            } else if at >= window.start {
                batch.push(&sample, at, &arguments.labels, &mut backfill)?;
            }
            Ok(())
        })
        .with_context(|| format!("read {input}"))?;
        batch.hand_over(&mut backfill)?;
        backfill.finish_block()?;
    }
    backfill.end()
}

/// The oldest and the newest time.
fn times(text: &[u8]) -> anyhow::Result<Option<(i64, i64)>> {
    let mut found: Option<(i64, i64)> = None;
    each(text, |_, at| {
        let (oldest, newest) = found.unwrap_or((at, at));
        found = Some((oldest.min(at), newest.max(at)));
        Ok(())
    })?;
    Ok(found)
}

/// Shows each sample with its time.
fn each(
    text: &[u8],
    mut look: impl FnMut(Sample<'_>, i64) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut parser = Parser::new(text, Format::OpenMetrics);
    while let Some(entry) = parser.next_entry()? {
        let Entry::Sample(sample) = entry else { continue };
        let at = sample.reading.at.with_context(|| {
            let labels = sample.series.labels().map(|labels| labels.to_string());
            format!("the sample of {} has no time", labels.unwrap_or_default())
        })?;
        look(sample, at.millis()).with_context(|| format!("line {}", parser.lines_read()))?;
    }
    Ok(())
}

/// Samples on their way to the block.
#[derive(Default)]
struct Batch {
    series: BTreeMap<Labels, Pending>,
    samples: usize,
}

/// Samples of a series.
#[derive(Default)]
struct Pending {
    columns: Columns,
    /// The newest, handed over or not.
    last: Option<(i64, f64)>,
}

impl Pending {
    /// Takes a sample that is newer than all others, passes over one that is there already.
    fn push(&mut self, at: i64, value: f64) -> anyhow::Result<()> {
        match self.last {
            Some((last, there)) if last == at && there.to_bits() == value.to_bits() => {
                return Ok(());
            }
            Some((last, there)) if last == at => bail!(
                "duplicate sample for the time {}: there is {there} already, and now {value}",
                seconds(at)
            ),
            Some((last, _)) if last > at => bail!(
                "out of order sample: its time {} is before {}, which came first",
                seconds(at),
                seconds(last)
            ),
            _ => {}
        }
        self.last = Some((at, value));
        self.columns.push(at, value);
        Ok(())
    }
}

impl Batch {
    fn push(
        &mut self,
        sample: &Sample<'_>,
        at: i64,
        more: &[(String, String)],
        backfill: &mut Backfill,
    ) -> anyhow::Result<()> {
        let mut labels = sample.series.labels()?;
        if !more.is_empty() {
            let mut builder = labels.to_builder();
            for (name, value) in more {
                builder.set(name, value);
            }
            labels = builder.finish();
        }
        let pending = match self.series.get_mut(&labels) {
            Some(pending) => pending,
            None => self.series.entry(labels.clone()).or_default(),
        };
        pending.push(at, sample.reading.value).with_context(|| labels.to_string())?;
        self.samples += 1;
        if self.samples >= BATCH_SAMPLES {
            self.hand_over(backfill)?;
        }
        Ok(())
    }

    fn hand_over(&mut self, backfill: &mut Backfill) -> anyhow::Result<()> {
        for (labels, pending) in &mut self.series {
            backfill.add(labels, &pending.columns)?;
            pending.columns.clear();
        }
        self.samples = 0;
        Ok(())
    }
}
