//! The tree of a query. Every node knows the bytes it was written with.
//!
//! Invariant: a tree that [`crate::parse`] returns is well typed: `check.rs` has seen it.

use std::sync::{Arc, LazyLock};

use narthex_model::{METRIC_NAME, Matcher};

use crate::functions::{Function, FunctionId};
use crate::span::Span;

pub use self::aggregate::{Aggregate, AggregateOp, Grouping};
pub use self::binary::{Binary, BinaryOp, Cardinality, Matching};
pub use self::length::{Length, LengthKind, LengthOp};
pub use self::selector::{AtTime, Extension, Selector, TimeShift};

mod aggregate;
mod binary;
mod length;
mod selector;

/// What `info` looks at when the query names no metric.
pub(crate) static TARGET_INFO: LazyLock<[Matcher; 1]> =
    LazyLock::new(|| [Matcher::equal(METRIC_NAME, "target_info")]);

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

    /// What the query looks at: the matchers of every selector, and those of a lookup that is not
    /// written, as in `info`.
    #[must_use]
    pub fn lookups(&self) -> Vec<&[Matcher]> {
        let mut found: Vec<&[Matcher]> = Vec::new();
        self.root.visit(&mut |node| match &node.kind {
            NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => {
                found.push(&selector.matchers);
            }
            NodeKind::Call { function, args } => {
                if function.id == FunctionId::Info && args.len() == 1 {
                    found.push(&*TARGET_INFO);
                }
            }
            NodeKind::Number { .. }
            | NodeKind::String(_)
            | NodeKind::Subquery { .. }
            | NodeKind::Paren(_)
            | NodeKind::Unary { .. }
            | NodeKind::Binary(_)
            | NodeKind::Aggregate(_) => {}
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
