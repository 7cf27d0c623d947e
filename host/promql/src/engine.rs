//! The door: one engine answers every query of the program.

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_platform::{
    Clock, Counter, Family, FamilyKind, Histogram, Metrics, MetricsSource, Point, PointValue,
};
use narthex_storage::{Queryable, TimeRange};

use crate::ast::{Expr, ValueType};
use crate::eval::{self, Context, Counts, Grid, HoldingLimits, Ledger, Limits, Planner, Remarks};
use crate::features::Features;
use crate::gate::Gate;
use crate::result::{QueryError, QueryOptions, QueryResult};
use crate::span::ParseError;
use crate::workers::Workers;

/// From a millisecond to ten seconds, as most queries take.
const DURATION_BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Settings of an engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// How far an instant selector looks back.
    pub lookback: Duration,
    /// How long a query may take, waiting included.
    pub timeout: Duration,
    /// How many samples a query may hold in memory at once.
    pub samples_max: usize,
    /// How many bytes of samples and results a query may hold in memory at once.
    pub memory_max: usize,
    /// How many queries run at once; others wait.
    pub concurrency: usize,
    /// How many threads work for queries beside those that ask.
    pub workers: usize,
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
            memory_max: 1 << 30,
            concurrency: 20,
            workers: thread::available_parallelism().map_or(1, NonZero::get) - 1,
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
    gate: Arc<Gate>,
    workers: Workers,
    subquery_step_millis: AtomicI64,
    durations: Histogram,
    samples: Counter,
}

/// When a query is evaluated.
#[derive(Clone, Copy)]
enum When {
    Instant(Timestamp),
    Range { start: i64, end: i64, step: i64 },
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
        let concurrency = config.concurrency;
        metrics.add_source(Arc::new(GateMetrics { gate: Arc::clone(&gate), concurrency }));
        let durations = metrics.histogram(
            "prometheus_engine_query_duration_histogram_seconds",
            "The duration of various parts of PromQL query execution.",
            &[("slice", "inner_eval")],
            &DURATION_BOUNDS,
        );
        let samples = metrics.counter(
            "prometheus_engine_query_samples_total",
            "The total number of samples loaded by all queries.",
            &[],
        );
        let workers = Workers::new(config.workers);
        let subquery_step_millis = AtomicI64::new(millis(config.subquery_step).max(1));
        Self(Arc::new(Inner {
            config,
            store,
            clock,
            gate,
            workers,
            subquery_step_millis,
            durations,
            samples,
        }))
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
        self.answer(expr, When::Instant(at), options)
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
        let kind = expr.value_type();
        if !matches!(kind, ValueType::Scalar | ValueType::Vector) {
            let message = format!(
                "invalid expression type {:?} for range query, must be Scalar or instant Vector",
                kind.description()
            );
            return Err(ParseError::new(expr.text(), expr.root().span, message).into());
        }
        let (start, end) = (start.millis(), end.millis());
        let when = When::Range { start, end, step: millis(step).max(1) };
        self.answer(expr, when, options)
    }

    fn answer(
        &self,
        expr: &Expr,
        when: When,
        options: &QueryOptions,
    ) -> Result<QueryResult, QueryError> {
        let Inner { config, clock, .. } = &*self.0;
        let arrived = clock.monotonic();
        let timeout = options.timeout.map_or(config.timeout, |own| own.min(config.timeout));
        let deadline = arrived.saturating_add(timeout);
        let pass = self.0.gate.enter(clock, deadline, &options.cancel)?;
        let began = clock.monotonic();
        let limits = Limits { clock, deadline, cancel: &options.cancel };
        let mut result = self.evaluate(expr, when, options, limits)?;
        drop(pass);
        result.stats.queued = began.saturating_sub(arrived);
        result.stats.evaluated = clock.monotonic().saturating_sub(began);
        self.0.durations.observe_duration(result.stats.evaluated);
        self.0.samples.add(result.stats.samples);
        Ok(result)
    }

    fn evaluate(
        &self,
        expr: &Expr,
        when: When,
        options: &QueryOptions,
        limits: Limits<'_>,
    ) -> Result<QueryResult, QueryError> {
        let lookback = millis(options.lookback.unwrap_or(self.0.config.lookback));
        let (start, end, step) = match when {
            When::Instant(at) => (at.millis(), at.millis(), 0),
            When::Range { start, end, step } => (start, end, step),
        };
        let grid = match when {
            When::Instant(at) => Grid::single(at.millis()),
            When::Range { start, end, step } => Grid::range(start, end, step),
        };
        let subquery_step = self.0.subquery_step_millis.load(Ordering::Relaxed);
        let text = expr.text();
        let mut planner = Planner::new(text, (start, end, step), lookback, subquery_step);
        let plan = planner.plan(expr.root(), grid)?;
        let nothing = TimeRange { start: Timestamp::default(), end: Timestamp::default() };
        let context = Context {
            text,
            querier: self.0.store.querier(planner.needed.unwrap_or(nothing))?,
            features: self.0.config.features,
            lookback,
            limits,
            workers: &self.0.workers,
            ledger: Ledger::new(HoldingLimits {
                samples_max: self.0.config.samples_max,
                bytes_max: self.0.config.memory_max,
            }),
            selected: parking_lot::Mutex::default(),
            counts: Counts::default(),
            remarks: parking_lot::Mutex::new(Remarks::default()),
        };
        context.check()?;
        let value = match when {
            When::Instant(at) => eval::instant(&plan, at.millis(), &context)?,
            When::Range { .. } => eval::range(&plan, grid, &context)?,
        };
        let stats = context.stats();
        let (warnings, infos) = context.take_remarks();
        Ok(QueryResult { value, warnings, infos, stats })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// How many queries run, and how many may.
struct GateMetrics {
    gate: Arc<Gate>,
    concurrency: usize,
}

impl MetricsSource for GateMetrics {
    fn families(&self) -> Vec<Family> {
        let gauge = |name: &str, help: &str, value: usize| Family {
            name: name.to_owned(),
            help: help.to_owned(),
            kind: FamilyKind::Gauge,
            points: vec![Point { labels: Vec::new(), value: PointValue::Number(value as f64) }],
        };
        vec![
            gauge(
                "prometheus_engine_queries",
                "The current number of queries being executed or waiting.",
                self.gate.running(),
            ),
            gauge(
                "prometheus_engine_queries_concurrent_max",
                "The max number of concurrent queries.",
                self.concurrency,
            ),
        ]
    }
}

#[cfg(test)]
mod tests;
