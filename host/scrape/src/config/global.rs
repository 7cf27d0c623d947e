//! The scrape keys of `global`.

use std::time::Duration;

use camino::Utf8Path;
use narthex_exposition::Protocol;
use narthex_model::NameScheme;
use narthex_settings::{DurationText, SizeText};
use serde::Deserialize;

use super::error::{InvalidScrape, ScrapeKeyError};
use super::names::{EscapingName, Names, Validation};
use super::protocols::{self, ProtocolName};
use super::{Histograms, Limits};

const INTERVAL: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(10);

/// The keys as they stand in the file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GlobalKeys {
    scrape_interval: Option<DurationText>,
    scrape_timeout: Option<DurationText>,
    scrape_protocols: Option<Vec<ProtocolName>>,
    scrape_failure_log_file: String,
    body_size_limit: SizeText,
    sample_limit: u64,
    label_limit: u64,
    label_name_length_limit: u64,
    label_value_length_limit: u64,
    target_limit: u64,
    keep_dropped_targets: u64,
    metric_name_validation_scheme: Option<Validation>,
    metric_name_escaping_scheme: Option<EscapingName>,
    scrape_native_histograms: bool,
    convert_classic_histograms_to_nhcb: bool,
    always_scrape_classic_histograms: bool,
    extra_scrape_metrics: Option<bool>,
}

/// What holds for every job that does not say otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct GlobalScrape {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    /// `None`: those of [`Protocol::DEFAULT`].
    pub(super) protocols: Option<Vec<Protocol>>,
    pub(super) limits: Limits,
    pub(super) names: Names,
    pub(super) extra_metrics: Option<bool>,
    pub(super) histograms: Histograms,
    pub(super) failure_log: String,
}

impl Default for GlobalScrape {
    fn default() -> Self {
        Self {
            interval: INTERVAL,
            timeout: TIMEOUT,
            protocols: None,
            limits: Limits::default(),
            names: Names::default(),
            extra_metrics: None,
            histograms: Histograms::default(),
            failure_log: String::new(),
        }
    }
}

impl GlobalScrape {
    /// Names that are taken where nothing else is said.
    #[must_use]
    pub const fn names(&self) -> NameScheme {
        self.names.scheme
    }

    /// The same with paths that count from this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Utf8Path) -> Self {
        if !self.failure_log.is_empty() {
            self.failure_log = folder.join(&self.failure_log).into_string();
        }
        self
    }
}

impl GlobalKeys {
    /// The keys with every default filled in.
    ///
    /// # Errors
    /// Names the key that does not fit the others.
    pub fn resolve(self) -> Result<GlobalScrape, InvalidScrape> {
        let interval = self.scrape_interval.and_then(DurationText::given).unwrap_or(INTERVAL);
        let timeout = match self.scrape_timeout.and_then(DurationText::given) {
            Some(timeout) if timeout > interval => {
                return Err(InvalidScrape::new("scrape_timeout", ScrapeKeyError::GlobalTimeout));
            }
            Some(timeout) => timeout,
            None => TIMEOUT.min(interval),
        };
        let protocols = self.scrape_protocols.as_deref().map(protocols::checked).transpose();
        Ok(GlobalScrape {
            interval,
            timeout,
            protocols: protocols.map_err(|error| InvalidScrape::new("scrape_protocols", error))?,
            limits: Limits {
                body_size: self.body_size_limit.0,
                samples: self.sample_limit,
                labels: self.label_limit,
                label_name_length: self.label_name_length_limit,
                label_value_length: self.label_value_length_limit,
                targets: self.target_limit,
                buckets: 0,
                kept_dropped_targets: self.keep_dropped_targets,
            },
            names: Names::of_global(
                self.metric_name_validation_scheme,
                self.metric_name_escaping_scheme,
            ),
            extra_metrics: self.extra_scrape_metrics,
            histograms: Histograms {
                native: self.scrape_native_histograms,
                to_custom_buckets: self.convert_classic_histograms_to_nhcb,
                classic_too: self.always_scrape_classic_histograms,
            },
            failure_log: self.scrape_failure_log_file,
        })
    }
}
