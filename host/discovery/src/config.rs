//! What a job says of its targets in the file.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_client::HttpConfig;
use narthex_model::{Labels, TargetGroup};
use narthex_settings::{DurationText, LabelSet};
use serde::Deserialize;

/// All sources of one job's targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobDiscovery {
    /// `static_configs`.
    pub static_configs: Vec<StaticConfig>,
    /// `file_sd_configs`.
    pub files: Vec<FileConfig>,
    /// Other `<name>_sd_configs`, one entry a list item.
    pub providers: Vec<ProviderConfig>,
}

/// One item of `static_configs`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticConfig {
    /// Addresses: `host:port`, or what relabel rules make one of.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Labels of all of them.
    #[serde(default)]
    pub labels: LabelSet,
}

/// One item of `file_sd_configs`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawFileConfig")]
pub struct FileConfig {
    /// Paths; in the last part of each there may be wildcards.
    pub files: Vec<String>,
    /// When to look at files in folders that do not tell of changes.
    pub refresh_interval: Duration,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawFileConfig {
    files: Vec<String>,
    refresh_interval: Option<DurationText>,
}

/// Why an item of `file_sd_configs` is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileConfigError {
    /// It names no files.
    #[error("files: at least one path is needed")]
    NoFiles,
    /// A path that no list of targets can have.
    #[error(
        "files: path name {0:?} is not valid for file discovery; it ends in .json, .yml or .yaml, and \
         a star stands in its last part only"
    )]
    Path(String),
    /// It would look all the time.
    #[error("refresh_interval: must be longer than 0")]
    Interval,
}

impl TryFrom<RawFileConfig> for FileConfig {
    type Error = FileConfigError;

    fn try_from(raw: RawFileConfig) -> Result<Self, FileConfigError> {
        if raw.files.is_empty() {
            return Err(FileConfigError::NoFiles);
        }
        if let Some(wrong) = raw.files.iter().find(|path| !is_path_of_targets(path)) {
            return Err(FileConfigError::Path(wrong.clone()));
        }
        let refresh_interval = raw.refresh_interval.map_or(FILES_EVERY, |interval| interval.0);
        if refresh_interval.is_zero() {
            return Err(FileConfigError::Interval);
        }
        Ok(Self { files: raw.files, refresh_interval })
    }
}

/// When files are looked at again, as by Prometheus.
const FILES_EVERY: Duration = Duration::from_secs(5 * 60);

fn is_path_of_targets(path: &str) -> bool {
    let ends = [".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML"];
    let stem = ends.iter().find_map(|end| path.strip_suffix(end));
    let after_star = stem.map(|stem| stem.split_once('*').map_or("", |(_, after)| after));
    after_star.is_some_and(|after| !after.contains('/'))
}

/// One item of `<name>_sd_configs`.
#[derive(Clone, PartialEq)]
pub struct ProviderConfig {
    /// The provider's name, as in `dns` of `dns_sd_configs`.
    pub name: String,
    /// What the item says; the provider knows what it means.
    pub config: serde_json::Value,
    /// Its keys of HTTP clients, where they can be read as such; they stand in `config` too.
    pub http: Option<HttpConfig>,
    /// Paths that the provider knows to be such count from here.
    pub folder: Utf8PathBuf,
}

impl fmt::Debug for ProviderConfig {
    /// Without what the item says, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderConfig").field("name", &self.name).finish_non_exhaustive()
    }
}

impl StaticConfig {
    /// The group it describes; an address that stands twice counts once.
    #[must_use]
    pub fn group(&self, source: String) -> TargetGroup {
        let addresses: BTreeSet<&str> = self.targets.iter().map(String::as_str).collect();
        let target = |address: &&str| Labels::from_pairs([("__address__", *address)]);
        let targets = addresses.iter().map(target).collect();
        TargetGroup { source, targets, labels: self.labels.0.clone() }
    }
}
