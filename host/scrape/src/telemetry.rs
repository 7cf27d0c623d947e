//! What scraping says of itself, under the names that Prometheus uses.

use std::time::Duration;

use narthex_model::format_duration;
use narthex_platform::{Counter, Family, FamilyKind, Gauge, Histogram, Metrics, Point, PointValue};

use crate::ingest::Counts;

const SECONDS: [f64; 12] = [0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0];

/// The counters of the room.
#[derive(Debug)]
pub(crate) struct Telemetry {
    metrics: Metrics,
    pub(crate) pools: Counter,
    pub(crate) pools_failed: Counter,
    pub(crate) reloads: Counter,
    pub(crate) exceeded_target_limit: Counter,
    pub(crate) exceeded_body_size: Counter,
    pub(crate) exceeded_samples: Counter,
    pub(crate) exceeded_labels: Counter,
    pub(crate) exceeded_buckets: Counter,
    pub(crate) exceeded_series: Counter,
    pub(crate) caches_flushed: Counter,
    exemplars_out_of_order: Counter,
    duplicate: Counter,
    out_of_order: Counter,
    out_of_bounds: Counter,
    pub(crate) commits_failed: Counter,
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
            commits_failed: counter(
                "narthex_scrape_commits_failed_total",
                "Scrapes whose samples the store did not take.",
            ),
        }
    }

    /// The actual time between scrapes of targets with this interval.
    pub(crate) fn interval(&self, interval: Duration) -> Histogram {
        self.metrics.histogram(
            "prometheus_target_interval_length_seconds",
            "Actual intervals between scrapes.",
            &[("interval", &format_duration(interval))],
            &SECONDS,
        )
    }

    pub(crate) fn pool(&self, job: &str) -> PoolTelemetry {
        let labels = [("scrape_job", job)];
        PoolTelemetry {
            syncs: self.metrics.counter(
                "prometheus_target_scrape_pool_sync_total",
                "Total number of syncs that were executed on a scrape pool.",
                &labels,
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

    pub(crate) fn refused(&self, counts: &Counts) {
        self.duplicate.add(counts.duplicate);
        self.out_of_order.add(counts.out_of_order);
        self.out_of_bounds.add(counts.out_of_bounds);
        self.exemplars_out_of_order.add(counts.exemplars_out_of_order);
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
            labels: vec![("scrape_job".to_owned(), job.to_owned())],
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
    pub(crate) syncs: Counter,
    pub(crate) failed: Counter,
    pub(crate) targets: Gauge,
    pub(crate) target_limit: Gauge,
}
