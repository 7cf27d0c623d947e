//! What the command line says of scraping, for all jobs.

use std::time::Duration;

/// A scrape that begins this late still gets the time of its slot, so that times differ by whole
/// intervals and compress well.
const TOLERANCE: Duration = Duration::from_millis(2);

/// Series of the largest targets that are meant to be: twenty times those of a large cluster's
/// kube-state-metrics. Beyond it a target has gone wrong.
const SERIES_MAX: usize = 5_000_000;

/// Four bodies of the largest size, or a thousand of the usual one at a time.
const BODY_MEMORY_MAX: u64 = 1 << 30;

/// Parts of Prometheus that are off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScrapeFeatures {
    /// `created-timestamp-zero-ingestion`: a counter gets a sample of zero when it begins.
    pub start_times_as_zeros: bool,
    /// `type-and-unit-labels`: what a metric is stands in `__type__` and `__unit__`.
    pub type_and_unit_labels: bool,
    /// `extra-scrape-metrics`: the report is long where the configuration says nothing.
    pub extra_metrics: bool,
}

/// Settings of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrapeSettings {
    /// Parts that are off by default.
    pub features: ScrapeFeatures,
    /// Series that one body may have; 0: no bound.
    pub series_max: usize,
    /// Bytes of all bodies that arrive or wait to be stored; 0: no bound.
    pub body_memory_max: u64,
    /// `None`: samples have the time at which the scrape began, to the millisecond. Else a scrape
    /// that begins so much late, or a hundredth of its interval, has the time of its slot.
    pub tolerance: Option<Duration>,
}

impl Default for ScrapeSettings {
    fn default() -> Self {
        let features = ScrapeFeatures::default();
        Self {
            features,
            series_max: SERIES_MAX,
            body_memory_max: BODY_MEMORY_MAX,
            tolerance: Some(TOLERANCE),
        }
    }
}
