//! One group: its rules, their state, and one evaluation of all of them.
//!
//! An evaluation blocks: it runs on a blocking thread, holds `state` for itself, and shows what it
//! did through snapshots that nobody has to wait for. `group/evaluate.rs` is the evaluation,
//! `group/recall.rs` what comes of an earlier process.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_platform::{Clock, Metrics};
use narthex_promql::{Cancel, Engine, QueryError, QueryOrigin};
use narthex_settings::error_chain;
use narthex_storage::{Appendable, Queryable};
use parking_lot::Mutex;
use tracing::warn;

use crate::active::ActiveAlerts;
use crate::beside::Evaluators;
use crate::catch_up::{self, Missed};
use crate::config::RulesConfig;
use crate::expand::graph_link;
use crate::file::GroupSpec;
use crate::kept::{GroupId, Kept, RuleId};
use crate::levels::levels;
use crate::measures::Measures;
use crate::sink::AlertSink;
use crate::views::{GroupView, Health};
use crate::write::Batch;

use self::recall::DataWait;

mod evaluate;
mod recall;

/// What every group works with.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) engine: Engine,
    pub(crate) read: Arc<dyn Queryable>,
    pub(crate) write: Arc<dyn Appendable>,
    pub(crate) alerts: Arc<dyn AlertSink>,
    pub(crate) kept: Kept,
    pub(crate) evaluators: Evaluators,
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
    /// Which rules are evaluated beside each other.
    levels: Vec<Vec<usize>>,
    /// Where people can look at the expression of each rule.
    links: Vec<String>,
    /// Whether the next process has to know how far this one came.
    keeps_slot: bool,
    id: GroupId,
    /// The ids of the rules, in order.
    rules: Vec<RuleId>,
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
    /// The slot of the last evaluation from which missed ones are counted.
    last_slot: Option<Timestamp>,
    /// It took longer to make up for evaluations than they are apart.
    is_overtaxed: bool,
}

/// How far alerts are restored after a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Restoring {
    /// There is nothing to restore, or it is done.
    #[default]
    Done,
    /// Nothing was evaluated yet.
    Begin,
    /// Some evaluations come first, so that what alerts depend on has been scraped and recorded.
    /// What is older than `reach` is not taken up.
    AfterEvaluations { left: u8, reach: Timestamp },
}

#[derive(Clone, Default)]
struct RuleState {
    active: ActiveAlerts,
    /// What the last evaluation wrote.
    series: BTreeSet<Labels>,
    /// The series of an earlier process still say since when alerts wait: they are not written anew
    /// before that was read.
    is_to_be_restored: bool,
    /// What its alerts of an earlier process wait for before they end.
    data_wait: Option<DataWait>,
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
        let mut view = GroupView::new(&spec, interval, query_offset);
        if let Some(before) = &predecessor {
            view.inherit(&spec, &before.view(), &before.spec);
        }
        let view = Mutex::new(view);
        let rules = vec![RuleState::default(); spec.rules.len()];
        let state = State { rules, predecessor, restoring, ..State::default() };
        let (file, name) = (spec.file.clone(), spec.name.clone());
        let id = GroupId::of(&file, &name);
        let origin = Arc::new(QueryOrigin::RuleGroup { file, name });
        let link = |query: &str| graph_link(&config.external_url, query);
        let has_alerts = spec.rules.iter().any(|rule| rule.alert.is_some());
        Self {
            keeps_slot: spec.replay_missed || has_alerts,
            levels: levels(&spec.rules),
            links: spec.rules.iter().map(|rule| link(&rule.query)).collect(),
            id,
            rules: id.rules(&spec),
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

    pub(crate) fn id(&self) -> GroupId {
        self.id
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
        let mut state = self.state.lock();
        if let Some(predecessor) = state.predecessor.take() {
            state.inherit(&self.spec, &predecessor);
        }
        let is_first = state.restoring == Restoring::Begin;
        if is_first {
            self.recall(&mut state, at);
        }
        if self.spec.replay_missed {
            self.make_up(&mut state, at, is_first);
        }
        self.round(&mut state, at, false);
        if !self.is_retired() {
            self.restore(&mut state, at);
        }
    }

    /// Evaluates the slots that were missed before `at`, each for its own time. Those that are given
    /// up count for alerts that wait, as in a group that makes up for none, unless there `was_no_server`.
    fn make_up(&self, state: &mut State, at: Timestamp, was_no_server: bool) {
        let Some(last) = state.last_slot else { return };
        let Missed { mut slots, mut given_up } =
            catch_up::missed(last, at, self.interval, self.config.outage_tolerance);
        if slots.is_empty() && given_up == 0 {
            state.is_overtaxed = false;
            return;
        }
        if state.is_overtaxed {
            given_up += slots.len() as u64;
            slots.clear();
        }
        if !slots.is_empty() {
            // It may take longer than alerting believes in what it was told last.
            for (index, rule) in state.rules.iter_mut().enumerate() {
                self.tell(index, &mut rule.active, at);
            }
        }
        let unseen = |slots: u64| if was_no_server { slots } else { 0 };
        state.pass_unseen(self.interval, unseen(given_up));
        let started = self.tools.clock.monotonic();
        let mut made_up: u32 = 0;
        let spent = || self.tools.clock.monotonic().saturating_sub(started);
        for slot in slots {
            if self.is_retired() {
                return;
            }
            if spent() > catch_up::TIME_MAX {
                given_up += 1;
                state.pass_unseen(self.interval, unseen(1));
                continue;
            }
            self.round(state, slot, true);
            made_up = made_up.saturating_add(1);
            self.measures.made_up();
        }
        // Slots that pass meanwhile are made up for as well, as long as there are fewer each time.
        state.is_overtaxed |= spent() > self.interval.saturating_mul(made_up.max(1));
        if given_up > 0 {
            let (group, overtaxed) = (&self.spec.name, state.is_overtaxed);
            warn!(group, given_up, overtaxed, "missed evaluations of rules are not made up for");
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.tools.clock.now_millis())
    }

    /// Stores what waits; rules whose results could not be stored are not well.
    fn commit(&self, state: &mut State, batch: &mut Batch) {
        let (rules, ended) = (batch.rules(), batch.ended());
        match batch.commit(self.tools.write.as_ref()) {
            Ok(discarded) => {
                for (rule, error) in discarded.by_rule {
                    self.failed(rule, &error.to_string());
                }
            }
            Err(error) => {
                let error = error_chain(&error);
                warn!(group = self.spec.name, error, "the results of rules were not stored");
                for rule in rules {
                    self.measures.failures.increment();
                    self.failed(rule, &error);
                }
                // Their ends are written when something can be written again.
                state.orphans.extend(ended);
            }
        }
    }

    /// The group is gone: all its series end, and nothing is kept of it.
    pub(crate) fn end(&self, at: Timestamp) {
        let mut state = self.state.lock();
        if let Some(predecessor) = state.predecessor.take() {
            state.inherit(&self.spec, &predecessor);
        }
        let mut batch = Batch::default();
        let orphans = std::mem::take(&mut state.orphans);
        let written: Vec<Labels> =
            state.rules.iter_mut().flat_map(|rule| std::mem::take(&mut rule.series)).collect();
        for labels in orphans.into_iter().chain(written) {
            batch.push_stale(usize::MAX, labels, at - self.query_offset);
        }
        self.commit(&mut state, &mut batch);
        self.tools.kept.forget_group(self.id);
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
    /// Takes over from a group whose place this one has taken. Waits for an evaluation under way.
    fn inherit(&mut self, spec: &GroupSpec, predecessor: &Group) {
        let mut before = predecessor.state.lock();
        if let Some(earlier) = before.predecessor.take() {
            before.inherit(&predecessor.spec, &earlier);
        }
        let mut states = std::mem::take(&mut before.rules);
        let same = spec.same_rules(&predecessor.spec);
        for ((rule, state), same) in spec.rules.iter().zip(&mut self.rules).zip(same) {
            let Some(inherited) = same.and_then(|index| states.get_mut(index)) else { continue };
            state.series = std::mem::take(&mut inherited.series);
            if rule.alert.is_some() {
                state.active = std::mem::take(&mut inherited.active);
                state.is_to_be_restored = inherited.is_to_be_restored;
                state.data_wait = inherited.data_wait;
            }
        }
        self.restoring = before.restoring;
        self.last_slot = before.last_slot;
        self.orphans.append(&mut before.orphans);
        for (state, rule) in states.into_iter().zip(&predecessor.rules) {
            predecessor.tools.kept.forget(*rule, &state.active);
            self.orphans.extend(state.series);
        }
    }

    /// Slots of which nothing is known do not count for alerts that wait for their time.
    fn pass_unseen(&mut self, interval: Duration, slots: u64) {
        let passed = interval.saturating_mul(u32::try_from(slots).unwrap_or(u32::MAX));
        self.rules.iter_mut().for_each(|rule| rule.active.pass_unseen(passed));
    }
}

#[cfg(test)]
pub(crate) mod tests;
