//! Functions of classic histograms: series that differ in `le` only are one histogram.

use narthex_model::{BUCKET_LABEL, Labels, METRIC_NAME};

use crate::functions::calendar::rfc3339;
use crate::functions::quantile::{Bucket, Forced, bucket_fraction, bucket_quantile};
use crate::result::QueryError;

use super::aggregate::Groups;
use super::context::Context;
use super::grid::Grid;
use super::merge::merge;
use super::plan::{BucketsPlan, Measure};
use super::row::{Column, Row};
use super::scalar::{self, Numbers, short};
use super::window::check_quantile;
use super::{Rows, collect, from_vec, release};

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
    let rows = collect(super::open(&plan.input, cx)?, cx)?;
    let mut groups = Groups::default();
    let mut histograms: Vec<Histogram> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let bound = row.labels.get(BUCKET_LABEL).unwrap_or("");
        let Some(upper) = parse_bound(bound) else {
            warn_bound(&row.labels, bound, plan, cx);
            continue;
        };
        let group = groups.find(row.labels.filtered(|name| name != BUCKET_LABEL));
        if group == histograms.len() {
            histograms.push(Histogram::default());
        }
        if let Some(histogram) = histograms.get_mut(group) {
            histogram.buckets.push((upper, index));
        }
    }
    let mut out = Vec::new();
    let mut forced = ForcedSteps::default();
    for question in &questions {
        for (labels, histogram) in groups.labels.iter().zip(&histograms) {
            cx.check()?;
            let values = measure(question, histogram, &rows, grid, |at, fixed| {
                forced.note(metric_name(labels, cx), at, fixed);
            });
            let mut row = Row { labels: labels.clone(), drops_name: false, values };
            if let (Some(value), Measure::Quantiles { label, .. }) =
                (&question.label, &plan.measure)
            {
                let mut builder = row.labels.to_builder();
                builder.set(label.as_str(), value.as_str());
                row.labels = builder.finish();
            }
            cx.drop_name(&mut row);
            out.push(row);
        }
    }
    forced.inform(plan, cx);
    release(&rows, cx);
    out.retain(|row| !row.values.is_empty());
    Ok(from_vec(if cx.features.delayed_name_removal { out } else { merge(out)? }))
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

fn named(message: String, name: &str) -> String {
    if name.is_empty() { message } else { format!("{message} for metric name {name:?}") }
}

fn warn_bound(labels: &Labels, bound: &str, plan: &BucketsPlan, cx: &Context<'_>) {
    let message = format!("bucket label \"le\" is missing or has a malformed value of {bound:?}");
    cx.warn(plan.input_span, named(message, metric_name(labels, cx)));
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
        for metric in &self.0 {
            let message = "input to histogram_quantile needed to be fixed for monotonicity (see \
                           https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
            let message = named(message.to_owned(), &metric.name);
            let Forced { lowest, highest, difference } = metric.forced;
            let (first, last) =
                (rfc3339(metric.first.div_euclid(1000)), rfc3339(metric.last.div_euclid(1000)));
            cx.inform(
                plan.input_span,
                format_args!(
                    "{message}, from buckets {} to {}, with a max diff of {}, over {} samples \
                     from {first} to {last}",
                    short(lowest),
                    short(highest),
                    two_digits(difference),
                    metric.count,
                ),
            );
        }
    }
}

/// A number with two significant digits.
fn two_digits(value: f64) -> String {
    short(format!("{value:.1e}").parse().unwrap_or(value))
}

/// A number as OpenMetrics writes label values: with a point, if it would read as an integer.
fn open_metrics(value: f64) -> String {
    let text = short(value);
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_plain { format!("{text}.0") } else { text }
}
