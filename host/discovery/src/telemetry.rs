//! What the room counts, with the names of Prometheus.
//!
//! Numbers of jobs and sources are made when they are asked for, so that those of a job that is
//! gone are gone with it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use narthex_platform::{Counter, Family, FamilyKind, Metrics, Point, PointValue};

use crate::room::RunningJob;

/// The label that tells whom the targets are for, as Prometheus has one discovery for scraping and one for
/// Alertmanagers.
const NAME: &str = "name";

/// Upper bounds of durations, in seconds.
const BOUNDS: [f64; 4] = [0.01, 0.1, 1.0, 10.0];

/// Counters of the room itself.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    /// Sets handed on.
    pub(crate) updates: Counter,
    /// Sets that had to wait, as the last one was handed over just before.
    pub(crate) delayed: Counter,
    pub(crate) file_read_errors: Counter,
    pub(crate) file_watcher_errors: Counter,
}

impl Telemetry {
    pub(crate) fn new(metrics: &Metrics, whom: &str) -> Self {
        let labels = [(NAME, whom)];
        let named = |name: &str, help: &str| metrics.counter(name, help, &labels);
        let plain = |name: &str, help: &str| metrics.counter(name, help, &[]);
        metrics
            .gauge(
                "prometheus_sd_failed_configs",
                "Items of a discovery that could not be taken; a file with one is refused.",
                &labels,
            )
            .set(0.0);
        Self {
            updates: named("prometheus_sd_updates_total", "Target sets handed on."),
            delayed: named(
                "prometheus_sd_updates_delayed_total",
                "Target sets that waited before they were handed on.",
            ),
            file_read_errors: plain(
                "prometheus_sd_file_read_errors_total",
                "Files of targets that could not be read.",
            ),
            file_watcher_errors: plain(
                "prometheus_sd_file_watcher_errors_total",
                "Folders with files of targets that could not be watched.",
            ),
        }
    }
}

/// Durations in buckets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durations {
    /// By [`BOUNDS`], not cumulative; the last one is beyond all of them.
    buckets: [u64; BOUNDS.len() + 1],
    sum: f64,
}

impl Durations {
    pub(crate) fn observe(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = BOUNDS.partition_point(|bound| *bound < seconds);
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.sum += seconds;
    }

    fn add(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(other.buckets).for_each(|(own, other)| *own += other);
        self.sum += other.sum;
    }

    fn value(&self) -> PointValue {
        let mut count = 0;
        let mut below = |in_bucket: &u64| {
            count += in_bucket;
            count
        };
        let buckets = BOUNDS.iter().zip(&self.buckets).map(|(bound, n)| (*bound, below(n)));
        let buckets = buckets.collect();
        let count = self.buckets.iter().sum();
        PointValue::Histogram { buckets, count, sum: self.sum }
    }

    /// Count and sum alone: quantiles of several sources cannot be joined.
    fn summary(&self) -> PointValue {
        let count = self.buckets.iter().sum();
        PointValue::Summary { quantiles: Vec::new(), count, sum: self.sum }
    }
}

/// What is known of jobs and their sources.
pub(crate) fn families(whom: &str, jobs: &BTreeMap<String, RunningJob>) -> Vec<Family> {
    let mut targets = Vec::new();
    let mut updated = Vec::new();
    let mut failures = Vec::new();
    let mut durations = Vec::new();
    let mut summaries = Vec::new();
    let mut received = 0;
    let mut counted = HashSet::new();
    for (name, job) in jobs {
        let named = || labels(&[(NAME, whom), ("config", name)]);
        let view = job.view(name);
        targets.push(Point { labels: named(), value: number(view.targets as u64) });
        if let Some(at) = view.updated_at {
            let millis = u64::try_from(at.millis()).unwrap_or(0);
            let PointValue::Number(millis) = number(millis) else { continue };
            updated.push(Point { labels: named(), value: PointValue::Number(millis / 1000.0) });
        }
        let mut mechanisms: BTreeMap<&str, (u64, Durations)> = BTreeMap::new();
        for source in job.sources() {
            let state = source.state();
            let (failed, took) = mechanisms.entry(source.mechanism()).or_default();
            *failed += state.failures;
            took.add(&state.durations);
            // Jobs share sources.
            if counted.insert(Arc::as_ptr(source)) {
                received += state.updates;
            }
        }
        for (mechanism, (failed, took)) in mechanisms {
            let labels = labels(&[("config", name), ("mechanism", mechanism)]);
            failures.push(Point { labels: labels.clone(), value: number(failed) });
            summaries.push(Point { labels: labels.clone(), value: took.summary() });
            durations.push(Point { labels, value: took.value() });
        }
    }
    let received = vec![Point { labels: labels(&[(NAME, whom)]), value: number(received) }];
    let (counter, gauge) = (FamilyKind::Counter, FamilyKind::Gauge);
    [
        ("discovered_targets", "Targets before relabeling.", gauge, targets),
        ("last_update_timestamp_seconds", "When the targets last changed.", gauge, updated),
        ("received_updates_total", "Target sets told by sources.", counter, received),
        ("refresh_failures_total", "Failures of sources.", counter, failures),
        (
            "refresh_duration_seconds",
            "How long it took to ask sources.",
            FamilyKind::Summary,
            summaries,
        ),
        (
            "refresh_duration_histogram_seconds",
            "How long it took to ask sources.",
            FamilyKind::Histogram,
            durations,
        ),
    ]
    .into_iter()
    .map(|(name, help, kind, points)| Family {
        name: format!("prometheus_sd_{name}"),
        help: help.to_owned(),
        kind,
        points,
    })
    .collect()
}

fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a count beyond 2^53 may lose its last bit")]
fn number(count: u64) -> PointValue {
    PointValue::Number(count as f64)
}
