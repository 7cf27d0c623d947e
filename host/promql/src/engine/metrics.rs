//! What an engine tells of all its queries.

use std::sync::Arc;
use std::time::Duration;

use narthex_platform::{
    Counter, Family, FamilyKind, Histogram, Metrics, MetricsSource, Point, PointValue, Summary,
};

use crate::gate::Gate;
use crate::result::QueryStats;

/// From a millisecond to ten seconds, as most queries take.
const DURATION_BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Counts queries, answered or not.
pub(super) struct EngineMetrics {
    queued: Durations,
    prepared: Durations,
    evaluated: Durations,
    samples: Counter,
}

/// How long one part of a query takes: by buckets, and by quantiles for dashboards of Prometheus.
struct Durations {
    histogram: Histogram,
    summary: Summary,
}

impl Durations {
    fn new(metrics: &Metrics, slice: &str) -> Self {
        let help = "The duration of various parts of PromQL query execution.";
        let labels = [("slice", slice)];
        let name = "prometheus_engine_query_duration_histogram_seconds";
        let histogram = metrics.histogram(name, help, &labels, &DURATION_BOUNDS);
        let help = "Query timings.";
        let summary = metrics.summary("prometheus_engine_query_duration_seconds", help, &labels);
        Self { histogram, summary }
    }

    fn observe(&self, duration: Duration) {
        self.histogram.observe_duration(duration);
        self.summary.observe_duration(duration);
    }
}

impl EngineMetrics {
    /// An answer is sorted while it is evaluated: there is no slice `result_sort`.
    pub(super) fn new(metrics: &Metrics, gate: &Arc<Gate>, concurrency: usize) -> Self {
        metrics.add_source(Arc::new(GateMetrics { gate: Arc::clone(gate), concurrency }));
        let samples = metrics.counter(
            "prometheus_engine_query_samples_total",
            "The total number of samples loaded by all queries, those of each step's whole window.",
            &[],
        );
        Self {
            queued: Durations::new(metrics, "queue_time"),
            prepared: Durations::new(metrics, "prepare_time"),
            evaluated: Durations::new(metrics, "inner_eval"),
            samples,
        }
    }

    /// Counts a query that got its place.
    pub(super) fn observe(&self, stats: &QueryStats) {
        self.queued.observe(stats.queued);
        self.prepared.observe(stats.prepared);
        self.evaluated.observe(stats.evaluated);
        self.samples.add(stats.samples_looked_at);
    }
}

/// How many queries are here, and how many may run.
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
                self.gate.present(),
            ),
            gauge(
                "prometheus_engine_queries_concurrent_max",
                "The max number of concurrent queries.",
                self.concurrency,
            ),
        ]
    }
}
