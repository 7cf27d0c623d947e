//! What the file says of scraping: [`GlobalScrape`] and [`JobSpec`] as it is written,
//! [`JobConfig`] with every default filled in.

mod error;
mod global;
mod names;
mod protocols;
mod shown;
mod spec;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_client::HttpConfig;
use narthex_exposition::{Escaping, Format, Protocol};
use narthex_model::{NameScheme, RelabelRule};
use serde::Deserialize;

pub use self::error::{InvalidScrape, ScrapeKeyError};
pub use self::global::{GlobalKeys, GlobalScrape};
pub use self::spec::JobSpec;

/// Bounds on what a job takes in; 0 is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct Limits {
    pub body_size: u64,
    pub samples: u64,
    pub labels: u64,
    pub label_name_length: u64,
    pub label_value_length: u64,
    pub targets: u64,
    /// Buckets of a native histogram.
    pub buckets: u64,
    /// How many dropped targets are kept to be shown.
    pub kept_dropped_targets: u64,
}

impl Limits {
    /// Whether the same series are within them.
    pub(crate) fn has_same_labels(&self, other: &Self) -> bool {
        let labels = |one: &Self| (one.labels, one.label_name_length, one.label_value_length);
        labels(self) == labels(other)
    }
}

/// What is made of histograms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histograms {
    /// `scrape_native_histograms`: native ones are taken.
    pub native: bool,
    /// `convert_classic_histograms_to_nhcb`: classic ones become native ones.
    pub to_custom_buckets: bool,
    /// `always_scrape_classic_histograms`: they stay classic as well.
    pub classic_too: bool,
}

/// A scrape job, complete.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct JobConfig {
    pub name: String,
    pub interval: Duration,
    pub timeout: Duration,
    /// `None`: those of [`Protocol::DEFAULT`], after protobuf where that has more to say.
    pub protocols: Option<Vec<Protocol>>,
    pub fallback: Option<Format>,
    pub metrics_path: String,
    pub scheme: String,
    pub params: BTreeMap<String, Vec<String>>,
    pub honor_labels: bool,
    pub honor_timestamps: bool,
    pub track_timestamps_staleness: bool,
    pub enable_compression: bool,
    pub extra_metrics: Option<bool>,
    /// Names of series and labels that are taken.
    pub names: NameScheme,
    /// How others are asked for.
    pub escaping: Escaping,
    pub histograms: Histograms,
    /// Finer histograms are made this coarse: `native_histogram_min_bucket_factor`.
    pub schema_max: i32,
    /// Where failed scrapes are written: `scrape_failure_log_file`.
    pub failure_log: Option<Utf8PathBuf>,
    pub limits: Limits,
    pub relabel: Vec<RelabelRule>,
    pub metric_relabel: Vec<RelabelRule>,
    pub source: Source,
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The target, over HTTP.
    Http(Box<HttpConfig>),
    /// A plugin, about the target.
    Exporter(ExporterSpec),
}

/// `exporter`: a plugin in the place of an HTTP server.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExporterSpec {
    /// The plugin's name.
    pub plugin: String,
    /// What the plugin is told; its schema decides what may stand there.
    #[serde(default = "nothing", deserialize_with = "something")]
    pub config: serde_json::Value,
}

impl fmt::Debug for ExporterSpec {
    /// Without what the file says to the plugin, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExporterSpec").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

/// A plugin that is told nothing gets an empty object.
fn nothing() -> serde_json::Value {
    serde_json::Value::Object(serde_json::Map::new())
}

/// `config:` without a value says nothing too.
fn something<'de, D: serde::Deserializer<'de>>(from: D) -> Result<serde_json::Value, D::Error> {
    let given = Option::<serde_json::Value>::deserialize(from)?;
    Ok(given.unwrap_or_else(nothing))
}

#[cfg(test)]
mod tests;
