//! `dump` and `dump-openmetrics`: samples of blocks and log as lines.

use std::collections::BTreeMap;

use anyhow::Context as _;
use narthex_model::{Labels, Matcher, Timestamp};
use narthex_storage::{Columns, Queryable, Series, TimeRange};

use super::arguments::{Dump, DumpFormat, DumpOpenMetrics, Selection};
use super::notation::{self, seconds};
use super::open::{self, ReadOnly};
use super::output::Output;

/// `narthex tsdb dump`.
pub(crate) fn dump(arguments: &Dump) -> anyhow::Result<()> {
    let write = match arguments.format {
        DumpFormat::Prom => samples,
        DumpFormat::Seriesjson => labels_as_json,
    };
    each_series(&arguments.selection, write, |_| Ok(()))
}

/// `narthex tsdb dump-openmetrics`.
pub(crate) fn dump_openmetrics(arguments: &DumpOpenMetrics) -> anyhow::Result<()> {
    each_series(&arguments.selection, openmetrics, |out| out.line("# EOF"))
}

type Write = fn(&Labels, &Columns, &mut Output) -> anyhow::Result<()>;

fn each_series(
    selection: &Selection,
    write: Write,
    end: fn(&mut Output) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let selectors = selection
        .selectors
        .iter()
        .map(|text| matchers(text))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let range = TimeRange {
        start: Timestamp::from_millis(selection.min_time),
        end: Timestamp::from_millis(selection.max_time),
    };
    let sandbox = selection.sandbox_dir_root.as_deref();
    let ReadOnly { store, .. } = &open::read_only(&selection.folder.path, sandbox)?;
    open::tell_damage(store);
    let unreadable = open::tell_unreadable(store);
    let querier = store.querier(range).context("read the store")?;
    let mut found: BTreeMap<Labels, Box<dyn Series>> = BTreeMap::new();
    for selector in &selectors {
        for series in querier.select(selector).context("read the store")? {
            found.insert(series.labels().clone(), series);
        }
    }
    let mut out = Output::new();
    let mut columns = Columns::default();
    // Each goes before the next is read, with what it holds of the memory of queries.
    for (labels, series) in found {
        columns.clear();
        series.read(range, &mut columns).with_context(|| format!("read {labels}"))?;
        if !columns.is_empty() {
            write(&labels, &columns, &mut out)?;
        }
    }
    end(&mut out)?;
    out.finish()?;
    unreadable
}

/// The conditions of a plain selector.
pub(crate) fn matchers(text: &str) -> anyhow::Result<Vec<Matcher>> {
    narthex_promql::parse_any_selector(text).with_context(|| format!("--match={text}"))
}

/// One line a sample: labels, value, milliseconds.
fn samples(labels: &Labels, columns: &Columns, out: &mut Output) -> anyhow::Result<()> {
    let series = notation::labels(labels, ", ");
    let mut histograms = columns.histograms.iter().peekable();
    for (at, value) in columns.times.iter().zip(&columns.values) {
        while let Some(point) = histograms.next_if(|point| point.at < *at) {
            let value = notation::histogram(&point.histogram);
            out.line(&format!("{series} {value} {}", point.at))?;
        }
        out.line(&format!("{series} {} {at}", notation::float(*value)))?;
    }
    for point in histograms {
        let value = notation::histogram(&point.histogram);
        out.line(&format!("{series} {value} {}", point.at))?;
    }
    Ok(())
}

fn labels_as_json(labels: &Labels, _: &Columns, out: &mut Output) -> anyhow::Result<()> {
    let pairs = labels.iter().map(|(name, value)| (name.to_owned(), value.into()));
    out.line(&serde_json::Value::Object(pairs.collect()).to_string())
}

/// One line a float sample; what OpenMetrics cannot say is left out.
fn openmetrics(labels: &Labels, columns: &Columns, out: &mut Output) -> anyhow::Result<()> {
    let name = labels.metric_name().unwrap_or_default();
    let series = notation::labels(&labels.without_metric_name(), ",");
    let samples = columns.times.iter().zip(&columns.values);
    for (at, value) in samples.filter(|(_, value)| !narthex_model::is_stale(**value)) {
        out.line(&format!("{name}{series} {} {}", notation::float(*value), seconds(*at)))?;
    }
    Ok(())
}
