//! The metrics of one group, under Prometheus' names.

use std::time::Duration;

use narthex_model::Timestamp;
use narthex_platform::{Counter, Gauge, Metrics};

#[derive(Clone, Debug)]
pub(crate) struct Measures {
    pub(crate) evaluations: Counter,
    pub(crate) failures: Counter,
    iterations: Counter,
    missed: Counter,
    interval: Gauge,
    rules: Gauge,
    last_evaluation: Gauge,
    last_duration: Gauge,
    last_samples: Gauge,
}

impl Measures {
    pub(crate) fn new(metrics: &Metrics, file: &str, name: &str) -> Self {
        let group = format!("{file};{name}");
        let labels = [("rule_group", group.as_str())];
        let counter = |name: &str, help: &str| metrics.counter(name, help, &labels);
        let gauge = |name: &str, help: &str| metrics.gauge(name, help, &labels);
        Self {
            evaluations: counter(
                "prometheus_rule_evaluations_total",
                "The total number of rule evaluations.",
            ),
            failures: counter(
                "prometheus_rule_evaluation_failures_total",
                "The total number of rule evaluation failures.",
            ),
            iterations: counter(
                "prometheus_rule_group_iterations_total",
                "The total number of scheduled rule group evaluations, whether executed or missed.",
            ),
            missed: counter(
                "prometheus_rule_group_iterations_missed_total",
                "The total number of rule group evaluations missed due to slow rule group \
                 evaluation.",
            ),
            interval: gauge(
                "prometheus_rule_group_interval_seconds",
                "The interval of a rule group.",
            ),
            rules: gauge("prometheus_rule_group_rules", "The number of rules."),
            last_evaluation: gauge(
                "prometheus_rule_group_last_evaluation_timestamp_seconds",
                "The timestamp of the last rule group evaluation in seconds.",
            ),
            last_duration: gauge(
                "prometheus_rule_group_last_duration_seconds",
                "The duration of the last rule group evaluation.",
            ),
            last_samples: gauge(
                "prometheus_rule_group_last_evaluation_samples",
                "The number of samples returned during the last rule group evaluation.",
            ),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of rules is far below 2^53")]
    pub(crate) fn describe(&self, interval: Duration, rules: usize) {
        self.interval.set(interval.as_secs_f64());
        self.rules.set(rules as f64);
    }

    pub(crate) fn scheduled(&self, missed: u64) {
        self.iterations.add(missed.saturating_add(1));
        self.missed.add(missed);
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of samples is far below 2^53")]
    pub(crate) fn evaluated(&self, at: Timestamp, took: Duration, samples: usize) {
        self.last_evaluation.set(at.seconds());
        self.last_duration.set(took.as_secs_f64());
        self.last_samples.set(samples as f64);
    }
}
