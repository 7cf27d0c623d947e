//! `analyze`: where a block's series, churn and label values come from.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use camino::Utf8PathBuf;
use narthex_model::METRIC_NAME;
use narthex_platform::{Disk, RealDisk};
use narthex_storage::Columns;
use narthex_tsdb::block::{Block, BlockSeries, ChunkView};
use narthex_tsdb::encoding;

use super::arguments::Analyze;
use super::histogram_chart::chart;
use super::notation;
use super::output::Output;

/// `narthex tsdb analyze`.
pub(crate) fn analyze(arguments: &Analyze) -> anyhow::Result<()> {
    let matchers = arguments.selector.as_deref().map(super::dump::matchers).transpose()?;
    let disk = RealDisk::shared();
    let folder = block_folder(&*disk, arguments)?;
    let block = Block::open(&disk, &folder).with_context(|| format!("open block {folder}"))?;
    let meta = block.meta();
    let mut out = Output::new();
    out.line(&format!("Block ID: {}", meta.ulid))?;
    let range = meta.max_time.saturating_sub(meta.min_time);
    out.line(&format!("Duration: {}", notation::duration(range)))?;
    out.line(&format!("Total Series: {}", meta.stats.num_series))?;
    if let Some(selector) = &arguments.selector {
        out.line(&format!("Matcher: {selector}"))?;
    }
    let mut found = Found::default();
    for id in block.matching(matchers.as_deref().unwrap_or_default())?.iter() {
        let series = block.series_of(*id)?;
        found.add(&series, range);
        if arguments.extended {
            found.add_chunks(&block, &series)?;
        }
    }
    found.print(arguments, range, &mut out)?;
    out.finish()
}

/// The block that is asked for, or the newest.
fn block_folder(disk: &dyn Disk, arguments: &Analyze) -> anyhow::Result<Utf8PathBuf> {
    let path = &arguments.path;
    if let Some(id) = &arguments.block {
        return Ok(path.join(id));
    }
    let newest = super::list::blocks(disk, path)?.into_iter().max_by_key(|(_, meta)| meta.ulid);
    match newest {
        Some((folder, _)) => Ok(folder),
        None => bail!("{path} holds no blocks"),
    }
}

/// A label pair's share of the block.
#[derive(Clone, Copy, Default)]
struct Share {
    series: u64,
    /// Milliseconds of the block that its series do not cover, summed.
    uncovered: u64,
}

/// What the series say.
#[derive(Default)]
struct Found {
    series: u64,
    entries: u64,
    /// By name, then value.
    labels: BTreeMap<String, BTreeMap<String, Share>>,
    chunks: u64,
    floats: Chunks,
    histograms: Chunks,
    buckets: Vec<u64>,
}

/// Samples and bytes of each chunk of a kind.
#[derive(Default)]
struct Chunks {
    samples: Vec<u64>,
    bytes: Vec<u64>,
}

impl Found {
    fn add(&mut self, series: &BlockSeries, range: i64) {
        let first = series.chunks.first().map_or(0, |chunk| chunk.first_at);
        let last = series.chunks.last().map_or(0, |chunk| chunk.last_at);
        let uncovered = range.saturating_sub(last.saturating_sub(first)).unsigned_abs();
        self.series += 1;
        for (name, value) in &series.labels {
            let values = self.labels.entry(name.to_owned()).or_default();
            let share = values.entry(value.to_owned()).or_default();
            share.series += 1;
            share.uncovered += uncovered;
            self.entries += 1;
        }
    }

    fn add_chunks(&mut self, block: &Block, series: &BlockSeries) -> anyhow::Result<()> {
        for place in &series.chunks {
            let chunk = block.chunk(place).with_context(|| format!("read {}", series.labels))?;
            self.chunks += 1;
            let kind = if chunk.encoding.is_histogram() {
                self.buckets.push(buckets(&chunk)?);
                &mut self.histograms
            } else {
                &mut self.floats
            };
            kind.samples.push(encoding::count(chunk.encoding, chunk.bytes)? as u64);
            kind.bytes.push(chunk.bytes.len() as u64);
        }
        Ok(())
    }

    fn print(mut self, arguments: &Analyze, range: i64, out: &mut Output) -> anyhow::Result<()> {
        let pairs: usize = self.labels.values().map(BTreeMap::len).sum();
        out.line(&format!("Label names: {}", self.labels.len()))?;
        if arguments.selector.is_some() {
            out.line(&format!("Matched series: {}", self.series))?;
        }
        out.line(&format!("Postings (unique label pairs): {pairs}"))?;
        out.line(&format!("Postings entries (total label pairs): {}", self.entries))?;
        for (title, counts) in self.lists(range) {
            out.line(&format!("\n{title}:"))?;
            out.text(&largest(counts, arguments.limit))?;
        }
        if arguments.extended {
            out.text("\nCompaction analysis:\n\n")?;
            let total = self.chunks;
            let mut draw = |what: &str, values: &mut Vec<u64>| {
                out.text(&chart(what, std::mem::take(values), total))
            };
            draw("samples per float chunk", &mut self.floats.samples)?;
            draw("bytes per float chunk", &mut self.floats.bytes)?;
            draw("samples per histogram chunk", &mut self.histograms.samples)?;
            draw("bytes per histogram chunk", &mut self.histograms.bytes)?;
            draw("buckets per histogram chunk", &mut self.buckets)?;
        }
        Ok(())
    }

    /// Each list's title, with counts by key.
    fn lists(&self, range: i64) -> [(&'static str, Vec<(u64, String)>); 6] {
        let covered = |uncovered: u64| uncovered / range.unsigned_abs().max(1);
        let by_pair = |count: &dyn Fn(&Share) -> u64| {
            let pairs = self.labels.iter().flat_map(|(name, values)| {
                values.iter().map(move |(value, share)| (format!("{name}={value}"), share))
            });
            pairs.map(|(pair, share)| (count(share), pair)).collect()
        };
        let by_name = |count: &dyn Fn(&BTreeMap<String, Share>) -> u64| {
            self.labels.iter().map(|(name, values)| (count(values), name.clone())).collect()
        };
        let metrics = self.labels.get(METRIC_NAME).into_iter().flatten();
        [
            ("Label pairs most involved in churning", by_pair(&|share| covered(share.uncovered))),
            (
                "Label names most involved in churning",
                by_name(&|values| covered(values.values().map(|share| share.uncovered).sum())),
            ),
            ("Most common label pairs", by_pair(&|share| share.series)),
            (
                "Label names with highest cumulative label value length",
                by_name(&|values| values.keys().map(|value| value.len() as u64).sum()),
            ),
            ("Highest cardinality labels", by_name(&|values| values.len() as u64)),
            (
                "Highest cardinality metric names",
                metrics.map(|(name, share)| (share.series, name.clone())).collect(),
            ),
        ]
    }
}

/// Buckets of all samples of a chunk of histograms.
fn buckets(chunk: &ChunkView<'_>) -> anyhow::Result<u64> {
    let mut columns = Columns::default();
    encoding::decode(chunk.encoding, chunk.bytes, i64::MIN, i64::MAX, &mut columns)?;
    let of_sample = |layout: &narthex_model::BucketLayout| {
        narthex_model::buckets_in(&layout.positive_spans)
            + narthex_model::buckets_in(&layout.negative_spans)
    };
    Ok(columns.histograms.iter().map(|point| of_sample(point.histogram.layout())).sum())
}

/// The largest counts, a line each; equal ones by key.
fn largest(mut counts: Vec<(u64, String)>, limit: usize) -> String {
    counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    counts.iter().take(limit).map(|(count, key)| format!("{count} {key}\n")).collect()
}
