//! The door: one engine answers every query of the program.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_platform::{Clock, Metrics};
use narthex_storage::Queryable;

use crate::ast::Expr;
use crate::eval::{self, Cost, Counting, PlanNode, Probes};
use crate::gate::Gate;
use crate::result::{QueryError, QueryOptions, QueryResult, QueryStats};
use crate::span::ParseError;
use crate::workers::Workers;

pub use self::config::EngineConfig;
pub use self::query::Query;
pub use self::times::Times;

use self::metrics::EngineMetrics;
use self::query::Visit;
use self::run::evaluate;
use self::times::{When, millis};

mod config;
mod metrics;
mod query;
mod run;
mod times;

/// Answers queries. Cheap to clone. Its calls block: run them on a blocking pool.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: EngineConfig,
    store: Arc<dyn Queryable>,
    clock: Clock,
    gate: Arc<Gate>,
    workers: Workers,
    subquery_step_millis: AtomicI64,
    metrics: EngineMetrics,
}

/// The plan of a query.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The operator that yields the answer.
    pub root: PlanNode,
    /// What the query is expected to cost, its answer included.
    pub expected: Cost,
    /// The bytes that it may hold; a query that is expected to hold more is refused.
    pub memory_max: usize,
    /// What it did cost, if it was run.
    pub stats: Option<QueryStats>,
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
        let gate = Arc::new(Gate::new(config.concurrency));
        let metrics = EngineMetrics::new(metrics, &gate, config.concurrency);
        let workers = Workers::new(config.workers);
        let subquery_step_millis = AtomicI64::new(millis(config.subquery_step).max(1));
        Self(Arc::new(Inner { config, store, clock, gate, workers, subquery_step_millis, metrics }))
    }

    /// The engine's settings.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.0.config
    }

    /// Changes the step of a subquery that names none (on reload of `evaluation_interval`).
    pub fn set_subquery_step(&self, step: Duration) {
        self.0.subquery_step_millis.store(millis(step).max(1), Ordering::Relaxed);
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
        self.answer(expr, When::Instant(at), options, &mut self.arrive(options))
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
        let when = When::of(Times::Range { start, end, step }, expr)?;
        self.answer(expr, when, options, &mut self.arrive(options))
    }

    /// A query that is understood, for those who do not want to wait for a place on a thread.
    ///
    /// # Errors
    /// When the text is no query.
    pub fn query(
        &self,
        text: &str,
        times: Times,
        options: &QueryOptions,
    ) -> Result<Query, ParseError> {
        let expr = self.parse(text)?;
        let when = When::of(times, &expr)?;
        Ok(Query::new(self, expr, when, options))
    }

    /// The plan of a query and what it will cost; what it did cost, too, when it is to be run.
    ///
    /// # Errors
    /// When the query has no plan or, if it is run, no answer.
    pub fn explain(
        &self,
        query: &str,
        times: Times,
        run: bool,
        options: &QueryOptions,
    ) -> Result<Explanation, QueryError> {
        self.query(query, times, options)?.explain(run)
    }

    fn explain_expr(
        &self,
        expr: &Expr,
        when: When,
        options: &QueryOptions,
        visit: &mut Visit,
        run: bool,
    ) -> Result<Explanation, QueryError> {
        let memory_max = self.0.config.memory_max;
        if !run {
            return self.look_at(expr, when, options, visit, |plan, context| {
                let expected = eval::cost_of(plan, Counting::Groups, context)?;
                let root = eval::explain(plan, context)?;
                Ok(Explanation { root, expected, memory_max, stats: None })
            });
        }
        let probes = Some(Probes::default());
        let (outcome, stats) =
            self.run(expr, when, options, visit, probes, |plan, grid, context| {
                let expected = eval::cost_of(plan, Counting::Groups, context)?;
                evaluate(plan, grid, when, context)?;
                let root = eval::explain(plan, context)?;
                Ok(Explanation { root, expected, memory_max, stats: None })
            });
        outcome.map(|explanation| Explanation { stats: Some(stats), ..explanation })
    }
}

#[cfg(test)]
mod tests;
