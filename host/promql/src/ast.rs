//! The tree of a query. Every node knows the bytes it was written with.
//!
//! Invariant: a tree that [`crate::parse`] returns is well typed: `check.rs` has seen it.

use std::sync::Arc;

use narthex_model::{Matcher, Timestamp};

use crate::functions::Function;
use crate::span::Span;

/// A parsed and checked query: its text and its tree. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Expr {
    pub(crate) text: Arc<str>,
    pub(crate) root: Arc<Node>,
}

impl Expr {
    /// The text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// What the query yields.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        self.root.value_type()
    }

    /// Every selector of the query, from left to right.
    #[must_use]
    pub fn selectors(&self) -> Vec<&Selector> {
        let mut found = Vec::new();
        self.root.visit(&mut |node| {
            if let NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } = &node.kind {
                found.push(selector);
            }
        });
        found
    }
}

/// One node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// The bytes it was written with.
    pub span: Span,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// `1.5`, or `1h30m` as a number of seconds.
    Number {
        /// The value.
        value: f64,
        /// Whether it was written as a duration.
        is_duration: bool,
    },
    /// `"text"`
    String(String),
    /// `up{job="node"}`
    Selector(Selector),
    /// `up[5m]`
    Matrix {
        /// What is selected.
        selector: Selector,
        /// How far back.
        range: Length,
    },
    /// `rate(up[5m])[1h:1m]`
    Subquery {
        /// What is evaluated again and again.
        expr: Box<Node>,
        /// How far back.
        range: Length,
        /// How often; the engine's default when absent.
        step: Option<Length>,
        /// When.
        time: TimeShift,
    },
    /// `(expr)`
    Paren(Box<Node>),
    /// `-expr`
    Unary {
        /// Whether the sign is a minus.
        negative: bool,
        /// The operand.
        expr: Box<Node>,
    },
    /// `lhs op rhs`
    Binary(Box<Binary>),
    /// `sum by (job) (expr)`
    Aggregate(Box<Aggregate>),
    /// `rate(up[5m])`
    Call {
        /// What is called.
        function: &'static Function,
        /// The arguments, in order.
        args: Vec<Node>,
    },
}

/// Chooses series, and when to look at them.
#[derive(Clone, Debug)]
pub struct Selector {
    /// The metric name written before the braces.
    pub name: Option<String>,
    /// All conditions; the name's is the last one when it was written before the braces.
    pub matchers: Vec<Matcher>,
    /// When.
    pub time: TimeShift,
    /// How samples between and at the window's ends are taken.
    pub extension: Extension,
}

impl Selector {
    /// Whether it chooses series and says nothing of time.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.time.at.is_none() && self.time.offset.is_none() && self.extension == Extension::None
    }
}

/// Where a range selector takes values for the ends of its window from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extension {
    /// Only from samples within the window.
    #[default]
    None,
    /// From the last sample at or before the window's start.
    Anchored,
    /// Interpolated at both ends.
    Smoothed,
}

impl Extension {
    /// As it is written.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Anchored => "anchored",
            Self::Smoothed => "smoothed",
        }
    }
}

/// `@` and `offset`.
#[derive(Clone, Debug, Default)]
pub struct TimeShift {
    /// The fixed time.
    pub at: Option<AtTime>,
    /// How far back; negative looks ahead.
    pub offset: Option<Length>,
}

/// The time that `@` fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTime {
    /// `@ 1609746000`
    Fixed(Timestamp),
    /// `@ start()`
    Start,
    /// `@ end()`
    End,
}

/// A duration, written as a literal or as an expression that is computed per query.
#[derive(Clone, Debug)]
pub struct Length {
    /// What it is.
    pub kind: LengthKind,
    /// The bytes it was written with.
    pub span: Span,
}

/// What a duration is.
#[derive(Clone, Debug)]
pub enum LengthKind {
    /// Seconds.
    Literal {
        /// The value.
        seconds: f64,
        /// Whether it was written as a duration.
        is_duration: bool,
    },
    /// `step()`: the query's step.
    Step,
    /// `range()`: the query's end less its start.
    Range,
    /// `-x`, `+x`
    Unary {
        /// Whether the sign is a minus.
        negative: bool,
        /// The operand.
        operand: Box<Length>,
    },
    /// `x + y` and the like, `min_of(x, y)`, `max_of(x, y)`
    Binary {
        /// What is computed.
        op: LengthOp,
        /// Left.
        lhs: Box<Length>,
        /// Right.
        rhs: Box<Length>,
    },
    /// `(x)`
    Paren(Box<Length>),
}

/// What two durations are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `min_of(x, y)`
    MinOf,
    /// `max_of(x, y)`
    MaxOf,
}

/// An operation on two operands.
#[derive(Clone, Debug)]
pub struct Binary {
    /// Which one.
    pub op: BinaryOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// Whether a comparison yields 0 and 1 instead of filtering.
    pub return_bool: bool,
    /// How series of both sides find each other.
    pub matching: Matching,
    /// Left.
    pub lhs: Node,
    /// Right.
    pub rhs: Node,
}

/// The binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `atan2`
    Atan2,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    GreaterEqual,
    /// `<=`
    LessEqual,
    /// `</`: the part of a histogram below
    TrimUpper,
    /// `>/`: the part of a histogram above
    TrimLower,
    /// `and`
    And,
    /// `or`
    Or,
    /// `unless`
    Unless,
}

impl BinaryOp {
    /// As it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterEqual => ">=",
            Self::LessEqual => "<=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// Whether it compares.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Greater
                | Self::Less
                | Self::GreaterEqual
                | Self::LessEqual
        )
    }

    /// Whether it is `and`, `or` or `unless`.
    #[must_use]
    pub const fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

/// How series of two sides find each other.
#[derive(Clone, Debug, Default)]
pub struct Matching {
    /// Whether `labels` are those that count (`on`), or those that do not (`ignoring`).
    pub on: bool,
    /// The labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// How many series may share a partner.
    pub cardinality: Cardinality,
    /// The labels that `group_left` or `group_right` takes from the side of one.
    pub include: Vec<String>,
    /// The value of a left side that is not there.
    pub fill_left: Option<f64>,
    /// The value of a right side that is not there.
    pub fill_right: Option<f64>,
}

impl Matching {
    /// Whether a value stands for a side that is not there.
    #[must_use]
    pub const fn fills(&self) -> bool {
        self.fill_left.is_some() || self.fill_right.is_some()
    }
}

/// How many series may share a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cardinality {
    /// One on each side; any number for set operators.
    #[default]
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
}

/// An aggregation.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Which one.
    pub op: AggregateOp,
    /// The first argument of `topk`, `quantile`, `count_values` and their like.
    pub param: Option<Node>,
    /// What is aggregated.
    pub expr: Node,
    /// What makes a group.
    pub grouping: Grouping,
}

/// What makes a group.
#[derive(Clone, Debug, Default)]
pub struct Grouping {
    /// Whether `labels` are those that do not count.
    pub without: bool,
    /// The labels of `by` or `without`.
    pub labels: Vec<String>,
}

impl Grouping {
    /// Whether all series fall into one group.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        !self.without && self.labels.is_empty()
    }
}

/// The aggregations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateOp {
    /// `sum`
    Sum,
    /// `avg`
    Avg,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `count`
    Count,
    /// `group`
    Group,
    /// `stddev`
    Stddev,
    /// `stdvar`
    Stdvar,
    /// `topk`
    Topk,
    /// `bottomk`
    Bottomk,
    /// `quantile`
    Quantile,
    /// `count_values`
    CountValues,
    /// `limitk`
    Limitk,
    /// `limit_ratio`
    LimitRatio,
}

impl AggregateOp {
    /// All of them.
    pub(crate) const ALL: [Self; 14] = [
        Self::Sum,
        Self::Avg,
        Self::Min,
        Self::Max,
        Self::Count,
        Self::Group,
        Self::Stddev,
        Self::Stdvar,
        Self::Topk,
        Self::Bottomk,
        Self::Quantile,
        Self::CountValues,
        Self::Limitk,
        Self::LimitRatio,
    ];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Count => "count",
            Self::Group => "group",
            Self::Stddev => "stddev",
            Self::Stdvar => "stdvar",
            Self::Topk => "topk",
            Self::Bottomk => "bottomk",
            Self::Quantile => "quantile",
            Self::CountValues => "count_values",
            Self::Limitk => "limitk",
            Self::LimitRatio => "limit_ratio",
        }
    }

    /// Whether it takes a parameter before the expression.
    #[must_use]
    pub const fn has_param(self) -> bool {
        matches!(
            self,
            Self::Topk
                | Self::Bottomk
                | Self::Quantile
                | Self::CountValues
                | Self::Limitk
                | Self::LimitRatio
        )
    }
}

/// What an expression yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// A number at each step.
    Scalar,
    /// A text.
    String,
    /// At most one value a series at each step.
    Vector,
    /// Any number of values a series at each step.
    Matrix,
}

impl ValueType {
    /// The name in the HTTP API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
        }
    }

    /// The name in messages.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
        }
    }
}

impl Node {
    /// What the node yields.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match &self.kind {
            NodeKind::Number { .. } => ValueType::Scalar,
            NodeKind::String(_) => ValueType::String,
            NodeKind::Selector(_) | NodeKind::Aggregate(_) => ValueType::Vector,
            NodeKind::Matrix { .. } | NodeKind::Subquery { .. } => ValueType::Matrix,
            NodeKind::Paren(expr) | NodeKind::Unary { expr, .. } => expr.value_type(),
            NodeKind::Binary(binary) => match (binary.lhs.value_type(), binary.rhs.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
            NodeKind::Call { function, .. } => function.returns,
        }
    }

    /// The nodes right below, in the order in which they were written.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            NodeKind::Number { .. }
            | NodeKind::String(_)
            | NodeKind::Selector(_)
            | NodeKind::Matrix { .. } => Vec::new(),
            NodeKind::Subquery { expr, .. }
            | NodeKind::Paren(expr)
            | NodeKind::Unary { expr, .. } => vec![expr],
            NodeKind::Binary(binary) => vec![&binary.lhs, &binary.rhs],
            NodeKind::Aggregate(aggregate) => {
                aggregate.param.iter().chain([&aggregate.expr]).collect()
            }
            NodeKind::Call { args, .. } => args.iter().collect(),
        }
    }

    /// Calls `visitor` for this node and all below, parents first.
    pub(crate) fn visit<'a>(&'a self, visitor: &mut impl FnMut(&'a Self)) {
        visitor(self);
        for child in self.children() {
            child.visit(visitor);
        }
    }

    /// The node inside any parentheses.
    pub(crate) fn unwrapped(&self) -> &Self {
        if let NodeKind::Paren(expr) = &self.kind { expr.unwrapped() } else { self }
    }
}
