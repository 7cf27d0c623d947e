//! Quantiles and fractions of histograms: classic ones, whose series differ in `le` only, and native
//! ones.

use narthex_model::{BUCKET_LABEL, FloatHistogram, Labels, METRIC_NAME, Shortest};

use crate::functions::native::estimate;
use crate::functions::quantile::{Bucket, Forced, bucket_fraction, bucket_quantile};
use crate::remarks::{ForcedSamples, Remark};
use crate::result::QueryError;

use super::Rows;
use super::aggregate::Groups;
use super::context::Context;
use super::grid::Grid;
use super::held::Held;
use super::holding::Amount;
use super::merge::merge;
use super::plan::{BucketsPlan, Measure};
use super::row::{Column, Row};
use super::scalar::{self, Numbers};
use super::window::check_quantile;

/// One histogram: its buckets' upper bounds and rows.
#[derive(Default)]
struct Histogram {
    buckets: Vec<(f64, usize)>,
}

/// What is measured of each histogram: a label to add, if any, and the parameters.
struct Question {
    label: Option<String>,
    kind: QuestionKind,
}

enum QuestionKind {
    Quantile(Numbers),
    Fraction(Numbers, Numbers),
}

pub(super) fn open<'q>(
    plan: &'q BucketsPlan,
    grid: Grid,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let questions = questions(&plan.measure, grid, cx)?;
    let input = Held::collect(super::open(&plan.input, cx)?, &cx.ledger)?;
    let Held { mut rows, holding: mut input_holding } = input;
    let mut groups = Groups::default();
    let mut histograms: Vec<Histogram> = Vec::new();
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.values.has_floats()) {
        let bound = row.labels.get(BUCKET_LABEL).unwrap_or("");
        let Some(upper) = parse_bound(bound) else {
            let metric = metric_name(&row.labels, cx);
            cx.remark(plan.input_span, Remark::BadBucketLabel { metric, bound });
            continue;
        };
        let labels = row.labels.filtered(|name| name != BUCKET_LABEL);
        let bytes = Groups::bytes(&labels) + size_of::<Histogram>();
        let group = groups.find(labels);
        if group == histograms.len() {
            input_holding.add(Amount::of_bytes(bytes))?;
            histograms.push(Histogram::default());
        }
        if let Some(histogram) = histograms.get_mut(group) {
            histogram.buckets.push((upper, index));
        }
    }
    remove_twice(&mut rows, &groups, &histograms, plan, cx);
    let mut out = Held::new(&cx.ledger);
    let mut forced = ForcedSteps::default();
    for question in &questions {
        for row in rows.iter().filter(|row| row.values.has_histograms()) {
            cx.check()?;
            let values = of_native(question, row, plan, cx)?;
            if !values.is_empty() {
                out.push(answer(question, &row.labels, values, plan, cx))?;
            }
        }
        for (labels, histogram) in groups.labels.iter().zip(&histograms) {
            cx.check()?;
            let values = measure(question, histogram, &rows, grid, |at, fixed| {
                forced.note(metric_name(labels, cx), at, fixed);
            });
            if !values.is_empty() {
                out.push(answer(question, labels, values, plan, cx))?;
            }
        }
    }
    forced.inform(plan, cx);
    let out = if cx.features.delayed_name_removal { out } else { merge(out)? };
    Ok(out.into_rows())
}

/// The row of an answer about the histogram of these labels.
fn answer(
    question: &Question,
    labels: &Labels,
    values: Column,
    plan: &BucketsPlan,
    cx: &Context<'_>,
) -> Row {
    let mut row = Row { labels: labels.clone(), drops_name: false, values };
    // Before, since the label may be the name.
    cx.drop_name(&mut row);
    if let (Some(value), Measure::Quantiles { label, .. }) = (&question.label, &plan.measure) {
        let mut builder = row.labels.to_builder();
        builder.set(label.as_str(), value.as_str());
        row.labels = builder.finish();
    }
    row
}

/// Where buckets and a native histogram have the same labels at the same step, neither counts.
fn remove_twice(
    rows: &mut [Row],
    groups: &Groups,
    histograms: &[Histogram],
    plan: &BucketsPlan,
    cx: &Context<'_>,
) {
    let natives: Vec<usize> = (0..rows.len())
        .filter(|index| rows.get(*index).is_some_and(|row| row.values.has_histograms()))
        .collect();
    for native in natives {
        let Some(labels) = rows.get(native).map(|row| row.labels.clone()) else { continue };
        let group = groups.get(&labels).and_then(|group| histograms.get(group));
        let Some(Histogram { buckets }) = group else { continue };
        let steps = rows.get(native).map_or(0, |row| row.values.steps());
        let is_twice = |step: usize| {
            let has_float =
                |index: &usize| rows.get(*index).is_some_and(|row| row.values.get(step).is_some());
            rows.get(native).is_some_and(|row| row.values.histogram(step).is_some())
                && buckets.iter().any(|(_, index)| has_float(index))
        };
        let twice: Vec<bool> = (0..steps).map(is_twice).collect();
        if !twice.contains(&true) {
            continue;
        }
        let metric = metric_name(&labels, cx);
        cx.remark(plan.input_span, Remark::MixedClassicNative { metric });
        for index in buckets.iter().map(|(_, index)| *index).chain([native]) {
            if let Some(row) = rows.get_mut(index) {
                row.values.keep(|step| !twice.get(step).copied().unwrap_or(false));
            }
        }
    }
}

/// The answers for the native histograms of a row.
fn of_native(
    question: &Question,
    row: &Row,
    plan: &BucketsPlan,
    cx: &Context<'_>,
) -> Result<Column, QueryError> {
    let mut pace = cx.pace();
    let mut values = Column::absent(row.values.steps());
    let metric = metric_name(&row.labels, cx);
    for (step, histogram) in row.values.iter_histograms() {
        let histogram: &FloatHistogram = histogram;
        pace.add_histogram(histogram)?;
        let (value, finding) = match &question.kind {
            QuestionKind::Quantile(q) => estimate::quantile(q.get(step), histogram),
            QuestionKind::Fraction(lower, upper) => {
                estimate::fraction(lower.get(step), upper.get(step), histogram)
            }
        };
        if let Some(finding) = finding {
            cx.remark(plan.input_span, finding.remark(metric));
        }
        values.set(step, value);
    }
    Ok(values)
}

fn questions(measure: &Measure, grid: Grid, cx: &Context<'_>) -> Result<Vec<Question>, QueryError> {
    let quantile = |q: &super::plan::Scalar, span| -> Result<Numbers, QueryError> {
        let numbers = scalar::evaluate(q, grid, cx)?;
        for step in 0..grid.steps {
            check_quantile(numbers.get(step), span, cx);
        }
        Ok(numbers)
    };
    Ok(match measure {
        Measure::Quantile { q, span } => {
            vec![Question { label: None, kind: QuestionKind::Quantile(quantile(q, *span)?) }]
        }
        Measure::Quantiles { qs, .. } => {
            let mut questions = Vec::new();
            for (q, span) in qs {
                let numbers = quantile(q, *span)?;
                let label = Some(open_metrics(numbers.get(0)));
                questions.push(Question { label, kind: QuestionKind::Quantile(numbers) });
            }
            questions
        }
        Measure::Fraction { lower, upper } => {
            let lower = scalar::evaluate(lower, grid, cx)?;
            let upper = scalar::evaluate(upper, grid, cx)?;
            vec![Question { label: None, kind: QuestionKind::Fraction(lower, upper) }]
        }
    })
}

fn measure(
    question: &Question,
    histogram: &Histogram,
    rows: &[Row],
    grid: Grid,
    mut on_forced: impl FnMut(i64, Forced),
) -> Column {
    let mut values = Column::absent(grid.steps);
    let mut buckets = Vec::with_capacity(histogram.buckets.len());
    for (step, at) in grid.times().enumerate() {
        buckets.clear();
        for (upper, row) in &histogram.buckets {
            if let Some(count) = rows.get(*row).and_then(|row| row.values.get(step)) {
                buckets.push(Bucket { upper: *upper, count });
            }
        }
        if buckets.is_empty() {
            continue;
        }
        let value = match &question.kind {
            QuestionKind::Quantile(q) => {
                let (value, forced) = bucket_quantile(q.get(step), &mut buckets);
                if let Some(forced) = forced {
                    on_forced(at, forced);
                }
                value
            }
            QuestionKind::Fraction(lower, upper) => {
                bucket_fraction(lower.get(step), upper.get(step), &mut buckets)
            }
        };
        values.set(step, value);
    }
    values
}

/// An upper bound as a target writes it.
fn parse_bound(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The name that remarks show: only where it is still known.
fn metric_name<'l>(labels: &'l Labels, cx: &Context<'_>) -> &'l str {
    if cx.features.delayed_name_removal { labels.get(METRIC_NAME).unwrap_or("") } else { "" }
}

/// Where counts had to be raised, put together by metric.
#[derive(Default)]
struct ForcedSteps(Vec<ForcedMetric>);

struct ForcedMetric {
    name: String,
    first: i64,
    last: i64,
    forced: Forced,
    count: usize,
}

impl ForcedSteps {
    fn note(&mut self, name: &str, at: i64, forced: Forced) {
        let Some(known) = self.0.iter_mut().find(|known| known.name == name) else {
            let name = name.to_owned();
            self.0.push(ForcedMetric { name, first: at, last: at, forced, count: 1 });
            return;
        };
        known.first = known.first.min(at);
        known.last = known.last.max(at);
        known.forced.lowest = known.forced.lowest.min(forced.lowest);
        known.forced.highest = known.forced.highest.max(forced.highest);
        known.forced.difference = known.forced.difference.max(forced.difference);
        known.count += 1;
    }

    fn inform(&self, plan: &BucketsPlan, cx: &Context<'_>) {
        for ForcedMetric { name, first, last, forced, count } in &self.0 {
            let (first, last, forced, count) = (*first, *last, *forced, *count);
            let forced = ForcedSamples { first, last, forced, count };
            cx.remark(plan.input_span, Remark::ForcedMonotonicity { metric: name, forced });
        }
    }
}

/// A number as OpenMetrics writes label values: with a point, if it would read as an integer.
fn open_metrics(value: f64) -> String {
    let text = Shortest(value).to_string();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_plain { format!("{text}.0") } else { text }
}
