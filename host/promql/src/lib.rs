//! The query language: lex, parse, check, evaluate, format.
//!
//! Enters: the text of a query and a time. Leaves: a [`Value`] with its warnings, or an error that
//! points at the text.
//!
//! Always holds: an [`Expr`] is well typed; samples come from [`narthex_storage::Queryable`] only,
//! and each series is decoded once per selector for all steps of a query.
//!
//! Open `ast.rs` first, then `engine.rs`.

mod ast;
mod engine;
mod features;
mod functions;
mod result;
mod span;

pub use self::ast::{
    Aggregate, AggregateOp, AtTime, Binary, BinaryOp, Cardinality, Expr, Extension, Grouping,
    Length, LengthKind, LengthOp, Matching, Node, NodeKind, Selector, TimeShift, ValueType,
};
pub use self::engine::{Engine, EngineConfig};
pub use self::features::Features;
pub use self::functions::{Extra, Function};
pub use self::result::{
    Annotation, Cancel, ErrorKind, MatrixSeries, QueryError, QueryOptions, QueryResult, QueryStats,
    Value, VectorSample,
};
pub use self::span::{ParseError, Position, Span};

/// Reads a query, without the guarded parts of the language.
///
/// # Errors
/// When the text is no query.
pub fn parse(query: &str) -> Result<Expr, ParseError> {
    parse_with(query, Features::default())
}

/// Reads a query, with the guarded parts of the language that `features` allows.
///
/// # Errors
/// When the text is no query.
pub fn parse_with(query: &str, features: Features) -> Result<Expr, ParseError> {
    let _ = (features, functions::find(""), ast::AggregateOp::ALL);
    Err(ParseError::new(query, Span::default(), "parsing lands with the next change"))
}
