//! The store's own metrics. Names are Prometheus' where the meaning is the same.

use std::sync::Weak;
use std::sync::atomic::Ordering;

use narthex_platform::{
    Counter, Family, FamilyKind, Gauge, Metrics, MetricsSource, Point, PointValue, Summary,
};

use narthex_storage::AppendError;

use crate::head::exemplars::Exemplars;
use crate::store::Shared;

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
    pub(crate) sync_seconds: Summary,
    pub(crate) writes_failed: Counter,
    pub(crate) log_bytes_written: Counter,
    pub(crate) damages: Counter,
    pub(crate) checkpoints: Counter,
    pub(crate) checkpoints_failed: Counter,
    pub(crate) checkpoint_seconds: Summary,
    pub(crate) chunks_mapped: Counter,
    pub(crate) truncations: Counter,
    pub(crate) truncation_seconds: Summary,
    pub(crate) replay_seconds: Gauge,
    pub(crate) replay_fraction: Gauge,
}

impl Observed {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let float = &[("type", "float")];
        let counter = |name: &str, help: &str| metrics.counter(name, help, &[]);
        let gauge = |name: &str, help: &str| metrics.gauge(name, help, &[]);
        let summary = |name: &str, help: &str| metrics.summary(name, help, &[]);
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
            out_of_order_appended: counter(
                "prometheus_tsdb_head_out_of_order_samples_appended_total",
                "Samples stored that were older than the newest of their series.",
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
            exemplars_appended: counter(
                "prometheus_tsdb_exemplar_exemplars_appended_total",
                "Exemplars stored.",
            ),
            exemplars_out_of_order: counter(
                "prometheus_tsdb_exemplar_out_of_order_exemplars_total",
                "Exemplars refused because a newer one of the series was there.",
            ),
            sync_seconds: summary(
                "prometheus_tsdb_wal_fsync_duration_seconds",
                "How long the disk took to make the log durable.",
            ),
            writes_failed: counter(
                "prometheus_tsdb_wal_writes_failed_total",
                "Commits refused because the log could not be written.",
            ),
            log_bytes_written: counter(
                "narthex_tsdb_log_written_bytes_total",
                "Bytes of records written to the log.",
            ),
            damages: counter(
                "prometheus_tsdb_wal_corruptions_total",
                "Damaged places found in the log.",
            ),
            checkpoints: counter(
                "prometheus_tsdb_checkpoint_creations_total",
                "Checkpoints begun.",
            ),
            checkpoints_failed: counter(
                "prometheus_tsdb_checkpoint_creations_failed_total",
                "Checkpoints that could not be finished.",
            ),
            checkpoint_seconds: summary(
                "prometheus_tsdb_wal_truncate_duration_seconds",
                "How long it took to save the head and remove the log before it.",
            ),
            chunks_mapped: counter(
                "prometheus_tsdb_mmap_chunks_total",
                "Chunks of the head that went from memory into mapped files.",
            ),
            truncations: counter(
                "prometheus_tsdb_head_truncations_total",
                "How often what is in blocks left the head.",
            ),
            truncation_seconds: summary(
                "prometheus_tsdb_head_gc_duration_seconds",
                "How long it took until what is in blocks had left the head.",
            ),
            replay_seconds: gauge(
                "prometheus_tsdb_data_replay_duration_seconds",
                "How long the last replay of the log took.",
            ),
            replay_fraction: gauge(
                "narthex_tsdb_replay_progress_ratio",
                "How much of the log is replayed.",
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
        let log = store.disk.list(&store.log_folder).unwrap_or_default();
        let log_bytes: u64 = log.iter().map(|file| file.len).sum();
        let mut families = of_exemplars(&store.head.exemplars.read()).to_vec();
        families.extend([
            family(
                "prometheus_tsdb_wal_storage_size_bytes",
                "Bytes of the log and of its checkpoint.",
                gauge,
                log_bytes as f64,
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
                counts.chunks() as f64,
            ),
            family(
                "prometheus_tsdb_head_chunks_created_total",
                "Chunks begun in the head.",
                counter,
                count(&counts.chunks_created),
            ),
            family(
                "prometheus_tsdb_head_chunks_removed_total",
                "Chunks removed from the head.",
                counter,
                count(&counts.chunks_removed),
            ),
            family(
                "prometheus_tsdb_head_min_time",
                "Time of the oldest sample in the head, in milliseconds.",
                gauge,
                time(store.head.oldest_at()),
            ),
            family(
                "prometheus_tsdb_head_min_time_seconds",
                "Time of the oldest sample in the head, in seconds.",
                gauge,
                time(store.head.oldest_at()) / 1000.0,
            ),
            family(
                "prometheus_tsdb_head_max_time",
                "Time of the newest sample in the head, in milliseconds.",
                gauge,
                time(store.head.newest_at()),
            ),
            family(
                "prometheus_tsdb_head_max_time_seconds",
                "Time of the newest sample in the head, in seconds.",
                gauge,
                time(store.head.newest_at()) / 1000.0,
            ),
        ]);
        families
    }
}

fn family(name: &str, help: &str, kind: FamilyKind, value: f64) -> Family {
    let points = vec![Point { labels: Vec::new(), value: PointValue::Number(value) }];
    Family { name: name.to_owned(), help: help.to_owned(), kind, points }
}

#[expect(clippy::cast_precision_loss, reason = "exemplars are fewer than 2^53")]
fn of_exemplars(exemplars: &Exemplars) -> [Family; 4] {
    let oldest = exemplars.oldest_at().map_or(0.0, |at| at.millis() as f64 / 1000.0);
    let gauge = FamilyKind::Gauge;
    [
        family(
            "prometheus_tsdb_exemplar_exemplars_in_storage",
            "Exemplars in memory.",
            gauge,
            exemplars.len() as f64,
        ),
        family(
            "prometheus_tsdb_exemplar_series_with_exemplars_in_storage",
            "Series that have exemplars in memory.",
            gauge,
            exemplars.series() as f64,
        ),
        family(
            "prometheus_tsdb_exemplar_max_exemplars",
            "The most exemplars in memory.",
            gauge,
            exemplars.max() as f64,
        ),
        family(
            "prometheus_tsdb_exemplar_last_exemplars_timestamp_seconds",
            "Time of the oldest exemplar in memory.",
            gauge,
            oldest,
        ),
    ]
}
