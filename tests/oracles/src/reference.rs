//! A slow and obvious evaluator of queries, to judge the engine by.
//!
//! It takes one step at a time and reads every sample again for each; nothing is shared between
//! steps, nothing is planned. It shares the tree of a query and the arithmetic of single native
//! histograms with the engine, and no more.
//!
//! Always holds: a query is answered by what the language's documentation says of each node, in
//! isolation. Remarks (warnings, infos) are not made.

mod aggregate;
mod binary;
mod calendar;
mod call;
mod classic;
mod info;
mod natives;
mod over_range;
mod relabel;
mod select;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{FloatHistogram, Labels, NativeHistogram, is_stale};
use narthex_promql::{AtTime, Expr, Length, LengthKind, LengthOp, Node, NodeKind, TimeShift};
use narthex_storage::Columns;

pub use self::verdict::{Verdict, judge};
use crate::generate::promql::When;

/// A value at a time.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<FloatHistogram>),
}

/// The query has no answer: it makes no sense for the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

type Result<T> = std::result::Result<T, Refused>;

/// What a query answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A number.
    Scalar(f64),
    /// A text.
    Text(String),
    /// One sample a series.
    Vector(BTreeMap<Labels, Sample>),
    /// Samples of series; of a range query always this.
    Matrix(BTreeMap<Labels, Vec<(i64, Sample)>>),
}

/// One series at one step.
#[derive(Clone, Debug)]
struct Element {
    labels: Labels,
    value: Sample,
    /// The name goes at the end of the query.
    is_nameless: bool,
}

/// One series of a range vector.
#[derive(Clone, Debug)]
struct Row {
    labels: Labels,
    points: Vec<(i64, Sample)>,
    is_nameless: bool,
}

/// What a node is at one step.
#[derive(Clone, Debug)]
enum Out {
    Scalar(f64),
    Text(String),
    Vector(Vec<Element>),
    Matrix(Vec<Row>),
}

/// The data, and what settings an engine has.
#[derive(Clone, Debug)]
pub struct Reference {
    series: Vec<(Labels, Vec<(i64, Sample)>)>,
    /// How far an instant selector looks back, in milliseconds.
    pub lookback: i64,
    /// The step of a subquery that names none, in milliseconds.
    pub subquery_step: i64,
    /// Whether names are dropped at the end of a query only.
    pub is_name_removal_delayed: bool,
}

/// One query.
#[derive(Clone, Copy, Debug)]
struct Query<'a> {
    reference: &'a Reference,
    start: i64,
    end: i64,
    step: i64,
    is_range: bool,
}

impl Reference {
    /// A reference with Prometheus' settings.
    #[must_use]
    pub fn new(series: &[(Labels, Columns)]) -> Self {
        let series = series.iter().map(|(labels, columns)| (labels.clone(), samples(columns)));
        Self {
            series: series.collect(),
            lookback: 300_000,
            subquery_step: 60_000,
            is_name_removal_delayed: false,
        }
    }

    /// Answers a query.
    ///
    /// # Errors
    /// When the query makes no sense for the data.
    pub fn answer(&self, expr: &Expr, when: When) -> Result<Answer> {
        match when {
            When::Instant(at) => {
                let query = Query { reference: self, start: at, end: at, step: 0, is_range: false };
                Ok(match query.node(expr.root(), at)? {
                    Out::Scalar(value) => Answer::Scalar(value),
                    Out::Text(text) => Answer::Text(text),
                    Out::Vector(elements) => Answer::Vector(query.named(elements)?),
                    Out::Matrix(rows) => {
                        let points = rows.into_iter().flat_map(|row| {
                            let Row { labels, points, is_nameless } = row;
                            points.into_iter().map(move |(at, value)| {
                                (at, Element { labels: labels.clone(), value, is_nameless })
                            })
                        });
                        Answer::Matrix(query.gathered(points.collect())?)
                    }
                })
            }
            When::Range { start, end, step } => {
                let query = Query { reference: self, start, end, step, is_range: true };
                let mut points = Vec::new();
                let mut at = start;
                while at <= end {
                    match query.node(expr.root(), at)? {
                        Out::Scalar(value) => points.push((at, Element::nameless(value))),
                        Out::Vector(elements) => {
                            points.extend(elements.into_iter().map(|element| (at, element)));
                        }
                        Out::Text(_) | Out::Matrix(_) => return refuse("no range of this type"),
                    }
                    at += step;
                }
                Ok(Answer::Matrix(query.gathered(points)?))
            }
        }
    }
}

impl Element {
    fn nameless(value: f64) -> Self {
        Self { labels: Labels::empty(), value: Sample::Float(value), is_nameless: false }
    }
}

fn refuse<T>(why: &str) -> Result<T> {
    Err(Refused(why.to_owned()))
}

/// Both kinds of samples, ascending by time; staleness markers are the NaN they always are.
fn samples(columns: &Columns) -> Vec<(i64, Sample)> {
    let floats = columns.times.iter().zip(&columns.values);
    let floats = floats.map(|(at, value)| (*at, Sample::Float(*value)));
    let histograms = columns.histograms.iter().map(|point| {
        let histogram = match &*point.histogram {
            NativeHistogram::Integer(integer) => integer.to_float(),
            NativeHistogram::Float(float) => float.clone(),
        };
        (point.at, Sample::Histogram(Arc::new(histogram)))
    });
    let mut all: Vec<(i64, Sample)> = floats.chain(histograms).collect();
    all.sort_by_key(|(at, _)| *at);
    all
}

impl Sample {
    fn is_stale(&self) -> bool {
        match self {
            Self::Float(value) => is_stale(*value),
            Self::Histogram(histogram) => is_stale(histogram.sum),
        }
    }

    fn float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Histogram(_) => None,
        }
    }

    fn histogram(&self) -> Option<&FloatHistogram> {
        match self {
            Self::Float(_) => None,
            Self::Histogram(histogram) => Some(histogram),
        }
    }
}

impl Query<'_> {
    /// The end of a query: names that were to go are gone.
    fn named(&self, elements: Vec<Element>) -> Result<BTreeMap<Labels, Sample>> {
        let points = elements.into_iter().map(|element| (0, element)).collect();
        let series = self.gathered(points)?;
        let one = |(labels, points): (Labels, Vec<(i64, Sample)>)| {
            points.into_iter().next().map(|(_, value)| (labels, value))
        };
        Ok(series.into_iter().filter_map(one).collect())
    }

    fn gathered(
        &self,
        points: Vec<(i64, Element)>,
    ) -> Result<BTreeMap<Labels, Vec<(i64, Sample)>>> {
        let mut series: BTreeMap<Labels, Vec<(i64, Sample)>> = BTreeMap::new();
        for (at, element) in points {
            let labels = if element.is_nameless && self.reference.is_name_removal_delayed {
                element.labels.without_metric_name()
            } else {
                element.labels
            };
            let points = series.entry(labels).or_default();
            if points.iter().any(|(other, _)| *other == at) {
                return refuse("vector cannot contain metrics with the same labelset");
            }
            points.push((at, element.value));
        }
        for points in series.values_mut() {
            points.sort_by_key(|(at, _)| *at);
        }
        Ok(series)
    }

    /// Refuses a vector with two elements of the same labels.
    fn unique(&self, elements: Vec<Element>) -> Result<Vec<Element>> {
        for (index, element) in elements.iter().enumerate() {
            if elements.iter().skip(index + 1).any(|other| other.labels == element.labels) {
                return refuse("vector cannot contain metrics with the same labelset");
            }
        }
        Ok(elements)
    }

    /// The same element without its name, now or at the end.
    fn dropping_name(&self, element: Element, value: Sample) -> Element {
        let labels = if self.reference.is_name_removal_delayed {
            element.labels
        } else {
            element.labels.without_metric_name()
        };
        Element { labels, value, is_nameless: true }
    }

    fn node(&self, node: &Node, at: i64) -> Result<Out> {
        Ok(match &node.kind {
            NodeKind::Number { value, .. } => Out::Scalar(*value),
            NodeKind::String(text) => Out::Text(text.clone()),
            NodeKind::Paren(inner) => self.node(inner, at)?,
            NodeKind::Selector(selector) => Out::Vector(self.instant(selector, at)?),
            NodeKind::Matrix { selector, range } => Out::Matrix(self.window(selector, range, at)?),
            NodeKind::Subquery { expr, range, step, time } => {
                Out::Matrix(self.subquery(expr, (range, step.as_ref()), time, at)?)
            }
            NodeKind::Unary { negative, expr } => self.signed(*negative, expr, at)?,
            NodeKind::Binary(binary) => self.binary(binary, at)?,
            NodeKind::Aggregate(aggregate) => Out::Vector(self.aggregate(aggregate, at)?),
            NodeKind::Call { function, args } => self.call(function.name, args, at)?,
        })
    }

    fn vector(&self, node: &Node, at: i64) -> Result<Vec<Element>> {
        match self.node(node, at)? {
            Out::Vector(elements) => Ok(elements),
            Out::Scalar(_) | Out::Text(_) | Out::Matrix(_) => refuse("a vector was expected"),
        }
    }

    fn scalar(&self, node: &Node, at: i64) -> Result<f64> {
        match self.node(node, at)? {
            Out::Scalar(value) => Ok(value),
            Out::Vector(_) | Out::Text(_) | Out::Matrix(_) => refuse("a scalar was expected"),
        }
    }

    fn text(&self, node: &Node, at: i64) -> Result<String> {
        match self.node(node, at)? {
            Out::Text(text) => Ok(text),
            Out::Vector(_) | Out::Scalar(_) | Out::Matrix(_) => refuse("a text was expected"),
        }
    }

    fn signed(&self, negative: bool, expr: &Node, at: i64) -> Result<Out> {
        let out = self.node(expr, at)?;
        if !negative {
            return Ok(out);
        }
        Ok(match out {
            Out::Scalar(value) => Out::Scalar(-value),
            Out::Vector(elements) => {
                let elements = elements.into_iter().map(|element| {
                    let value = match &element.value {
                        Sample::Float(value) => Sample::Float(-value),
                        Sample::Histogram(histogram) => natives::scaled(histogram, -1.0),
                    };
                    self.dropping_name(element, value)
                });
                let elements = elements.collect();
                Out::Vector(if self.reference.is_name_removal_delayed {
                    elements
                } else {
                    self.unique(elements)?
                })
            }
            other @ (Out::Text(_) | Out::Matrix(_)) => other,
        })
    }

    /// The time that `@` and `offset` mean at a step.
    fn shifted(&self, time: &TimeShift, at: i64) -> Result<i64> {
        let at = self.fixed(time).unwrap_or(at);
        let offset = time.offset.as_ref().map_or(Ok(0), |offset| self.millis(offset))?;
        Ok(at - offset)
    }

    fn fixed(&self, time: &TimeShift) -> Option<i64> {
        time.at.map(|at| match at {
            AtTime::Fixed(at) => at.millis(),
            AtTime::Start => self.start,
            AtTime::End => self.end,
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "durations of generated queries are small")]
    fn millis(&self, length: &Length) -> Result<i64> {
        Ok((self.seconds(length)? * 1000.0).round() as i64)
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds of generated queries are few")]
    fn seconds(&self, length: &Length) -> Result<f64> {
        Ok(match &length.kind {
            LengthKind::Literal { seconds, .. } => *seconds,
            LengthKind::Step => self.step as f64 / 1000.0,
            LengthKind::Range => (self.end - self.start) as f64 / 1000.0,
            LengthKind::Paren(inner) => self.seconds(inner)?,
            LengthKind::Unary { negative, operand } => {
                let value = self.seconds(operand)?;
                if *negative { -value } else { value }
            }
            LengthKind::Binary { op, lhs, rhs } => {
                let (lhs, rhs) = (self.seconds(lhs)?, self.seconds(rhs)?);
                match op {
                    LengthOp::Add => lhs + rhs,
                    LengthOp::Sub => lhs - rhs,
                    LengthOp::Mul => lhs * rhs,
                    LengthOp::Div | LengthOp::Mod if rhs == 0.0 => {
                        return refuse("division by zero");
                    }
                    LengthOp::Div => lhs / rhs,
                    LengthOp::Mod => lhs % rhs,
                    LengthOp::Pow => lhs.powf(rhs),
                    LengthOp::MinOf => lhs.min(rhs),
                    LengthOp::MaxOf => lhs.max(rhs),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests;
