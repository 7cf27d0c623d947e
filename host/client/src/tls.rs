//! TLS of one configuration. All its pools share what is made here: certificates of authorities are many.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::client::SetupError;
use crate::config::{TlsConfig, TlsVersion};
use crate::files::Reader;

/// How connections are encrypted.
#[derive(Debug)]
pub(crate) struct Tls {
    material: Material,
    /// How often certificates were renewed before this.
    pub(crate) renewals: u64,
    config: ClientConfig,
}

/// Certificates and keys as they stand in the configuration or in files, in PEM.
#[derive(PartialEq, Eq)]
struct Material {
    authorities: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Material(<secret>)")
    }
}

impl Tls {
    pub(crate) fn read(config: &TlsConfig, reader: &Reader) -> Result<Self, SetupError> {
        let material = Material::read(config, reader)?;
        Ok(Self { config: material.configure(config)?, material, renewals: 0 })
    }

    /// What the files hold now, where that is something else.
    pub(crate) fn renewed(
        &self,
        config: &TlsConfig,
        reader: &Reader,
    ) -> Result<Option<Self>, SetupError> {
        if config.any_file().is_none() {
            return Ok(None);
        }
        let material = Material::read(config, reader)?;
        if material == self.material {
            return Ok(None);
        }
        let renewals = self.renewals + 1;
        Ok(Some(Self { config: material.configure(config)?, material, renewals }))
    }

    /// For a protocol that is not HTTP and says nothing of itself in the handshake.
    pub(crate) fn plain(&self) -> ClientConfig {
        self.config.clone()
    }

    /// For a client that speaks HTTP/2 where the server does, or HTTP/1.1 alone.
    pub(crate) fn client(&self, speaks_http2: bool) -> ClientConfig {
        let mut config = self.config.clone();
        let protocols: &[&[u8]] = if speaks_http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        config
    }
}

impl Material {
    fn read(config: &TlsConfig, reader: &Reader) -> Result<Self, SetupError> {
        let pem = |given: Option<&str>, file: Option<&str>| match (given, file) {
            (Some(given), _) => Ok(Some(given.as_bytes().to_vec())),
            (None, Some(file)) => reader.bytes(file).map(Some),
            (None, None) => Ok(None),
        };
        let key = config.key.as_ref().map(|key| key.expose());
        Ok(Self {
            authorities: pem(config.ca.as_deref(), config.ca_file.as_deref())?,
            certificate: pem(config.cert.as_deref(), config.cert_file.as_deref())?,
            key: pem(key, config.key_file.as_deref())?,
        })
    }

    fn configure(&self, config: &TlsConfig) -> Result<ClientConfig, SetupError> {
        let is_spoken = |version: TlsVersion| {
            config.min_version.is_none_or(|min| min <= version)
                && config.max_version.is_none_or(|max| version <= max)
        };
        let versions = [
            (TlsVersion::Tls12, &rustls::version::TLS12),
            (TlsVersion::Tls13, &rustls::version::TLS13),
        ];
        let versions: Vec<_> = versions
            .into_iter()
            .filter_map(|(version, spoken)| is_spoken(version).then_some(spoken))
            .collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(&versions);
        let builder = builder.map_err(|error| SetupError::key("min_version", error))?;
        let builder = if config.insecure_skip_verify {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody))
        } else {
            builder.with_root_certificates(match &self.authorities {
                Some(pem) => Arc::new(authorities(pem)?),
                None => system_authorities(),
            })
        };
        let (Some(certificate), Some(key)) = (&self.certificate, &self.key) else {
            return Ok(builder.with_no_client_auth());
        };
        let wrong = |error| SetupError::key("cert_file", error);
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| SetupError::key("cert_file", error))?;
        let key = PrivateKeyDer::from_pem_slice(key);
        let key = key.map_err(|error| SetupError::key("key_file", error))?;
        if chain.is_empty() {
            return Err(SetupError::key("cert_file", "no certificate in PEM"));
        }
        builder.with_client_auth_cert(chain, key).map_err(wrong)
    }
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, SetupError> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| SetupError::key("ca_file", error))?;
        store.add(certificate).map_err(|error| SetupError::key("ca_file", error))?;
    }
    if store.is_empty() {
        return Err(SetupError::key("ca_file", "no certificate in PEM"));
    }
    Ok(store)
}

/// The authorities that the machine trusts, read once. A machine without any can still talk HTTP; HTTPS
/// then says what is unknown.
fn system_authorities() -> Arc<RootCertStore> {
    static STORE: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(store)
    };
    Arc::clone(STORE.get_or_init(read))
}

/// Believes every server, as `insecure_skip_verify` asks for.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ED25519,
            SignatureScheme::ED448,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::ECDSA_SHA1_Legacy,
            SignatureScheme::RSA_PKCS1_SHA1,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientOptions;

    const CERTIFICATE: &str = include_str!("client/tests/server.pem");
    const KEY: &str = include_str!("client/tests/server.key.pem");

    fn read(keys: &TlsConfig) -> Result<Tls, SetupError> {
        Tls::read(keys, &Reader::new(&ClientOptions::default()))
    }

    fn identity(cert: &str, key: &str) -> TlsConfig {
        let (cert, key) = (Some(cert.to_owned()), Some(key.to_owned().into()));
        TlsConfig { cert, key, ..TlsConfig::default() }
    }

    #[test]
    fn a_client_shows_its_certificate() {
        let shows = |tls: Tls| tls.client(true).client_auth_cert_resolver.has_certs();
        assert!(shows(read(&identity(CERTIFICATE, KEY)).unwrap()));
        assert!(!shows(read(&TlsConfig::default()).unwrap()));
    }

    #[test]
    fn the_oldest_version_may_be_one_that_is_not_spoken() {
        let of = |min_version| TlsConfig { min_version: Some(min_version), ..TlsConfig::default() };
        for version in [TlsVersion::Tls10, TlsVersion::Tls11, TlsVersion::Tls12] {
            read(&of(version)).unwrap().client(true);
        }
    }

    #[test]
    fn what_is_no_certificate_or_key_is_told_by_its_key() {
        let ca = |text: &str| TlsConfig { ca: Some(text.to_owned()), ..TlsConfig::default() };
        let half = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        let other = include_str!("client/tests/signer.key.pem");
        for (keys, expected) in [
            (ca("none"), "ca_file"),
            (ca(half), "ca_file"),
            (identity("none", KEY), "cert_file"),
            (identity(CERTIFICATE, "none"), "key_file"),
            (identity(CERTIFICATE, other), "cert_file"),
        ] {
            assert_eq!(read(&keys).unwrap_err().to_string(), expected);
        }
    }
}
