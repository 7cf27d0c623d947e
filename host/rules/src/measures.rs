//! The metrics of one group, under Prometheus' names.

use std::time::Duration;

use narthex_model::Timestamp;
use narthex_platform::{Counter, Gauge, Histogram, Metrics, Summary};

/// The bounds of the classic histograms that Prometheus shows of the same.
const BOUNDS: [f64; 4] = [0.01, 0.1, 1.0, 10.0];

#[derive(Clone, Debug)]
pub(crate) struct Measures {
    pub(crate) evaluations: Counter,
    pub(crate) failures: Counter,
    iterations: Counter,
    missed: Counter,
    made_up: Counter,
    interval: Gauge,
    rules: Gauge,
    last_evaluation: Gauge,
    last_duration: Gauge,
    last_rule_durations: Gauge,
    last_restore: Gauge,
    last_samples: Gauge,
    durations: Durations,
    rule_durations: Durations,
    pub(crate) texts: Texts,
}

/// Texts of alerts that were rendered, over all groups.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    pub(crate) expansions: Counter,
    pub(crate) failures: Counter,
}

/// How long something took, over all groups.
#[derive(Clone, Debug)]
struct Durations(Summary, Histogram);

impl Durations {
    fn new(metrics: &Metrics, of: &str, help: &str) -> Self {
        let summary = metrics.summary(&format!("{of}_seconds"), help, &[]);
        Self(summary, metrics.histogram(&format!("{of}_histogram_seconds"), help, &[], &BOUNDS))
    }

    fn observe(&self, took: Duration) {
        self.0.observe_duration(took);
        self.1.observe_duration(took);
    }
}

/// The value of the label `rule_group`.
fn group_label(file: &str, name: &str) -> String {
    format!("{file};{name}")
}

/// Shows nothing any more of a group that is gone.
pub(crate) fn forget(metrics: &Metrics, file: &str, name: &str) {
    metrics.forget(("rule_group", &group_label(file, name)));
}

impl Measures {
    pub(crate) fn new(metrics: &Metrics, file: &str, name: &str) -> Self {
        let group = group_label(file, name);
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
            made_up: counter(
                "narthex_rule_group_iterations_replayed_total",
                "Evaluations of a group with replay_missed that were missed, or fell into a \
                 restart, and were made up for.",
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
            last_rule_durations: gauge(
                "prometheus_rule_group_last_rule_duration_sum_seconds",
                "The sum of the durations of all rules in the last evaluation of a group, longer \
                 than the evaluation where rules were evaluated beside each other.",
            ),
            last_restore: gauge(
                "prometheus_rule_group_last_restore_duration_seconds",
                "How long it took to restore the alerts of a group after the start.",
            ),
            last_samples: gauge(
                "prometheus_rule_group_last_evaluation_samples",
                "The number of samples returned during the last rule group evaluation.",
            ),
            durations: Durations::new(
                metrics,
                "prometheus_rule_group_duration",
                "The duration of rule group evaluations.",
            ),
            rule_durations: Durations::new(
                metrics,
                "prometheus_rule_evaluation_duration",
                "The duration for a rule to execute.",
            ),
            texts: Texts {
                expansions: metrics.counter(
                    "prometheus_template_text_expansions_total",
                    "The total number of template text expansions.",
                    &[],
                ),
                failures: metrics.counter(
                    "prometheus_template_text_expansion_failures_total",
                    "The total number of template text expansion failures.",
                    &[],
                ),
            },
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

    pub(crate) fn made_up(&self) {
        self.made_up.increment();
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of samples is far below 2^53")]
    pub(crate) fn evaluated(
        &self,
        started_at: Timestamp,
        took: Duration,
        of_rules: Duration,
        samples: usize,
    ) {
        self.last_evaluation.set(started_at.seconds());
        self.last_duration.set(took.as_secs_f64());
        self.last_rule_durations.set(of_rules.as_secs_f64());
        self.last_samples.set(samples as f64);
        self.durations.observe(took);
    }

    pub(crate) fn rule_evaluated(&self, took: Duration) {
        self.rule_durations.observe(took);
    }

    pub(crate) fn restored(&self, took: Duration) {
        self.last_restore.set(took.as_secs_f64());
    }
}
