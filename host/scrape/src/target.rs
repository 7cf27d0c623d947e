//! From what discovery found to what is scraped.
//!
//! Semantics follow Prometheus, `scrape/target.go`.

use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_model::{
    INSTANCE, JOB, Labels, LabelsBuilder, TargetGroup, format_duration, parse_duration, relabel,
};

use crate::config::{Histograms, JobConfig, Source};

const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const METRICS_PATH: &str = "__metrics_path__";
const INTERVAL: &str = "__scrape_interval__";
const TIMEOUT: &str = "__scrape_timeout__";
const PARAM: &str = "__param_";
const NATIVE: &str = "__scrape_native_histograms__";
const TO_CUSTOM_BUCKETS: &str = "__convert_classic_histograms_to_nhcb__";
const CLASSIC_TOO: &str = "__always_scrape_classic_histograms__";
/// A socket of this machine to connect to in place of the address.
const UNIX_SOCKET: &str = "__unix_socket__";
/// Labels that begin so are gone behind relabeling.
const META: &str = "__meta_";
/// Labels that begin so are not those of the target's series.
const INTERNAL: &str = "__";

/// One endpoint of a job, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The labels before relabeling, as discovery and configuration gave them.
    pub discovered: Labels,
    /// The labels that all its series get.
    pub labels: Labels,
    /// `host:port`, or whatever an exporter plugin understands.
    pub address: String,
    /// What is asked: an HTTP URL, or `plugin://name/address`.
    pub url: String,
    /// The Unix socket that is connected to; the URL then only says what is asked for.
    pub unix_socket: Option<Utf8PathBuf>,
    /// Query parameters; for a plugin, the parameters of the call.
    pub params: Vec<(String, String)>,
    /// Between two scrapes.
    pub interval: Duration,
    /// Of one scrape.
    pub timeout: Duration,
    /// What is made of its histograms.
    pub histograms: Histograms,
    /// For a plugin: the labels after relabeling that are not those of its series.
    pub hidden: Labels,
    /// The same for the same endpoint with the same labels, across restarts.
    pub(crate) hash: u64,
}

/// Why what was discovered is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("no address")]
    NoAddress,
    #[error(
        "{0:?} is not a valid hostname: it holds a slash; set scheme and path by their own labels"
    )]
    Address(String),
    #[error("{label} is {value:?}, which is no duration above zero")]
    Duration { label: &'static str, value: String },
    #[error("scrape timeout {timeout:?} is longer than scrape interval {interval:?}")]
    Timeout { timeout: String, interval: String },
    #[error("scheme {0:?} is not spoken; write http or https")]
    Scheme(String),
    #[error("{label} is {value:?}, which is neither true nor false")]
    Switch { label: &'static str, value: String },
}

/// What became of one discovered target.
pub(crate) enum Built {
    Target(Box<Target>),
    /// A rule dropped it; its labels before relabeling.
    Dropped(Labels),
}

/// All targets of a group.
pub(crate) fn build_group<'a>(
    job: &'a JobConfig,
    group: &'a TargetGroup,
) -> impl Iterator<Item = Result<Built, TargetError>> + 'a {
    group.targets.iter().map(|own| build(job, own, &group.labels))
}

/// What becomes of a target, for people who write its job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JudgedTarget {
    /// The labels before relabeling.
    pub discovered: Labels,
    /// All labels after it but those that discovery alone knows; none: it is not scraped.
    pub labels: Labels,
    /// Why it cannot be scraped, although no rule dropped it.
    pub error: Option<String>,
}

/// What becomes of the targets of a group.
#[must_use]
pub fn judge_targets(job: &JobConfig, group: &TargetGroup) -> Vec<JudgedTarget> {
    let judge = |own: &Labels| {
        let discovered = discovered(job, own, &group.labels);
        let (labels, error) = match build(job, own, &group.labels) {
            Err(error) => (Labels::empty(), Some(error.to_string())),
            Ok(Built::Dropped(_)) => (Labels::empty(), None),
            Ok(Built::Target(target)) => {
                let relabeled = relabel(&discovered, &job.relabel).unwrap_or_default();
                let mut labels = relabeled.filtered(|name| !name.starts_with(META)).to_builder();
                default(&mut labels, INSTANCE, &target.address);
                (labels.finish(), None)
            }
        };
        JudgedTarget { discovered, labels, error }
    };
    group.targets.iter().map(judge).collect()
}

fn build(job: &JobConfig, own: &Labels, shared: &Labels) -> Result<Built, TargetError> {
    let discovered = discovered(job, own, shared);
    let Some(relabeled) = relabel(&discovered, &job.relabel) else {
        return Ok(Built::Dropped(discovered));
    };
    let address = relabeled.get(ADDRESS).ok_or(TargetError::NoAddress)?.to_owned();
    if address.contains('/') {
        return Err(TargetError::Address(address));
    }
    let interval = duration(&relabeled, INTERVAL)?;
    let timeout = duration(&relabeled, TIMEOUT)?;
    if timeout > interval {
        let [timeout, interval] = [timeout, interval].map(format_duration);
        return Err(TargetError::Timeout { timeout, interval });
    }
    let histograms = Histograms {
        native: switch(&relabeled, NATIVE, job.histograms.native)?,
        to_custom_buckets: switch(&relabeled, TO_CUSTOM_BUCKETS, job.histograms.to_custom_buckets)?,
        classic_too: switch(&relabeled, CLASSIC_TOO, job.histograms.classic_too)?,
    };
    let params = params(job, &relabeled);
    let url = url(job, &relabeled, &address, &params)?;
    let mut labels = relabeled.filtered(|name| !name.starts_with(INTERNAL)).to_builder();
    if labels.get(INSTANCE).is_none() {
        labels.set(INSTANCE, address.as_str());
    }
    let labels = labels.finish();
    let unix_socket = relabeled.get(UNIX_SOCKET).map(Utf8PathBuf::from);
    let hash = hash(&labels, &url, unix_socket.as_ref());
    let hidden = match job.source {
        Source::Http(_) => Labels::empty(),
        Source::Exporter(_) => relabeled.filtered(|name| name.starts_with(INTERNAL)),
    };
    Ok(Built::Target(Box::new(Target {
        discovered,
        labels,
        address,
        url,
        unix_socket,
        params,
        interval,
        timeout,
        histograms,
        hidden,
        hash,
    })))
}

fn discovered(job: &JobConfig, own: &Labels, shared: &Labels) -> Labels {
    let mut labels = own.to_builder();
    for (name, value) in shared {
        default(&mut labels, name, value);
    }
    default(&mut labels, JOB, &job.name);
    default(&mut labels, INTERVAL, &format_duration(job.interval));
    default(&mut labels, TIMEOUT, &format_duration(job.timeout));
    for (label, value) in [
        (NATIVE, job.histograms.native),
        (TO_CUSTOM_BUCKETS, job.histograms.to_custom_buckets),
        (CLASSIC_TOO, job.histograms.classic_too),
    ] {
        default(&mut labels, label, if value { "true" } else { "false" });
    }
    if let Source::Http(_) = job.source {
        default(&mut labels, METRICS_PATH, &job.metrics_path);
        default(&mut labels, SCHEME, &job.scheme);
    }
    for (name, values) in &job.params {
        if let Some(first) = values.first() {
            default(&mut labels, &format!("{PARAM}{name}"), first);
        }
    }
    labels.finish()
}

fn default(labels: &mut LabelsBuilder, name: &str, value: &str) {
    if labels.get(name).is_none() {
        labels.set(name, value);
    }
}

fn duration(labels: &Labels, label: &'static str) -> Result<Duration, TargetError> {
    let value = labels.get(label).unwrap_or("");
    match parse_duration(value) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) | Err(_) => Err(TargetError::Duration { label, value: value.to_owned() }),
    }
}

/// A label that says yes or no, in the words that Go takes; without it the job's word counts.
fn switch(labels: &Labels, label: &'static str, of_job: bool) -> Result<bool, TargetError> {
    match labels.get(label).unwrap_or("") {
        "" => Ok(of_job),
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        other => Err(TargetError::Switch { label, value: other.to_owned() }),
    }
}

/// The parameters of the configuration, the first value of each replaced by its label.
fn params(job: &JobConfig, labels: &Labels) -> Vec<(String, String)> {
    let mut params = job.params.clone();
    for (label, value) in labels {
        let Some(name) = label.strip_prefix(PARAM) else { continue };
        let values = params.entry(name.to_owned()).or_default();
        match values.first_mut() {
            Some(first) => value.clone_into(first),
            None => values.push(value.to_owned()),
        }
    }
    let pairs = params.into_iter();
    pairs.flat_map(|(name, values)| values.into_iter().map(move |v| (name.clone(), v))).collect()
}

fn url(
    job: &JobConfig,
    labels: &Labels,
    address: &str,
    params: &[(String, String)],
) -> Result<String, TargetError> {
    let mut url = match &job.source {
        Source::Exporter(exporter) => format!("plugin://{}/{address}", exporter.plugin),
        Source::Http(_) => {
            let scheme = labels.get(SCHEME).unwrap_or("http");
            if !matches!(scheme, "http" | "https") {
                return Err(TargetError::Scheme(scheme.to_owned()));
            }
            let path = labels.get(METRICS_PATH).unwrap_or("");
            let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
            format!("{scheme}://{address}{slash}{}", escaped(path, PATH))
        }
    };
    for (index, (name, value)) in params.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(&escaped(name, QUERY));
        url.push('=');
        url.push_str(&escaped(value, QUERY));
    }
    Ok(url)
}

/// Bytes besides letters and digits that stand for themselves.
const PATH: &[u8] = b"-_.~/$&+,:;=@!'()*";
const QUERY: &[u8] = b"-_.~";

fn escaped(text: &str, plain: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(char::from(byte));
        } else if byte == b' ' && plain == QUERY {
            out.push('+');
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Interval and timeout are no part of the identity: a target that is only asked more often goes
/// on as it is.
fn hash(labels: &Labels, url: &str, socket: Option<&Utf8PathBuf>) -> u64 {
    let seed = socket.map_or(0, |path| xxhash_rust::xxh3::xxh3_64(path.as_str().as_bytes()));
    let seed = xxhash_rust::xxh3::xxh3_64_with_seed(url.as_bytes(), seed);
    xxhash_rust::xxh3::xxh3_64_with_seed(labels.as_bytes(), seed)
}

#[cfg(test)]
mod tests;
