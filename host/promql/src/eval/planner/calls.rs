//! Plans of function calls.

use narthex_model::AnchoredRegex;

use crate::ast::{Extension, Node, NodeKind};
use crate::functions::FunctionId;
use crate::raw_bytes;
use crate::span::Span;

use super::super::grid::Grid;
use super::super::plan::{
    BucketsPlan, Measure, Order, Reading, Relabel, Scalar, Vector, VectorKind, WindowPlan,
};
use super::{Planned, Planner, absent_labels, refuse, text_of};

impl Planner<'_> {
    pub(super) fn scalar_call(
        &mut self,
        id: FunctionId,
        args: &[Node],
        grid: Grid,
    ) -> Planned<Scalar> {
        let seconds = |millis: i64| Scalar::Number(millis as f64 / 1000.0);
        Ok(match (id, args) {
            (FunctionId::Time, _) => Scalar::Time,
            (FunctionId::Pi, _) => Scalar::Number(std::f64::consts::PI),
            (FunctionId::Start, _) => seconds(self.start),
            (FunctionId::End, _) => seconds(self.end),
            (FunctionId::Range, _) => seconds(self.end - self.start),
            (FunctionId::Step, _) if self.start == self.end => seconds(0),
            (FunctionId::Step, _) => seconds(self.step),
            (FunctionId::Scalar, [vector]) => Scalar::OfVector(self.boxed(vector, grid)?),
            (FunctionId::MinOf | FunctionId::MaxOf, [lhs, rhs]) => Scalar::Extreme {
                is_max: id == FunctionId::MaxOf,
                lhs: Box::new(self.scalar(lhs, grid)?),
                rhs: Box::new(self.scalar(rhs, grid)?),
            },
            _ => return refuse("function yields no scalar"),
        })
    }

    fn scalars(&mut self, args: &[Node], grid: Grid) -> Planned<Vec<Scalar>> {
        args.iter().map(|arg| self.scalar(arg, grid)).collect()
    }

    pub(super) fn vector_call(
        &mut self,
        id: FunctionId,
        args: &[Node],
        grid: Grid,
    ) -> Planned<VectorKind> {
        let Some((first, rest)) = args.split_first() else { return self.date_now(id, grid) };
        Ok(match (id, rest) {
            (FunctionId::VectorOf, _) => VectorKind::OfScalar(Box::new(self.scalar(first, grid)?)),
            (FunctionId::Absent, _) => {
                let labels = absent_labels(first);
                VectorKind::Absent { labels, input: self.boxed(first, grid)? }
            }
            (FunctionId::AbsentOverTime, _) => {
                let input = Box::new(self.range(first, grid)?);
                check_extension(input.extension(), id)?;
                VectorKind::AbsentOverTime { labels: absent_labels(first), input }
            }
            (FunctionId::Sort | FunctionId::SortDesc, _) => {
                let order = Order::Value { descending: id == FunctionId::SortDesc };
                VectorKind::Sort { order, input: self.boxed(first, grid)? }
            }
            (FunctionId::SortByLabel | FunctionId::SortByLabelDesc, labels) => {
                let descending = id == FunctionId::SortByLabelDesc;
                let labels = texts(labels)?;
                let order = Order::Labels { descending, labels };
                VectorKind::Sort { order, input: self.boxed(first, grid)? }
            }
            (FunctionId::LabelReplace | FunctionId::LabelJoin, rest) => {
                let relabel = relabel(id, rest)?;
                VectorKind::Relabel { relabel, input: self.boxed(first, grid)? }
            }
            (FunctionId::Timestamp, _) => self.timestamp(first, grid)?,
            (FunctionId::StartTimestamp, _) => self.start_timestamp(first, grid)?,
            (
                FunctionId::HistogramAvg | FunctionId::HistogramCount | FunctionId::HistogramSum,
                _,
            ) => self.of_histograms(id, first, grid)?,
            (FunctionId::HistogramStddev | FunctionId::HistogramStdvar, _) => {
                VectorKind::OfHistograms { function: id, input: self.boxed(first, grid)? }
            }
            (FunctionId::Info, rest) => self.info(first, rest.first(), grid)?,
            (FunctionId::HistogramQuantile, [vector]) => {
                let measure = Measure::Quantile {
                    q: self.scalar(first, grid)?,
                    span: first.unwrapped().span,
                };
                self.buckets(measure, vector, grid)?
            }
            (FunctionId::HistogramFraction, [upper, vector]) => {
                let lower = self.scalar(first, grid)?;
                let measure = Measure::Fraction { lower, upper: self.scalar(upper, grid)? };
                self.buckets(measure, vector, grid)?
            }
            (FunctionId::HistogramQuantiles, [label, qs @ ..]) => {
                let label = text_of(label)?.to_owned();
                let spans = qs.iter().map(|q| q.unwrapped().span);
                let qs = self.scalars(qs, grid)?.into_iter().zip(spans).collect();
                self.buckets(Measure::Quantiles { label, qs }, first, grid)?
            }
            (FunctionId::QuantileOverTime, [range]) => {
                let params = vec![self.scalar(first, grid)?];
                self.window(id, range, params, first, grid)?
            }
            _ if first.value_type() == crate::ast::ValueType::Matrix => {
                let params = self.scalars(rest, grid)?;
                self.window(id, first, params, first, grid)?
            }
            _ => {
                let params = self.scalars(rest, grid)?;
                VectorKind::Map { function: id, input: self.boxed(first, grid)?, params }
            }
        })
    }

    /// `hour()` and the like: of the time of evaluation.
    fn date_now(&self, function: FunctionId, grid: Grid) -> Planned<VectorKind> {
        let kind = VectorKind::OfScalar(Box::new(Scalar::Time));
        let input = Box::new(Vector { kind, grid, span: Span::default() });
        Ok(VectorKind::Map { function, input, params: Vec::new() })
    }

    /// The times of the samples, if they come right from the store.
    fn timestamp(&mut self, arg: &Node, grid: Grid) -> Planned<VectorKind> {
        let mut input = self.boxed(arg, grid)?;
        set_reading(arg, &mut input, Reading::Time);
        Ok(VectorKind::Map { function: FunctionId::Timestamp, input, params: Vec::new() })
    }

    /// When the counting of the samples began; nothing if they do not come right from the store.
    fn start_timestamp(&mut self, arg: &Node, grid: Grid) -> Planned<VectorKind> {
        let mut input = self.boxed(arg, grid)?;
        Ok(if set_reading(arg, &mut input, Reading::Start) {
            VectorKind::Map { function: FunctionId::StartTimestamp, input, params: Vec::new() }
        } else {
            VectorKind::Nothing(input)
        })
    }

    /// `histogram_count` and its relatives need no buckets of what they select, unless something
    /// on the way does.
    fn of_histograms(
        &mut self,
        function: FunctionId,
        arg: &Node,
        grid: Grid,
    ) -> Planned<VectorKind> {
        let outer = std::mem::replace(&mut self.reading, Reading::Totals);
        let input = self.boxed(arg, grid);
        self.reading = outer;
        Ok(VectorKind::OfHistograms { function, input: input? })
    }

    fn buckets(&mut self, measure: Measure, vector: &Node, grid: Grid) -> Planned<VectorKind> {
        let input = self.whole(|planner| planner.boxed(vector, grid))?;
        let input_span = vector.unwrapped().span;
        Ok(VectorKind::Buckets(BucketsPlan { measure, input, input_span }))
    }

    fn window(
        &mut self,
        function: FunctionId,
        range: &Node,
        params: Vec<Scalar>,
        first: &Node,
        grid: Grid,
    ) -> Planned<VectorKind> {
        let input = self.range(range, grid)?;
        check_extension(input.extension(), function)?;
        // Samples of a subquery have no place in the text: what is said of them stands at its start.
        let is_subquery = input.inner().is_some() && std::ptr::eq(range, first);
        let first_span = if is_subquery { Span::default() } else { first.unwrapped().span };
        Ok(VectorKind::Window(WindowPlan { function, input, params, first_span }))
    }
}

/// Few functions know of samples beyond the ends of a window.
fn check_extension(extension: Extension, function: FunctionId) -> Planned<()> {
    let allowed = match extension {
        Extension::None => return Ok(()),
        Extension::Anchored => &["changes", "delta", "increase", "rate", "resets"][..],
        Extension::Smoothed => &["delta", "increase", "rate"][..],
    };
    let name = function.name();
    if allowed.contains(&name) {
        return Ok(());
    }
    let (word, allowed) = (extension.word(), allowed.join(", "));
    refuse(format!("{word} modifier can only be used with: {allowed} - not with {name}"))
}

/// Makes a selector yield another part of its samples; false when the argument is none.
fn set_reading(arg: &Node, input: &mut Vector, reading: Reading) -> bool {
    let kind = &mut input.kind;
    let select = if let VectorKind::Fixed(inner) = kind { &mut inner.kind } else { kind };
    if let VectorKind::Select(select) = select
        && matches!(arg.unwrapped().kind, NodeKind::Selector(_))
    {
        select.reading = reading;
        return true;
    }
    false
}

fn texts(args: &[Node]) -> Planned<Vec<String>> {
    args.iter().map(|arg| text_of(arg).map(str::to_owned)).collect()
}

fn relabel(id: FunctionId, args: &[Node]) -> Planned<Relabel> {
    let mut texts = texts(args)?.into_iter();
    let mut next = || texts.next().unwrap_or_default();
    if id == FunctionId::LabelReplace {
        let (target, replacement, source, pattern) = (next(), next(), next(), next());
        let Ok(pattern) = AnchoredRegex::new(&pattern) else {
            let message = format!("invalid regular expression in label_replace(): {pattern}");
            return refuse(message);
        };
        if target.is_empty() || raw_bytes::has_any(&target) {
            return refuse(format!("invalid destination label name in label_replace(): {target}"));
        }
        return Ok(Relabel::Replace { target, replacement, source, pattern });
    }
    let (target, separator) = (next(), next());
    let sources: Vec<String> = texts.collect();
    if let Some(source) = sources.iter().find(|source| source.is_empty()) {
        return refuse(format!("invalid source label name in label_join(): {source}"));
    }
    if target.is_empty() || raw_bytes::has_any(&target) {
        return refuse(format!("invalid destination label name in label_join(): {target}"));
    }
    Ok(Relabel::Join { target, separator, sources })
}
