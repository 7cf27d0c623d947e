//! Certificates and keys, as they stand in the configuration or in files.

use narthex_settings::error_chain;

use crate::client::{ClientOptions, SetupError};
use crate::config::{TlsConfig, TlsVersion};
use crate::secret::SECRET_BYTES_MAX;

/// What TLS needs of the disk, in PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Material {
    ca: Option<Vec<u8>>,
    /// A certificate and its key.
    identity: Option<Vec<u8>>,
}

impl Material {
    /// Reads what the configuration names.
    pub(crate) fn read(config: &TlsConfig, options: &ClientOptions) -> Result<Self, SetupError> {
        let ca = pem(options, config.ca.as_deref(), config.ca_file.as_deref())?;
        let cert = pem(options, config.cert.as_deref(), config.cert_file.as_deref())?;
        let key = config.key.as_ref().map(|key| key.expose());
        let key = pem(options, key, config.key_file.as_deref())?;
        let identity = cert.zip(key).map(|(mut pair, key)| {
            pair.push(b'\n');
            pair.extend_from_slice(&key);
            pair
        });
        Ok(Self { ca, identity })
    }

    /// Gives a client its certificates, keys and versions.
    pub(crate) fn configure(
        &self,
        mut builder: reqwest::ClientBuilder,
        config: &TlsConfig,
    ) -> Result<reqwest::ClientBuilder, SetupError> {
        if let Some(ca) = &self.ca {
            let bundle = reqwest::Certificate::from_pem_bundle(ca);
            let bundle = bundle.map_err(|error| SetupError::key("ca_file", error))?;
            if bundle.is_empty() {
                return Err(SetupError::key("ca_file", "no certificate in PEM"));
            }
            builder = builder.tls_certs_only(bundle);
        } else if !has_system_roots() {
            // A machine without certificates can still talk HTTP; HTTPS then says what is unknown.
            builder = builder.tls_certs_only([]);
        }
        if let Some(identity) = &self.identity {
            let identity = reqwest::Identity::from_pem(identity);
            builder =
                builder.identity(identity.map_err(|error| SetupError::key("cert_file", error))?);
        }
        if config.insecure_skip_verify {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        let version = |version| match version {
            TlsVersion::Tls12 => reqwest::tls::Version::TLS_1_2,
            TlsVersion::Tls13 => reqwest::tls::Version::TLS_1_3,
        };
        if let Some(min) = config.min_version {
            builder = builder.tls_version_min(version(min));
        }
        if let Some(max) = config.max_version {
            builder = builder.tls_version_max(version(max));
        }
        Ok(builder)
    }
}

/// Whether the system's certificates can be loaded; asked once.
fn has_system_roots() -> bool {
    static HAS_ROOTS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *HAS_ROOTS.get_or_init(|| reqwest::Client::builder().no_proxy().build().is_ok())
}

fn pem(
    options: &ClientOptions,
    given: Option<&str>,
    file: Option<&str>,
) -> Result<Option<Vec<u8>>, SetupError> {
    match (given, file) {
        (Some(given), _) => Ok(Some(given.as_bytes().to_vec())),
        (None, Some(file)) => {
            let path = options.folder.join(file);
            match options.disk.read(&path, SECRET_BYTES_MAX) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(source) => Err(SetupError::File { path, source }),
            }
        }
        (None, None) => Ok(None),
    }
}

/// Looks again at the files of a client that is in use.
#[derive(Debug)]
pub(crate) struct Renewal {
    material: Material,
    /// What was wrong at the last look; told once.
    trouble: Option<String>,
}

impl Renewal {
    pub(crate) fn new(material: Material) -> Self {
        Self { material, trouble: None }
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }

    /// Takes in new files when `usable` can make a client of them, and says whether it did. Files that
    /// cannot be used leave the former ones in place, so that half a renewal breaks nothing.
    pub(crate) fn look(
        &mut self,
        config: &TlsConfig,
        options: &ClientOptions,
        usable: impl FnOnce(&Material) -> Result<(), SetupError>,
    ) -> bool {
        let looked = Material::read(config, options).and_then(|material| {
            if material == self.material {
                return Ok(None);
            }
            usable(&material)?;
            Ok(Some(material))
        });
        match looked {
            Ok(fresh) => {
                self.trouble = None;
                let is_fresh = fresh.is_some();
                self.material = fresh.unwrap_or_else(|| std::mem::take(&mut self.material));
                is_fresh
            }
            Err(error) => {
                let trouble = error_chain(&error);
                if self.trouble.as_ref() != Some(&trouble) {
                    let kept = "the former certificates are kept";
                    tracing::warn!(error = trouble, "certificates cannot be renewed; {kept}");
                    self.trouble = Some(trouble);
                }
                false
            }
        }
    }
}
