//! One group: its rules, their state, and one evaluation of all of them.
//!
//! An evaluation blocks: it runs on a blocking thread, holds `state` for itself, and shows what it
//! did through snapshots that nobody has to wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_platform::queue::Sender;
use narthex_platform::{Clock, Metrics};
use narthex_promql::{Cancel, Engine, QueryError, QueryOptions, QueryOrigin, SampleValue};
use narthex_settings::error_chain;
use narthex_storage::{Appendable, Queryable};
use parking_lot::Mutex;
use tracing::warn;

use crate::active::{ActiveAlerts, HoldTimes};
use crate::alerting_rule;
use crate::config::RulesConfig;
use crate::expand::Expander;
use crate::file::{AlertSpec, GroupSpec, RuleSpec};
use crate::measures::Measures;
use crate::recording_rule::{output, vector};
use crate::restore::restore;
use crate::views::{GroupView, Health};
use crate::write::Batch;

/// What every group works with.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) engine: Engine,
    pub(crate) read: Arc<dyn Queryable>,
    pub(crate) write: Arc<dyn Appendable>,
    pub(crate) alerts: Sender<narthex_model::AlertBatch>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
}

/// Why an evaluation of a rule gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuleError {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("rule result is not a vector or scalar")]
    NotVector,
    #[error("vector contains metrics with the same labelset after applying rule labels")]
    DuplicateSeries,
    #[error("vector contains metrics with the same labelset after applying alert labels")]
    DuplicateAlert,
    #[error("exceeded limit of {limit} with {count} series")]
    TooManySeries { limit: usize, count: usize },
    #[error("exceeded limit of {limit} with {count} alerts")]
    TooManyAlerts { limit: usize, count: usize },
}

/// A group as it runs.
pub(crate) struct Group {
    pub(crate) spec: GroupSpec,
    pub(crate) config: Arc<RulesConfig>,
    pub(crate) interval: Duration,
    query_offset: Duration,
    tools: Tools,
    measures: Measures,
    cancel: Cancel,
    /// What journals of queries say of who asks.
    origin: Arc<QueryOrigin>,
    is_retired: AtomicBool,
    /// Held during an evaluation. Order: the predecessor's before one's own is not needed, since
    /// it is taken out first.
    state: Mutex<State>,
    /// Guards the snapshot only.
    view: Mutex<GroupView>,
}

#[derive(Default)]
struct State {
    rules: Vec<RuleState>,
    /// Series of rules that are gone; they end with the next evaluation.
    orphans: BTreeSet<Labels>,
    /// The group before a reload. Its state is taken over when it has come to rest.
    predecessor: Option<Arc<Group>>,
    restoring: Restoring,
}

/// How far the state of `for` is restored after a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Restoring {
    /// There is nothing to restore, or it is done.
    #[default]
    Done,
    /// Two evaluations come first, so that what alerts depend on has been scraped and recorded.
    AfterEvaluations(u8),
}

#[derive(Clone, Default)]
struct RuleState {
    active: ActiveAlerts,
    /// What the last evaluation wrote.
    series: BTreeSet<Labels>,
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Group({};{})", self.spec.file, self.spec.name)
    }
}

impl Group {
    pub(crate) fn new(
        spec: GroupSpec,
        config: Arc<RulesConfig>,
        tools: Tools,
        predecessor: Option<Arc<Self>>,
        restoring: Restoring,
    ) -> Self {
        let interval = spec.interval.unwrap_or(config.evaluation_interval);
        let query_offset = spec.query_offset.unwrap_or(config.query_offset);
        let measures = Measures::new(&tools.metrics, &spec.file, &spec.name);
        measures.describe(interval, spec.rules.len());
        let view = Mutex::new(GroupView::new(&spec, interval, query_offset));
        let rules = vec![RuleState::default(); spec.rules.len()];
        let state = State { rules, predecessor, restoring, ..State::default() };
        let (file, name) = (spec.file.clone(), spec.name.clone());
        let origin = Arc::new(QueryOrigin::RuleGroup { file, name });
        Self {
            spec,
            config,
            interval,
            query_offset,
            tools,
            measures,
            cancel: Cancel::new(),
            origin,
            is_retired: AtomicBool::new(false),
            state: Mutex::new(state),
            view,
        }
    }

    pub(crate) fn view(&self) -> GroupView {
        self.view.lock().clone()
    }

    /// The group is not evaluated any more; an evaluation under way ends early.
    pub(crate) fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
        self.cancel.cancel();
    }

    fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Relaxed)
    }

    /// Counts the slots that were planned up to an evaluation.
    pub(crate) fn scheduled(&self, missed: u64) {
        self.measures.scheduled(missed);
    }

    /// Evaluates all rules for `at`. Blocks.
    pub(crate) fn evaluate(&self, at: Timestamp) {
        let started = self.tools.clock.monotonic();
        let mut state = self.state.lock();
        if let Some(predecessor) = state.predecessor.take() {
            state.inherit(&self.spec, &predecessor);
        }
        let sample_at = at - self.query_offset;
        let mut batch = Batch::default();
        let mut samples = 0;
        for index in 0..self.spec.rules.len() {
            if self.is_retired() {
                break;
            }
            samples += self.evaluate_rule(&mut state, &mut batch, index, at, sample_at);
        }
        for labels in std::mem::take(&mut state.orphans) {
            batch.push_stale(usize::MAX, labels, sample_at);
        }
        self.commit(&mut batch);
        if !self.is_retired() {
            self.restore(&mut state, at);
        }
        drop(state);
        let took = self.tools.clock.monotonic().saturating_sub(started);
        self.measures.evaluated(at, took, samples);
        let mut view = self.view.lock();
        view.evaluation_time = took;
        view.last_evaluation = Some(at);
    }

    /// Evaluates one rule; returns how many samples it gave.
    fn evaluate_rule(
        &self,
        state: &mut State,
        batch: &mut Batch,
        index: usize,
        at: Timestamp,
        sample_at: Timestamp,
    ) -> usize {
        let writes_alerts = state.restoring == Restoring::Done;
        let (Some(spec), Some(rule)) = (self.spec.rules.get(index), state.rules.get_mut(index))
        else {
            return 0;
        };
        let started = self.tools.clock.monotonic();
        let queries = |alert: &AlertSpec| {
            let mut texts = alert.labels.iter().chain(&alert.annotations);
            texts.any(|(_, text)| text.may_query())
        };
        let reads_more = spec.alert.as_ref().is_some_and(queries);
        if !batch.is_empty() && (reads_more || batch.is_read_by(&spec.expr)) {
            self.commit(batch);
        }
        self.measures.evaluations.increment();
        let result = match &spec.alert {
            None => self.record(spec, sample_at),
            Some(alert) => self.alert(spec, alert, &mut rule.active, at, sample_at, writes_alerts),
        };
        match result {
            Ok(series) => {
                let written: BTreeSet<Labels> =
                    series.iter().map(|(labels, _)| labels.clone()).collect();
                for labels in rule.series.difference(&written) {
                    batch.push_stale(index, labels.clone(), sample_at);
                }
                let count = series.len();
                for (labels, value) in series {
                    batch.push(index, labels, sample_at, value);
                }
                rule.series = written;
                self.show(index, at, started, Ok(()), &rule.active);
                count
            }
            Err(error) => {
                if !self.is_retired() {
                    let error = error_chain(&error);
                    let (group, name) = (&self.spec.name, &spec.name);
                    warn!(group, rule = name, error, "evaluating a rule failed");
                    self.measures.failures.increment();
                    self.show(index, at, started, Err(error), &rule.active);
                }
                0
            }
        }
    }

    fn record(
        &self,
        spec: &RuleSpec,
        sample_at: Timestamp,
    ) -> Result<Vec<(Labels, SampleValue)>, RuleError> {
        let result = self.query(spec, sample_at)?;
        output(spec, result, self.spec.limit)
    }

    fn alert(
        &self,
        spec: &RuleSpec,
        alert: &AlertSpec,
        active: &mut ActiveAlerts,
        at: Timestamp,
        sample_at: Timestamp,
        writes: bool,
    ) -> Result<Vec<(Labels, SampleValue)>, RuleError> {
        let result = self.query(spec, sample_at)?;
        let (external_labels, external_url) =
            (&self.config.external_labels, &self.config.external_url);
        let queries = (self.tools.engine.clone(), self.query_options());
        let expander = Expander::new(queries, at, external_labels, external_url);
        let found = alerting_rule::found(spec, alert, &result, &expander)?;
        let times = HoldTimes { hold: alert.hold, keep_firing: alert.keep_firing };
        let count = active.update(&found, times, at);
        let limit = self.spec.limit;
        if limit > 0 && count > limit {
            *active = ActiveAlerts::default();
            return Err(RuleError::TooManyAlerts { limit, count });
        }
        let generator_url = expander.link(spec.expr.text());
        let news = alerting_rule::news(active, &self.config, self.interval, &generator_url, at);
        if let Some(batch) = news
            && !self.tools.alerts.send(batch)
        {
            warn!(
                alert = spec.name,
                "the queue to alerting is full; the oldest alerts were dropped"
            );
        }
        Ok(if writes { alerting_rule::series(active) } else { Vec::new() })
    }

    fn query(
        &self,
        spec: &RuleSpec,
        at: Timestamp,
    ) -> Result<Vec<narthex_promql::VectorSample>, RuleError> {
        vector(self.tools.engine.instant_expr(&spec.expr, at, &self.query_options())?.value)
    }

    fn query_options(&self) -> QueryOptions {
        let (cancel, origin) = (self.cancel.clone(), Some(Arc::clone(&self.origin)));
        QueryOptions { cancel, origin, ..QueryOptions::default() }
    }

    /// Stores what waits; rules whose results could not be stored are not well.
    fn commit(&self, batch: &mut Batch) {
        match batch.commit(self.tools.write.as_ref()) {
            Ok(discarded) => {
                for (rule, error) in discarded.by_rule {
                    self.failed(rule, &error.to_string());
                }
            }
            Err(error) => {
                let error = error_chain(&error);
                warn!(group = self.spec.name, error, "the results of rules were not stored");
                self.measures.failures.increment();
                for rule in 0..self.spec.rules.len() {
                    self.failed(rule, &error);
                }
            }
        }
    }

    /// After a start: alerts get back since when they have been active.
    fn restore(&self, state: &mut State, at: Timestamp) {
        match state.restoring {
            Restoring::Done => return,
            Restoring::AfterEvaluations(left) if left > 1 => {
                state.restoring = Restoring::AfterEvaluations(left - 1);
                return;
            }
            Restoring::AfterEvaluations(_) => state.restoring = Restoring::Done,
        }
        for (spec, rule) in self.spec.rules.iter().zip(&mut state.rules) {
            let Some(alert) = &spec.alert else { continue };
            let store = self.tools.read.as_ref();
            let restored =
                restore(&mut rule.active, &spec.name, alert.hold, &self.config, store, at);
            if let Err(error) = restored {
                let error = error_chain(&error);
                warn!(alert = spec.name, error, "the state of an alert could not be restored");
            }
        }
    }

    /// The group is gone: all its series end.
    pub(crate) fn end(&self, at: Timestamp) {
        let mut state = self.state.lock();
        if let Some(predecessor) = state.predecessor.take() {
            state.inherit(&self.spec, &predecessor);
        }
        let mut batch = Batch::default();
        let orphans = std::mem::take(&mut state.orphans);
        let written = state.rules.iter_mut().flat_map(|rule| std::mem::take(&mut rule.series));
        for labels in orphans.into_iter().chain(written) {
            batch.push_stale(usize::MAX, labels, at - self.query_offset);
        }
        self.commit(&mut batch);
    }

    fn show(
        &self,
        index: usize,
        at: Timestamp,
        started: Duration,
        outcome: Result<(), String>,
        active: &ActiveAlerts,
    ) {
        let took = self.tools.clock.monotonic().saturating_sub(started);
        let mut view = self.view.lock();
        let Some(rule) = view.rules.get_mut(index) else { return };
        let rule = Arc::make_mut(rule);
        rule.health = if outcome.is_ok() { Health::Ok } else { Health::Err };
        rule.last_error = outcome.err().unwrap_or_default();
        rule.evaluation_time = took;
        rule.last_evaluation = Some(at);
        rule.show_alerts(active);
    }

    fn failed(&self, index: usize, error: &str) {
        if let Some(rule) = self.view.lock().rules.get_mut(index) {
            let rule = Arc::make_mut(rule);
            rule.health = Health::Err;
            error.clone_into(&mut rule.last_error);
        }
    }
}

impl State {
    /// Takes over from a group whose place this one has taken: rules are the same when name and
    /// labels are, of several the first is the first. Waits for an evaluation under way.
    fn inherit(&mut self, spec: &GroupSpec, predecessor: &Group) {
        let mut before = predecessor.state.lock();
        if let Some(earlier) = before.predecessor.take() {
            before.inherit(&predecessor.spec, &earlier);
        }
        let mut known: BTreeMap<(&str, &Labels), Vec<RuleState>> = BTreeMap::new();
        let states = std::mem::take(&mut before.rules);
        for (rule, state) in predecessor.spec.rules.iter().zip(states).rev() {
            known.entry((&rule.name, &rule.labels)).or_default().push(state);
        }
        for (rule, state) in spec.rules.iter().zip(&mut self.rules) {
            let same = known.get_mut(&(rule.name.as_str(), &rule.labels));
            let Some(inherited) = same.and_then(Vec::pop) else { continue };
            state.series = inherited.series;
            if rule.alert.is_some() {
                state.active = inherited.active;
            }
        }
        self.restoring = before.restoring;
        self.orphans.append(&mut before.orphans);
        let gone = known.into_values().flatten();
        self.orphans.extend(gone.flat_map(|state| state.series));
    }
}

#[cfg(test)]
pub(crate) mod tests;
