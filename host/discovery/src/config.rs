//! What a job says of its targets in the file.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use narthex_client::HttpConfig;
use narthex_model::{Labels, TargetGroup};
use narthex_settings::LabelSet;
use serde::Deserialize;

/// All sources of one job's targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobDiscovery {
    /// `static_configs`.
    pub static_configs: Vec<StaticConfig>,
    /// `<name>_sd_configs`, one entry a list item.
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

/// One item of `<name>_sd_configs`.
#[derive(Clone, Debug, PartialEq)]
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
