//! The series that say how a scrape went: `up` and its companions.

use std::time::Duration;

use narthex_model::{METRIC_NAME, Timestamp, stale_nan};
use narthex_storage::{AppendError, Appender, SeriesRef};

use crate::config::JobConfig;
use crate::ingest::Counts;
use crate::target::Target;

const NAMES: [&str; 8] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    // With `extra_scrape_metrics` only.
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
];
/// How many of them every job has.
const USUAL: usize = 5;

/// How a scrape went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) is_up: bool,
    pub(crate) duration: Duration,
    pub(crate) counts: Counts,
    /// With the companions of `extra_scrape_metrics`.
    pub(crate) is_long: bool,
    /// -1: beyond the limit.
    pub(crate) body_bytes: f64,
}

/// The report's series of one target.
#[derive(Debug, Default)]
pub(crate) struct Report {
    series: [Option<SeriesRef>; NAMES.len()],
}

impl Report {
    pub(crate) fn write(
        &mut self,
        appender: &mut dyn Appender,
        (job, target): (&JobConfig, &Target),
        at: Timestamp,
        outcome: &Outcome,
    ) -> Result<(), AppendError> {
        let counts = &outcome.counts;
        let values = [
            f64::from(u8::from(outcome.is_up)),
            outcome.duration.as_secs_f64(),
            to_float(counts.scraped as u64),
            to_float(counts.added as u64),
            to_float(counts.series_added as u64),
            target.timeout.as_secs_f64(),
            to_float(job.limits.samples),
            outcome.body_bytes,
        ];
        let count = if outcome.is_long { NAMES.len() } else { USUAL };
        for ((name, value), series) in NAMES.iter().zip(values).zip(&mut self.series).take(count) {
            write_one(appender, (name, series), target, at, value)?;
        }
        Ok(())
    }

    /// Ends the series.
    pub(crate) fn end(&mut self, appender: &mut dyn Appender, at: Timestamp) {
        for series in self.series.iter_mut().filter_map(Option::take) {
            // Refused where the target lives on elsewhere and has written since.
            appender.append(series, at, stale_nan()).ok();
        }
    }
}

fn write_one(
    appender: &mut dyn Appender,
    (name, known): (&str, &mut Option<SeriesRef>),
    target: &Target,
    at: Timestamp,
    value: f64,
) -> Result<(), AppendError> {
    let make = |appender: &mut dyn Appender| {
        let mut labels = target.labels.to_builder();
        labels.set(METRIC_NAME, name);
        appender.series(&labels.finish())
    };
    let series = match *known {
        Some(series) => series,
        None => *known.insert(make(appender)?),
    };
    let stored = match appender.append(series, at, value) {
        Err(AppendError::UnknownSeries) => {
            let made = *known.insert(make(appender)?);
            appender.append(made, at, value)
        }
        stored => stored,
    };
    match stored {
        // A target that went and came back may have written already.
        Err(AppendError::OutOfOrder | AppendError::Duplicate) => Ok(()),
        stored => stored,
    }
}

#[expect(clippy::cast_precision_loss, reason = "no scrape has 2^53 samples")]
fn to_float(count: u64) -> f64 {
    count as f64
}
