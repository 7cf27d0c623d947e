//! One evaluation: all rules ask, level by level, and what they found becomes samples and alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_promql::{QueryOptions, QueryResult, SampleValue};
use narthex_settings::error_chain;
use tracing::warn;

use super::{Group, RuleError, RuleState, State};
use crate::active::{ActiveAlerts, Found, HoldTimes};
use crate::alerting_rule;
use crate::expand::Expander;
use crate::file::{AlertSpec, RuleSpec};
use crate::recording_rule::{output, vector};
use crate::views::Health;
use crate::write::Batch;

/// What one evaluation of a group is for.
#[derive(Clone, Copy)]
struct Round {
    at: Timestamp,
    /// The time of the samples that are read and written.
    sample_at: Timestamp,
    /// Whether it is made up for.
    is_late: bool,
}

/// What a rule found.
enum Finding {
    Series(Vec<(Labels, SampleValue)>),
    Alerts(Sight),
    /// Nothing can be said of that time: there is no sample that the expression could have looked at.
    Nothing,
}

/// What an alerting rule found.
struct Sight {
    found: BTreeMap<Labels, Found>,
    /// There was no sample to look at.
    is_blind: bool,
}

/// What a rule found, and when.
struct Asked {
    finding: Result<Finding, RuleError>,
    started_at: Timestamp,
    took: Duration,
}

impl Group {
    /// Evaluates all rules for `at`; `is_late` when that time is past.
    pub(super) fn round(&self, state: &mut State, at: Timestamp, is_late: bool) {
        let (started_at, started) = (self.now(), self.tools.clock.monotonic());
        let round = Round { at, sample_at: at - self.query_offset, is_late };
        let mut batch = Batch::default();
        let mut samples = 0;
        for level in &self.levels {
            self.commit(state, &mut batch);
            let ask = |index: usize| self.ask(index, round);
            for (index, asked) in self.tools.evaluators.each(level, ask) {
                if !self.is_retired() {
                    samples += self.take(state, &mut batch, index, round, asked);
                }
            }
        }
        for labels in std::mem::take(&mut state.orphans) {
            batch.push_stale(usize::MAX, labels, round.sample_at);
        }
        self.commit(state, &mut batch);
        if self.keeps_slot && !self.is_retired() {
            state.last_slot = Some(at);
            self.tools.kept.keep_slot(self.id, at);
        }
        let took = self.tools.clock.monotonic().saturating_sub(started);
        let mut view = self.view.lock();
        view.evaluation_time = took;
        view.last_evaluation = Some(started_at);
        let of_rules = view.rules.iter().map(|rule| rule.evaluation_time).sum();
        drop(view);
        self.measures.evaluated(started_at, took, of_rules, samples);
    }

    /// Asks what a rule asks. Changes nothing: rules of a level ask at once.
    fn ask(&self, index: usize, round: Round) -> Asked {
        let (started_at, started) = (self.now(), self.tools.clock.monotonic());
        self.measures.evaluations.increment();
        let finding = match self.spec.rules.get(index) {
            Some(spec) => self.find(spec, round),
            None => Ok(Finding::Nothing),
        };
        Asked { finding, started_at, took: self.tools.clock.monotonic().saturating_sub(started) }
    }

    fn find(&self, spec: &RuleSpec, round: Round) -> Result<Finding, RuleError> {
        let result = self.query(spec, round.sample_at)?;
        let is_blind = result.stats.samples_looked_at == 0 && !spec.expr.selectors().is_empty();
        if round.is_late && is_blind {
            return Ok(Finding::Nothing);
        }
        let Some(alert) = &spec.alert else {
            return Ok(Finding::Series(output(spec, vector(result.value)?, self.spec.limit)?));
        };
        let queries = (self.tools.engine.clone(), self.query_options());
        let (labels, url) = (&self.config.external_labels, &self.config.external_url);
        let expander = Expander::new(queries, round.at, labels, url, &self.measures.texts);
        let result = vector(result.value)?;
        let found = alerting_rule::found(spec, alert, &result, &expander)?;
        Ok(Finding::Alerts(Sight { found, is_blind }))
    }

    fn query(&self, spec: &RuleSpec, at: Timestamp) -> Result<QueryResult, RuleError> {
        Ok(self.tools.engine.instant_expr(&spec.expr, at, &self.query_options())?)
    }

    fn query_options(&self) -> QueryOptions {
        let (cancel, origin) = (self.cancel.clone(), Some(Arc::clone(&self.origin)));
        QueryOptions { cancel, origin, ..QueryOptions::default() }
    }

    /// Takes in what a rule found; returns how many samples it gave.
    fn take(
        &self,
        state: &mut State,
        batch: &mut Batch,
        index: usize,
        round: Round,
        asked: Asked,
    ) -> usize {
        let (Some(spec), Some(rule)) = (self.spec.rules.get(index), state.rules.get_mut(index))
        else {
            return 0;
        };
        let series = match (asked.finding, &spec.alert) {
            (Ok(Finding::Series(series)), _) => Ok(series),
            (Ok(Finding::Alerts(sight)), Some(alert)) => {
                self.alert(index, alert, &sight, rule, round)
            }
            (Ok(Finding::Alerts(_) | Finding::Nothing), _) => {
                rule.active.pass_unseen(self.interval);
                return 0;
            }
            (Err(error), _) => Err(error),
        };
        let when = (asked.started_at, asked.took);
        match series {
            Ok(series) => {
                self.show(index, when, Ok(()), &rule.active);
                write(rule, batch, index, round.sample_at, series)
            }
            Err(error) => {
                let error = error_chain(&error);
                warn!(group = self.spec.name, rule = spec.name, error, "evaluating a rule failed");
                self.measures.failures.increment();
                self.show(index, when, Err(error), &rule.active);
                0
            }
        }
    }

    /// Brings the alerts of a rule up to date and tells alerting of them; their series.
    fn alert(
        &self,
        index: usize,
        spec: &AlertSpec,
        sight: &Sight,
        RuleState { active, is_to_be_restored, data_wait, .. }: &mut RuleState,
        round: Round,
    ) -> Result<Vec<(Labels, SampleValue)>, RuleError> {
        // Of a time that is past all has come in that will: nothing is waited for.
        let awaits_data = !round.is_late
            && data_wait.as_mut().is_some_and(|it| it.waits(round.at, sight.is_blind));
        let unseen = awaits_data.then_some(self.interval);
        let times = HoldTimes { hold: spec.hold, keep_firing: spec.keep_firing, unseen };
        let count = active.update(&sight.found, times, round.at);
        let rule = self.rules.get(index).copied();
        let limit = self.spec.limit;
        if limit > 0 && count > limit {
            if let Some(rule) = rule {
                self.tools.kept.forget(rule, active);
            }
            *active = ActiveAlerts::default();
            return Err(RuleError::TooManyAlerts { limit, count });
        }
        if let Some(rule) = rule {
            self.tools.kept.keep(rule, active);
        }
        if !round.is_late {
            self.tell(index, active, round.at);
        }
        Ok(alerting_rule::series(active, !*is_to_be_restored))
    }

    /// Tells alerting what it does not know of a rule's alerts.
    pub(super) fn tell(&self, index: usize, active: &mut ActiveAlerts, at: Timestamp) {
        let link = self.links.get(index).map_or("", String::as_str);
        let news = alerting_rule::news(active, &self.config, self.interval, link, at);
        let Some(batch) = news else { return };
        if !self.tools.alerts.take(batch) {
            let alert = self.spec.rules.get(index).map(|rule| &rule.name);
            warn!(alert, "the queue to alerting is full; the oldest alerts were dropped");
        }
    }

    fn show(
        &self,
        index: usize,
        (started_at, took): (Timestamp, Duration),
        outcome: Result<(), String>,
        active: &ActiveAlerts,
    ) {
        self.measures.rule_evaluated(took);
        let mut view = self.view.lock();
        let Some(rule) = view.rules.get_mut(index) else { return };
        let rule = Arc::make_mut(rule);
        rule.health = if outcome.is_ok() { Health::Ok } else { Health::Err };
        rule.last_error = outcome.err().unwrap_or_default();
        rule.evaluation_time = took;
        rule.last_evaluation = Some(started_at);
        rule.show_alerts(active);
    }
}

/// Puts what a rule gave into the batch, and the ends of what it gave before; how many samples it gave.
fn write(
    rule: &mut RuleState,
    batch: &mut Batch,
    index: usize,
    at: Timestamp,
    series: Vec<(Labels, SampleValue)>,
) -> usize {
    let written: BTreeSet<Labels> = series.iter().map(|(labels, _)| labels.clone()).collect();
    for labels in rule.series.difference(&written) {
        batch.push_stale(index, labels.clone(), at);
    }
    let count = series.len();
    for (labels, value) in series {
        batch.push(index, labels, at, value);
    }
    rule.series = written;
    count
}
