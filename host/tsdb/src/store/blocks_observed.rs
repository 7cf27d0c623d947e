//! What is counted and measured of blocks. Names are Prometheus' where the meaning is the same.

use std::sync::Weak;

use narthex_platform::{
    Counter, Family, FamilyKind, Histogram, Metrics, MetricsSource, Point, PointValue,
};

use super::Shared;

/// From a second to some two hours.
const COMPACTION_SECONDS: [f64; 14] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0];

/// What is counted of blocks.
#[derive(Debug)]
pub(crate) struct BlocksObserved {
    pub(crate) reloads: Counter,
    pub(crate) reloads_failed: Counter,
    pub(crate) compactions: Counter,
    pub(crate) compactions_failed: Counter,
    pub(crate) compactions_triggered: Counter,
    pub(crate) vertical_compactions: Counter,
    pub(crate) time_retentions: Counter,
    pub(crate) size_retentions: Counter,
    pub(crate) compaction_seconds: Histogram,
    pub(crate) cleanup_seconds: Histogram,
}

impl BlocksObserved {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let counter = |name: &str, help: &str| metrics.counter(name, help, &[]);
        let seconds =
            |name: &str, help: &str| metrics.histogram(name, help, &[], &COMPACTION_SECONDS);
        Self {
            reloads: counter(
                "prometheus_tsdb_reloads_total",
                "Looks at the data folder for blocks.",
            ),
            reloads_failed: counter(
                "prometheus_tsdb_reloads_failures_total",
                "Looks at the data folder that failed.",
            ),
            compactions: counter(
                "prometheus_tsdb_compactions_total",
                "Blocks written, of the head or of other blocks.",
            ),
            compactions_failed: counter(
                "prometheus_tsdb_compactions_failed_total",
                "Compactions that failed.",
            ),
            compactions_triggered: counter(
                "prometheus_tsdb_compactions_triggered_total",
                "Compactions of blocks that were begun.",
            ),
            vertical_compactions: counter(
                "prometheus_tsdb_vertical_compactions_total",
                "Compactions of blocks that overlapped.",
            ),
            time_retentions: counter(
                "prometheus_tsdb_time_retentions_total",
                "Rounds in which blocks went because they were too old.",
            ),
            size_retentions: counter(
                "prometheus_tsdb_size_retentions_total",
                "Rounds in which blocks went because all together were too large.",
            ),
            compaction_seconds: seconds(
                "prometheus_tsdb_compaction_duration_seconds",
                "How long it took to write a block.",
            ),
            cleanup_seconds: seconds(
                "prometheus_tsdb_tombstone_cleanup_seconds",
                "How long it took to write blocks anew without what was deleted.",
            ),
        }
    }
}

/// Numbers that the store knows when asked. Holds it weakly: it must not outlive its owner.
pub(crate) struct BlocksSource(pub(crate) Weak<Shared>);

impl MetricsSource for BlocksSource {
    #[expect(clippy::cast_precision_loss, reason = "bytes and times beyond 2^53 may lose a bit")]
    fn families(&self) -> Vec<Family> {
        let Some(store) = self.0.upgrade() else { return Vec::new() };
        let blocks = store.blocks.list();
        let settings = store.in_force.get();
        let retention = settings.retention();
        let oldest_block = blocks.iter().map(|block| block.meta().min_time).min();
        let lowest = oldest_block.or(store.head.oldest_at());
        let gauge = |name: &str, help: &str, value: f64| Family {
            name: name.to_owned(),
            help: help.to_owned(),
            kind: FamilyKind::Gauge,
            points: vec![Point { labels: Vec::new(), value: PointValue::Number(value) }],
        };
        vec![
            gauge("prometheus_tsdb_blocks_loaded", "Blocks that are open.", blocks.len() as f64),
            gauge(
                "narthex_tsdb_blocks_unreadable",
                "Blocks that are there and cannot be read.",
                store.blocks.unreadable().len() as f64,
            ),
            gauge(
                "prometheus_tsdb_storage_blocks_bytes",
                "Bytes of all open blocks.",
                store.blocks.size_bytes() as f64,
            ),
            gauge(
                "prometheus_tsdb_lowest_timestamp",
                "Where the oldest block begins, else the head, in milliseconds.",
                lowest.map_or(f64::NAN, |at| at as f64),
            ),
            gauge(
                "prometheus_tsdb_lowest_timestamp_seconds",
                "Where the oldest block begins, else the head, in seconds.",
                lowest.map_or(f64::NAN, |at| at as f64 / 1000.0),
            ),
            gauge(
                "prometheus_tsdb_retention_limit_seconds",
                "How long samples are kept; 0: for ever.",
                retention.time.map_or(0.0, |time| time.as_secs_f64()),
            ),
            gauge(
                "prometheus_tsdb_retention_limit_bytes",
                "How many bytes are kept; 0: all.",
                retention.bytes.map_or(0.0, |bytes| bytes as f64),
            ),
            gauge(
                "prometheus_tsdb_retention_limit_percentage",
                "How much of the disk is kept, in percent; 0: all.",
                retention.percentage.unwrap_or(0.0),
            ),
        ]
    }
}
