//! What stands in one file of targets: a list of groups, as JSON or YAML by the file's ending.

use camino::Utf8Path;
use narthex_model::{LabelsBuilder, TargetGroup};
use narthex_settings::{Document, LabelSet, SettingsError};
use serde::Deserialize;

use crate::config::StaticConfig;

/// The label of the file in which a target stands.
const PATH_LABEL: &str = "__meta_filepath";

/// Why a file has no groups.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("it is no UTF-8")]
    Text(#[from] std::str::Utf8Error),
    #[error("it is no list of target groups")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Yaml(#[from] SettingsError),
    #[error("group {index} is null")]
    NullGroup { index: usize },
}

/// A group in JSON, where programs write null for nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonGroup {
    #[serde(default)]
    targets: Option<Vec<String>>,
    #[serde(default)]
    labels: Option<LabelSet>,
}

impl From<JsonGroup> for StaticConfig {
    fn from(group: JsonGroup) -> Self {
        let JsonGroup { targets, labels } = group;
        Self { targets: targets.unwrap_or_default(), labels: labels.unwrap_or_default() }
    }
}

/// The groups of a file, each with the file's path as a label.
pub(super) fn groups(path: &Utf8Path, bytes: &[u8]) -> Result<Vec<TargetGroup>, ReadError> {
    let text = str::from_utf8(bytes)?;
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let groups: Vec<Option<StaticConfig>> = if is_json {
        let groups: Option<Vec<Option<JsonGroup>>> = serde_json::from_str(text)?;
        groups.unwrap_or_default().into_iter().map(|group| group.map(StaticConfig::from)).collect()
    } else {
        let document = Document::first(path.file_name().unwrap_or_default(), text)?;
        document.read::<Option<_>>()?.unwrap_or_default()
    };
    let group = |(index, group): (usize, Option<StaticConfig>)| {
        let group = group.ok_or(ReadError::NullGroup { index })?.group(format!("{path}:{index}"));
        let mut labels = LabelsBuilder::default();
        group.labels.iter().for_each(|(name, value)| {
            labels.set(name, value);
        });
        labels.set(PATH_LABEL, path.as_str());
        Ok(TargetGroup { labels: labels.finish(), ..group })
    };
    groups.into_iter().enumerate().map(group).collect()
}
