//! `tracing`.

use std::collections::BTreeMap;

use narthex_client::TlsConfig;
use narthex_settings::DurationText;
use serde::Deserialize;

/// The section; its keys fit together.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Keys")]
pub(super) struct Tracing;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    client_type: Option<ClientType>,
    endpoint: String,
    sampling_fraction: f64,
    insecure: bool,
    tls_config: Option<TlsConfig>,
    headers: BTreeMap<String, String>,
    compression: String,
    timeout: Option<DurationText>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ClientType {
    Grpc,
    Http,
}

impl TryFrom<Keys> for Tracing {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        super::check_headers(
            &keys.headers,
            "custom authorization header configuration is not yet supported",
        )?;
        if keys.endpoint.is_empty() {
            return Err("tracing endpoint must be set".to_owned());
        }
        if !matches!(keys.compression.as_str(), "" | "gzip") {
            let name = keys.compression;
            return Err(format!("invalid compression type {name} provided, valid options: gzip"));
        }
        Ok(Self)
    }
}
