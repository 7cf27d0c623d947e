//! What the file says of a scrape job: [`JobSpec`] as it is written, [`JobConfig`] with every
//! default filled in.

use std::collections::BTreeMap;
use std::time::Duration;

use narthex_client::{
    Authorization, BasicAuth, HeaderValues, HttpConfig, HttpConfigError, HttpKeys, NotSupported,
    TlsConfig,
};
use narthex_exposition::{Format, Protocol};
use narthex_model::RelabelRule;
use narthex_settings::{DurationText, RelabelRules, Secret, SizeText};
use serde::Deserialize;

/// What holds for every job that does not say otherwise: the scrape keys of `global`.
#[derive(Clone, Debug, PartialEq)]
pub struct GlobalScrape {
    /// `scrape_interval`.
    pub interval: Duration,
    /// `scrape_timeout`.
    pub timeout: Duration,
    /// `scrape_protocols`.
    pub protocols: Vec<Protocol>,
    /// The limits.
    pub limits: Limits,
    /// `extra_scrape_metrics`.
    pub extra_metrics: bool,
}

/// Bounds on what a job takes in; 0 is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct Limits {
    pub body_size: u64,
    pub samples: u64,
    pub labels: u64,
    pub label_name_length: u64,
    pub label_value_length: u64,
    pub targets: u64,
    /// How many dropped targets are kept to be shown.
    pub kept_dropped_targets: u64,
}

const INTERVAL: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(10);

impl Default for GlobalScrape {
    fn default() -> Self {
        Self {
            interval: INTERVAL,
            timeout: TIMEOUT,
            protocols: Protocol::DEFAULT.to_vec(),
            limits: Limits::default(),
            extra_metrics: false,
        }
    }
}

impl GlobalScrape {
    /// Sets interval and timeout from `global`.
    ///
    /// # Errors
    /// When the timeout is longer than the interval.
    pub fn with_timing(
        mut self,
        interval: Option<Duration>,
        timeout: Option<Duration>,
    ) -> Result<Self, InvalidJob> {
        self.interval = interval.filter(|interval| !interval.is_zero()).unwrap_or(INTERVAL);
        self.timeout = match timeout.filter(|timeout| !timeout.is_zero()) {
            Some(timeout) if timeout > self.interval => return Err(InvalidJob::GlobalTimeout),
            Some(timeout) => timeout,
            None => TIMEOUT.min(self.interval),
        };
        Ok(self)
    }
}

/// Why a job is refused although each of its keys can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJob {
    /// A scrape would still run when the next begins.
    #[error("scrape timeout greater than scrape interval for scrape config with job name {job:?}")]
    Timeout {
        /// The job.
        job: String,
    },
    /// The same in `global`.
    #[error("global scrape timeout greater than scrape interval")]
    GlobalTimeout,
}

impl InvalidJob {
    /// The key that has to change.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Timeout { .. } | Self::GlobalTimeout => "scrape_timeout",
        }
    }
}

/// Why the keys of a job do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// A job without name.
    #[error("job_name is empty")]
    EmptyName,
    /// A scheme that is not spoken.
    #[error("scheme {0:?} is not spoken; write http or https")]
    Scheme(String),
    /// A list without a protocol.
    #[error("scrape_protocols is empty; leave it out for the default")]
    NoProtocols,
    /// A protocol stands twice.
    #[error("scrape_protocols names {0} twice")]
    RepeatedProtocol(Protocol),
    /// Only protocols without a reader.
    #[error(
        "scrape_protocols names only {0}, which is not read by this version; add a text protocol"
    )]
    UnreadProtocols(Protocol),
    /// The fallback has no reader.
    #[error("fallback_scrape_protocol {0} is not read by this version")]
    UnreadFallback(Protocol),
    /// The HTTP keys contradict one another.
    #[error("{0}")]
    Http(#[from] HttpConfigError),
    /// A key of HTTP beside `exporter`.
    #[error("{0} has no meaning beside exporter: a plugin is asked, not an HTTP server")]
    HttpBesideExporter(&'static str),
    /// A feature that does not exist here.
    #[error("{key}: {value} is not supported by this version")]
    NotSupported {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
}

/// A scrape job as it stands in the file, without its `*_configs` of targets; its keys fit
/// together.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Keys")]
pub struct JobSpec {
    keys: Keys,
    http: HttpConfig,
}

/// The keys, all of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
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
    metric_name_validation_scheme: Option<String>,
    metric_name_escaping_scheme: Option<String>,
    scrape_native_histograms: Option<bool>,
    convert_classic_histograms_to_nhcb: Option<bool>,
    always_scrape_classic_histograms: Option<bool>,
    native_histogram_bucket_limit: Option<u64>,
    native_histogram_min_bucket_factor: Option<f64>,
    scrape_failure_log_file: Option<NotSupported>,
    basic_auth: Option<BasicAuth>,
    authorization: Option<Authorization>,
    oauth2: Option<NotSupported>,
    bearer_token: Option<Secret>,
    bearer_token_file: Option<String>,
    tls_config: Option<TlsConfig>,
    follow_redirects: Option<bool>,
    enable_http2: Option<bool>,
    proxy_url: Option<String>,
    no_proxy: Option<String>,
    proxy_from_environment: Option<bool>,
    proxy_connect_header: Option<NotSupported>,
    #[serde(default)]
    http_headers: BTreeMap<String, HeaderValues>,
}

/// `exporter`: a plugin in the place of an HTTP server.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExporterSpec {
    /// The plugin's name.
    pub plugin: String,
    /// What the plugin is told; its schema decides what may stand there.
    #[serde(default = "nothing", deserialize_with = "something")]
    pub config: serde_json::Value,
}

/// A plugin that is told nothing gets an empty object.
fn nothing() -> serde_json::Value {
    serde_json::Value::Object(serde_json::Map::new())
}

/// `config:` without a value says nothing too.
fn something<'de, D: serde::Deserializer<'de>>(from: D) -> Result<serde_json::Value, D::Error> {
    let given = Option::<serde_json::Value>::deserialize(from)?;
    Ok(given.unwrap_or_else(nothing))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct ProtocolName(Protocol);

impl TryFrom<String> for ProtocolName {
    type Error = narthex_exposition::UnknownProtocol;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse().map(Self)
    }
}

impl TryFrom<Keys> for JobSpec {
    type Error = JobError;

    fn try_from(mut keys: Keys) -> Result<Self, JobError> {
        if keys.job_name.is_empty() {
            return Err(JobError::EmptyName);
        }
        match keys.scheme.as_deref() {
            None | Some("http" | "https") => {}
            Some(other) => return Err(JobError::Scheme(other.to_owned())),
        }
        keys.check_protocols()?;
        keys.check_supported()?;
        let http = keys.take_http();
        if keys.exporter.is_some() {
            keys.check_exporter(&http)?;
        }
        Ok(Self { http: HttpConfig::try_from(http)?, keys })
    }
}

impl Keys {
    fn check_protocols(&self) -> Result<(), JobError> {
        if let Some(ProtocolName(fallback)) = self.fallback_scrape_protocol
            && fallback.format().is_none()
        {
            return Err(JobError::UnreadFallback(fallback));
        }
        let Some(names) = &self.scrape_protocols else { return Ok(()) };
        let Some(ProtocolName(first)) = names.first() else { return Err(JobError::NoProtocols) };
        for (index, name) in names.iter().enumerate() {
            if names.iter().take(index).any(|earlier| earlier == name) {
                return Err(JobError::RepeatedProtocol(name.0));
            }
        }
        if names.iter().all(|name| name.0.format().is_none()) {
            return Err(JobError::UnreadProtocols(*first));
        }
        Ok(())
    }

    fn check_supported(&self) -> Result<(), JobError> {
        let refuse =
            |key, value: &str| Err(JobError::NotSupported { key, value: value.to_owned() });
        for (key, value) in [
            ("scrape_native_histograms", self.scrape_native_histograms),
            ("convert_classic_histograms_to_nhcb", self.convert_classic_histograms_to_nhcb),
        ] {
            if value == Some(true) {
                return refuse(key, "true");
            }
        }
        match self.metric_name_validation_scheme.as_deref() {
            None | Some("" | "utf8") => {}
            Some(other) => return refuse("metric_name_validation_scheme", other),
        }
        match self.metric_name_escaping_scheme.as_deref() {
            None | Some("" | "allow-utf-8") => Ok(()),
            Some(other) => refuse("metric_name_escaping_scheme", other),
        }
    }

    fn check_exporter(&self, http: &HttpKeys) -> Result<(), JobError> {
        for (key, is_set) in [
            ("scheme", self.scheme.is_some()),
            ("metrics_path", self.metrics_path.is_some()),
            ("enable_compression", self.enable_compression.is_some()),
            ("an HTTP key", *http != HttpKeys::default()),
        ] {
            if is_set {
                return Err(JobError::HttpBesideExporter(key));
            }
        }
        Ok(())
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
            proxy_connect_header: self.proxy_connect_header.take(),
            http_headers: std::mem::take(&mut self.http_headers),
        }
    }
}

impl JobSpec {
    /// The job's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.keys.job_name
    }

    /// The job with every default filled in.
    ///
    /// # Errors
    /// When its timeout is longer than its interval.
    pub fn resolve(self, global: &GlobalScrape) -> Result<JobConfig, InvalidJob> {
        let Self { keys, http } = self;
        let given = |duration: Option<DurationText>| {
            duration.map(|text| text.0).filter(|duration| !duration.is_zero())
        };
        let interval = given(keys.scrape_interval).unwrap_or(global.interval);
        let timeout = match given(keys.scrape_timeout) {
            Some(timeout) if timeout > interval => {
                return Err(InvalidJob::Timeout { job: keys.job_name });
            }
            Some(timeout) => timeout,
            None => global.timeout.min(interval),
        };
        let protocols =
            keys.scrape_protocols.map(|names| names.iter().map(|name| name.0).collect());
        let limits = &global.limits;
        let or = |given: Option<u64>, global| given.filter(|limit| *limit > 0).unwrap_or(global);
        Ok(JobConfig {
            name: keys.job_name,
            interval,
            timeout,
            protocols: protocols.unwrap_or_else(|| global.protocols.clone()),
            fallback: keys.fallback_scrape_protocol.and_then(|name| name.0.format()),
            metrics_path: keys.metrics_path.unwrap_or_else(|| "/metrics".to_owned()),
            scheme: keys.scheme.unwrap_or_else(|| "http".to_owned()),
            params: keys.params,
            honor_labels: keys.honor_labels.unwrap_or(false),
            honor_timestamps: keys.honor_timestamps.unwrap_or(true),
            track_timestamps_staleness: keys.track_timestamps_staleness.unwrap_or(false),
            enable_compression: keys.enable_compression.unwrap_or(true),
            extra_metrics: keys.extra_scrape_metrics.unwrap_or(global.extra_metrics),
            limits: Limits {
                body_size: or(keys.body_size_limit.map(|size| size.0), limits.body_size),
                samples: or(keys.sample_limit, limits.samples),
                labels: or(keys.label_limit, limits.labels),
                label_name_length: or(keys.label_name_length_limit, limits.label_name_length),
                label_value_length: or(keys.label_value_length_limit, limits.label_value_length),
                targets: or(keys.target_limit, limits.targets),
                kept_dropped_targets: or(keys.keep_dropped_targets, limits.kept_dropped_targets),
            },
            relabel: keys.relabel_configs.0,
            metric_relabel: keys.metric_relabel_configs.0,
            source: match keys.exporter {
                Some(exporter) => Source::Exporter(exporter),
                None => Source::Http(Box::new(http)),
            },
        })
    }
}

/// A scrape job, complete.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct JobConfig {
    pub name: String,
    pub interval: Duration,
    pub timeout: Duration,
    pub protocols: Vec<Protocol>,
    pub fallback: Option<Format>,
    pub metrics_path: String,
    pub scheme: String,
    pub params: BTreeMap<String, Vec<String>>,
    pub honor_labels: bool,
    pub honor_timestamps: bool,
    pub track_timestamps_staleness: bool,
    pub enable_compression: bool,
    pub extra_metrics: bool,
    pub limits: Limits,
    pub relabel: Vec<RelabelRule>,
    pub metric_relabel: Vec<RelabelRule>,
    pub source: Source,
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The target, over HTTP.
    Http(Box<HttpConfig>),
    /// A plugin, about the target.
    Exporter(ExporterSpec),
}

#[cfg(test)]
mod tests;
