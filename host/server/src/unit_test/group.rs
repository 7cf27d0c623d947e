//! One group of tests: series come, rules are evaluated, and what came of it is compared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_platform::{Clock, Metrics};
use narthex_promql::{Engine, EngineConfig, Features, QueryOptions, SampleValue, Value};
use narthex_rules::{Parts, Rehearsal, RuleFiles, RulesConfig, alert_queue};
use narthex_storage::MemoryStore;

use super::alerts::{self, Alert};
use super::data::InputData;
use super::expressions;
use super::file::{AlertTest, Millis, TestFile, Tests};
use super::text;
use crate::tsdb::notation;

/// What all groups of a file share.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) features: Features,
    pub(super) interval: Millis,
    /// Whether neighboring floats count as equal.
    pub(super) is_fuzzy: bool,
    pub(super) with_diff: bool,
}

pub(super) struct Group<'a> {
    tests: &'a Tests,
    settings: Settings,
    data: InputData,
    store: MemoryStore,
    engine: Engine,
    rules: Rehearsal,
}

impl<'a> Group<'a> {
    /// Gets everything ready.
    pub(super) fn new(
        tests: &'a Tests,
        rules: RuleFiles,
        file: &TestFile,
        settings: Settings,
    ) -> Result<Self, String> {
        let series = tests.input_series.as_deref().unwrap_or(&[]);
        let data = InputData::read(series, tests.start_timestamp.0, tests.interval.0)?;
        let mut alerts = tests.alerts.iter().flatten();
        if let Some(test) = alerts.find(|test| test.alertname.is_empty()) {
            let group = match tests.name.as_str() {
                "" => String::new(),
                name => format!(" (in TestGroup {name})"),
            };
            return Err(format!(
                "an item under alert_rule_test misses required attribute alertname at eval_time \
                 {}{group}",
                text::duration(test.eval_time.0)
            ));
        }
        let store = MemoryStore::new();
        let metrics = Metrics::new();
        let config = EngineConfig {
            features: settings.features,
            subquery_step: duration(settings.interval),
            ..EngineConfig::default()
        };
        let engine = Engine::new(config, Arc::new(store.clone()), Clock::real(), &metrics);
        let (alerts, _) = alert_queue(1);
        let parts = Parts {
            engine: engine.clone(),
            read: Arc::new(store.clone()),
            write: Arc::new(store.clone()),
            alerts: Arc::new(alerts),
            clock: Clock::real(),
            metrics,
            state: None,
            concurrent_rules_max: 0,
        };
        let config = RulesConfig {
            evaluation_interval: duration(tests.interval),
            external_labels: Labels::from_pairs(tests.external_labels.clone()),
            external_url: tests.external_url.clone(),
            ..RulesConfig::default()
        };
        let order = |name: &str| file.group_eval_order.iter().position(|n| n == name).unwrap_or(0);
        let rules = Rehearsal::new(parts, config, rules, order);
        Ok(Self { tests, settings, data, store, engine, rules })
    }

    /// Evaluates up to the last test; what failed, in promtool's words.
    pub(super) fn run(&mut self) -> Vec<String> {
        let mut failures = Vec::new();
        let mut due: BTreeMap<Millis, Vec<&AlertTest>> = BTreeMap::new();
        for test in self.tests.alerts.iter().flatten() {
            due.entry(test.eval_time).or_default().push(test);
        }
        let (first, interval) = (self.tests.start_timestamp.0, self.settings.interval.0);
        let last = self.last_time();
        let mut passed = 0;
        while passed <= last {
            let at = first.saturating_add(passed);
            match self.data.load(at, &self.store) {
                Err(error) => failures.push(error),
                Ok(()) => {
                    self.rules.evaluate(at);
                    let errors = self.rule_errors(at);
                    if !errors.is_empty() {
                        failures.extend(errors);
                        return failures;
                    }
                }
            }
            // Alerts between two evaluations are those of the first.
            let next = passed.saturating_add(interval);
            let later = due.split_off(&Millis(next));
            for test in std::mem::replace(&mut due, later).into_values().flatten() {
                failures.extend(self.check_alerts(test));
            }
            passed = next;
        }
        for test in self.tests.expressions.iter().flatten() {
            let at = first.saturating_add(test.eval_time.0);
            failures.extend(expressions::check(test, &self.engine, at, self.settings.is_fuzzy));
        }
        failures
    }

    /// Milliseconds from the start to the last test.
    fn last_time(&self) -> i64 {
        let alerts = self.tests.alerts.iter().flatten().map(|test| test.eval_time.0);
        let expressions = self.tests.expressions.iter().flatten().map(|test| test.eval_time.0);
        alerts.chain(expressions).max().unwrap_or(0)
    }

    fn rule_errors(&self, at: Timestamp) -> Vec<String> {
        let groups = self.rules.groups();
        let rules = groups.iter().flat_map(|group| &group.rules);
        let failed = rules.filter(|rule| !rule.last_error.is_empty());
        let time = notation::duration(at.millis());
        failed
            .map(|rule| format!("    rule: {}, time: {time}, err: {}", rule.name, rule.last_error))
            .collect()
    }

    fn check_alerts(&self, test: &AlertTest) -> Option<String> {
        let groups = self.rules.groups();
        let rules = groups.iter().flat_map(|group| &group.rules);
        let mut found: Vec<Alert> = rules
            .filter(|rule| rule.name == test.alertname)
            .flat_map(|rule| alerts::firing(rule))
            .collect();
        let mut expected = alerts::expected(test);
        found.sort();
        expected.sort();
        if found == expected {
            return None;
        }
        let name = match self.tests.name.as_str() {
            "" => String::new(),
            name => format!("    name: {name},\n"),
        };
        let time = text::duration(test.eval_time.0);
        let head = format!("{name}    alertname: {}, time: {time}, \n", test.alertname);
        let indent = "            ";
        let [expected, found] = [&expected, &found].map(|alerts| alerts::text(alerts));
        Some(if self.settings.with_diff {
            let diff = super::diff::lines(&expected, &found);
            format!("{head}        diff: {}", text::indented(&diff, indent))
        } else {
            let [expected, found] = [&expected, &found].map(|side| text::indented(side, indent));
            format!("{head}        exp:{expected}, \n        got:{found}")
        })
    }

    /// Every series there is after the last evaluation.
    pub(super) fn dump(&self) -> String {
        // A query counts whole seconds.
        let millis = (self.last_time() / 1000 + 1) * 1000;
        let time = text::duration(millis);
        let query = format!("{{__name__=~\".+\"}}[{time}]");
        let at = self.tests.start_timestamp.0.saturating_add(millis);
        let result = self.engine.instant(&query, at, &QueryOptions::default());
        let series = match result.map(|result| result.value) {
            Ok(Value::Matrix(series)) => series,
            Ok(other) => {
                return format!("DEBUG: Got unexpected type {}", other.value_type().name());
            }
            Err(error) => {
                return format!("DEBUG: Failed query exec, expr: {query:?}, err: {error}");
            }
        };
        let mut out = format!("DEBUG: Dump of all data (input_series and rules) at {time}:\n");
        for series in series {
            out.push_str(&format!("{} =>\n", text::labels(&series.labels)));
            for (at, value) in series.points.times.iter().zip(&series.points.values) {
                out.push_str(&format!("{value} @[{at}]\n"));
            }
            for point in &series.points.histograms {
                out.push_str(&format!("{} @[{}]\n", point.histogram.to_float(), point.at));
            }
        }
        out
    }
}

fn duration(millis: Millis) -> Duration {
    Duration::from_millis(millis.0.unsigned_abs())
}

/// Values with their labels, as `promql_expr_test` compares them.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) labels: Labels,
    pub(super) value: f64,
    /// In the notation of series; empty for a float.
    pub(super) histogram: String,
}

impl Sample {
    pub(super) fn new(labels: Labels, value: &SampleValue) -> Self {
        match value {
            SampleValue::Float(value) => Self { labels, value: *value, histogram: String::new() },
            SampleValue::Histogram(histogram) => {
                Self { labels, value: 0.0, histogram: histogram.notation() }
            }
        }
    }
}
