//! What an engine tells of all its queries.

use std::sync::Arc;

use narthex_platform::{
    Counter, Family, FamilyKind, Histogram, Metrics, MetricsSource, Point, PointValue,
};

use crate::gate::Gate;
use crate::result::QueryStats;

/// From a millisecond to ten seconds, as most queries take.
const DURATION_BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Counts queries, answered or not.
pub(super) struct EngineMetrics {
    durations: Histogram,
    samples: Counter,
}

impl EngineMetrics {
    pub(super) fn new(metrics: &Metrics, gate: &Arc<Gate>, concurrency: usize) -> Self {
        metrics.add_source(Arc::new(GateMetrics { gate: Arc::clone(gate), concurrency }));
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
        Self { durations, samples }
    }

    /// Counts a query that got its place.
    pub(super) fn observe(&self, stats: &QueryStats) {
        self.durations.observe_duration(stats.evaluated);
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
