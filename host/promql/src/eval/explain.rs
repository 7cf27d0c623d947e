//! The plan of a query as people read it: one node an operator, with what it is expected to cost and,
//! when the query was run for it, what it did cost.

use std::collections::HashMap;
use std::time::Duration;

use narthex_model::Matcher;
use parking_lot::Mutex;

use crate::ast::Extension;
use crate::result::QueryError;
use crate::span::Span;

use super::Rows;
use super::context::Context;
use super::cost::{self, Cost, Counting};
use super::plan::{
    Measure, Order, Plan, RangePlan, RangeSource, Relabel, Select, Vector, VectorKind,
};
use super::row::Row;

/// One operator of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanNode {
    /// What kind of operator it is: `Select`, `Aggregate`, …
    pub operator: &'static str,
    /// What it does in particular: `sum by (job)`, `rate over 5m`.
    pub detail: String,
    /// The part of the query that it comes from.
    pub span: Span,
    /// At how many times it is evaluated.
    pub steps: usize,
    /// What it and all below it are expected to cost.
    pub cost: Cost,
    /// What came of it; nothing when the query was not run.
    pub actual: Option<Actual>,
    /// What it is computed of.
    pub inputs: Vec<PlanNode>,
}

/// What came of one operator, all below it included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actual {
    /// Rows that came out.
    pub rows: u64,
    /// Values in those rows.
    pub values: u64,
    /// Bytes of those rows.
    pub bytes: u64,
    /// Samples that were decoded.
    pub samples: u64,
    /// The time that it took.
    pub took: Duration,
}

/// Watches the operators of a query while they run.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    /// Guards what is known of each operator, by where it stands in memory while the plan lives.
    seen: Mutex<HashMap<usize, Actual>>,
}

fn key(plan: &Vector) -> usize {
    std::ptr::from_ref(plan).addr()
}

impl Probes {
    fn add(&self, plan: &Vector, more: &Actual) {
        let mut seen = self.seen.lock();
        let known = seen.entry(key(plan)).or_default();
        known.rows += more.rows;
        known.values += more.values;
        known.bytes += more.bytes;
        known.samples += more.samples;
        known.took += more.took;
    }

    fn get(&self, plan: &Vector) -> Actual {
        self.seen.lock().get(&key(plan)).copied().unwrap_or_default()
    }
}

/// Opens an operator by `open` and watches it.
pub(super) fn watch<'q>(
    plan: &'q Vector,
    probes: &'q Probes,
    cx: &'q Context<'q>,
    open: impl FnOnce() -> Result<Rows<'q>, QueryError>,
) -> Result<Rows<'q>, QueryError> {
    let mut watched = Watched { rows: None, plan, probes, cx, actual: Actual::default() };
    let rows = watched.measure(|_| open())?;
    watched.rows = Some(rows);
    Ok(Box::new(watched))
}

struct Watched<'q> {
    rows: Option<Rows<'q>>,
    plan: &'q Vector,
    probes: &'q Probes,
    cx: &'q Context<'q>,
    actual: Actual,
}

impl<'q> Watched<'q> {
    fn measure<T>(&mut self, work: impl FnOnce(&mut Option<Rows<'q>>) -> T) -> T {
        let (began, samples) = (self.cx.limits.clock.monotonic(), self.cx.counts.samples());
        let done = work(&mut self.rows);
        self.actual.took += self.cx.limits.clock.monotonic().saturating_sub(began);
        self.actual.samples += self.cx.counts.samples() - samples;
        done
    }
}

impl Iterator for Watched<'_> {
    type Item = Result<Row, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.measure(|rows| rows.as_mut().and_then(Iterator::next));
        if let Some(Ok(row)) = &row {
            self.actual.rows += 1;
            self.actual.values += row.values.items().count() as u64;
            self.actual.bytes += row.values.bytes() as u64;
        }
        row
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.probes.add(self.plan, &self.actual);
    }
}

/// The operators of a plan. A scalar, a text and a range vector stand for their own.
pub(crate) fn explain(plan: &Plan, cx: &Context<'_>) -> Result<PlanNode, QueryError> {
    let cost = cost::of_plan(plan, Counting::Groups, cx)?;
    let whole = Span::new(0, cx.text.len());
    let leaf = |operator, detail: String, steps, inputs| PlanNode {
        operator,
        detail,
        span: whole,
        steps,
        cost,
        actual: None,
        inputs,
    };
    Ok(match plan {
        Plan::Vector(vector) => node(vector, cx)?,
        Plan::Scalar(scalar) => {
            let inputs = scalar.inputs().into_iter().map(|input| node(input, cx));
            leaf(
                "Scalar",
                "one number at each step".to_owned(),
                1,
                inputs.collect::<Result<_, _>>()?,
            )
        }
        Plan::Range(range) => {
            let inputs = range.inner().into_iter().map(|input| node(input, cx));
            leaf("Samples", of_range(range), range.grid.steps, inputs.collect::<Result<_, _>>()?)
        }
        Plan::Text(_) => leaf("Text", String::new(), 1, Vec::new()),
    })
}

fn node(plan: &Vector, cx: &Context<'_>) -> Result<PlanNode, QueryError> {
    let (operator, detail) = describe(plan);
    let inputs = plan.inputs().into_iter().map(|input| node(input, cx));
    Ok(PlanNode {
        operator,
        detail,
        span: plan.span,
        steps: plan.grid.steps,
        cost: cost::of(plan, Counting::Groups, cx)?,
        actual: cx.probes.as_ref().map(|probes| probes.get(plan)),
        inputs: inputs.collect::<Result<_, _>>()?,
    })
}

fn describe(plan: &Vector) -> (&'static str, String) {
    match &plan.kind {
        VectorKind::Select(select) => ("Select", of_select(select)),
        VectorKind::Fixed(_) => ("Once", "the same at every step".to_owned()),
        VectorKind::Window(window) => {
            ("Window", format!("{} over {}", window.function.name(), of_range(&window.input)))
        }
        VectorKind::Absent { labels, .. } => ("Absent", labels.to_string()),
        VectorKind::AbsentOverTime { input, .. } => ("Absent", of_range(input)),
        VectorKind::Map { function, .. } | VectorKind::OfHistograms { function, .. } => {
            ("Map", function.name().to_owned())
        }
        VectorKind::Negate(_) => ("Map", "-".to_owned()),
        VectorKind::OfScalar(_) => ("Scalar", "vector".to_owned()),
        VectorKind::Arithmetic(arithmetic) => {
            let symbol = arithmetic.op.symbol();
            let sides = if arithmetic.scalar_is_left {
                format!("number {symbol} vector")
            } else {
                format!("vector {symbol} number")
            };
            ("Arithmetic", sides)
        }
        VectorKind::Join(join) => ("Join", format!("{}{}", join.op.symbol(), join.matching)),
        VectorKind::Set(join) => ("Set", format!("{}{}", join.op.symbol(), join.matching)),
        VectorKind::Aggregate(aggregate) => {
            ("Aggregate", grouped(aggregate.op.name(), &aggregate.grouping))
        }
        VectorKind::Choose(aggregate) => {
            ("Choose", grouped(aggregate.op.name(), &aggregate.grouping))
        }
        VectorKind::CountValues { grouping, .. } => {
            ("Aggregate", grouped("count_values", grouping))
        }
        VectorKind::Relabel { relabel, .. } => {
            let (function, target) = match relabel {
                Relabel::Replace { target, .. } => ("label_replace", target),
                Relabel::Join { target, .. } => ("label_join", target),
            };
            ("Relabel", format!("{function} to {target}"))
        }
        VectorKind::Sort { order, .. } => {
            let by = match order {
                Order::Value { .. } => "by value".to_owned(),
                Order::Labels { labels, .. } => format!("by {}", labels.join(", ")),
            };
            ("Sort", by)
        }
        VectorKind::Buckets(buckets) => {
            let what = match &buckets.measure {
                Measure::Quantile { .. } => "quantile",
                Measure::Quantiles { .. } => "quantiles",
                Measure::Fraction { .. } => "fraction",
            };
            ("Histogram", what.to_owned())
        }
        VectorKind::Info(info) => ("Info", of_matchers(&info.select.matchers)),
        VectorKind::Nothing(_) => ("Nothing", String::new()),
    }
}

fn grouped(op: &str, grouping: &crate::ast::Grouping) -> String {
    let word = if grouping.without { "without" } else { "by" };
    if grouping.is_all() {
        return op.to_owned();
    }
    format!("{op} {word} ({})", grouping.labels.join(", "))
}

fn of_range(range: &RangePlan) -> String {
    let length = duration(range.range);
    match &range.source {
        RangeSource::Select(select) => format!("{length} of {}", of_select(select)),
        RangeSource::Subquery { inner, .. } => {
            format!("{length} of a subquery every {}", duration(inner.grid.step))
        }
    }
}

fn of_select(select: &Select) -> String {
    let mut text = of_matchers(&select.matchers);
    if select.extension != Extension::None {
        text.push_str(&format!(" {}", select.extension.word()));
    }
    if let Some(at) = select.at {
        text.push_str(&format!(" @ {}", at as f64 / 1000.0));
    }
    if select.offset != 0 {
        text.push_str(&format!(" offset {}", duration(select.offset)));
    }
    text
}

fn of_matchers(matchers: &[Matcher]) -> String {
    let matchers: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", matchers.join(","))
}

fn duration(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let length = Duration::from_millis(millis.unsigned_abs());
    format!("{sign}{}", narthex_model::format_duration(length))
}
