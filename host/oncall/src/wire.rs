//! Shapes of Alertmanager's API v2, with their keys in the order in which `amtool` writes them.

use std::collections::BTreeMap;

use narthex_alerting::TimeInterval;
use narthex_model::{MatchOp, Matcher};
use serde::{Deserialize, Serialize};

/// An alert as a server shows it. Times stay as they are written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) ends_at: String,
    pub(crate) fingerprint: String,
    pub(crate) receivers: Vec<Receiver>,
    pub(crate) starts_at: String,
    pub(crate) status: AlertStatus,
    pub(crate) updated_at: String,
    #[serde(default, rename = "generatorURL", skip_serializing_if = "String::is_empty")]
    pub(crate) generator_url: String,
    pub(crate) labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Receiver {
    name: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlertStatus {
    inhibited_by: Vec<String>,
    #[serde(default)]
    muted_by: Vec<String>,
    silenced_by: Vec<String>,
    pub(crate) state: String,
}

/// An alert for a server.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PostedAlert {
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ends_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) starts_at: Option<String>,
    #[serde(rename = "generatorURL", skip_serializing_if = "String::is_empty")]
    pub(crate) generator_url: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// A silence as a server shows it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Silence {
    pub(crate) id: String,
    status: SilenceStatus,
    pub(crate) updated_at: String,
    #[serde(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct SilenceStatus {
    state: String,
}

/// A silence for a server; without an id it is a new one.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct PostedSilence {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) terms: Terms,
}

/// What a silence is about.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Terms {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) comment: String,
    pub(crate) created_by: String,
    pub(crate) ends_at: String,
    pub(crate) matchers: Vec<SilenceMatcher>,
    pub(crate) starts_at: String,
    /// Ours: it holds in these alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) time_intervals: Vec<TimeInterval>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SilenceMatcher {
    /// Servers before 0.22 do not say it.
    #[serde(default = "yes")]
    is_equal: bool,
    is_regex: bool,
    name: String,
    value: String,
}

const fn yes() -> bool {
    true
}

impl From<&Matcher> for SilenceMatcher {
    fn from(matcher: &Matcher) -> Self {
        let op = matcher.op();
        Self {
            is_equal: matches!(op, MatchOp::Equal | MatchOp::Regex),
            is_regex: matches!(op, MatchOp::Regex | MatchOp::NotRegex),
            name: matcher.name().to_owned(),
            value: matcher.value().to_owned(),
        }
    }
}

impl SilenceMatcher {
    /// `None`: its expression is none that we know.
    pub(crate) fn matcher(&self) -> Option<Matcher> {
        let op = match (self.is_equal, self.is_regex) {
            (true, false) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Regex,
            (false, true) => MatchOp::NotRegex,
        };
        Matcher::new(op, &self.name, &self.value).ok()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Made {
    #[serde(rename = "silenceID")]
    pub(crate) id: String,
}

/// An acknowledgement as our server shows it, with the alert that it is of.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Acknowledgement {
    pub(crate) comment: String,
    pub(crate) created_at: String,
    pub(crate) created_by: String,
    /// It ends with the alert where this is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends_at: Option<String>,
    pub(crate) fingerprint: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// An acknowledgement for our server.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PostedAcknowledgement {
    pub(crate) comment: String,
    pub(crate) created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ends_at: Option<String>,
    pub(crate) matchers: Vec<SilenceMatcher>,
}

/// How a server runs.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) cluster: Cluster,
    pub(crate) config: StatusConfig,
    pub(crate) uptime: String,
    pub(crate) version_info: Build,
}

/// Those who alert together.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Cluster {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) peers: Vec<ClusterPeer>,
    pub(crate) status: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ClusterPeer {
    pub(crate) address: String,
    pub(crate) name: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct StatusConfig {
    pub(crate) original: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Build {
    pub(crate) branch: String,
    pub(crate) build_date: String,
    pub(crate) build_user: String,
    pub(crate) go_version: String,
    pub(crate) revision: String,
    pub(crate) version: String,
}
