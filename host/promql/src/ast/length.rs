//! Durations.

use crate::span::Span;

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
