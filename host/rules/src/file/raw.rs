//! The file's shapes.

use std::collections::BTreeMap;

use narthex_settings::DurationText;
use serde::Deserialize;

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
