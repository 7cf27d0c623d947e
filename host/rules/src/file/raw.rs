//! The file's shapes.

use std::collections::BTreeMap;

use narthex_settings::{DurationText, Node, Value};
use serde::Deserialize;

const FILE_KEYS: &[&str] = &["groups"];
const GROUP_KEYS: &[&str] =
    &["name", "interval", "query_offset", "limit", "replay_missed", "labels", "rules"];
const RULE_KEYS: &[&str] =
    &["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];

/// The file without keys that the shapes below do not have.
pub(super) fn without_unknown_keys(root: &Node) -> Node {
    let mut root = root.clone();
    root.take_entries(|key| !FILE_KEYS.contains(&key));
    for group in items(&mut root, "groups") {
        group.take_entries(|key| !GROUP_KEYS.contains(&key));
        for rule in items(group, "rules") {
            rule.take_entries(|key| !RULE_KEYS.contains(&key));
        }
    }
    root
}

fn items<'a>(node: &'a mut Node, key: &str) -> &'a mut [Node] {
    let Value::Map(entries) = &mut node.value else { return &mut [] };
    let Some(entry) = entries.iter_mut().find(|entry| entry.key == key) else { return &mut [] };
    match &mut entry.node.value {
        Value::List(items) => items,
        Value::Null | Value::Scalar { .. } | Value::Map(_) => &mut [],
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    #[serde(default)]
    pub(super) groups: Vec<RawGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGroup {
    #[serde(default)]
    pub(super) name: String,
    pub(super) interval: Option<DurationText>,
    pub(super) query_offset: Option<DurationText>,
    #[serde(default)]
    pub(super) limit: usize,
    #[serde(default)]
    pub(super) replay_missed: bool,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) rules: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) record: Option<String>,
    pub(super) alert: Option<String>,
    #[serde(default)]
    pub(super) expr: String,
    #[serde(rename = "for")]
    pub(super) hold: Option<DurationText>,
    pub(super) keep_firing_for: Option<DurationText>,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
}
