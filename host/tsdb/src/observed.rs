//! The store's own metrics. Names are Prometheus' where the meaning is the same.

use std::sync::Weak;
use std::sync::atomic::Ordering;

use narthex_platform::{
    Counter, Family, FamilyKind, Gauge, Histogram, Metrics, MetricsSource, Point, PointValue,
};

use narthex_storage::AppendError;

use crate::store::Shared;

/// From a fast NVMe drive to a disk in trouble, in seconds.
const SYNC_SECONDS: [f64; 11] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// What the store counts. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(crate) samples_appended: Counter,
    pub(crate) histograms_appended: Counter,
    pub(crate) out_of_order_appended: Counter,
    pub(crate) out_of_order: Counter,
    pub(crate) out_of_bounds: Counter,
    pub(crate) too_old: Counter,
    pub(crate) exemplars_appended: Counter,
    pub(crate) exemplars_out_of_order: Counter,
    pub(crate) sync_seconds: Histogram,
    pub(crate) writes_failed: Counter,
    pub(crate) log_bytes_written: Counter,
    pub(crate) damages: Counter,
    pub(crate) checkpoints: Counter,
    pub(crate) checkpoints_failed: Counter,
    pub(crate) replay_seconds: Gauge,
    pub(crate) replay_fraction: Gauge,
}

impl Observed {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let float = &[("type", "float")];
        Self {
            samples_appended: metrics.counter(
                "prometheus_tsdb_head_samples_appended_total",
                "Samples stored.",
                float,
            ),
            histograms_appended: metrics.counter(
                "prometheus_tsdb_head_samples_appended_total",
                "Samples stored.",
                &[("type", "histogram")],
            ),
            out_of_order_appended: metrics.counter(
                "prometheus_tsdb_head_out_of_order_samples_appended_total",
                "Samples stored that were older than the newest of their series.",
                &[],
            ),
            too_old: metrics.counter(
                "prometheus_tsdb_too_old_samples_total",
                "Samples refused because they are older than the out-of-order window reaches.",
                float,
            ),
            out_of_order: metrics.counter(
                "prometheus_tsdb_out_of_order_samples_total",
                "Samples refused because a newer one was there.",
                float,
            ),
            out_of_bounds: metrics.counter(
                "prometheus_tsdb_out_of_bound_samples_total",
                "Samples refused because they are older than the retention.",
                float,
            ),
            exemplars_appended: metrics.counter(
                "prometheus_tsdb_exemplar_exemplars_appended_total",
                "Exemplars stored.",
                &[],
            ),
            exemplars_out_of_order: metrics.counter(
                "prometheus_tsdb_exemplar_out_of_order_exemplars_total",
                "Exemplars refused because a newer one of the series was there.",
                &[],
            ),
            sync_seconds: metrics.histogram(
                "prometheus_tsdb_wal_fsync_duration_seconds",
                "How long syncs of the log took.",
                &[],
                &SYNC_SECONDS,
            ),
            writes_failed: metrics.counter(
                "prometheus_tsdb_wal_writes_failed_total",
                "Commits refused because the log could not be written.",
                &[],
            ),
            log_bytes_written: metrics.counter(
                "narthex_tsdb_log_written_bytes_total",
                "Bytes of records written to the log.",
                &[],
            ),
            damages: metrics.counter(
                "prometheus_tsdb_wal_corruptions_total",
                "Damaged places found in the log.",
                &[],
            ),
            checkpoints: metrics.counter(
                "prometheus_tsdb_checkpoint_creations_total",
                "Checkpoints begun.",
                &[],
            ),
            checkpoints_failed: metrics.counter(
                "prometheus_tsdb_checkpoint_creations_failed_total",
                "Checkpoints that could not be finished.",
                &[],
            ),
            replay_seconds: metrics.gauge(
                "prometheus_tsdb_data_replay_duration_seconds",
                "How long the last replay of the log took.",
                &[],
            ),
            replay_fraction: metrics.gauge(
                "narthex_tsdb_replay_progress_ratio",
                "How much of the log is replayed.",
                &[],
            ),
        }
    }
}

impl Observed {
    /// Counts a sample that was refused at once.
    pub(crate) fn refused(&self, error: &AppendError) {
        match error {
            AppendError::OutOfOrder => self.out_of_order.increment(),
            AppendError::OutOfBounds => self.out_of_bounds.increment(),
            AppendError::TooOld => self.too_old.increment(),
            AppendError::UnknownSeries
            | AppendError::Duplicate
            | AppendError::InvalidHistogram(_)
            | AppendError::ExemplarTooLong { .. }
            | AppendError::TooManySeries { .. } => {}
        }
    }
}

/// Numbers that the head knows when asked. Holds the store weakly: it must not outlive its owner.
pub(crate) struct HeadSource(pub(crate) Weak<Shared>);

impl MetricsSource for HeadSource {
    #[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 may lose their last bit")]
    fn families(&self) -> Vec<Family> {
        let Some(store) = self.0.upgrade() else { return Vec::new() };
        let counts = &store.head.counts;
        let count = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed) as f64;
        let time = |at: Option<i64>| at.map_or(f64::NAN, |at| at as f64);
        let (gauge, counter) = (FamilyKind::Gauge, FamilyKind::Counter);
        let family = |name: &str, help: &str, kind, value| Family {
            name: name.to_owned(),
            help: help.to_owned(),
            kind,
            points: vec![Point { labels: Vec::new(), value: PointValue::Number(value) }],
        };
        let exemplars = store.head.exemplars.read();
        let kept = [exemplars.len(), exemplars.series(), exemplars.max()].map(|n| n as f64);
        let [exemplars_kept, exemplars_series, exemplars_max] = kept;
        let oldest = exemplars.oldest_at().map_or(0.0, |at| at.millis() as f64 / 1000.0);
        drop(exemplars);
        vec![
            family(
                "prometheus_tsdb_exemplar_exemplars_in_storage",
                "Exemplars in memory.",
                gauge,
                exemplars_kept,
            ),
            family(
                "prometheus_tsdb_exemplar_series_with_exemplars_in_storage",
                "Series that have exemplars in memory.",
                gauge,
                exemplars_series,
            ),
            family(
                "prometheus_tsdb_exemplar_max_exemplars",
                "The most exemplars in memory.",
                gauge,
                exemplars_max,
            ),
            family(
                "prometheus_tsdb_exemplar_last_exemplars_timestamp_seconds",
                "Time of the oldest exemplar in memory.",
                gauge,
                oldest,
            ),
            family(
                "prometheus_tsdb_head_series",
                "Series in the head.",
                gauge,
                count(&counts.series),
            ),
            family(
                "prometheus_tsdb_head_series_created_total",
                "Series created in the head.",
                counter,
                count(&counts.series_created),
            ),
            family(
                "prometheus_tsdb_head_series_removed_total",
                "Series removed from the head.",
                counter,
                count(&counts.series_removed),
            ),
            family(
                "prometheus_tsdb_head_chunks",
                "Chunks in the head.",
                gauge,
                count(&counts.chunks),
            ),
            family(
                "prometheus_tsdb_head_min_time",
                "Time of the oldest sample in the head, in milliseconds.",
                gauge,
                time(store.head.oldest_at()),
            ),
            family(
                "prometheus_tsdb_head_max_time",
                "Time of the newest sample in the head, in milliseconds.",
                gauge,
                time(store.head.newest_at()),
            ),
        ]
    }
}
