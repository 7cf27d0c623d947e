//! The small parts of the file.

use std::time::Duration;

use narthex_model::{Labels, LabelsBuilder, Matcher};
use narthex_promql::parse_selector;
use narthex_settings::{DurationText, LabelSet, Node, Value};
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
        let given = self.evaluation_interval.and_then(DurationText::given);
        given.unwrap_or(Duration::from_secs(60))
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

/// Whether a section says nothing: null, an empty list or mapping.
pub(crate) fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Scalar { .. } => false,
    }
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
