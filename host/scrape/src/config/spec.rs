//! A job's keys, and the job that they make.

use std::collections::BTreeMap;
use std::time::Duration;

use narthex_client::{
    Authorization, BasicAuth, HeaderValues, HttpConfig, HttpKeys, OAuth2Keys, TlsConfig,
};
use narthex_exposition::Protocol;
use narthex_model::{NameScheme, RelabelRule};
use narthex_settings::{DurationText, RelabelRules, Secret, SizeText};
use serde::Deserialize;

use super::error::{InvalidScrape, ScrapeKeyError};
use super::global::GlobalScrape;
use super::names::{EscapingName, Validation};
use super::protocols::{self, ProtocolName};
use super::{ExporterSpec, Histograms, JobConfig, Limits, Source};
use crate::histograms::schema_of_factor;

/// A scrape job as it stands in the file, without its `*_configs` of targets.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSpec {
    job_name: String,
    scrape_interval: Option<DurationText>,
    scrape_timeout: Option<DurationText>,
    scrape_protocols: Option<Vec<ProtocolName>>,
    fallback_scrape_protocol: Option<ProtocolName>,
    metrics_path: Option<String>,
    scheme: Option<String>,
    #[serde(default)]
    params: BTreeMap<String, Vec<String>>,
    honor_labels: Option<bool>,
    honor_timestamps: Option<bool>,
    track_timestamps_staleness: Option<bool>,
    enable_compression: Option<bool>,
    body_size_limit: Option<SizeText>,
    sample_limit: Option<u64>,
    label_limit: Option<u64>,
    label_name_length_limit: Option<u64>,
    label_value_length_limit: Option<u64>,
    target_limit: Option<u64>,
    keep_dropped_targets: Option<u64>,
    extra_scrape_metrics: Option<bool>,
    #[serde(default)]
    relabel_configs: RelabelRules,
    #[serde(default)]
    metric_relabel_configs: RelabelRules,
    exporter: Option<ExporterSpec>,
    metric_name_validation_scheme: Option<Validation>,
    metric_name_escaping_scheme: Option<EscapingName>,
    scrape_native_histograms: Option<bool>,
    convert_classic_histograms_to_nhcb: Option<bool>,
    always_scrape_classic_histograms: Option<bool>,
    native_histogram_bucket_limit: Option<u64>,
    native_histogram_min_bucket_factor: Option<f64>,
    scrape_failure_log_file: Option<String>,
    basic_auth: Option<BasicAuth>,
    authorization: Option<Authorization>,
    oauth2: Option<OAuth2Keys>,
    bearer_token: Option<Secret>,
    bearer_token_file: Option<String>,
    tls_config: Option<TlsConfig>,
    follow_redirects: Option<bool>,
    enable_http2: Option<bool>,
    proxy_url: Option<String>,
    no_proxy: Option<String>,
    proxy_from_environment: Option<bool>,
    #[serde(default)]
    proxy_connect_header: BTreeMap<String, Vec<Secret>>,
    #[serde(default)]
    http_headers: BTreeMap<String, HeaderValues>,
}

impl JobSpec {
    /// The job's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.job_name
    }

    /// The job with every default filled in.
    ///
    /// # Errors
    /// Names the key that does not fit the others.
    pub fn resolve(mut self, global: &GlobalScrape) -> Result<JobConfig, InvalidScrape> {
        if self.job_name.is_empty() {
            return Err(InvalidScrape::new("job_name", ScrapeKeyError::EmptyName));
        }
        match self.scheme.as_deref() {
            None | Some("http" | "https") => {}
            Some(other) => {
                let error = ScrapeKeyError::Scheme(other.to_owned());
                return Err(InvalidScrape::new("scheme", error));
            }
        }
        let (interval, timeout) = self.timing(global)?;
        let protocols = self.protocols(global)?;
        let names = global
            .names
            .of_job(self.metric_name_validation_scheme, self.metric_name_escaping_scheme)
            .map_err(|error| InvalidScrape::new("metric_name_escaping_scheme", error))?;
        let http = self.take_http();
        let source = match self.exporter.take() {
            Some(exporter) => {
                self.check_exporter(&http)?;
                Source::Exporter(exporter)
            }
            None => Source::Http(Box::new(HttpConfig::try_from(http)?)),
        };
        let limits = self.limits(&global.limits);
        let histograms = self.histograms(global.histograms);
        let failure_log = self.scrape_failure_log_file.filter(|file| !file.is_empty());
        let failure_log = failure_log.unwrap_or_else(|| global.failure_log.clone());
        let relabel = rules(self.relabel_configs, "relabel_configs", names.scheme)?;
        let metric_relabel =
            rules(self.metric_relabel_configs, "metric_relabel_configs", names.scheme)?;
        Ok(JobConfig {
            name: self.job_name,
            interval,
            timeout,
            protocols,
            fallback: self.fallback_scrape_protocol.map(|name| name.0.format()),
            metrics_path: self.metrics_path.unwrap_or_else(|| "/metrics".to_owned()),
            scheme: self.scheme.unwrap_or_else(|| "http".to_owned()),
            params: self.params,
            honor_labels: self.honor_labels.unwrap_or(false),
            honor_timestamps: self.honor_timestamps.unwrap_or(true),
            track_timestamps_staleness: self.track_timestamps_staleness.unwrap_or(false),
            enable_compression: self.enable_compression.unwrap_or(true),
            extra_metrics: self.extra_scrape_metrics.or(global.extra_metrics),
            names: names.scheme,
            escaping: names.escaping,
            histograms,
            schema_max: schema_of_factor(self.native_histogram_min_bucket_factor.unwrap_or(0.0)),
            failure_log: (!failure_log.is_empty()).then(|| failure_log.into()),
            limits,
            relabel,
            metric_relabel,
            source,
        })
    }

    fn timing(&self, global: &GlobalScrape) -> Result<(Duration, Duration), InvalidScrape> {
        let interval =
            self.scrape_interval.and_then(DurationText::given).unwrap_or(global.interval);
        match self.scrape_timeout.and_then(DurationText::given) {
            Some(timeout) if timeout > interval => {
                let error = ScrapeKeyError::Timeout { job: self.job_name.clone() };
                Err(InvalidScrape::new("scrape_timeout", error))
            }
            Some(timeout) => Ok((interval, timeout)),
            None => Ok((interval, global.timeout.min(interval))),
        }
    }

    fn protocols(&self, global: &GlobalScrape) -> Result<Option<Vec<Protocol>>, InvalidScrape> {
        match &self.scrape_protocols {
            Some(names) => protocols::checked(names)
                .map(Some)
                .map_err(|error| InvalidScrape::new("scrape_protocols", error)),
            None => Ok(global.protocols.clone()),
        }
    }

    fn histograms(&self, global: Histograms) -> Histograms {
        Histograms {
            native: self.scrape_native_histograms.unwrap_or(global.native),
            to_custom_buckets: self
                .convert_classic_histograms_to_nhcb
                .unwrap_or(global.to_custom_buckets),
            classic_too: self.always_scrape_classic_histograms.unwrap_or(global.classic_too),
        }
    }

    fn check_exporter(&self, http: &HttpKeys) -> Result<(), InvalidScrape> {
        for (key, what, is_set) in [
            ("scheme", "scheme", self.scheme.is_some()),
            ("metrics_path", "metrics_path", self.metrics_path.is_some()),
            ("enable_compression", "enable_compression", self.enable_compression.is_some()),
            ("exporter", "an HTTP key", *http != HttpKeys::default()),
        ] {
            if is_set {
                return Err(InvalidScrape::new(key, ScrapeKeyError::HttpBesideExporter(what)));
            }
        }
        Ok(())
    }

    fn limits(&self, global: &Limits) -> Limits {
        let or = |given: Option<u64>, global| given.filter(|limit| *limit > 0).unwrap_or(global);
        Limits {
            body_size: or(self.body_size_limit.map(|size| size.0), global.body_size),
            samples: or(self.sample_limit, global.samples),
            labels: or(self.label_limit, global.labels),
            label_name_length: or(self.label_name_length_limit, global.label_name_length),
            label_value_length: or(self.label_value_length_limit, global.label_value_length),
            targets: or(self.target_limit, global.targets),
            buckets: or(self.native_histogram_bucket_limit, global.buckets),
            kept_dropped_targets: or(self.keep_dropped_targets, global.kept_dropped_targets),
        }
    }

    fn take_http(&mut self) -> HttpKeys {
        HttpKeys {
            basic_auth: self.basic_auth.take(),
            authorization: self.authorization.take(),
            oauth2: self.oauth2.take(),
            bearer_token: self.bearer_token.take(),
            bearer_token_file: self.bearer_token_file.take(),
            tls_config: self.tls_config.take(),
            follow_redirects: self.follow_redirects.take(),
            enable_http2: self.enable_http2.take(),
            proxy_url: self.proxy_url.take(),
            no_proxy: self.no_proxy.take(),
            proxy_from_environment: self.proxy_from_environment.take(),
            proxy_connect_header: std::mem::take(&mut self.proxy_connect_header),
            http_headers: std::mem::take(&mut self.http_headers),
        }
    }
}

/// The rules with names of the job's alphabet.
fn rules(
    rules: RelabelRules,
    key: &str,
    names: NameScheme,
) -> Result<Vec<RelabelRule>, InvalidScrape> {
    let checked = rules.0.into_iter().enumerate().map(|(index, rule)| {
        let refused = |error| InvalidScrape::new(&format!("{key}/{index}"), error);
        rule.with_names(names).map_err(|error| refused(ScrapeKeyError::Relabel(error)))
    });
    checked.collect()
}
