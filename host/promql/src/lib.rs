//! The query language: lex, parse, check, evaluate, format.
//!
//! Enters: the text of a query and a time. Leaves: a [`Value`] with its warnings, or an error that
//! points at the text.
//!
//! Always holds: an [`Expr`] is well typed; samples come from [`narthex_storage::Queryable`] only,
//! and each series is decoded once per selector for all steps of a query.
//!
//! Open `ast.rs` first, then `engine.rs` and `eval.rs`. A query's way: `lex` -> `parse` -> `check`
//! -> `eval::planner` -> `eval`.
//!
//! ```
//! use std::sync::Arc;
//! use narthex_model::{Labels, Timestamp};
//! use narthex_platform::{Clock, Metrics};
//! use narthex_promql::{Engine, EngineConfig, QueryOptions, Value};
//! use narthex_storage::{Appendable, MemoryStore};
//!
//! let store = MemoryStore::new();
//! let mut batch = store.appender();
//! let up = batch.series(&Labels::from_pairs([("__name__", "up"), ("job", "node")]))?;
//! batch.append(up, Timestamp::from_millis(60_000), 1.0)?;
//! batch.commit()?;
//!
//! let config = EngineConfig::default();
//! let engine = Engine::new(config, Arc::new(store), Clock::real(), &Metrics::new());
//! let at = Timestamp::from_millis(90_000);
//! let result = engine.instant("sum by (job) (up) * 2", at, &QueryOptions::default())?;
//! let Value::Vector(samples) = result.value else { panic!("a vector was asked for") };
//! assert_eq!(samples[0].labels.to_string(), r#"{job="node"}"#);
//! assert_eq!(samples[0].value.float(), Some(2.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ast;
mod check;
mod edit;
mod engine;
mod eval;
mod features;
mod functions;
mod gate;
mod lex;
mod notation;
mod observer;
mod parse;
mod pretty;
mod print;
mod push;
mod raw_bytes;
mod remarks;
mod result;
mod selector;
mod span;
mod workers;

pub use self::ast::{
    Aggregate, AggregateOp, AtTime, Binary, BinaryOp, Cardinality, Expr, Extension, Grouping,
    Length, LengthKind, LengthOp, Matching, Node, NodeKind, Selector, TimeShift, ValueType,
};
pub use self::engine::{Engine, EngineConfig, Explanation, Query, Times};
pub use self::eval::{Actual, Cost, PlanNode};
pub use self::features::Features;
pub use self::functions::{Extra, Function};
pub use self::notation::{
    BlockError, SeriesNotation, SeriesPoint, SeriesSample, append_samples, parse_series_block,
    parse_series_notation, settle_resets,
};
pub use self::observer::{QueryObserver, QueryOrigin, QueryRecord};
pub use self::result::{
    Annotation, Cancel, ErrorKind, MatrixSeries, QueryError, QueryOptions, QueryResult, QueryStats,
    SampleValue, Value, VectorSample,
};
pub use self::selector::{NotASelector, parse_any_selector, parse_selector};
pub use self::span::{ParseError, Position, Span};

/// All functions, ascending by name.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    functions::FUNCTIONS.iter()
}

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
    let root = parse::parse_tree(query, features)?;
    check::check(query, &root)?;
    Ok(Expr { text: query.into(), root: root.into() })
}

/// Everything that is wrong with a text, in its order, for an editor: reading goes on after an
/// error at the next comma, closing bracket or operator. Nothing for a query that
/// [`parse_with`] takes; otherwise its refusal is among the errors, of which there are a few dozen
/// at most.
///
/// ```
/// use narthex_promql::{Features, diagnose};
///
/// let errors = diagnose("sum(rate(up{job=}[5m])) / nosuch(up) + (1", Features::default());
/// let places: Vec<String> = errors.iter().map(|error| error.position.to_string()).collect();
/// assert_eq!(places, ["1:17", "1:27", "1:42"]);
/// ```
#[must_use]
pub fn diagnose(query: &str, features: Features) -> Vec<ParseError> {
    let mut diagnosis = parse::diagnose(query, features);
    check::check_all(query, &mut diagnosis);
    let mut errors = diagnosis.errors;
    errors.sort_by_key(|error| error.span.start);
    errors
}
