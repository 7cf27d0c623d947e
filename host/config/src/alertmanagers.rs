//! `alerting`: each Alertmanager's mapping is split into what `notify` and what `discovery` read.

use std::sync::Arc;

use camino::Utf8Path;
use narthex_discovery::JobDiscovery;
use narthex_model::NameScheme;
use narthex_notify::{AlertingKeys, AlertmanagerConfig, AlertmanagerKeys, Config, InvalidAlerting};
use narthex_settings::{Document, Node, SettingsError};

use crate::jobs::{PluginUse, discovery, is_discovery};
use crate::sections::is_empty;
use crate::upstream::{http_auths, with_http};

/// Where alerts are sent besides, and where those are found who get them.
#[derive(Clone, Debug, Default)]
pub struct Alertmanagers {
    /// How alerts are sent.
    pub notify: Config,
    /// Where the targets of each item of `alertmanagers` come from, in their order.
    pub discovery: Vec<JobDiscovery>,
}

impl Alertmanagers {
    /// The name of an item in discovery, as Prometheus numbers them.
    #[must_use]
    pub fn name(index: usize) -> String {
        format!("config-{index}")
    }
}

/// Reads the section.
pub(crate) fn read(
    document: &Arc<Document>,
    names: NameScheme,
    folder: &Utf8Path,
    uses: &mut Vec<PluginUse>,
) -> Result<Alertmanagers, SettingsError> {
    let key = "alerting";
    let mut read = Alertmanagers::default();
    let Some(node) = document.root().get(key) else { return Ok(read) };
    let keys: AlertingKeys = document.read_node(&node.with_keys(|key| key != LIST), key)?;
    let alert_relabel = keys.alert_relabel(names);
    read.notify.alert_relabel =
        alert_relabel.map_err(|error| refused(document, node, key, &error))?;
    let Some(list) = node.get(LIST).filter(|list| !is_empty(list)) else { return Ok(read) };
    let key = format!("{key}.{LIST}");
    let Some(items) = list.items() else {
        return Err(document.error(list.at, &key, "expected a list"));
    };
    for (index, item) in items.iter().enumerate() {
        let key = format!("{key}[{index}]");
        read.discovery.push(discovery(document, item, &key, folder, uses)?);
        read.notify.alertmanagers.push(alertmanager(document, item, &key, names)?);
    }
    Ok(read)
}

/// Where they stand in the section.
const LIST: &str = "alertmanagers";

fn alertmanager(
    document: &Document,
    node: &Node,
    key: &str,
    names: NameScheme,
) -> Result<AlertmanagerConfig, SettingsError> {
    let own = node.with_keys(|key| !is_discovery(key));
    let (keys, http) = with_http::<AlertmanagerKeys>(document, &own, key)?;
    let has_auth = http_auths(&own).next().is_some();
    keys.resolve(http, has_auth, names).map_err(|error| refused(document, node, key, &error))
}

/// An error at its place in the file.
fn refused(document: &Document, node: &Node, key: &str, error: &InvalidAlerting) -> SettingsError {
    let found = error.key().and_then(|below| Some((below, node.get(below)?)));
    match found {
        Some((below, node)) => {
            document.error(node.at, &format!("{key}.{below}"), &error.to_string())
        }
        None => document.error(node.at, key, &error.to_string()),
    }
}
