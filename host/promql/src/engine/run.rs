//! What every query goes through: a place among those that run, a plan, the work itself, and the
//! books that are kept on it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_storage::TimeRange;

use crate::ast::Expr;
use crate::eval::{
    self, Annotations, Context, Counting, Counts, Grid, HoldingLimits, Ledger, Limits, Plan,
    Planner, Probes,
};
use crate::observer::{QueryRecord, Running};
use crate::push;
use crate::result::{QueryError, QueryOptions, QueryResult, QueryStats};

use super::query::Visit;
use super::times::{When, millis};
use super::{Engine, Inner};

impl Engine {
    pub(super) fn answer(
        &self,
        expr: &Expr,
        when: When,
        options: &QueryOptions,
        visit: &mut Visit,
    ) -> Result<QueryResult, QueryError> {
        let (outcome, stats) = self.run(expr, when, options, visit, None, |plan, grid, context| {
            evaluate(plan, grid, when, context)
        });
        outcome.map(|result| QueryResult { stats, ..result })
    }

    /// Runs a query by `work` and keeps the books: what it cost is known also of one that failed.
    pub(super) fn run<T>(
        &self,
        expr: &Expr,
        when: When,
        options: &QueryOptions,
        visit: &mut Visit,
        probes: Option<Probes>,
        work: impl FnOnce(&Plan, Grid, &Context<'_>) -> Result<T, QueryError>,
    ) -> (Result<T, QueryError>, QueryStats) {
        let Inner { clock, metrics, .. } = &*self.0;
        let pass = self.enter(visit, options);
        let limits = self.limits(visit, options);
        let began = clock.monotonic();
        let mut stats = QueryStats::default();
        let queued = began.saturating_sub(visit.arrived);
        let outcome = pass.and_then(|pass| {
            let mut planned = began;
            let outcome = self.planned(expr, when, options, (limits, probes), |plan, context| {
                planned = clock.monotonic();
                let outcome = work(plan, when.grid(), context);
                stats = context.stats();
                outcome
            });
            drop(pass);
            stats.queued = queued;
            stats.prepared = planned.saturating_sub(began);
            stats.evaluated = clock.monotonic().saturating_sub(planned);
            metrics.observe(&stats);
            outcome
        });
        stats.queued = queued;
        if std::mem::replace(&mut visit.is_untold, false) {
            self.tell(expr, when, options, (&stats, outcome.as_ref().err()));
        }
        (outcome, stats)
    }

    /// Tells the observer what became of a query.
    pub(super) fn tell(
        &self,
        expr: &Expr,
        when: When,
        options: &QueryOptions,
        (stats, error): (&QueryStats, Option<&QueryError>),
    ) {
        let Some(observer) = &self.0.config.observer else { return };
        let (start, end, step) = when.bounds();
        observer.answered(&QueryRecord {
            query: expr.text(),
            start: Timestamp::from_millis(start),
            end: Timestamp::from_millis(end),
            step: Duration::from_millis(step.unsigned_abs()),
            origin: options.origin.as_deref(),
            stats,
            error,
        });
    }

    /// Plans a query without running it. It takes a place among those that run, since the store is
    /// asked for series; afterwards it was no query.
    pub(super) fn look_at<T>(
        &self,
        expr: &Expr,
        when: When,
        options: &QueryOptions,
        visit: &mut Visit,
        look: impl FnOnce(&Plan, &Context<'_>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        visit.is_untold = false;
        let _pass = self.enter(visit, options)?;
        let limits = self.limits(visit, options);
        self.planned(expr, when, options, (limits, None), look)
    }

    fn limits<'q>(&'q self, visit: &Visit, options: &'q QueryOptions) -> Limits<'q> {
        Limits { clock: &self.0.clock, deadline: visit.deadline, cancel: &options.cancel }
    }

    /// Plans a query and hands it to `work`.
    fn planned<T>(
        &self,
        expr: &Expr,
        when: When,
        options: &QueryOptions,
        (limits, probes): (Limits<'_>, Option<Probes>),
        work: impl FnOnce(&Plan, &Context<'_>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        let _running = Running::begin(self.0.config.observer.as_ref(), expr.text());
        let lookback = millis(options.lookback.unwrap_or(self.0.config.lookback));
        let (start, end, step) = when.bounds();
        let grid = when.grid();
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
            annotations: Annotations::default(),
        };
        context.check()?;
        work(&plan, &context)
    }
}

/// The answer of a planned query.
pub(super) fn evaluate(
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
    let (warnings, infos) = context.take_annotations();
    Ok(QueryResult { value, warnings, infos, stats })
}
