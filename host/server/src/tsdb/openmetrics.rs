//! `create-blocks-from openmetrics`: text with times becomes blocks.

use std::collections::BTreeMap;

use anyhow::Context as _;
use narthex_exposition::{Entry, Format, Parser, Sample};
use narthex_model::Labels;
use narthex_platform::RealDisk;
use narthex_storage::Columns;

use super::arguments::FromOpenMetrics;
use super::backfill::{Backfill, windows};
use super::output::progress;

/// So many samples are collected before they are coded: a few megabytes.
const BATCH_SAMPLES: usize = 100_000;

/// `narthex tsdb create-blocks-from openmetrics`.
pub(crate) fn create(arguments: &FromOpenMetrics) -> anyhow::Result<()> {
    let disk = RealDisk::shared();
    let input = &arguments.input;
    let text = disk.map(input).with_context(|| format!("read {input}"))?;
    let Some((start, end)) = times(&text).with_context(|| format!("read {input}"))? else {
        progress(&format!("{input} holds no samples"));
        return Ok(());
    };
    let mut backfill = Backfill::new(disk, &arguments.output, arguments.telling)?;
    // A window without samples is found out without a walk over the file.
    let mut next_at = start;
    for window in windows(start, end, arguments.telling.max_block_duration) {
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
        batch.hand_over(&mut backfill);
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
        look(sample, at.millis())?;
    }
    Ok(())
}

/// Samples on their way to the block.
#[derive(Default)]
struct Batch {
    series: BTreeMap<Labels, Columns>,
    samples: usize,
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
        self.series.entry(labels).or_default().push(at, sample.reading.value);
        self.samples += 1;
        if self.samples >= BATCH_SAMPLES {
            self.hand_over(backfill);
        }
        Ok(())
    }

    fn hand_over(&mut self, backfill: &mut Backfill) {
        for (labels, columns) in std::mem::take(&mut self.series) {
            backfill.add(&labels, &columns);
        }
        self.samples = 0;
    }
}
