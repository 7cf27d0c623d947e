//! Recording rules: the result of an expression under another name.

use std::collections::BTreeSet;

use narthex_model::{Labels, METRIC_NAME};
use narthex_promql::{SampleValue, Value, VectorSample};

use crate::file::RuleSpec;
use crate::group::RuleError;

/// The series to write.
pub(crate) fn output(
    spec: &RuleSpec,
    result: Vec<VectorSample>,
    limit: usize,
) -> Result<Vec<(Labels, SampleValue)>, RuleError> {
    let mut seen = BTreeSet::new();
    let mut series = Vec::with_capacity(result.len());
    for sample in result {
        let mut labels = sample.labels.to_builder();
        labels.set(METRIC_NAME, &spec.name);
        for (name, value) in &spec.labels {
            labels.set(name, value);
        }
        for name in &spec.removed {
            labels.remove(name);
        }
        let labels = labels.finish();
        if !seen.insert(labels.clone()) {
            return Err(RuleError::DuplicateSeries);
        }
        series.push((labels, sample.value));
    }
    if limit > 0 && series.len() > limit {
        return Err(RuleError::TooManySeries { limit, count: series.len() });
    }
    Ok(series)
}

/// The result as a vector; a scalar is a series without labels.
pub(crate) fn vector(value: Value) -> Result<Vec<VectorSample>, RuleError> {
    match value {
        Value::Vector(samples) => Ok(samples),
        Value::Scalar { at, value } => {
            let value = SampleValue::Float(value);
            Ok(vec![VectorSample { labels: Labels::empty(), at, value }])
        }
        Value::String { .. } | Value::Matrix(_) => Err(RuleError::NotVector),
    }
}
