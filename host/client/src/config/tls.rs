//! `tls_config`.

use std::net::IpAddr;

use narthex_settings::Secret;
use serde::Deserialize;

use super::error::HttpConfigError;
use super::proxy::ProxyConfig;

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
    pub server_name: Option<String>,
    #[serde(default)]
    pub insecure_skip_verify: bool,
    pub min_version: Option<TlsVersion>,
    pub max_version: Option<TlsVersion>,
}

/// A version of TLS. The first two are not spoken: who takes them from then on takes 1.2 as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum TlsVersion {
    /// 1.0
    Tls10,
    /// 1.1
    Tls11,
    /// 1.2
    Tls12,
    /// 1.3
    Tls13,
}

impl TryFrom<String> for TlsVersion {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "TLS10" => Ok(Self::Tls10),
            "TLS11" => Ok(Self::Tls11),
            "TLS12" => Ok(Self::Tls12),
            "TLS13" => Ok(Self::Tls13),
            _ => Err(format!("{name:?} is no TLS version; write TLS12 or TLS13")),
        }
    }
}

impl TlsConfig {
    /// A file that is read for it, if any is, so that it can change while the server runs.
    pub(crate) fn any_file(&self) -> Option<&str> {
        [&self.ca_file, &self.cert_file, &self.key_file]
            .into_iter()
            .find_map(|file| file.as_deref())
    }

    /// The name that the server's certificate must be for, where it is not that of the URL.
    pub(crate) fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref().filter(|name| !name.is_empty())
    }

    /// The keys, if they fit together and to the proxy.
    pub(super) fn checked(
        keys: Option<Self>,
        proxy: &ProxyConfig,
    ) -> Result<Self, HttpConfigError> {
        let tls = keys.unwrap_or_default();
        tls.check()?;
        if tls.server_name().is_some() && proxy.is_fixed() {
            return Err(HttpConfigError::ServerNameAndProxy);
        }
        Ok(tls)
    }

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
        if let Some(name) = self.server_name().filter(|name| name.parse::<IpAddr>().is_ok()) {
            return Err(HttpConfigError::AddressAsServerName(name.to_owned()));
        }
        match (self.min_version, self.max_version) {
            (_, Some(max)) if max < TlsVersion::Tls12 => Err(HttpConfigError::TlsTooOld),
            (Some(min), Some(max)) if min > max => Err(HttpConfigError::TlsVersions),
            _ => Ok(()),
        }
    }
}
