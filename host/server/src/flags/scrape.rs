//! Flags of scraping.

use std::time::Duration;

use clap::Args;
use narthex_model::{format_duration, parse_duration};
use narthex_scrape::ScrapeSettings;

use super::storage::parse_size;
use crate::features;

/// `--scrape.*`
#[derive(Clone, Debug, Args)]
pub(crate) struct ScrapeFlags {
    /// Series that one target may have; a scrape with more fails. 0: no bound.
    #[arg(
        long = "scrape.max-series-per-target",
        default_value_t = ScrapeSettings::default().series_max,
        value_name = "N"
    )]
    series_max: usize,

    /// Memory of all bodies that arrive or are being stored, as in 512MiB; a scrape that finds none left
    /// fails. 0: no bound.
    #[arg(
        long = "scrape.max-body-memory",
        default_value = "1GiB",
        value_parser = parse_size,
        value_name = "SIZE"
    )]
    body_memory_max: u64,

    /// The time between two sets of targets of a job whose discovery changes all the time.
    #[arg(
        long = "scrape.discovery-reload-interval",
        default_value = "5s",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    pub(crate) discovery_reload_interval: Duration,

    /// Give scrapes that begin a little late the time that they should have, which compresses better.
    #[arg(long = "scrape.adjust-timestamps", conflicts_with = "no_adjust_timestamps", hide = true)]
    adjust_timestamps: bool,

    #[arg(long = "no-scrape.adjust-timestamps", hide = true)]
    no_adjust_timestamps: bool,

    /// How late such a scrape may be, and not more than a hundredth of its interval.
    #[arg(
        long = "scrape.timestamp-tolerance",
        default_value = "2ms",
        value_parser = parse_duration,
        value_name = "DURATION",
        hide = true
    )]
    timestamp_tolerance: Duration,
}

impl ScrapeFlags {
    pub(crate) fn settings(&self, features: &[String]) -> ScrapeSettings {
        ScrapeSettings {
            features: features::of_scrape(features),
            series_max: self.series_max,
            body_memory_max: self.body_memory_max,
            tolerance: (!self.no_adjust_timestamps).then_some(self.timestamp_tolerance),
        }
    }

    pub(crate) fn shown(&self) -> Vec<(&'static str, String)> {
        vec![
            ("scrape.max-series-per-target", self.series_max.to_string()),
            ("scrape.max-body-memory", self.body_memory_max.to_string()),
            ("scrape.discovery-reload-interval", format_duration(self.discovery_reload_interval)),
            ("scrape.adjust-timestamps", (!self.no_adjust_timestamps).to_string()),
            ("scrape.timestamp-tolerance", format_duration(self.timestamp_tolerance)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::flags::Cli;

    #[test]
    fn times_are_adjusted_unless_that_is_off() {
        let tolerance = |flags: &[&str]| {
            let flags = [&["narthex"], flags].concat();
            Cli::parse_from(flags).serve.scrape.settings(&[]).tolerance.map(|most| most.as_millis())
        };
        assert_eq!(tolerance(&[]), Some(2));
        assert_eq!(tolerance(&["--scrape.timestamp-tolerance=5ms"]), Some(5));
        assert_eq!(tolerance(&["--scrape.adjust-timestamps"]), Some(2));
        assert_eq!(tolerance(&["--no-scrape.adjust-timestamps"]), None);
    }
}
