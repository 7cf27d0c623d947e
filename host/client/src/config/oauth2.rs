//! `oauth2`: the keys of the two grants that Prometheus knows.

use std::collections::BTreeMap;

use narthex_settings::Secret;
use serde::Deserialize;

use super::auth::Text;
use super::error::HttpConfigError;
use super::proxy::ProxyConfig;
use super::tls::TlsConfig;

/// RFC 7523, part 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// `oauth2`, as it stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of Prometheus")]
pub struct OAuth2Keys {
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    pub client_secret_file: Option<String>,
    pub client_secret_ref: Option<String>,
    pub client_certificate_key_id: Option<String>,
    pub client_certificate_key: Option<Secret>,
    pub client_certificate_key_file: Option<String>,
    pub client_certificate_key_ref: Option<String>,
    pub grant_type: Option<String>,
    pub signature_algorithm: Option<String>,
    pub iss: Option<String>,
    pub audience: Option<String>,
    #[serde(default)]
    pub claims: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    pub scopes: Vec<String>,
    pub token_url: Option<String>,
    #[serde(default)]
    pub endpoint_params: BTreeMap<String, String>,
    pub tls_config: Option<TlsConfig>,
    pub proxy_url: Option<String>,
    pub no_proxy: Option<String>,
    pub proxy_from_environment: Option<bool>,
    #[serde(default)]
    pub proxy_connect_header: BTreeMap<String, Vec<Secret>>,
}

/// How to get a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OAuth2 {
    pub(crate) client_id: String,
    pub(crate) grant: Grant,
    pub(crate) scopes: Vec<String>,
    pub(crate) token_url: String,
    pub(crate) endpoint_params: BTreeMap<String, String>,
    pub(crate) tls: TlsConfig,
    pub(crate) proxy: ProxyConfig,
}

/// By which right a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// `client_credentials`: a password.
    Secret(Text),
    /// An assertion that a private key signs.
    Assertion(Assertion),
}

/// What an assertion says, and who signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assertion {
    /// An RSA key in PEM.
    pub(crate) key: Text,
    pub(crate) key_id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) claims: serde_json::Map<String, serde_json::Value>,
}

/// RSA with PKCS #1 v1.5 over a hash (RFC 7518, part 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
}

impl Algorithm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}

impl TryFrom<OAuth2Keys> for OAuth2 {
    type Error = HttpConfigError;

    fn try_from(keys: OAuth2Keys) -> Result<Self, HttpConfigError> {
        let client_id = needed(keys.client_id, "client_id")?;
        let token_url = needed(keys.token_url, "token_url")?;
        let grant = if keys.grant_type.as_deref() == Some(JWT_BEARER) {
            refuse_reference(keys.client_certificate_key_ref.as_ref(), "client_certificate_key")?;
            Grant::Assertion(Assertion {
                key: Text::new(
                    keys.client_certificate_key,
                    keys.client_certificate_key_file,
                    "client_certificate_key",
                )?,
                key_id: given(keys.client_certificate_key_id),
                algorithm: algorithm(given(keys.signature_algorithm).as_deref())?,
                issuer: given(keys.iss).unwrap_or_else(|| client_id.clone()),
                audience: given(keys.audience).unwrap_or_else(|| token_url.clone()),
                claims: keys.claims,
            })
        } else {
            refuse_reference(keys.client_secret_ref.as_ref(), "client_secret")?;
            let secret = Text::new(keys.client_secret, keys.client_secret_file, "client_secret")?;
            Grant::Secret(secret)
        };
        let proxy = ProxyConfig::new(
            keys.proxy_url,
            keys.no_proxy,
            keys.proxy_from_environment,
            keys.proxy_connect_header,
        )?;
        let tls = TlsConfig::checked(keys.tls_config, &proxy)?;
        let (scopes, endpoint_params) = (keys.scopes, keys.endpoint_params);
        Ok(Self { client_id, grant, scopes, token_url, endpoint_params, tls, proxy })
    }
}

/// A text that says something: an empty one is as none.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn needed(text: Option<String>, key: &'static str) -> Result<String, HttpConfigError> {
    given(text).ok_or(HttpConfigError::Missing(key))
}

fn refuse_reference(name: Option<&String>, key: &'static str) -> Result<(), HttpConfigError> {
    match name {
        Some(name) if !name.is_empty() => Err(HttpConfigError::SecretReference(key)),
        Some(_) | None => Ok(()),
    }
}

fn algorithm(name: Option<&str>) -> Result<Algorithm, HttpConfigError> {
    match name {
        None | Some("RS256") => Ok(Algorithm::Rs256),
        Some("RS384") => Ok(Algorithm::Rs384),
        Some("RS512") => Ok(Algorithm::Rs512),
        Some(other) => Err(HttpConfigError::SignatureAlgorithm(other.to_owned())),
    }
}
