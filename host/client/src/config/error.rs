//! Why the keys do not fit together.

/// Why the keys do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpConfigError {
    /// Two ways to authenticate.
    #[error(
        "at most one of basic_auth, authorization, oauth2, bearer_token and bearer_token_file may be set"
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
    /// Versions of TLS that are not spoken.
    #[error("TLS 1.0 and 1.1 are not spoken; write TLS12 or TLS13, or leave max_version out")]
    TlsTooOld,
    /// A header that the client sets itself.
    #[error("header {0:?} is set by the client and cannot be configured")]
    ReservedHeader(String),
    /// A key that only makes sense with another.
    #[error("no_proxy needs proxy_url")]
    NoProxyAlone,
    /// The environment says which proxy, or the configuration does.
    #[error("{0} cannot be set together with proxy_from_environment")]
    EnvironmentAnd(&'static str),
    /// Headers for a proxy that there is not.
    #[error("proxy_connect_header needs proxy_url or proxy_from_environment")]
    ConnectHeaderAlone,
    /// No URL, or none of a proxy.
    #[error(
        "{url:?} is no proxy to use: write http://, https://, socks5:// or socks5h:// and a host"
    )]
    ProxyUrl {
        /// As written, without its user and password.
        url: String,
    },
    /// The certificate's name is looked up like a host's, which an address is not.
    #[error("server_name must be a name and not the address {0}")]
    AddressAsServerName(String),
    /// A connection through a proxy is made to the name in the URL.
    #[error("server_name cannot be used through a proxy")]
    ServerNameAndProxy,
    /// The keys of `oauth2` do not fit together.
    #[error("oauth2 {0}")]
    OAuth2(Box<HttpConfigError>),
    /// A key that must be there.
    #[error("{0} must be configured")]
    Missing(&'static str),
    /// An algorithm that signs nothing here.
    #[error("{0:?} is no signature algorithm; write RS256, RS384 or RS512")]
    SignatureAlgorithm(String),
    /// There is no manager of secrets to ask.
    #[error("secrets are not looked up by name; write {0} or {0}_file instead of {0}_ref")]
    SecretReference(&'static str),
}

impl HttpConfigError {
    /// The key that has to change, as a JSON pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            Self::SeveralAuths | Self::Missing(_) => String::new(),
            Self::ValueAndFile(key) => match *key {
                "username" | "password" => format!("/basic_auth/{key}"),
                "credentials" => format!("/authorization/{key}"),
                "ca" | "cert" | "key" => format!("/tls_config/{key}"),
                other => format!("/{other}"),
            },
            Self::HalfIdentity { .. } | Self::TlsVersions => "/tls_config".to_owned(),
            Self::TlsTooOld => "/tls_config/max_version".to_owned(),
            Self::BasicAsType => "/authorization/type".to_owned(),
            Self::ReservedHeader(name) => format!("/http_headers/{name}"),
            Self::NoProxyAlone => "/no_proxy".to_owned(),
            Self::EnvironmentAnd(_) => "/proxy_from_environment".to_owned(),
            Self::ConnectHeaderAlone => "/proxy_connect_header".to_owned(),
            Self::ProxyUrl { .. } => "/proxy_url".to_owned(),
            Self::AddressAsServerName(_) | Self::ServerNameAndProxy => {
                "/tls_config/server_name".to_owned()
            }
            Self::OAuth2(error) => format!("/oauth2{}", error.pointer()),
            Self::SignatureAlgorithm(_) => "/signature_algorithm".to_owned(),
            Self::SecretReference(key) => format!("/{key}_ref"),
        }
    }
}
