//! What the file says of scraping: [`GlobalScrape`] and [`JobSpec`] as it is written,
//! [`JobConfig`] with every default filled in.

mod error;
mod global;
mod names;
mod protocols;
mod spec;

use std::collections::BTreeMap;
use std::time::Duration;

use narthex_client::HttpConfig;
use narthex_exposition::{Format, Protocol};
use narthex_model::RelabelRule;
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
    /// How many dropped targets are kept to be shown.
    pub kept_dropped_targets: u64,
}

/// A scrape job, complete.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct JobConfig {
    pub name: String,
    pub interval: Duration,
    pub timeout: Duration,
    pub protocols: Vec<Protocol>,
    pub fallback: Option<Format>,
    pub metrics_path: String,
    pub scheme: String,
    pub params: BTreeMap<String, Vec<String>>,
    pub honor_labels: bool,
    pub honor_timestamps: bool,
    pub track_timestamps_staleness: bool,
    pub enable_compression: bool,
    pub extra_metrics: bool,
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
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExporterSpec {
    /// The plugin's name.
    pub plugin: String,
    /// What the plugin is told; its schema decides what may stand there.
    #[serde(default = "nothing", deserialize_with = "something")]
    pub config: serde_json::Value,
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
