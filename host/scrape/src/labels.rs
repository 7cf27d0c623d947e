//! From the labels that a target exposes to those that are stored.

use narthex_exposition::SeriesText;
use narthex_model::{Labels, relabel};

use crate::config::{JobConfig, Limits};
use crate::target::Target;

/// What a clashing label of the target is renamed with.
const EXPORTED: &str = "exported_";

/// The exposed labels with those of the target, after `metric_relabel_configs`. `None`: a rule
/// dropped the series.
pub(crate) fn sample_labels(
    text: SeriesText<'_>,
    exposed: &Labels,
    target: &Target,
    job: &JobConfig,
) -> Option<Labels> {
    let mut labels = exposed.to_builder();
    let mut clashes = Vec::new();
    for (name, value) in &target.labels {
        match exposed.get(name) {
            Some(_) if job.honor_labels => {}
            Some(clash) => {
                clashes.push((name, clash));
                labels.set(name, value);
            }
            // An honored label may be empty on purpose, to keep the target's away.
            None if job.honor_labels && text.names_label(name) => {}
            None => {
                labels.set(name, value);
            }
        }
    }
    clashes.sort_by_key(|(name, _)| name.len());
    for (name, value) in clashes {
        let mut renamed = format!("{EXPORTED}{name}");
        while labels.get(&renamed).is_some() {
            renamed.insert_str(0, EXPORTED);
        }
        labels.set(renamed, value);
    }
    let labels = relabel(&labels.finish(), &job.metric_relabel)?;
    (!labels.is_empty()).then_some(labels)
}

/// A series has more or longer labels than the job may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LabelLimitError {
    #[error("label_limit exceeded (metric: {metric}, number of labels: {count}, limit: {limit})")]
    Count { metric: String, count: usize, limit: u64 },
    #[error(
        "label_name_length_limit exceeded (metric: {metric}, label name: {name}, length: {length}, limit: {limit})"
    )]
    Name { metric: String, name: String, length: usize, limit: u64 },
    #[error(
        "label_value_length_limit exceeded (metric: {metric}, label name: {name}, value: {value:?}, length: {length}, limit: {limit})"
    )]
    Value { metric: String, name: String, value: String, length: usize, limit: u64 },
}

pub(crate) fn check_limits(labels: &Labels, limits: &Limits) -> Result<(), LabelLimitError> {
    let exceeds = |length: usize, limit: u64| limit > 0 && length as u64 > limit;
    let metric = || shortened(labels.metric_name().unwrap_or(""));
    if limits.labels > 0 {
        let count = labels.len();
        if exceeds(count, limits.labels) {
            return Err(LabelLimitError::Count { metric: metric(), count, limit: limits.labels });
        }
    }
    if limits.label_name_length == 0 && limits.label_value_length == 0 {
        return Ok(());
    }
    for (name, value) in labels {
        if exceeds(name.len(), limits.label_name_length) {
            let (length, limit) = (name.len(), limits.label_name_length);
            let name = shortened(name);
            return Err(LabelLimitError::Name { metric: metric(), name, length, limit });
        }
        if exceeds(value.len(), limits.label_value_length) {
            let (length, limit) = (value.len(), limits.label_value_length);
            let (name, value) = (shortened(name), shortened(value));
            return Err(LabelLimitError::Value { metric: metric(), name, value, length, limit });
        }
    }
    Ok(())
}

/// The first 50 characters.
fn shortened(text: &str) -> String {
    text.chars().take(50).collect()
}
