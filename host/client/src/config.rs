//! The keys that Prometheus calls `http_config`: inline in a scrape job, nested elsewhere.

mod auth;
mod error;
mod oauth2;
mod proxy;
mod tls;

use std::collections::BTreeMap;

use narthex_settings::Secret;
use serde::Deserialize;

pub(crate) use self::auth::{Auth, Text};
pub use self::auth::{Authorization, BasicAuth};
pub use self::error::HttpConfigError;
pub use self::oauth2::OAuth2Keys;
pub(crate) use self::oauth2::{Algorithm, Assertion, Grant, OAuth2};
pub use self::proxy::ProxyEnvironment;
pub(crate) use self::proxy::{Proxies, ProxyConfig, ProxyUrl};
pub use self::tls::{TlsConfig, TlsVersion};

/// The keys as they stand in the file; [`HttpConfig::try_from`] checks them. A room that has them
/// inline lists the same fields and hands them on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct HttpKeys {
    pub basic_auth: Option<BasicAuth>,
    pub authorization: Option<Authorization>,
    pub oauth2: Option<OAuth2Keys>,
    pub bearer_token: Option<Secret>,
    pub bearer_token_file: Option<String>,
    pub tls_config: Option<TlsConfig>,
    pub follow_redirects: Option<bool>,
    pub enable_http2: Option<bool>,
    pub proxy_url: Option<String>,
    pub no_proxy: Option<String>,
    pub proxy_from_environment: Option<bool>,
    #[serde(default)]
    pub proxy_connect_header: BTreeMap<String, Vec<Secret>>,
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

/// How to talk to an HTTP server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "HttpKeys")]
pub struct HttpConfig {
    pub(crate) auth: Auth,
    pub(crate) tls: TlsConfig,
    pub(crate) redirects: Redirects,
    pub(crate) enable_http2: bool,
    pub(crate) proxy: ProxyConfig,
    pub(crate) headers: BTreeMap<String, HeaderValues>,
}

/// Which redirects are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// None: they are answers.
    None,
    /// Those within one house; any other is an error.
    AtHome,
    /// All.
    All,
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
            redirects: Redirects::All,
            enable_http2: true,
            proxy: ProxyConfig::default(),
            headers: BTreeMap::new(),
        }
    }
}

impl TryFrom<HttpKeys> for HttpConfig {
    type Error = HttpConfigError;

    fn try_from(keys: HttpKeys) -> Result<Self, HttpConfigError> {
        let proxy = ProxyConfig::new(
            keys.proxy_url,
            keys.no_proxy,
            keys.proxy_from_environment,
            keys.proxy_connect_header,
        )?;
        for name in keys.http_headers.keys() {
            if is_reserved_header(name) {
                return Err(HttpConfigError::ReservedHeader(name.clone()));
            }
        }
        let redirects = match keys.follow_redirects {
            None | Some(true) => Redirects::All,
            Some(false) => Redirects::None,
        };
        Ok(Self {
            auth: Auth::new(
                keys.basic_auth,
                keys.authorization,
                keys.oauth2,
                keys.bearer_token,
                keys.bearer_token_file,
            )?,
            tls: TlsConfig::checked(keys.tls_config, &proxy)?,
            redirects,
            enable_http2: keys.enable_http2.unwrap_or(true),
            proxy,
            headers: keys.http_headers,
        })
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
        refused(
            "tls_config: {min_version: TLS14}\n",
            "f.yml:1:27: tls_config.min_version: \"TLS14\"",
        );
        refused("tls_config: {max_version: TLS11}\n", "TLS 1.0 and 1.1 are not spoken");
        refused("http_headers: {Host: {values: [a]}}\n", "header \"Host\" is set by the client");
    }

    #[test]
    fn proxies_and_names_that_do_not_fit_together_are_refused() {
        refused("proxy_connect_header: {A: [b]}\n", "needs proxy_url or proxy_from_environment");
        refused("proxy_from_environment: true\nproxy_url: http://a\n", "proxy_url cannot be set");
        refused("proxy_from_environment: true\nno_proxy: a\n", "no_proxy cannot be set");
        refused("no_proxy: a\n", "no_proxy needs proxy_url");
        refused("proxy_url: ftp://me:pw@x y\n", "\"x y\" is no proxy to use");
        refused("tls_config: {server_name: 192.0.2.1}\n", "must be a name and not the address");
        refused("tls_config: {server_name: a}\nproxy_url: b\n", "cannot be used through a proxy");
        // The environment may name no proxy for the job's targets.
        let text = "tls_config: {server_name: a}\nproxy_from_environment: true\n";
        Document::parse("f.yml", text).unwrap().read::<HttpConfig>().unwrap();
        refused("basic_autth: {}\n", "did you mean \"basic_auth\"?");
    }

    #[test]
    fn tokens_that_cannot_be_asked_for_are_refused() {
        refused("oauth2: {}\n", "oauth2 client_id must be configured");
        refused("oauth2: {client_id: a}\n", "oauth2 token_url must be configured");
        refused("oauth2: {client_id: a, token_url: b}\nbasic_auth: {}\n", "at most one of");
        let with = |more: &str| format!("oauth2: {{client_id: a, token_url: b, {more}}}\n");
        refused(&with("client_secret: c, client_secret_file: d"), "client_secret_file may be set");
        refused(&with("client_secret_ref: c"), "not looked up by name");
        let jwt = "grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'";
        refused(&with(&format!("{jwt}, signature_algorithm: HS256")), "RS256, RS384 or RS512");
        refused(&with("no_proxy: c"), "oauth2 no_proxy needs proxy_url");
        let both = "tls_config: {server_name: c}, proxy_url: d";
        refused(&with(both), "oauth2 server_name cannot be used through a proxy");
    }

    #[test]
    fn what_is_wrong_with_oauth2_is_shown_there() {
        let missing = OAuth2Keys::default();
        let alone = OAuth2Keys {
            client_id: Some("a".to_owned()),
            token_url: Some("b".to_owned()),
            no_proxy: Some("c".to_owned()),
            ..OAuth2Keys::default()
        };
        for (keys, pointer) in [(missing, "/oauth2"), (alone, "/oauth2/no_proxy")] {
            let keys = HttpKeys { oauth2: Some(keys), ..HttpKeys::default() };
            assert_eq!(HttpConfig::try_from(keys).unwrap_err().pointer(), pointer);
        }
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
