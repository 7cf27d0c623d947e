//! From the tree to the plan: times, durations, and what needs computing only once.

use narthex_model::{Labels, LabelsBuilder, METRIC_NAME, MatchOp, Matcher, Timestamp};
use narthex_storage::TimeRange;

use crate::ast::{
    AggregateOp, AtTime, Extension, Length, LengthKind, LengthOp, Node, NodeKind, Selector,
    TimeShift, ValueType,
};
use crate::functions::FunctionId;
use crate::result::QueryError;
use crate::span::ParseError;

use super::counts::Counted;
use super::grid::Grid;
use super::plan::{Plan, Reading, Scalar, Select, Vector, VectorKind};

mod calls;
mod info;
mod operators;
mod ranges;

/// What the plan of a query depends on besides its tree.
pub(crate) struct Planner<'a> {
    pub(crate) text: &'a str,
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Milliseconds; 0 at a single time.
    pub(crate) step: i64,
    pub(crate) lookback: i64,
    pub(crate) subquery_step: i64,
    /// What the selectors to be planned next read of native histograms.
    pub(crate) reading: Reading,
    /// How their samples count.
    pub(crate) counted: Counted,
    /// All that the selectors planned so far look at.
    pub(crate) needed: Option<TimeRange>,
}

type Planned<T> = Result<T, QueryError>;

/// A complaint about what was planned.
pub(crate) fn refuse<T>(message: impl Into<String>) -> Planned<T> {
    Err(QueryError::Execution(message.into()))
}

impl<'a> Planner<'a> {
    /// For the times `start`, `start + step`, … up to `end`.
    pub(crate) const fn new(
        text: &'a str,
        (start, end, step): (i64, i64, i64),
        lookback: i64,
        subquery_step: i64,
    ) -> Self {
        let (reading, counted) = (Reading::Value, Counted::AtSteps);
        Self { text, start, end, step, lookback, subquery_step, reading, counted, needed: None }
    }

    pub(crate) fn plan(&mut self, node: &Node, grid: Grid) -> Planned<Plan> {
        Ok(match node.value_type() {
            ValueType::Scalar => Plan::Scalar(self.scalar(node, grid)?),
            ValueType::Vector => Plan::Vector(self.vector(node, grid)?),
            ValueType::Matrix => Plan::Range(self.answer_of_range(node, grid)?),
            ValueType::String => Plan::Text(text_of(node)?.to_owned()),
        })
    }

    fn scalar(&mut self, node: &Node, grid: Grid) -> Planned<Scalar> {
        match &node.kind {
            NodeKind::Number { value, .. } => Ok(Scalar::Number(*value)),
            NodeKind::Paren(expr) => self.scalar(expr, grid),
            NodeKind::Unary { negative, expr } => {
                let inner = self.scalar(expr, grid)?;
                Ok(if *negative { Scalar::Negate(Box::new(inner)) } else { inner })
            }
            NodeKind::Binary(binary) => Ok(Scalar::Binary {
                op: binary.op,
                lhs: Box::new(self.scalar(&binary.lhs, grid)?),
                rhs: Box::new(self.scalar(&binary.rhs, grid)?),
            }),
            NodeKind::Call { function, args } => self.scalar_call(function.id, args, grid),
            NodeKind::String(_)
            | NodeKind::Selector(_)
            | NodeKind::Matrix { .. }
            | NodeKind::Subquery { .. }
            | NodeKind::Aggregate(_) => refuse("expected a scalar"),
        }
    }

    fn vector(&mut self, node: &Node, grid: Grid) -> Planned<Vector> {
        if grid.steps > 1 && is_fixed(node) {
            let counted = match self.counted {
                Counted::AtSteps => Counted::AtEachStep,
                outer @ (Counted::AtEachStep | Counted::Nowhere) => outer,
            };
            let inner = self.counting(counted, |planner| planner.vector(node, grid.first()))?;
            return Ok(Vector { kind: VectorKind::Fixed(Box::new(inner)), grid, span: node.span });
        }
        let kind = match &node.kind {
            NodeKind::Selector(selector) => {
                VectorKind::Select(self.select(selector, grid, self.lookback)?)
            }
            NodeKind::Paren(expr) => return self.vector(expr, grid),
            NodeKind::Unary { negative, expr } => {
                let inner = self.vector(expr, grid)?;
                if !*negative {
                    return Ok(inner);
                }
                VectorKind::Negate(Box::new(inner))
            }
            NodeKind::Binary(binary) => self.binary(binary, grid)?,
            NodeKind::Aggregate(aggregate) => self.aggregate(aggregate, grid)?,
            NodeKind::Call { function, args } => self.vector_call(function.id, args, grid)?,
            NodeKind::Number { .. }
            | NodeKind::String(_)
            | NodeKind::Matrix { .. }
            | NodeKind::Subquery { .. } => return refuse("expected an instant vector"),
        };
        Ok(Vector { kind, grid, span: node.span })
    }

    /// Plans what needs the buckets of histograms, whatever stands around it.
    fn whole<T>(&mut self, plan: impl FnOnce(&mut Self) -> Planned<T>) -> Planned<T> {
        let outer = std::mem::replace(&mut self.reading, Reading::Value);
        let planned = plan(self);
        self.reading = outer;
        planned
    }

    /// Plans what counts in another way.
    fn counting<T>(
        &mut self,
        counted: Counted,
        plan: impl FnOnce(&mut Self) -> Planned<T>,
    ) -> Planned<T> {
        let outer = std::mem::replace(&mut self.counted, counted);
        let planned = plan(self);
        self.counted = outer;
        planned
    }

    fn boxed(&mut self, node: &Node, grid: Grid) -> Planned<Box<Vector>> {
        self.vector(node, grid).map(Box::new)
    }

    /// A selector that looks back by `back`.
    fn select(&mut self, selector: &Selector, grid: Grid, back: i64) -> Planned<Select> {
        let (at, offset) = self.time(&selector.time)?;
        let (matchers, extension) = (selector.matchers.clone(), selector.extension);
        let (reading, counted) = (self.reading, self.counted);
        let select = Select { matchers, at, offset, extension, reading, counted };
        let (before, after) = match extension {
            Extension::None => (0, 0),
            Extension::Anchored => (self.lookback, 0),
            Extension::Smoothed => (self.lookback, self.lookback),
        };
        let first = select.reference(grid.start).saturating_sub(back).saturating_sub(before);
        let last = select.reference(grid.last()).saturating_add(after);
        self.need(first, last);
        Ok(select)
    }

    /// Notes that a selector looks at the samples from `first` to `last`.
    fn need(&mut self, first: i64, last: i64) {
        let (start, end) = (Timestamp::from_millis(first), Timestamp::from_millis(last));
        self.needed = Some(match self.needed {
            None => TimeRange { start, end },
            Some(known) => TimeRange { start: known.start.min(start), end: known.end.max(end) },
        });
    }

    /// The fixed time and the offset.
    fn time(&self, shift: &TimeShift) -> Planned<(Option<i64>, i64)> {
        let at = shift.at.map(|at| match at {
            AtTime::Fixed(at) => at.millis(),
            AtTime::Start => self.start,
            AtTime::End => self.end,
        });
        let offset = shift.offset.as_ref().map(|offset| self.millis(offset)).transpose()?;
        Ok((at, offset.unwrap_or(0)))
    }

    fn positive(&self, length: &Length) -> Planned<i64> {
        if !matches!(length.kind, LengthKind::Literal { .. }) && self.seconds(length)? <= 0.0 {
            return self.refuse_length(length, "duration must be greater than 0");
        }
        self.millis(length)
    }

    #[expect(clippy::cast_possible_truncation, reason = "bounded by the check before")]
    fn millis(&self, length: &Length) -> Planned<i64> {
        let seconds = self.seconds(length)?;
        if !seconds.is_finite() {
            return self.refuse_length(length, "duration is NaN or infinite");
        }
        if seconds.abs() > 9_223_372_036.854_775 {
            return self.refuse_length(length, "duration is out of range");
        }
        // A literal is rounded to nanoseconds first, so that 0.3 is 300 ms and not 299.
        let is_literal = matches!(length.kind, LengthKind::Literal { .. });
        let millis = if is_literal { (seconds * 1e9).round() / 1e6 } else { seconds * 1000.0 };
        Ok(millis.trunc() as i64)
    }

    fn refuse_length<T>(&self, length: &Length, message: &str) -> Planned<T> {
        Err(ParseError::new(self.text, length.span, message).into())
    }

    fn seconds(&self, length: &Length) -> Planned<f64> {
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
                    LengthOp::Div if rhs == 0.0 => {
                        return self.refuse_length(length, "division by zero");
                    }
                    LengthOp::Div => lhs / rhs,
                    LengthOp::Mod if rhs == 0.0 => {
                        return self.refuse_length(length, "modulo by zero");
                    }
                    LengthOp::Mod => lhs % rhs,
                    LengthOp::Pow => lhs.powf(rhs),
                    LengthOp::MinOf => lhs.min(rhs),
                    LengthOp::MaxOf => lhs.max(rhs),
                }
            }
        })
    }
}

/// The text of a string argument.
fn text_of(node: &Node) -> Planned<&str> {
    let NodeKind::String(text) = &node.unwrapped().kind else {
        return refuse("expected a string");
    };
    Ok(text)
}

/// Whether the node yields the same at each step.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these depend on more than arguments")]
fn is_fixed(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Number { .. } | NodeKind::String(_) => true,
        NodeKind::Selector(Selector { time, .. })
        | NodeKind::Matrix { selector: Selector { time, .. }, .. }
        | NodeKind::Subquery { time, .. } => time.at.is_some(),
        NodeKind::Paren(expr) | NodeKind::Unary { expr, .. } => is_fixed(expr),
        NodeKind::Binary(binary) => is_fixed(&binary.lhs) && is_fixed(&binary.rhs),
        // As in Prometheus, the parameter does not count.
        NodeKind::Aggregate(aggregate) => is_fixed(&aggregate.expr),
        NodeKind::Call { function, args } => {
            let of_selector = |arg: &Node| matches!(arg.unwrapped().kind, NodeKind::Selector(_));
            let varies = match function.id {
                FunctionId::DaysInMonth
                | FunctionId::DayOfMonth
                | FunctionId::DayOfWeek
                | FunctionId::DayOfYear
                | FunctionId::Hour
                | FunctionId::Minute
                | FunctionId::Month
                | FunctionId::Year
                | FunctionId::PredictLinear
                | FunctionId::Time => true,
                FunctionId::Timestamp => !args.iter().all(of_selector),
                _ => false,
            };
            !varies && args.iter().all(is_fixed)
        }
    }
}

/// The labels of what `absent` reports: those that the selector's equalities name once.
fn absent_labels(node: &Node) -> Labels {
    let matchers: &[Matcher] = if let NodeKind::Selector(selector)
    | NodeKind::Matrix { selector, .. } = &node.unwrapped().kind
    {
        &selector.matchers
    } else {
        &[]
    };
    let mut labels = LabelsBuilder::default();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|matcher| matcher.name() != METRIC_NAME) {
        if matcher.op() == MatchOp::Equal && !seen.contains(&matcher.name()) {
            labels.set(matcher.name(), matcher.value());
            seen.push(matcher.name());
        } else {
            labels.remove(matcher.name());
        }
    }
    labels.finish()
}

/// Whether it chooses among series instead of putting them together.
const fn chooses(op: AggregateOp) -> bool {
    matches!(
        op,
        AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk | AggregateOp::LimitRatio
    )
}
