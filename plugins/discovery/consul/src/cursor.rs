//! What a call remembers for the next: how far Consul was, and how many targets each service had.

use std::collections::BTreeMap;

use narthex_sdk::json;
use serde::{Deserialize, Serialize};

/// Below the host's bound of 64 KiB.
const BYTES_MAX: usize = 60 << 10;

/// Where the last call ended.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The agent's own one, if the configuration names none.
    pub(crate) datacenter: String,
    /// The index of the list of services; 0 when it was not asked for.
    pub(crate) catalog: u64,
    /// Not all services answered: the next call asks at once, and waits for nothing.
    #[serde(default)]
    pub(crate) is_partial: bool,
    /// The service that is asked for first, where the last call had no time left for it; empty: any.
    #[serde(default)]
    pub(crate) next: String,
    /// By name. None: nothing is known, or there are too many to remember; then every answer is a whole one.
    pub(crate) services: Option<BTreeMap<String, Known>>,
}

/// What is known of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, u32)", into = "(u64, u32)")]
pub(crate) struct Known {
    /// The index of its last answer; 0 when there was none.
    pub(crate) index: u64,
    /// How many targets it had. Their sources are the service's name and a number, counted from 0.
    pub(crate) targets: u32,
}

impl Cursor {
    /// A cursor that cannot be read is one of another version: begin afresh.
    pub(crate) fn read(text: &str) -> Option<Self> {
        json::from_str(text).ok()
    }

    /// As text, not longer than the host keeps.
    pub(crate) fn write(&self) -> String {
        let written = |cursor: &Self| json::to_string(cursor).unwrap_or_default();
        let text = written(self);
        if text.len() <= BYTES_MAX {
            return text;
        }
        let (datacenter, next) = (self.datacenter.clone(), self.next.clone());
        let (catalog, is_partial) = (self.catalog, self.is_partial);
        written(&Self { datacenter, catalog, is_partial, next, services: None })
    }
}

impl Known {
    /// The sources of its targets.
    pub(crate) fn sources(self, name: &str) -> impl Iterator<Item = String> {
        (0..self.targets).map(move |place| source(name, place))
    }
}

/// A target's source.
pub(crate) fn source(name: &str, place: u32) -> String {
    format!("{name}/{place}")
}

impl From<(u64, u32)> for Known {
    fn from((index, targets): (u64, u32)) -> Self {
        Self { index, targets }
    }
}

impl From<Known> for (u64, u32) {
    fn from(known: Known) -> Self {
        (known.index, known.targets)
    }
}
