//! The keys of alertmanager.yml, checked into a tree that cannot be wrong.

mod raw;

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::Timestamp;
use narthex_template::{Library, ParseError};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::inhibit::InhibitRule;
use crate::intervals::TimeInterval;
use crate::route::{Route, Routes};

/// Alerting's part of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "raw::RawConfig")]
pub struct Config {
    pub(crate) resolve_timeout: std::time::Duration,
    pub(crate) routes: Routes,
    pub(crate) receivers: Vec<Receiver>,
    pub(crate) inhibit_rules: Vec<InhibitRule>,
    /// By name; every name that a route uses is there.
    pub(crate) intervals: BTreeMap<String, Vec<TimeInterval>>,
    /// Patterns of files with templates, which whoever reads the file reads.
    pub(crate) template_patterns: Vec<String>,
    /// What templates may use.
    pub(crate) library: Library,
}

/// Why a route does not notify at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Muted {
    /// It is in these of the intervals in which it is muted.
    In(Vec<String>),
    /// It is in none of these.
    OutOf(Vec<String>),
}

impl Muted {
    /// The names of the intervals.
    pub(crate) fn into_names(self) -> Vec<String> {
        match self {
            Self::In(names) | Self::OutOf(names) => names,
        }
    }
}

impl Default for Config {
    /// One receiver that delivers nowhere: alerts are grouped and shown.
    fn default() -> Self {
        let name = "default".to_owned();
        Self {
            resolve_timeout: raw::RESOLVE_TIMEOUT,
            routes: raw::root_only(&name),
            receivers: vec![Receiver { name, labels: BTreeMap::new(), integrations: Vec::new() }],
            inhibit_rules: Vec::new(),
            intervals: BTreeMap::new(),
            template_patterns: Vec::new(),
            library: Library::default(),
        }
    }
}

/// A receiver and the ways to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Receiver {
    /// The name that routes use.
    pub name: String,
    /// Labels of its own, by which it is found.
    pub labels: BTreeMap<String, String>,
    /// In the order of the file, lists ascending by key.
    pub integrations: Vec<Integration>,
}

/// One entry of a `<plugin>_configs` list.
#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    /// The notifier's name.
    pub plugin: String,
    /// Its place in the list, from 0.
    pub index: usize,
    /// Whether it is told when alerts are over.
    pub send_resolved: bool,
    /// The rest of the entry, which is the plugin's business.
    pub config: Value,
    /// The section `global`, in which the plugin finds what the entry does not say.
    pub globals: Arc<Map<String, Value>>,
}

impl Integration {
    /// An entry by itself, which is told of resolved alerts.
    #[must_use]
    pub fn new(plugin: &str, config: Value) -> Self {
        let (plugin, globals) = (plugin.to_owned(), Arc::default());
        Self { plugin, index: 0, send_resolved: true, config, globals }
    }
}

impl Config {
    /// What the default is as a file.
    pub const DEFAULT_TEXT: &str = "route:\n  receiver: default\nreceivers:\n- name: default\n";

    /// The same with the texts of its files of templates, by their names.
    ///
    /// # Errors
    /// When one of them is no template.
    pub fn with_templates(mut self, files: &[(String, String)]) -> Result<Self, ParseError> {
        let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        self.library = Library::new(files)?;
        Ok(self)
    }

    /// All integrations, for those who check their configurations.
    pub fn integrations(&self) -> impl Iterator<Item = &Integration> {
        self.receivers.iter().flat_map(|receiver| &receiver.integrations)
    }

    /// All receivers.
    #[must_use]
    pub fn receivers(&self) -> &[Receiver] {
        &self.receivers
    }

    /// Patterns of files with templates, as the file has them.
    #[must_use]
    pub fn template_patterns(&self) -> &[String] {
        &self.template_patterns
    }

    /// Which alerts keep others quiet.
    #[must_use]
    pub fn inhibit_rules(&self) -> &[InhibitRule] {
        &self.inhibit_rules
    }

    /// The routing tree.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Whether a route notifies at `now`; `None`: it does.
    pub(crate) fn muted(&self, route: &Route, now: Timestamp) -> Option<Muted> {
        let holds = |name: &&String| {
            let intervals = self.intervals.get(*name);
            intervals.is_some_and(|all| all.iter().any(|interval| interval.contains(now)))
        };
        if !route.active_in.is_empty() && !route.active_in.iter().any(|name| holds(&name)) {
            return Some(Muted::OutOf(route.active_in.clone()));
        }
        let muting: Vec<String> = route.muted_in.iter().filter(holds).cloned().collect();
        (!muting.is_empty()).then_some(Muted::In(muting))
    }

    /// When an alert counts as over whose sender gave no end.
    #[must_use]
    pub fn resolve_timeout(&self) -> std::time::Duration {
        self.resolve_timeout
    }
}

/// Why a configuration is refused; `key` is where in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The key belongs to Alertmanager and is not there yet.
    #[error("{key} is not supported yet")]
    NotSupported {
        /// The key.
        key: String,
    },
    /// The value does not fit.
    #[error("{key}: {message}")]
    Invalid {
        /// The key.
        key: String,
        /// What is wrong and what would be right.
        message: String,
    },
}

#[cfg(test)]
mod tests;
