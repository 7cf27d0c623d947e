//! The keys that Prometheus calls `http_config`: inline in a scrape job, nested elsewhere.

use std::collections::BTreeMap;

use narthex_settings::Secret;
use serde::Deserialize;

/// The keys as they stand in the file; [`HttpConfig::try_from`] checks them. A room that has them
/// inline lists the same fields and hands them on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct HttpKeys {
    pub basic_auth: Option<BasicAuth>,
    pub authorization: Option<Authorization>,
    pub oauth2: Option<NotSupported>,
    pub bearer_token: Option<Secret>,
    pub bearer_token_file: Option<String>,
    pub tls_config: Option<TlsConfig>,
    pub follow_redirects: Option<bool>,
    pub enable_http2: Option<bool>,
    pub proxy_url: Option<String>,
    pub no_proxy: Option<String>,
    pub proxy_from_environment: Option<bool>,
    pub proxy_connect_header: Option<NotSupported>,
    #[serde(default)]
    pub http_headers: BTreeMap<String, HeaderValues>,
}

/// The names of [`HttpKeys`], for a mapping that has them among others.
pub const HTTP_KEYS: [&str; 13] = [
    "basic_auth",
    "authorization",
    "oauth2",
    "bearer_token",
    "bearer_token_file",
    "tls_config",
    "follow_redirects",
    "enable_http2",
    "proxy_url",
    "no_proxy",
    "proxy_from_environment",
    "proxy_connect_header",
    "http_headers",
];

/// A key that Prometheus knows and this server refuses by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "serde::de::IgnoredAny")]
pub enum NotSupported {}

impl TryFrom<serde::de::IgnoredAny> for NotSupported {
    type Error = &'static str;

    fn try_from(_: serde::de::IgnoredAny) -> Result<Self, Self::Error> {
        Err("this key of Prometheus is not supported by this version")
    }
}

/// How to talk to an HTTP server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "HttpKeys")]
pub struct HttpConfig {
    pub(crate) auth: Auth,
    pub(crate) tls: TlsConfig,
    pub(crate) follow_redirects: bool,
    pub(crate) enable_http2: bool,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) headers: BTreeMap<String, HeaderValues>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Auth {
    #[default]
    None,
    Basic {
        username: Text,
        password: Text,
    },
    Header {
        scheme: String,
        credentials: Text,
    },
}

/// A text from the configuration, or from a file that is read anew for each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Given(Secret),
    File(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    pub(crate) no_proxy: Option<String>,
}

/// `basic_auth`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct BasicAuth {
    pub username: Option<String>,
    pub username_file: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<String>,
}

/// `authorization`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct Authorization {
    #[serde(rename = "type")]
    pub scheme: Option<String>,
    pub credentials: Option<Secret>,
    pub credentials_file: Option<String>,
}

/// `tls_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct TlsConfig {
    pub ca: Option<String>,
    pub ca_file: Option<String>,
    pub cert: Option<String>,
    pub cert_file: Option<String>,
    pub key: Option<Secret>,
    pub key_file: Option<String>,
    pub server_name: Option<NotSupported>,
    #[serde(default)]
    pub insecure_skip_verify: bool,
    pub min_version: Option<TlsVersion>,
    pub max_version: Option<TlsVersion>,
}

/// A version of TLS that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum TlsVersion {
    /// 1.2
    Tls12,
    /// 1.3
    Tls13,
}

impl TryFrom<String> for TlsVersion {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "TLS12" => Ok(Self::Tls12),
            "TLS13" => Ok(Self::Tls13),
            "TLS10" | "TLS11" => {
                Err(format!("{name} is not spoken any more; write TLS12 or TLS13"))
            }
            _ => Err(format!("{name:?} is no TLS version; write TLS12 or TLS13")),
        }
    }
}

/// What one header of `http_headers` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct HeaderValues {
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub secrets: Vec<Secret>,
    #[serde(default)]
    pub files: Vec<String>,
}

/// Why the keys do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpConfigError {
    /// Two ways to authenticate.
    #[error(
        "at most one of basic_auth, authorization, bearer_token and bearer_token_file may be set"
    )]
    SeveralAuths,
    /// A value and a file for the same.
    #[error("at most one of {0} and {0}_file may be set")]
    ValueAndFile(&'static str),
    /// Half of a pair.
    #[error(
        "{missing} is missing: a client certificate needs cert (or cert_file) and key (or key_file)"
    )]
    HalfIdentity {
        /// The half that is not there.
        missing: &'static str,
    },
    /// Basic credentials have keys of their own.
    #[error("authorization type cannot be set to \"basic\", use basic_auth instead")]
    BasicAsType,
    /// TLS versions that exclude each other.
    #[error("min_version is above max_version")]
    TlsVersions,
    /// A header that the client sets itself.
    #[error("header {0:?} is set by the client and cannot be configured")]
    ReservedHeader(String),
    /// A key that only makes sense with another.
    #[error("no_proxy needs proxy_url")]
    NoProxyAlone,
    /// The environment is not read.
    #[error("proxy_from_environment is not supported; write proxy_url and no_proxy")]
    EnvironmentProxy,
}

impl HttpConfigError {
    /// The key that has to change, as a JSON pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            Self::SeveralAuths => String::new(),
            Self::ValueAndFile(key) => match *key {
                "username" | "password" => format!("/basic_auth/{key}"),
                "credentials" => format!("/authorization/{key}"),
                "ca" | "cert" | "key" => format!("/tls_config/{key}"),
                other => format!("/{other}"),
            },
            Self::HalfIdentity { .. } | Self::TlsVersions => "/tls_config".to_owned(),
            Self::BasicAsType => "/authorization/type".to_owned(),
            Self::ReservedHeader(name) => format!("/http_headers/{name}"),
            Self::NoProxyAlone => "/no_proxy".to_owned(),
            Self::EnvironmentProxy => "/proxy_from_environment".to_owned(),
        }
    }
}

/// Whether a client sets this header itself, whatever its letters' case, as Prometheus refuses them.
#[must_use]
pub fn is_reserved_header(name: &str) -> bool {
    RESERVED.contains(&name.to_ascii_lowercase().as_str())
}

const RESERVED: [&str; 13] = [
    "authorization",
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "transfer-encoding",
];

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            auth: Auth::None,
            tls: TlsConfig::default(),
            follow_redirects: true,
            enable_http2: true,
            proxy: None,
            headers: BTreeMap::new(),
        }
    }
}

impl TryFrom<HttpKeys> for HttpConfig {
    type Error = HttpConfigError;

    fn try_from(keys: HttpKeys) -> Result<Self, HttpConfigError> {
        if keys.proxy_from_environment == Some(true) {
            return Err(HttpConfigError::EnvironmentProxy);
        }
        let proxy = match (keys.proxy_url.filter(|url| !url.is_empty()), keys.no_proxy) {
            (Some(url), no_proxy) => Some(Proxy { url, no_proxy }),
            (None, Some(_)) => return Err(HttpConfigError::NoProxyAlone),
            (None, None) => None,
        };
        for name in keys.http_headers.keys() {
            if is_reserved_header(name) {
                return Err(HttpConfigError::ReservedHeader(name.clone()));
            }
        }
        let tls = keys.tls_config.unwrap_or_default();
        tls.check()?;
        Ok(Self {
            auth: Auth::new(
                keys.basic_auth,
                keys.authorization,
                keys.bearer_token,
                keys.bearer_token_file,
            )?,
            tls,
            follow_redirects: keys.follow_redirects.unwrap_or(true),
            enable_http2: keys.enable_http2.unwrap_or(true),
            proxy,
            headers: keys.http_headers,
        })
    }
}

impl Auth {
    fn new(
        basic: Option<BasicAuth>,
        authorization: Option<Authorization>,
        token: Option<Secret>,
        token_file: Option<String>,
    ) -> Result<Self, HttpConfigError> {
        if token.is_some() && token_file.is_some() {
            return Err(HttpConfigError::ValueAndFile("bearer_token"));
        }
        let bearer = (token.is_some() || token_file.is_some()).then_some(Authorization {
            scheme: None,
            credentials: token,
            credentials_file: token_file,
        });
        match (basic, authorization, bearer) {
            (None, None, None) => Ok(Self::None),
            (Some(basic), None, None) => Ok(Self::Basic {
                username: Text::new(
                    basic.username.map(Secret::from),
                    basic.username_file,
                    "username",
                )?,
                password: Text::new(basic.password, basic.password_file, "password")?,
            }),
            (None, Some(authorization), None) | (None, None, Some(authorization)) => {
                let scheme = authorization.scheme.map(|scheme| scheme.trim().to_owned());
                let scheme = scheme.filter(|scheme| !scheme.is_empty());
                let scheme = scheme.unwrap_or_else(|| "Bearer".to_owned());
                if scheme.eq_ignore_ascii_case("basic") {
                    return Err(HttpConfigError::BasicAsType);
                }
                let (given, file) = (authorization.credentials, authorization.credentials_file);
                Ok(Self::Header { scheme, credentials: Text::new(given, file, "credentials")? })
            }
            _ => Err(HttpConfigError::SeveralAuths),
        }
    }
}

impl Text {
    fn new(
        given: Option<Secret>,
        file: Option<String>,
        key: &'static str,
    ) -> Result<Self, HttpConfigError> {
        match (given, file.filter(|file| !file.is_empty())) {
            (Some(_), Some(_)) => Err(HttpConfigError::ValueAndFile(key)),
            (None, Some(file)) => Ok(Self::File(file)),
            (given, None) => Ok(Self::Given(given.unwrap_or_default())),
        }
    }
}

impl TlsConfig {
    fn check(&self) -> Result<(), HttpConfigError> {
        for (given, file, key) in [
            (self.ca.is_some(), self.ca_file.is_some(), "ca"),
            (self.cert.is_some(), self.cert_file.is_some(), "cert"),
            (self.key.is_some(), self.key_file.is_some(), "key"),
        ] {
            if given && file {
                return Err(HttpConfigError::ValueAndFile(key));
            }
        }
        let has_cert = self.cert.is_some() || self.cert_file.is_some();
        let has_key = self.key.is_some() || self.key_file.is_some();
        match (has_cert, has_key) {
            (true, false) => return Err(HttpConfigError::HalfIdentity { missing: "key" }),
            (false, true) => return Err(HttpConfigError::HalfIdentity { missing: "cert" }),
            (true, true) | (false, false) => {}
        }
        match (self.min_version, self.max_version) {
            (Some(min), Some(max)) if min > max => Err(HttpConfigError::TlsVersions),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_settings::Document;

    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let document = Document::parse("f.yml", text).unwrap();
        let error = document.read::<HttpConfig>().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        refused("bearer_token: a\nbearer_token_file: b\n", "bearer_token and bearer_token_file");
        refused("bearer_token: a\nauthorization: {}\n", "at most one of basic_auth");
        refused("authorization: {type: Basic}\n", "use basic_auth instead");
        refused("basic_auth: {password: a, password_file: b}\n", "password and password_file");
        refused("tls_config: {cert_file: a}\n", "key is missing");
        refused("tls_config: {min_version: TLS13, max_version: TLS12}\n", "above max_version");
        refused("tls_config: {min_version: TLS10}\n", "f.yml:1:27: tls_config.min_version: TLS10");
        refused("http_headers: {Host: {values: [a]}}\n", "header \"Host\" is set by the client");
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        refused("oauth2: {client_id: a}\n", "f.yml:1:9: oauth2: this key of Prometheus");
        refused("tls_config: {server_name: a}\n", "tls_config.server_name: this key");
        refused("proxy_from_environment: true\n", "proxy_from_environment is not supported");
        refused("basic_autth: {}\n", "did you mean \"basic_auth\"?");
    }

    #[test]
    fn the_list_of_names_is_whole() {
        let document = Document::parse("f.yml", "none: 1").unwrap();
        let error = document.read::<HttpKeys>().unwrap_err().to_string();
        assert!(error.ends_with(&format!("(known here: {})", HTTP_KEYS.join(", "))), "{error}");
    }

    #[test]
    fn nothing_said_is_the_default() {
        let document = Document::parse("f.yml", "").unwrap();
        assert_eq!(document.read::<HttpConfig>().unwrap(), HttpConfig::default());
    }
}
