//! Aggregations.

use std::collections::BTreeMap;

use narthex_model::Labels;
use narthex_promql::{Aggregate, AggregateOp, Grouping};

use super::over_range::{ascending, quantile};
use super::{Element, Query, Result, Sample, natives, refuse};

/// The labels of the group that a series is in.
fn group(grouping: &Grouping, labels: &Labels) -> Labels {
    let is_listed = |name: &str| grouping.labels.iter().any(|other| other == name);
    if grouping.without {
        labels.without_metric_name().filtered(|name| !is_listed(name))
    } else {
        labels.filtered(is_listed)
    }
}

/// A number as label values have it.
pub(super) fn plain(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

/// The sum; that of zeros has no sign.
pub(super) fn sum(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, value| sum + value)
}

pub(super) fn mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "few values")]
    let count = values.len() as f64;
    sum(values) / count
}

pub(super) fn variance(values: &[f64]) -> f64 {
    // Counted from the first of them, the values are small, and so is what rounding does to them.
    let origin = values.first().copied().unwrap_or(0.0);
    let values: Vec<f64> = values.iter().map(|value| value - origin).collect();
    let mean = mean(&values);
    self::mean(&values.iter().map(|value| (value - mean) * (value - mean)).collect::<Vec<_>>())
}

/// What a group's floats come to.
fn of_floats(op: AggregateOp, values: &[f64]) -> f64 {
    let chosen = |better: fn(f64, f64) -> bool| {
        let mut values = values.iter().copied();
        let first = values.next().unwrap_or(f64::NAN);
        values.fold(
            first,
            |best, value| {
                if best.is_nan() || better(value, best) { value } else { best }
            },
        )
    };
    match op {
        AggregateOp::Sum => sum(values),
        AggregateOp::Avg => mean(values),
        AggregateOp::Min => chosen(|value, best| value < best),
        AggregateOp::Max => chosen(|value, best| value > best),
        AggregateOp::Stdvar => variance(values),
        AggregateOp::Stddev => variance(values).sqrt(),
        AggregateOp::Count
        | AggregateOp::Quantile
        | AggregateOp::Group
        | AggregateOp::Topk
        | AggregateOp::Bottomk
        | AggregateOp::CountValues
        | AggregateOp::Limitk
        | AggregateOp::LimitRatio => f64::NAN,
    }
}

impl Query<'_> {
    pub(super) fn aggregate(&self, aggregate: &Aggregate, at: i64) -> Result<Vec<Element>> {
        if aggregate.op == AggregateOp::CountValues {
            return self.count_values(aggregate, at);
        }
        let param = match &aggregate.param {
            Some(param) => self.scalar(param, at)?,
            None => 0.0,
        };
        let elements = self.vector(&aggregate.expr, at)?;
        let count = elements.len();
        let mut groups: BTreeMap<Labels, Vec<Element>> = BTreeMap::new();
        for element in elements {
            let labels = group(&aggregate.grouping, &element.labels);
            groups.entry(labels).or_default().push(element);
        }
        let mut out = Vec::new();
        for (labels, elements) in groups {
            match aggregate.op {
                AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk => {
                    out.extend(first(aggregate.op, kept(param, count)?, elements));
                }
                AggregateOp::LimitRatio => out.extend(ratio(param, elements)?),
                AggregateOp::Sum
                | AggregateOp::Avg
                | AggregateOp::Min
                | AggregateOp::Max
                | AggregateOp::Count
                | AggregateOp::Group
                | AggregateOp::Stddev
                | AggregateOp::Stdvar
                | AggregateOp::Quantile
                | AggregateOp::CountValues => {
                    out.extend(summary(aggregate.op, param, labels, &elements));
                }
            }
        }
        Ok(out)
    }

    fn count_values(&self, aggregate: &Aggregate, at: i64) -> Result<Vec<Element>> {
        let Some(param) = &aggregate.param else { return refuse("a label was expected") };
        let name = self.text(param, at)?;
        let mut grouping = aggregate.grouping.clone();
        if !grouping.without {
            grouping.labels.push(name.clone());
        }
        let mut groups: BTreeMap<Labels, f64> = BTreeMap::new();
        for element in self.vector(&aggregate.expr, at)? {
            let text = match &element.value {
                Sample::Float(value) => plain(*value),
                Sample::Histogram(histogram) => histogram.notation(),
            };
            let mut labels = element.labels.to_builder();
            labels.set(name.as_str(), text);
            *groups.entry(group(&grouping, &labels.finish())).or_default() += 1.0;
        }
        let elements = groups.into_iter().map(|(labels, count)| Element {
            labels,
            value: Sample::Float(count),
            is_nameless: false,
        });
        self.unique(elements.collect())
    }
}

/// How many `topk` and its like keep.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the count")]
fn kept(param: f64, count: usize) -> Result<usize> {
    if param.is_nan() {
        return refuse("Parameter value is NaN");
    }
    Ok((param.max(0.0) as usize).min(count))
}

fn first(op: AggregateOp, count: usize, mut elements: Vec<Element>) -> Vec<Element> {
    if op != AggregateOp::Limitk {
        elements.retain(|element| element.value.float().is_some());
        // NaN comes last either way.
        let rank = |element: &Element| {
            let value = element.value.float().unwrap_or(f64::NAN);
            let value = if op == AggregateOp::Topk { -value } else { value };
            (value.is_nan(), value)
        };
        elements.sort_by(|a, b| {
            let ((a_nan, a), (b_nan, b)) = (rank(a), rank(b));
            a_nan.cmp(&b_nan).then(a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal))
        });
    }
    elements.truncate(count);
    elements
}

/// Which ones a part of a group are is decided by a hash; none and all are known.
fn ratio(param: f64, elements: Vec<Element>) -> Result<Vec<Element>> {
    if param == 0.0 {
        Ok(Vec::new())
    } else if param >= 1.0 || param <= -1.0 {
        Ok(elements)
    } else {
        refuse("a part of a group is not judged")
    }
}

fn summary(op: AggregateOp, param: f64, labels: Labels, elements: &[Element]) -> Option<Element> {
    let is_nameless = elements.iter().any(|element| element.is_nameless);
    let floats: Vec<f64> = elements.iter().filter_map(|element| element.value.float()).collect();
    let has_histograms = floats.len() < elements.len();
    let value = match op {
        AggregateOp::Count => {
            #[expect(clippy::cast_precision_loss, reason = "few elements")]
            let count = elements.len() as f64;
            Sample::Float(count)
        }
        AggregateOp::Group => Sample::Float(1.0),
        AggregateOp::Sum | AggregateOp::Avg if has_histograms => {
            let histograms: Vec<_> =
                elements.iter().filter_map(|element| element.value.histogram()).collect();
            if !floats.is_empty() {
                return None;
            }
            natives::summed(op == AggregateOp::Avg, &histograms)?
        }
        AggregateOp::Quantile if !floats.is_empty() => {
            Sample::Float(quantile(param, &ascending(&floats)))
        }
        AggregateOp::Sum
        | AggregateOp::Avg
        | AggregateOp::Min
        | AggregateOp::Max
        | AggregateOp::Stddev
        | AggregateOp::Stdvar
            if !floats.is_empty() =>
        {
            Sample::Float(of_floats(op, &floats))
        }
        AggregateOp::Sum
        | AggregateOp::Avg
        | AggregateOp::Min
        | AggregateOp::Max
        | AggregateOp::Stddev
        | AggregateOp::Stdvar
        | AggregateOp::Quantile
        | AggregateOp::Topk
        | AggregateOp::Bottomk
        | AggregateOp::CountValues
        | AggregateOp::Limitk
        | AggregateOp::LimitRatio => return None,
    };
    Some(Element { labels, value, is_nameless })
}
