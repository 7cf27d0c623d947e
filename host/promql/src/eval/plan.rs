//! The typed plan: a query with every time and duration resolved.

use narthex_model::{AnchoredRegex, Labels, Matcher};

use crate::ast::{AggregateOp, BinaryOp, Cardinality, Extension, Grouping, Matching};
use crate::functions::FunctionId;
use crate::span::Span;

use super::counts::Counted;
use super::grid::Grid;

/// What a query computes.
#[derive(Debug)]
pub(crate) enum Plan {
    Scalar(Scalar),
    Vector(Vector),
    Range(RangePlan),
    Text(String),
}

/// A number at each step.
#[derive(Debug)]
pub(crate) enum Scalar {
    Number(f64),
    /// `time()`
    Time,
    Negate(Box<Scalar>),
    Binary {
        op: BinaryOp,
        lhs: Box<Scalar>,
        rhs: Box<Scalar>,
    },
    /// `min_of`, `max_of`
    Extreme {
        is_max: bool,
        lhs: Box<Scalar>,
        rhs: Box<Scalar>,
    },
    /// `scalar(v)`
    OfVector(Box<Vector>),
}

/// At most one value a series at each step.
#[derive(Debug)]
pub(crate) struct Vector {
    pub(crate) kind: VectorKind,
    pub(crate) grid: Grid,
    /// The bytes of the query that it comes from.
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum VectorKind {
    Select(Select),
    /// The same at each step: computed once.
    Fixed(Box<Vector>),
    Window(WindowPlan),
    /// `absent(v)`
    Absent {
        labels: Labels,
        input: Box<Vector>,
    },
    /// `absent_over_time(m)`
    AbsentOverTime {
        labels: Labels,
        input: Box<RangePlan>,
    },
    /// A function of each value by itself.
    Map {
        function: FunctionId,
        input: Box<Vector>,
        params: Vec<Scalar>,
    },
    Negate(Box<Vector>),
    /// `vector(s)`
    OfScalar(Box<Scalar>),
    /// A vector and a scalar.
    Arithmetic(Arithmetic),
    /// Two vectors, series by series.
    Join(Join),
    /// `and`, `or`, `unless`
    Set(Join),
    Aggregate(AggregatePlan),
    /// `topk`, `bottomk`, `limitk`, `limit_ratio`
    Choose(AggregatePlan),
    CountValues {
        label: String,
        grouping: Grouping,
        input: Box<Vector>,
    },
    Relabel {
        relabel: Relabel,
        input: Box<Vector>,
    },
    Sort {
        order: Order,
        input: Box<Vector>,
    },
    /// Classic histograms.
    Buckets(BucketsPlan),
    /// A number of each native histogram; floats have none.
    OfHistograms {
        function: FunctionId,
        input: Box<Vector>,
    },
    Info(InfoPlan),
    /// What is not there: the input is looked at all the same.
    Nothing(Box<Vector>),
}

impl Scalar {
    /// The vectors that it is computed of.
    pub(crate) fn inputs(&self) -> Vec<&Vector> {
        match self {
            Self::Number(_) | Self::Time => Vec::new(),
            Self::Negate(inner) => inner.inputs(),
            Self::Binary { lhs, rhs, .. } | Self::Extreme { lhs, rhs, .. } => {
                let mut inputs = lhs.inputs();
                inputs.extend(rhs.inputs());
                inputs
            }
            Self::OfVector(vector) => vec![vector],
        }
    }
}

impl Vector {
    /// The selector whose series it reads by itself.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others read none")]
    pub(crate) const fn select(&self) -> Option<&Select> {
        let source = match &self.kind {
            VectorKind::Select(select) => return Some(select),
            VectorKind::Window(window) => &window.input.source,
            VectorKind::AbsentOverTime { input, .. } => &input.source,
            _ => return None,
        };
        match source {
            RangeSource::Select(select) => Some(select),
            RangeSource::Subquery { .. } => None,
        }
    }

    /// The selector whose series' labels its rows have, but for the name.
    pub(crate) fn labels_of(&self) -> Option<&Select> {
        match &self.kind {
            VectorKind::Select(select) => Some(select),
            VectorKind::Window(window) => match &window.input.source {
                RangeSource::Select(select) => Some(select),
                RangeSource::Subquery { inner, .. } => inner.labels_of(),
            },
            VectorKind::Fixed(inner)
            | VectorKind::Negate(inner)
            | VectorKind::Map { input: inner, .. }
            | VectorKind::OfHistograms { input: inner, .. }
            | VectorKind::Sort { input: inner, .. } => inner.labels_of(),
            VectorKind::Arithmetic(arithmetic) => arithmetic.vector.labels_of(),
            VectorKind::Absent { .. }
            | VectorKind::AbsentOverTime { .. }
            | VectorKind::OfScalar(_)
            | VectorKind::Join(_)
            | VectorKind::Set(_)
            | VectorKind::Aggregate(_)
            | VectorKind::Choose(_)
            | VectorKind::CountValues { .. }
            | VectorKind::Relabel { .. }
            | VectorKind::Buckets(_)
            | VectorKind::Info(_)
            | VectorKind::Nothing(_) => None,
        }
    }

    /// The vectors that it is computed of, parameters among them.
    pub(crate) fn inputs(&self) -> Vec<&Self> {
        fn with<'p>(vector: &'p Vector, scalars: &'p [Scalar]) -> Vec<&'p Vector> {
            let scalars = scalars.iter().flat_map(Scalar::inputs);
            std::iter::once(vector).chain(scalars).collect()
        }
        match &self.kind {
            VectorKind::Select(_) => Vec::new(),
            VectorKind::Fixed(inner)
            | VectorKind::Negate(inner)
            | VectorKind::Absent { input: inner, .. }
            | VectorKind::CountValues { input: inner, .. }
            | VectorKind::Relabel { input: inner, .. }
            | VectorKind::Sort { input: inner, .. }
            | VectorKind::OfHistograms { input: inner, .. }
            | VectorKind::Nothing(inner) => vec![inner],
            VectorKind::Window(window) => {
                let params = window.params.iter().flat_map(Scalar::inputs);
                window.input.inner().into_iter().chain(params).collect()
            }
            VectorKind::AbsentOverTime { input, .. } => input.inner().into_iter().collect(),
            VectorKind::Map { input, params, .. } => with(input, params),
            VectorKind::OfScalar(scalar) => scalar.inputs(),
            VectorKind::Arithmetic(arithmetic) => {
                with(&arithmetic.vector, std::slice::from_ref(&arithmetic.scalar))
            }
            VectorKind::Join(join) | VectorKind::Set(join) => vec![&join.lhs, &join.rhs],
            VectorKind::Aggregate(aggregate) | VectorKind::Choose(aggregate) => {
                with(&aggregate.input, aggregate.param.as_slice())
            }
            VectorKind::Buckets(buckets) => {
                let scalars = buckets.measure.scalars();
                let scalars = scalars.into_iter().flat_map(Scalar::inputs);
                std::iter::once(&*buckets.input).chain(scalars).collect()
            }
            VectorKind::Info(info) => vec![&info.input],
        }
    }
}

/// Series of the store, and when to look at them.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    pub(crate) matchers: Vec<Matcher>,
    /// The fixed time of `@`.
    pub(crate) at: Option<i64>,
    pub(crate) offset: i64,
    pub(crate) extension: Extension,
    pub(crate) reading: Reading,
    pub(crate) counted: Counted,
}

/// What of a sample is its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Value,
    /// Its time, for `timestamp`.
    Time,
    /// When its counting began, for `start_timestamp`.
    Start,
    /// Of a histogram only count and sum; its hint about resets is made from the one before.
    Totals,
}

impl Select {
    /// The time to look at for the step at `step_at`.
    pub(crate) fn reference(&self, step_at: i64) -> i64 {
        self.at.unwrap_or(step_at).saturating_sub(self.offset)
    }

    /// No sample after this time counts, of those that are read. `timestamp` has no eye for an
    /// offset beside `@`, though what is read depends on it.
    pub(crate) fn newest(&self, step_at: i64) -> i64 {
        match (self.reading, self.at) {
            (Reading::Time | Reading::Start, Some(at)) => at,
            (Reading::Value | Reading::Totals, _) | (_, None) => self.reference(step_at),
        }
    }
}

/// Any number of samples a series at each step.
#[derive(Debug)]
pub(crate) struct RangePlan {
    pub(crate) source: RangeSource,
    /// Milliseconds.
    pub(crate) range: i64,
    pub(crate) grid: Grid,
    pub(crate) counted: Counted,
}

#[derive(Debug)]
pub(crate) enum RangeSource {
    Select(Select),
    Subquery { inner: Box<Vector>, at: Option<i64>, offset: i64 },
}

impl RangePlan {
    /// What a subquery evaluates.
    pub(crate) fn inner(&self) -> Option<&Vector> {
        match &self.source {
            RangeSource::Select(_) => None,
            RangeSource::Subquery { inner, .. } => Some(inner),
        }
    }

    /// The end of the window for the step at `step_at`.
    pub(crate) fn end(&self, step_at: i64) -> i64 {
        match &self.source {
            RangeSource::Select(select) => select.reference(step_at),
            RangeSource::Subquery { at, offset, .. } => {
                at.unwrap_or(step_at).saturating_sub(*offset)
            }
        }
    }

    pub(crate) fn extension(&self) -> Extension {
        match &self.source {
            RangeSource::Select(select) => select.extension,
            RangeSource::Subquery { .. } => Extension::None,
        }
    }
}

/// A function of the samples in a window.
#[derive(Debug)]
pub(crate) struct WindowPlan {
    pub(crate) function: FunctionId,
    pub(crate) input: RangePlan,
    pub(crate) params: Vec<Scalar>,
    /// Where the first argument stands; the beginning of the query if that is a subquery.
    pub(crate) first_span: Span,
}

#[derive(Debug)]
pub(crate) struct Arithmetic {
    pub(crate) op: BinaryOp,
    pub(crate) return_bool: bool,
    pub(crate) vector: Box<Vector>,
    pub(crate) scalar: Scalar,
    pub(crate) scalar_is_left: bool,
}

#[derive(Debug)]
pub(crate) struct Join {
    pub(crate) op: BinaryOp,
    pub(crate) return_bool: bool,
    pub(crate) matching: Matching,
    pub(crate) lhs: Box<Vector>,
    pub(crate) rhs: Box<Vector>,
}

impl Join {
    /// Whether the right side may have several series for one of the left.
    pub(crate) fn many_is_right(&self) -> bool {
        self.matching.cardinality == Cardinality::OneToMany
    }
}

#[derive(Debug)]
pub(crate) struct AggregatePlan {
    pub(crate) op: AggregateOp,
    pub(crate) grouping: Grouping,
    pub(crate) input: Box<Vector>,
    pub(crate) input_span: Span,
    pub(crate) param: Option<Scalar>,
    pub(crate) param_span: Span,
}

#[derive(Debug)]
pub(crate) enum Relabel {
    Replace { target: String, replacement: String, source: String, pattern: AnchoredRegex },
    Join { target: String, separator: String, sources: Vec<String> },
}

#[derive(Debug)]
pub(crate) enum Order {
    Value { descending: bool },
    Labels { descending: bool, labels: Vec<String> },
}

#[derive(Debug)]
pub(crate) struct BucketsPlan {
    pub(crate) measure: Measure,
    pub(crate) input: Box<Vector>,
    pub(crate) input_span: Span,
}

#[derive(Debug)]
pub(crate) enum Measure {
    Quantile { q: Scalar, span: Span },
    Quantiles { label: String, qs: Vec<(Scalar, Span)> },
    Fraction { lower: Scalar, upper: Scalar },
}

/// `info`: data labels of info series for the series of the input.
#[derive(Debug)]
pub(crate) struct InfoPlan {
    pub(crate) input: Box<Vector>,
    /// The info series, whatever they are about.
    pub(crate) select: Select,
    /// What is asked of their names.
    pub(crate) names: Vec<Matcher>,
    /// What is asked of their data labels.
    pub(crate) data: Vec<Matcher>,
}

impl InfoPlan {
    /// Whether a data label of this name is taken: those that are asked for, or all.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.data.is_empty() || self.data.iter().any(|matcher| matcher.name() == name)
    }

    /// Whether a series without info series stays as it is.
    pub(crate) fn keeps_unmatched(&self) -> bool {
        self.data.iter().all(Matcher::matches_empty)
    }
}

impl Measure {
    /// Its parameters.
    pub(crate) fn scalars(&self) -> Vec<&Scalar> {
        match self {
            Self::Quantile { q, .. } => vec![q],
            Self::Quantiles { qs, .. } => qs.iter().map(|(q, _)| q).collect(),
            Self::Fraction { lower, upper } => vec![lower, upper],
        }
    }
}
