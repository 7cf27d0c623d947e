//! What scraping says of itself, under the names that Prometheus uses.

use std::time::Duration;

use narthex_model::format_duration;
use narthex_platform::{
    Counter, Family, FamilyKind, Gauge, Histogram, Metrics, Point, PointValue, Summary,
};

use crate::ingest::Counts;

/// Of scrapes: from a quick one to one of the usual timeout, and beyond.
const SCRAPE_SECONDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Of intervals and syncs, those of Prometheus.
const SECONDS: [f64; 4] = [0.01, 0.1, 1.0, 10.0];

/// The label of what is counted by job.
const JOB_LABEL: &str = "scrape_job";

/// The counters of the room.
#[derive(Debug)]
pub(crate) struct Telemetry {
    metrics: Metrics,
    pub(crate) pools: Counter,
    pub(crate) pools_failed: Counter,
    pub(crate) reloads: Counter,
    pub(crate) reloads_failed: Counter,
    pub(crate) exceeded_target_limit: Counter,
    pub(crate) exceeded_body_size: Counter,
    pub(crate) exceeded_samples: Counter,
    pub(crate) exceeded_labels: Counter,
    pub(crate) exceeded_buckets: Counter,
    pub(crate) exceeded_series: Counter,
    pub(crate) exceeded_families: Counter,
    pub(crate) exceeded_memory: Counter,
    pub(crate) caches_flushed: Counter,
    exemplars_out_of_order: Counter,
    duplicate: Counter,
    out_of_order: Counter,
    out_of_bounds: Counter,
    pub(crate) commits_failed: Counter,
    /// From the begin of a scrape to the end of its commit.
    pub(crate) durations: Histogram,
}

impl Telemetry {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let counter = |name, help| metrics.counter(name, help, &[]);
        Self {
            metrics: metrics.clone(),
            pools: counter(
                "prometheus_target_scrape_pools_total",
                "Total number of scrape pool creation attempts.",
            ),
            pools_failed: counter(
                "prometheus_target_scrape_pools_failed_total",
                "Total number of scrape pool creations that failed.",
            ),
            reloads: counter(
                "prometheus_target_scrape_pool_reloads_total",
                "Total number of scrape pool reloads.",
            ),
            reloads_failed: counter(
                "prometheus_target_scrape_pool_reloads_failed_total",
                "Total number of failed scrape pool reloads.",
            ),
            exceeded_target_limit: counter(
                "prometheus_target_scrape_pool_exceeded_target_limit_total",
                "Total number of times scrape pools hit the target limit, during sync or config reload.",
            ),
            exceeded_body_size: counter(
                "prometheus_target_scrapes_exceeded_body_size_limit_total",
                "Total number of scrapes that hit the body size limit.",
            ),
            exceeded_samples: counter(
                "prometheus_target_scrapes_exceeded_sample_limit_total",
                "Total number of scrapes that hit the sample limit and were rejected.",
            ),
            exceeded_labels: counter(
                "prometheus_target_scrape_pool_exceeded_label_limits_total",
                "Total number of times scrape pools hit the label limits, during sync or config reload.",
            ),
            exceeded_buckets: counter(
                "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total",
                "Total number of scrapes that hit the native histogram bucket limit and were rejected.",
            ),
            exceeded_series: counter(
                "narthex_scrapes_exceeded_series_limit_total",
                "Scrapes that were rejected as they had more series than --scrape.max-series-per-target.",
            ),
            exceeded_families: counter(
                "narthex_scrapes_exceeded_metadata_limit_total",
                "Scrapes that were rejected as they said too much of metric families.",
            ),
            exceeded_memory: counter(
                "narthex_scrapes_exceeded_body_memory_total",
                "Scrapes that were rejected as all bodies together took --scrape.max-body-memory.",
            ),
            caches_flushed: counter(
                "prometheus_target_scrapes_cache_flush_forced_total",
                "How many times a scrape cache was flushed due to getting big while scrapes are failing.",
            ),
            exemplars_out_of_order: counter(
                "prometheus_target_scrapes_exemplar_out_of_order_total",
                "Total number of exemplar rejected due to not being out of the expected order.",
            ),
            duplicate: counter(
                "prometheus_target_scrapes_sample_duplicate_timestamp_total",
                "Total number of samples rejected due to duplicate timestamps but different values.",
            ),
            out_of_order: counter(
                "prometheus_target_scrapes_sample_out_of_order_total",
                "Total number of samples rejected due to not being out of the expected order.",
            ),
            out_of_bounds: counter(
                "prometheus_target_scrapes_sample_out_of_bounds_total",
                "Total number of samples rejected due to timestamp falling outside of the time bounds.",
            ),
            durations: metrics.histogram(
                "prometheus_target_scrape_duration_seconds",
                "Total duration of the scrape from start to commit completion in seconds.",
                &[],
                &SCRAPE_SECONDS,
            ),
            commits_failed: counter(
                "narthex_scrape_commits_failed_total",
                "Scrapes whose samples the store did not take.",
            ),
        }
    }

    /// The actual time between scrapes of targets with this interval.
    pub(crate) fn interval(&self, interval: Duration) -> IntervalLengths {
        let help = "Actual intervals between scrapes.";
        let interval = format_duration(interval);
        let labels = [("interval", interval.as_str())];
        IntervalLengths {
            quantiles: self.metrics.summary(
                "prometheus_target_interval_length_seconds",
                help,
                &labels,
            ),
            buckets: self.metrics.histogram(
                "prometheus_target_interval_length_histogram_seconds",
                help,
                &labels,
                &SECONDS,
            ),
        }
    }

    /// How long it takes to bring a job with this interval to another configuration.
    pub(crate) fn reload(&self, interval: Duration) -> Summary {
        self.metrics.summary(
            "prometheus_target_reload_length_seconds",
            "Actual interval to reload the scrape pool with a given configuration.",
            &[("interval", &format_duration(interval))],
        )
    }

    pub(crate) fn pool(&self, job: &str) -> PoolTelemetry {
        let labels = [(JOB_LABEL, job)];
        PoolTelemetry {
            syncs: self.metrics.counter(
                "prometheus_target_scrape_pool_sync_total",
                "Total number of syncs that were executed on a scrape pool.",
                &labels,
            ),
            sync_lengths: self.metrics.summary(
                "prometheus_target_sync_length_seconds",
                "Actual interval to sync the scrape pool.",
                &labels,
            ),
            sync_buckets: self.metrics.histogram(
                "prometheus_target_sync_length_histogram_seconds",
                "Actual interval to sync the scrape pool.",
                &labels,
                &SECONDS,
            ),
            failed: self.metrics.counter(
                "prometheus_target_sync_failed_total",
                "Total number of target sync failures.",
                &labels,
            ),
            targets: self.metrics.gauge(
                "prometheus_target_scrape_pool_targets",
                "Current number of targets in this scrape pool.",
                &labels,
            ),
            target_limit: self.metrics.gauge(
                "prometheus_target_scrape_pool_target_limit",
                "Maximum number of targets allowed in this scrape pool.",
                &labels,
            ),
        }
    }

    /// The job is gone.
    pub(crate) fn forget_pool(&self, job: &str) {
        self.metrics.forget((JOB_LABEL, job));
    }

    pub(crate) fn refused(&self, counts: &Counts) {
        self.duplicate.add(counts.duplicate);
        self.out_of_order.add(counts.out_of_order);
        self.out_of_bounds.add(counts.out_of_bounds);
        self.exemplars_out_of_order.add(counts.exemplars_out_of_order);
    }
}

/// Time between scrapes.
#[derive(Debug)]
pub(crate) struct IntervalLengths {
    quantiles: Summary,
    buckets: Histogram,
}

impl IntervalLengths {
    pub(crate) fn observe(&self, length: Duration) {
        self.quantiles.observe_duration(length);
        self.buckets.observe_duration(length);
    }
}

/// What bodies take.
#[expect(clippy::cast_precision_loss, reason = "no memory has 2^53 bytes")]
pub(crate) fn body_bytes_family(taken: u64) -> Family {
    Family {
        name: "narthex_scrape_body_bytes".to_owned(),
        help:
            "Memory of the bodies that arrive or are being stored, out of --scrape.max-body-memory."
                .to_owned(),
        kind: FamilyKind::Gauge,
        points: vec![Point { labels: Vec::new(), value: PointValue::Number(taken as f64) }],
    }
}

/// What targets say of metric families, by job: how many, and in how many bytes.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn metadata_families<'a>(
    jobs: impl Iterator<Item = (&'a str, (usize, usize))>,
) -> Vec<Family> {
    let family = |name: &str, help: &str| Family {
        name: name.to_owned(),
        help: help.to_owned(),
        kind: FamilyKind::Gauge,
        points: Vec::new(),
    };
    let mut entries = family(
        "prometheus_target_metadata_cache_entries",
        "Total number of metric metadata entries in the cache",
    );
    let mut bytes = family(
        "prometheus_target_metadata_cache_bytes",
        "The number of bytes that are currently used for storing metric metadata in the cache",
    );
    for (job, (count, size)) in jobs {
        let point = |value: usize| Point {
            labels: vec![(JOB_LABEL.to_owned(), job.to_owned())],
            value: PointValue::Number(value as f64),
        };
        entries.points.push(point(count));
        bytes.points.push(point(size));
    }
    vec![entries, bytes]
}

/// The counters of one job.
#[derive(Debug)]
pub(crate) struct PoolTelemetry {
    syncs: Counter,
    sync_lengths: Summary,
    sync_buckets: Histogram,
    pub(crate) failed: Counter,
    pub(crate) targets: Gauge,
    pub(crate) target_limit: Gauge,
}

impl PoolTelemetry {
    /// What was discovered became targets.
    pub(crate) fn synced(&self, length: Duration) {
        self.syncs.increment();
        self.sync_lengths.observe_duration(length);
        self.sync_buckets.observe_duration(length);
    }
}
