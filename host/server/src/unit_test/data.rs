//! The input series of a group of tests, which appear as time goes on.

use std::collections::BTreeMap;

use narthex_model::{Labels, Timestamp};
use narthex_promql::{SeriesSample, append_samples, parse_series_block, settle_resets};
use narthex_storage::{Appendable, MemoryStore};

use super::file::InputSeries;

/// What is not stored yet.
pub(super) struct InputData {
    /// Ascending by time.
    left: BTreeMap<Labels, Vec<SeriesSample>>,
}

impl InputData {
    pub(super) fn read(
        series: &[InputSeries],
        first: Timestamp,
        interval_millis: i64,
    ) -> Result<Self, String> {
        let lines = series.iter().map(|line| format!("{} {}", line.series, line.values));
        let lines: Vec<String> = lines.collect();
        let parsed = parse_series_block(lines.iter().map(|line| line.trim()));
        let mut left = BTreeMap::new();
        // The later line of a series counts.
        for series in parsed.map_err(|error| format!("input_series: {error}"))? {
            let mut samples = series.samples(first, interval_millis);
            settle_resets(&mut samples);
            left.insert(series.labels, samples);
        }
        Ok(Self { left })
    }

    /// Stores everything up to `at`.
    pub(super) fn load(&mut self, at: Timestamp, store: &MemoryStore) -> Result<(), String> {
        let mut appender = store.appender();
        for (labels, samples) in &mut self.left {
            let due = samples.partition_point(|sample| sample.at <= at);
            if due > 0 {
                let loaded: Vec<SeriesSample> = samples.drain(..due).collect();
                append_samples(&mut *appender, labels, &loaded)
                    .map_err(|error| format!("{labels}: {error}"))?;
            }
        }
        appender.commit().map_err(|error| error.to_string())?;
        Ok(())
    }
}
