//! `narthex check web-config`: the file that Prometheus and its exporters take as
//! `--web.config.file` (`exporter-toolkit`, `docs/web-configuration.md`).

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, RealDisk, read_to_string};
use narthex_settings::{Document, DurationText, Secret};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;

use super::{Verdict, complain};

/// The file is written by hand; certificates are short.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Headers that may be added to answers.
const HEADERS: [&str; 5] = [
    "Strict-Transport-Security",
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
];

pub(super) fn check(files: &[Utf8PathBuf]) -> Verdict {
    // An error means that another part of the process has set the same provider already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let disk = RealDisk::shared();
    let judged = files.iter().map(|file| match one(&*disk, file) {
        Ok(()) => {
            complain(&format!("{file} SUCCESS"));
            Verdict::Good
        }
        Err(error) => {
            complain(&format!("{file} FAILED: {error:#}"));
            Verdict::Bad
        }
    });
    judged.max().unwrap_or_default()
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WebConfig {
    tls_server_config: TlsServer,
    http_server_config: HttpServer,
    rate_limit: RateLimit,
    /// Names and bcrypt hashes.
    basic_auth_users: BTreeMap<String, Secret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TlsServer {
    cert: String,
    key: Secret,
    client_ca: String,
    cert_file: String,
    key_file: String,
    client_auth_type: String,
    client_ca_file: String,
    cipher_suites: Vec<Cipher>,
    curve_preferences: Vec<Curve>,
    #[serde(rename = "min_version")]
    _min_version: Option<Version>,
    #[serde(rename = "max_version")]
    _max_version: Option<Version>,
    #[serde(rename = "prefer_server_cipher_suites")]
    _prefers_own: bool,
    client_allowed_sans: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HttpServer {
    #[serde(rename = "http2")]
    _http2: bool,
    headers: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RateLimit {
    #[serde(rename = "burst")]
    _burst: i64,
    #[serde(rename = "interval")]
    _interval: Option<DurationText>,
}

/// A word of a list; the list is Go's.
macro_rules! words {
    ($name:ident, $what:literal, [$($word:literal),* $(,)?]) => {
        #[derive(Debug, Deserialize)]
        #[serde(try_from = "String")]
        struct $name;

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                match text.as_str() {
                    $($word)|* => Ok(Self),
                    _ => Err(format!("unknown {}: {text}", $what)),
                }
            }
        }
    };
}

words!(Version, "TLS version", ["TLS13", "TLS12", "TLS11", "TLS10"]);
words!(Curve, "curve", ["CurveP256", "CurveP384", "CurveP521", "X25519"]);
words!(
    Cipher,
    "cipher",
    [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ]
);

fn one(disk: &dyn Disk, path: &Utf8Path) -> anyhow::Result<()> {
    let text = read_to_string(disk, path, FILE_BYTES_MAX)?;
    let document = Document::parse(path.as_str(), &text)?;
    let config: WebConfig = document.read()?;
    for (user, hash) in &config.basic_auth_users {
        anyhow::ensure!(is_bcrypt(hash.expose()), "basic_auth_users.{user}: it is no bcrypt hash");
    }
    for header in config.http_server_config.headers.keys() {
        anyhow::ensure!(
            HEADERS.contains(&header.as_str()),
            "http_server_config.headers: HTTP header {header:?} can not be configured"
        );
    }
    config.tls_server_config.check(disk, path.parent().unwrap_or(Utf8Path::new("")))
}

impl TlsServer {
    fn check(&self, disk: &dyn Disk, folder: &Utf8Path) -> anyhow::Result<()> {
        let key = self.key.expose();
        let is_set = |text: &str| !text.is_empty();
        let is_used = [&self.cert, &self.cert_file, &self.key_file, &self.client_ca]
            .into_iter()
            .chain([&self.client_ca_file, &self.client_auth_type])
            .any(|text| is_set(text))
            || is_set(key);
        if !is_used {
            return Ok(());
        }
        anyhow::ensure!(
            is_set(&self.cert) || is_set(&self.cert_file),
            "tls_server_config: missing one of cert or cert_file"
        );
        anyhow::ensure!(
            is_set(key) || is_set(&self.key_file),
            "tls_server_config: missing one of key or key_file"
        );
        let pem = |file: &str, given: &str, name: &str| -> anyhow::Result<Vec<u8>> {
            if file.is_empty() {
                return Ok(given.as_bytes().to_vec());
            }
            let path = folder.join(file);
            disk.read(&path, FILE_BYTES_MAX)
                .map_err(|error| anyhow::anyhow!("tls_server_config.{name}: read {path}: {error}"))
        };
        check_pair(
            &pem(&self.cert_file, &self.cert, "cert_file")?,
            &pem(&self.key_file, key, "key_file")?,
        )?;
        let has_authority = is_set(&self.client_ca) || is_set(&self.client_ca_file);
        pem(&self.client_ca_file, &self.client_ca, "client_ca_file")?;
        let asks = match self.client_auth_type.as_str() {
            "" | "NoClientCert" => Asks::Nothing,
            "RequestClientCert" | "VerifyClientCertIfGiven" => Asks::Politely,
            "RequireAnyClientCert" | "RequireClientCert" | "RequireAndVerifyClientCert" => {
                Asks::Always
            }
            other => {
                anyhow::bail!("tls_server_config.client_auth_type: invalid ClientAuth: {other}")
            }
        };
        anyhow::ensure!(
            !has_authority || asks != Asks::Nothing,
            "tls_server_config: client CA's have been configured without a Client Auth Policy"
        );
        anyhow::ensure!(
            self.client_allowed_sans.is_none() || asks == Asks::Always,
            "tls_server_config.client_allowed_sans requires client_auth_type to be one of \
             RequireAnyClientCert or RequireAndVerifyClientCert"
        );
        Ok(())
    }
}

/// Whether a client shows a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nothing,
    Politely,
    Always,
}

/// Certificate and key can be read, and belong to each other.
fn check_pair(cert: &[u8], key: &[u8]) -> anyhow::Result<()> {
    let certs = CertificateDer::pem_slice_iter(cert).collect::<Result<Vec<_>, _>>();
    let certs = certs.map_err(|error| anyhow::anyhow!("tls_server_config.cert: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(key);
    let key = key.map_err(|error| anyhow::anyhow!("tls_server_config.key: {error}"))?;
    let server = rustls::ServerConfig::builder().with_no_client_auth();
    let server = server.with_single_cert(certs, key);
    server.map_err(|error| anyhow::anyhow!("tls_server_config: cert and key: {error}"))?;
    Ok(())
}

/// `$2b$10$` and 53 characters: version, cost, salt and hash.
fn is_bcrypt(hash: &str) -> bool {
    let mut parts = hash.split('$');
    let (Some(""), Some(version), Some(cost), Some(rest), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    matches!(version, "2" | "2a" | "2b" | "2x" | "2y")
        && cost.parse().is_ok_and(|cost: u8| (4..=31).contains(&cost))
        && rest.len() == 53
        && rest.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_its_shape() {
        let rest = "hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay";
        assert!(is_bcrypt(&format!("$2y$10${rest}")));
        assert!(!is_bcrypt(&format!("$2y$40${rest}")));
        assert!(!is_bcrypt(&format!("$5y$10${rest}")));
        assert!(!is_bcrypt("hunter2"));
    }
}
