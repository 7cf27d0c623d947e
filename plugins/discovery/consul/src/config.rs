//! An entry of `consul_sd_configs`. The schema holds the defaults; the keys of the HTTP client are the host's.

use std::{collections::BTreeMap, time::Duration};

use narthex_sdk::duration;
use serde::Deserialize;

/// An entry of `consul_sd_configs`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub(crate) server: String,
    pub(crate) path_prefix: String,
    pub(crate) token: String,
    pub(crate) datacenter: String,
    pub(crate) namespace: String,
    pub(crate) partition: String,
    pub(crate) tag_separator: String,
    pub(crate) scheme: Scheme,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) allow_stale: bool,
    #[serde(with = "duration::positive")]
    pub(crate) refresh_interval: Duration,
    pub(crate) services: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) node_meta: BTreeMap<String, String>,
    pub(crate) filter: String,
    pub(crate) health_filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Config {
    /// Whether the catalog must say which services there are. Services that are named, without tags and filter, are
    /// asked for without it.
    pub(crate) fn needs_catalog(&self) -> bool {
        self.services.is_empty() || !self.tags.is_empty() || !self.filter.is_empty()
    }

    /// Whether a service of the catalog matters.
    pub(crate) fn wants(&self, name: &str, tags: &[String]) -> bool {
        let is_named = self.services.is_empty() || self.services.iter().any(|own| own == name);
        is_named && self.tags.iter().all(|tag| tags.contains(tag))
    }
}
