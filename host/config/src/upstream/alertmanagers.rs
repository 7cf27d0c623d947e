//! `alerting`: other Alertmanagers.

use narthex_settings::{Document, DurationText, Entry, Node, RelabelRules, SettingsError};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::jobs::static_configs;
use crate::sections::is_empty;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alerting {
    #[serde(default, rename = "alert_relabel_configs")]
    _relabel: RelabelRules,
}

/// One item of `alertmanagers`, without its targets and HTTP keys.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Keys")]
struct Alertmanager {
    has_sigv4: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    scheme: Option<String>,
    path_prefix: Option<String>,
    timeout: Option<DurationText>,
    api_version: Option<String>,
    sigv4: Option<IgnoredAny>,
    relabel_configs: RelabelRules,
    alert_relabel_configs: RelabelRules,
}

impl TryFrom<Keys> for Alertmanager {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        match keys.api_version.as_deref() {
            None | Some("v2") => Ok(Self { has_sigv4: keys.sigv4.is_some() }),
            Some(other) => {
                Err(format!("expected Alertmanager api version to be v2 but got {other}"))
            }
        }
    }
}

/// `alerting`. An empty one, as the classic first configuration has it, is taken; targets are refused
/// until alerts can be sent there.
pub(super) fn check(document: &Document, node: &Node) -> Result<(), SettingsError> {
    let (mut own, key) = (node.clone(), "alerting");
    let alertmanagers = own.take_entries(|key| key == "alertmanagers");
    document.read_node::<Alerting>(&own, key)?;
    for entry in &alertmanagers {
        let key = "alerting.alertmanagers";
        let Some(items) = entry.node.items() else {
            return Err(document.error(entry.node.at, key, "expected a list"));
        };
        for (index, item) in items.iter().enumerate() {
            check_alertmanager(document, item, &format!("{key}[{index}]"))?;
        }
    }
    refuse(document, node)
}

fn check_alertmanager(document: &Document, node: &Node, key: &str) -> Result<(), SettingsError> {
    let mut own = node.clone();
    for entry in own.take_entries(|key| key == "static_configs" || key.ends_with("_sd_configs")) {
        if entry.key == "static_configs" {
            let is_relabeled = node.get("relabel_configs").is_some_and(|node| !is_empty(node));
            let key = format!("{key}.static_configs");
            static_configs(document, &entry.node, &key, is_relabeled)?;
        }
    }
    let (Alertmanager { has_sigv4 }, _) = super::with_http::<Alertmanager>(document, &own, key)?;
    if has_sigv4 && super::http_auths(&own).next().is_some() {
        let message =
            "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured";
        return Err(document.error(node.at, key, message));
    }
    Ok(())
}

fn refuse(document: &Document, node: &Node) -> Result<(), SettingsError> {
    for entry in node.entries().unwrap_or_default() {
        let names_targets = match entry.key.as_str() {
            "alertmanagers" => first_target(&entry.node),
            _ => (!is_empty(&entry.node)).then_some(&entry.node),
        };
        if let Some(found) = names_targets {
            let key = format!("alerting.{}", entry.key);
            let message = "sending alerts to other Alertmanagers is not supported by this \
                           version; route them here with `alertmanager_config_file: \
                           alertmanager.yml`, or remove the key";
            return Err(document.error(found.at, &key, message));
        }
    }
    Ok(())
}

/// The first thing in a list of `alertmanagers` that names a target.
fn first_target(alertmanagers: &Node) -> Option<&Node> {
    let configs = alertmanagers.items().unwrap_or_default().iter();
    let entries = configs.flat_map(|config| config.entries().unwrap_or_default());
    let discovery = entries.filter(|entry| entry.key.ends_with("_configs"));
    let mut named = discovery.filter(|entry| !entry.key.ends_with("relabel_configs"));
    named.find_map(|Entry { key, node, .. }| {
        if key != "static_configs" {
            return (!is_empty(node)).then_some(node);
        }
        let groups = node.items().unwrap_or_default().iter();
        groups.filter_map(|group| group.get("targets")).find(|targets| !is_empty(targets))
    })
}
