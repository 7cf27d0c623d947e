//! The door: one engine answers every query of the program.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_platform::{Clock, Metrics};
use narthex_storage::Queryable;

use crate::ast::Expr;
use crate::features::Features;
use crate::result::{QueryError, QueryOptions, QueryResult};
use crate::span::ParseError;

/// Settings of an engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// How far an instant selector looks back.
    pub lookback: Duration,
    /// How long a query may take, waiting included.
    pub timeout: Duration,
    /// How many samples a query may hold in memory at once.
    pub samples_max: usize,
    /// How many queries run at once; others wait.
    pub concurrency: usize,
    /// The step of a subquery that names none.
    pub subquery_step: Duration,
    /// The guarded parts of the language.
    pub features: Features,
}

impl Default for EngineConfig {
    /// Prometheus' defaults.
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(300),
            timeout: Duration::from_secs(120),
            samples_max: 50_000_000,
            concurrency: 20,
            subquery_step: Duration::from_secs(60),
            features: Features::default(),
        }
    }
}

/// Answers queries. Cheap to clone. Its calls block: run them on a blocking pool.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: EngineConfig,
    store: Arc<dyn Queryable>,
    clock: Clock,
    subquery_step_millis: AtomicI64,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that reads `store`.
    #[must_use]
    pub fn new(
        config: EngineConfig,
        store: Arc<dyn Queryable>,
        clock: Clock,
        metrics: &Metrics,
    ) -> Self {
        let _ = metrics;
        let step = i64::try_from(config.subquery_step.as_millis()).unwrap_or(i64::MAX);
        let subquery_step_millis = AtomicI64::new(step);
        Self(Arc::new(Inner { config, store, clock, subquery_step_millis }))
    }

    /// The engine's settings.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.0.config
    }

    /// Changes the step of a subquery that names none (on reload of `evaluation_interval`).
    pub fn set_subquery_step(&self, step: Duration) {
        let millis = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
        self.0.subquery_step_millis.store(millis, Ordering::Relaxed);
    }

    /// Parses with the guarded parts that this engine's settings allow.
    ///
    /// # Errors
    /// When the text is no query.
    pub fn parse(&self, query: &str) -> Result<Expr, ParseError> {
        crate::parse_with(query, self.0.config.features)
    }

    /// Answers a query at one time.
    ///
    /// # Errors
    /// When the query has no answer.
    pub fn instant(
        &self,
        query: &str,
        at: Timestamp,
        options: &QueryOptions,
    ) -> Result<QueryResult, QueryError> {
        self.instant_expr(&self.parse(query)?, at, options)
    }

    /// Answers a parsed query at one time.
    ///
    /// # Errors
    /// When the query has no answer.
    pub fn instant_expr(
        &self,
        expr: &Expr,
        at: Timestamp,
        options: &QueryOptions,
    ) -> Result<QueryResult, QueryError> {
        let _ = (expr, at, options, &self.0.store, &self.0.clock);
        Err(QueryError::Execution("evaluation lands with the next change".to_owned()))
    }

    /// Answers a query at `start`, `start + step`, … up to `end`.
    ///
    /// # Errors
    /// When the query has no answer.
    pub fn range(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
        options: &QueryOptions,
    ) -> Result<QueryResult, QueryError> {
        self.range_expr(&self.parse(query)?, start, end, step, options)
    }

    /// Answers a parsed query at `start`, `start + step`, … up to `end`.
    ///
    /// # Errors
    /// When the query has no answer.
    pub fn range_expr(
        &self,
        expr: &Expr,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
        options: &QueryOptions,
    ) -> Result<QueryResult, QueryError> {
        let _ = (expr, start, end, step, options);
        Err(QueryError::Execution("evaluation lands with the next change".to_owned()))
    }
}
