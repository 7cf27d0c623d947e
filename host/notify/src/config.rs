//! What the file says of other Alertmanagers: the section `alerting`.

use std::time::Duration;

use narthex_client::HttpConfig;
use narthex_model::{NameScheme, RelabelError, RelabelRule};
use narthex_settings::{DurationText, RelabelRules};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// How long a request may take that names no time.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What goes where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// `alert_relabel_configs` of the section: for all alerts of rules, whoever hears them.
    pub alert_relabel: Vec<RelabelRule>,
    /// `alertmanagers`, in the order of the file.
    pub alertmanagers: Vec<AlertmanagerConfig>,
}

/// One item of `alertmanagers`: how those are spoken to that its discovery finds.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertmanagerConfig {
    /// `http` or `https`, where no rule says otherwise.
    pub scheme: String,
    /// What stands before `/api/v2/alerts`.
    pub path_prefix: String,
    /// From the first packet of a request to the last.
    pub timeout: Duration,
    /// Of what was discovered.
    pub relabel: Vec<RelabelRule>,
    /// Of the alerts for these Alertmanagers.
    pub alert_relabel: Vec<RelabelRule>,
    /// How to talk to them.
    pub http: HttpConfig,
}

/// The keys of the section beside `alertmanagers`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertingKeys {
    alert_relabel_configs: RelabelRules,
}

/// The keys of an item beside those of discovery and of HTTP clients.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertmanagerKeys {
    scheme: Option<String>,
    path_prefix: Option<String>,
    timeout: Option<DurationText>,
    api_version: Option<String>,
    sigv4: Option<IgnoredAny>,
    relabel_configs: RelabelRules,
    alert_relabel_configs: RelabelRules,
}

/// Why the section cannot be.
#[derive(Clone, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts tell")]
pub enum InvalidAlerting {
    #[error("expected Alertmanager api version to be v2 but got {0}")]
    ApiVersion(String),
    #[error("scheme {0:?} is not spoken; write http or https")]
    Scheme(String),
    #[error("requests are not signed for AWS by this version; remove the key")]
    SigV4,
    #[error("at most one of basic_auth, authorization, oauth2, & sigv4 must be configured")]
    TwoAuths,
    #[error(transparent)]
    Relabel(#[from] RelabelError),
}

impl InvalidAlerting {
    /// The key below which it stands, if there is one.
    #[must_use]
    pub const fn key(&self) -> Option<&'static str> {
        match self {
            Self::ApiVersion(_) => Some("api_version"),
            Self::Scheme(_) => Some("scheme"),
            Self::SigV4 => Some("sigv4"),
            Self::TwoAuths | Self::Relabel(_) => None,
        }
    }
}

impl AlertingKeys {
    /// The rules for all alerts, with names of this alphabet.
    ///
    /// # Errors
    /// When one names a label that it cannot have.
    pub fn alert_relabel(self, names: NameScheme) -> Result<Vec<RelabelRule>, InvalidAlerting> {
        rules(self.alert_relabel_configs, names)
    }
}

impl AlertmanagerKeys {
    /// The item, complete. `names` is the alphabet of labels; `has_auth`: the keys of HTTP clients say who asks.
    ///
    /// # Errors
    /// When a value cannot be.
    pub fn resolve(
        self,
        http: HttpConfig,
        has_auth: bool,
        names: NameScheme,
    ) -> Result<AlertmanagerConfig, InvalidAlerting> {
        if let Some(version) = self.api_version.filter(|version| version != "v2") {
            return Err(InvalidAlerting::ApiVersion(version));
        }
        if self.sigv4.is_some() {
            let two = has_auth.then_some(InvalidAlerting::TwoAuths);
            return Err(two.unwrap_or(InvalidAlerting::SigV4));
        }
        let scheme = self.scheme.unwrap_or_else(|| "http".to_owned());
        if !is_spoken(&scheme) {
            return Err(InvalidAlerting::Scheme(scheme));
        }
        Ok(AlertmanagerConfig {
            scheme,
            path_prefix: self.path_prefix.unwrap_or_default(),
            timeout: self.timeout.and_then(DurationText::given).unwrap_or(TIMEOUT),
            relabel: rules(self.relabel_configs, names)?,
            alert_relabel: rules(self.alert_relabel_configs, names)?,
            http,
        })
    }
}

fn rules(rules: RelabelRules, names: NameScheme) -> Result<Vec<RelabelRule>, InvalidAlerting> {
    rules.0.into_iter().map(|rule| Ok(rule.with_names(names)?)).collect()
}

pub(crate) fn is_spoken(scheme: &str) -> bool {
    matches!(scheme, "http" | "https")
}
