//! The small parts of the file, and what this version does not serve.

use std::time::Duration;

use narthex_model::{Labels, LabelsBuilder, Matcher};
use narthex_promql::parse_selector;
use narthex_settings::{Document, DurationText, Entry, LabelSet, Node, SettingsError, Value};
use narthex_tsdb::{InvalidConfig, RetentionRule};
use serde::Deserialize;

use crate::environment;

/// One rule file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Its path, as errors and the API show it.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The keys of `global` that are not about scraping.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GlobalRules {
    pub(crate) evaluation_interval: Option<DurationText>,
    pub(crate) rule_query_offset: Option<DurationText>,
    #[serde(default)]
    pub(crate) external_labels: LabelSet,
    #[serde(default)]
    pub(crate) query_log_file: String,
}

impl GlobalRules {
    /// How often rules are evaluated; zero is the default, as in Prometheus.
    pub(crate) fn evaluation_interval(&self) -> Duration {
        let given = self.evaluation_interval.map(|interval| interval.0);
        given.filter(|interval| !interval.is_zero()).unwrap_or(Duration::from_secs(60))
    }
}

/// Keys of `global` that belong to [`GlobalRules`].
pub(crate) const GLOBAL_RULE_KEYS: [&str; 4] =
    ["evaluation_interval", "rule_query_offset", "external_labels", "query_log_file"];

/// One of `retention_rules`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionRuleSection {
    #[serde(rename = "match")]
    matchers: SelectorText,
    time: RetentionTime,
}

/// A plain series selector, as in `{job="debug"}`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct SelectorText(Vec<Matcher>);

impl TryFrom<String> for SelectorText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse_selector(&text).map(Self).map_err(|error| error.to_string())
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "DurationText")]
struct RetentionTime(std::time::Duration);

impl TryFrom<DurationText> for RetentionTime {
    type Error = InvalidConfig;

    fn try_from(DurationText(time): DurationText) -> Result<Self, InvalidConfig> {
        RetentionRule { matchers: Vec::new(), time }.check().map(|()| Self(time))
    }
}

impl From<RetentionRuleSection> for RetentionRule {
    fn from(section: RetentionRuleSection) -> Self {
        Self { matchers: section.matchers.0, time: section.time.0 }
    }
}

/// Top-level keys of Prometheus, and of our design, that this version does not serve.
const NOT_YET: [(&str, &str); 6] = [
    ("dashboards", "stored dashboards"),
    ("remote_write", "sending samples to other servers"),
    ("remote_read", "reading samples from other servers"),
    ("otlp", "receiving OTLP"),
    ("tracing", "sending traces"),
    ("runtime", "Go's runtime does not exist here"),
];

/// Refuses a top-level key that is known and not served.
pub(crate) fn refuse_unserved(document: &Document) -> Result<(), SettingsError> {
    for entry in document.root().entries().unwrap_or_default() {
        let unserved = NOT_YET.iter().find(|(key, _)| *key == entry.key);
        if let Some((key, what)) = unserved.filter(|_| !is_empty(&entry.node)) {
            let message = format!("not supported by this version ({what}); remove the key");
            return Err(document.error(entry.key_at, key, &message));
        }
    }
    Ok(())
}

/// Whether a section says nothing: null, an empty list or mapping.
pub(crate) fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Scalar { .. } => false,
    }
}

/// `alerting`: other Alertmanagers. An empty one, as the classic first configuration has it, is
/// taken; targets are refused until alerts can be sent there.
pub(crate) fn refuse_alertmanagers(document: &Document, node: &Node) -> Result<(), SettingsError> {
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

/// External labels with variables of the environment in place.
pub(crate) fn external_labels(
    labels: &Labels,
    variable: &dyn Fn(&str) -> Option<String>,
    unset: &mut dyn FnMut(&str),
) -> Labels {
    let mut expanded = LabelsBuilder::default();
    for (name, value) in labels {
        expanded.set(name, environment::expand_label(value, variable, unset));
    }
    expanded.finish()
}
