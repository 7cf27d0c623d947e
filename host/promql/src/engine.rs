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
use crate::eval::{
    self, Context, Cost, Counting, Counts, Grid, HoldingLimits, Ledger, Limits, Plan, PlanNode,
    Planner, Probes, Remarks,
};
use crate::features::Features;
use crate::gate::Gate;
use crate::observer::{QueryObserver, QueryRecord, Running};
use crate::push;
use crate::result::{QueryError, QueryOptions, QueryResult, QueryStats};
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
    /// Hears of every query.
    pub observer: Option<Arc<dyn QueryObserver>>,
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
            observer: None,
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

/// When a query is to be evaluated.
#[derive(Clone, Copy, Debug)]
pub enum Times {
    /// Once.
    Instant(Timestamp),
    /// At `start`, `start + step`, … up to `end`.
    Range {
        /// The first time.
        start: Timestamp,
        /// The last one, at most.
        end: Timestamp,
        /// From one to the next.
        step: Duration,
    },
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

/// Times in milliseconds.
#[derive(Clone, Copy)]
enum When {
    Instant(Timestamp),
    Range { start: i64, end: i64, step: i64 },
}

impl When {
    /// The first time, the last time and the step; 0 at a single time.
    const fn bounds(self) -> (i64, i64, i64) {
        match self {
            Self::Instant(at) => (at.millis(), at.millis(), 0),
            Self::Range { start, end, step } => (start, end, step),
        }
    }
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
            "The total number of samples loaded by all queries, those of each step's whole window.",
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
        check_range_type(expr)?;
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
        let pass = self.0.gate.enter(clock, deadline, &options.cancel);
        let began = clock.monotonic();
        let limits = Limits { clock, deadline, cancel: &options.cancel };
        // What it cost is known also of a query that failed.
        let mut stats = QueryStats::default();
        let outcome = pass.and_then(|pass| {
            let mut planned = began;
            let work = |plan: &Plan, grid: Grid, context: &Context<'_>| {
                planned = clock.monotonic();
                let outcome = evaluate(plan, grid, when, context);
                stats = context.stats();
                outcome
            };
            let outcome = self.planned(expr, when, options, (limits, None), work);
            drop(pass);
            stats.prepared = planned.saturating_sub(began);
            stats.evaluated = clock.monotonic().saturating_sub(planned);
            self.0.durations.observe_duration(stats.evaluated);
            self.0.samples.add(stats.samples_looked_at);
            outcome
        });
        stats.queued = began.saturating_sub(arrived);
        if let Some(observer) = &config.observer {
            let (start, end, step) = when.bounds();
            observer.answered(&QueryRecord {
                query: expr.text(),
                start: Timestamp::from_millis(start),
                end: Timestamp::from_millis(end),
                step: Duration::from_millis(step.unsigned_abs()),
                origin: options.origin.as_deref(),
                stats: &stats,
                error: outcome.as_ref().err(),
            });
        }
        outcome.map(|result| QueryResult { stats, ..result })
    }

    /// Plans a query, refuses it if it is known to take more memory than it may, and hands it to
    /// `work`.
    fn planned<T>(
        &self,
        expr: &Expr,
        when: When,
        options: &QueryOptions,
        (limits, probes): (Limits<'_>, Option<Probes>),
        work: impl FnOnce(&Plan, Grid, &Context<'_>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        let _running = Running::begin(self.0.config.observer.as_ref(), expr.text());
        let lookback = millis(options.lookback.unwrap_or(self.0.config.lookback));
        let (start, end, step) = when.bounds();
        let grid = match when {
            When::Instant(at) => Grid::single(at.millis()),
            When::Range { start, end, step } => Grid::range(start, end, step),
        };
        let subquery_step = self.0.subquery_step_millis.load(Ordering::Relaxed);
        let text = expr.text();
        let mut planner = Planner::new(text, (start, end, step), lookback, subquery_step);
        let pushed = push::push(expr.root());
        let plan = planner.plan(pushed.as_ref().unwrap_or(expr.root()), grid)?;
        let nothing = TimeRange { start: Timestamp::default(), end: Timestamp::default() };
        let (bytes_max, features) = (self.0.config.memory_max, self.0.config.features);
        let context = Context {
            text,
            querier: self.0.store.querier(planner.needed.unwrap_or(nothing))?,
            features,
            lookback,
            limits,
            workers: &self.0.workers,
            ledger: Ledger::new(HoldingLimits {
                samples_max: self.0.config.samples_max,
                bytes_max,
            }),
            probes,
            selected: parking_lot::Mutex::default(),
            counts: Counts::new(grid, options.with_step_stats && features.per_step_stats),
            remarks: parking_lot::Mutex::new(Remarks::default()),
        };
        context.check()?;
        work(&plan, grid, &context)
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
        let expr = self.parse(query)?;
        let when = match times {
            Times::Instant(at) => When::Instant(at),
            Times::Range { start, end, step } => {
                check_range_type(&expr)?;
                let (start, end) = (start.millis(), end.millis());
                When::Range { start, end, step: millis(step).max(1) }
            }
        };
        let Inner { config, clock, .. } = &*self.0;
        let timeout = options.timeout.map_or(config.timeout, |own| own.min(config.timeout));
        let began = clock.monotonic();
        let deadline = began.saturating_add(timeout);
        let _pass = self.0.gate.enter(clock, deadline, &options.cancel)?;
        let limits = Limits { clock, deadline, cancel: &options.cancel };
        let probes = run.then(Probes::default);
        self.planned(&expr, when, options, (limits, probes), |plan, grid, context| {
            let expected = eval::cost_of(plan, Counting::Groups, context)?;
            let stats = if run {
                let mut stats = evaluate(plan, grid, when, context)?.stats;
                stats.evaluated = clock.monotonic().saturating_sub(began);
                Some(stats)
            } else {
                None
            };
            let root = eval::explain(plan, context)?;
            Ok(Explanation { root, expected, memory_max: config.memory_max, stats })
        })
    }
}

/// The answer of a planned query.
fn evaluate(
    plan: &Plan,
    grid: Grid,
    when: When,
    context: &Context<'_>,
) -> Result<QueryResult, QueryError> {
    let max = context.ledger.bytes_max();
    let expected = eval::cost_of(plan, Counting::Series, context)?.held_bytes;
    if expected > max {
        return Err(QueryError::TooMuchMemory { max, estimate: Some(expected) });
    }
    let value = match when {
        When::Instant(at) => eval::instant(plan, at.millis(), context)?,
        When::Range { .. } => eval::range(plan, grid, context)?,
    };
    let stats = context.stats();
    let (warnings, infos) = context.take_remarks();
    Ok(QueryResult { value, warnings, infos, stats })
}

/// A range query answers with numbers and histograms only.
fn check_range_type(expr: &Expr) -> Result<(), ParseError> {
    let kind = expr.value_type();
    if matches!(kind, ValueType::Scalar | ValueType::Vector) {
        return Ok(());
    }
    let message = format!(
        "invalid expression type {:?} for range query, must be Scalar or instant Vector",
        kind.description()
    );
    Err(ParseError::new(expr.text(), expr.root().span, message))
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
