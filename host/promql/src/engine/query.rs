//! One query on its way: understood, let in, answered. Who asks from a task waits without a thread.
//!
//! Invariant: what becomes of a query that was understood is told to the engine's observer once,
//! also when it is dropped while it waits.

use std::fmt;
use std::time::Duration;

use crate::ast::Expr;
use crate::gate::{Pass, Presence, STAGE};
use crate::result::{QueryError, QueryOptions, QueryResult, QueryStats};

use super::times::When;
use super::{Engine, Explanation, Inner};

/// A query that was understood. It is neither planned nor run before [`Query::answer`].
///
/// On a thread that may block, `answer` is all that it takes. A task calls [`Query::try_enter`] and,
/// where that fails, [`Query::enter`] before it hands the query to such a thread, so that
/// queries that wait for others hold no threads.
pub struct Query {
    engine: Engine,
    expr: Expr,
    when: When,
    options: QueryOptions,
    visit: Visit,
}

/// When a query came and must have gone, and its place.
pub(super) struct Visit {
    pub(super) arrived: Duration,
    pub(super) deadline: Duration,
    /// Nothing until it was asked for.
    place: Option<Result<Pass, QueryError>>,
    /// Whether what becomes of it is still to be told.
    pub(super) is_untold: bool,
    /// Counts it among those that are here.
    _presence: Presence,
}

impl Engine {
    /// Begins the time of a query.
    pub(super) fn arrive(&self, options: &QueryOptions) -> Visit {
        let Inner { config, clock, gate, .. } = &*self.0;
        let arrived = clock.monotonic();
        let timeout = options.timeout.map_or(config.timeout, |own| own.min(config.timeout));
        let deadline = arrived.saturating_add(timeout);
        Visit { arrived, deadline, place: None, is_untold: true, _presence: gate.arrive() }
    }

    /// The visitor's place; waits for it here, if it was not asked for yet.
    pub(super) fn enter(
        &self,
        visit: &mut Visit,
        options: &QueryOptions,
    ) -> Result<Pass, QueryError> {
        let Inner { gate, clock, .. } = &*self.0;
        let wait = || gate.enter(clock, visit.deadline, &options.cancel);
        visit.place.take().unwrap_or_else(wait)
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("text", &self.expr.text()).finish_non_exhaustive()
    }
}

impl Query {
    pub(super) fn new(engine: &Engine, expr: Expr, when: When, options: &QueryOptions) -> Self {
        let visit = engine.arrive(options);
        Self { engine: engine.clone(), expr, when, options: options.clone(), visit }
    }

    /// The same query, of which the observer hears only that it runs: it is asked about, not asked.
    #[must_use]
    pub fn untold(mut self) -> Self {
        self.visit.is_untold = false;
        self
    }

    /// Takes a place among the queries that run, if one is free; says whether it has one.
    pub fn try_enter(&mut self) -> bool {
        if self.visit.place.is_none() {
            self.visit.place = self.engine.0.gate.try_enter().map(Ok);
        }
        self.visit.place.is_some()
    }

    /// Waits for a place, not longer than the query may take: its answer says so, when it got none.
    /// Whoever drops the query meanwhile cancels it.
    pub async fn enter(&mut self) {
        if !self.try_enter() {
            let Inner { gate, clock, .. } = &*self.engine.0;
            self.visit.place = Some(gate.enter_later(clock, self.visit.deadline).await);
        }
    }

    /// Runs the query; waits for a place first, if it has none yet. Blocks.
    ///
    /// # Errors
    /// When the query has no answer.
    pub fn answer(mut self) -> Result<QueryResult, QueryError> {
        self.engine.answer(&self.expr, self.when, &self.options, &mut self.visit)
    }

    /// The plan of the query and what it will cost; what it did cost, too, when it is to be run.
    /// Blocks.
    ///
    /// # Errors
    /// When the query has no plan or, if it is run, no answer.
    pub fn explain(mut self, run: bool) -> Result<Explanation, QueryError> {
        self.engine.explain_expr(&self.expr, self.when, &self.options, &mut self.visit, run)
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        if self.visit.is_untold && !std::thread::panicking() {
            let queued = self.engine.0.clock.monotonic().saturating_sub(self.visit.arrived);
            let stats = QueryStats { queued, ..QueryStats::default() };
            let error = QueryError::Canceled { stage: STAGE };
            self.engine.tell(&self.expr, self.when, &self.options, (&stats, Some(&error)));
        }
    }
}
