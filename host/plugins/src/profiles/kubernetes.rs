//! How an API server of Kubernetes is reached: by what the item says, by a kubeconfig, or by the
//! service account of the pod that the server runs in.

mod kubeconfig;

use std::net::Ipv6Addr;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_client::{Authorization, HttpConfig, HttpConfigError, HttpKeys, TlsConfig};
use narthex_platform::read_to_string;
use serde_json::Value;

use self::kubeconfig::KubeconfigError;
use super::Machine;

/// Where a pod finds its account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A kubeconfig or the name of a namespace is not longer.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why an item does not say how the API server is reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KubernetesError {
    #[error("api_server and kubeconfig_file cannot be given both")]
    TwoServers,
    #[error("kubeconfig_file says how to log in: HTTP keys cannot be given beside it")]
    KeysBesideFile,
    #[error("to use HTTP keys, give api_server too")]
    KeysWithoutServer,
    #[error("api_server: {0:?} is no URL; write https://host:port")]
    NoUrl(String),
}

/// Why the machine cannot tell how the API server is reached, now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFound {
    #[error(
        "neither api_server nor kubeconfig_file is given, and this server does not run in a cluster: \
         KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"
    )]
    NoCluster,
    #[error("read {path}")]
    Read { path: Utf8PathBuf, source: std::io::Error },
    #[error("kubeconfig {path}")]
    Kubeconfig { path: Utf8PathBuf, source: KubeconfigError },
    #[error("the credentials of {path} do not fit together")]
    Keys { path: Utf8PathBuf, source: HttpConfigError },
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The server and what its client needs; `None`: the item's own keys.
    Server(Option<Box<HttpConfig>>),
    /// Nothing, now; another try may find it.
    Nothing(NotFound),
}

/// Fills in `api_server` and `own_namespace`.
pub(crate) fn find(
    config: &mut Value,
    http: Option<&HttpConfig>,
    machine: &Machine,
) -> Result<Found, KubernetesError> {
    let has_keys = http.is_some_and(|http| *http != HttpConfig::default());
    let text = |key: &str| {
        let text = config.get(key).and_then(Value::as_str).unwrap_or_default();
        (!text.is_empty()).then(|| text.to_owned())
    };
    match (text("api_server"), text("kubeconfig_file")) {
        (Some(_), Some(_)) => return Err(KubernetesError::TwoServers),
        (Some(url), None) => {
            let is_url = url::Url::parse(&url).is_ok_and(|url| url.has_host());
            return if is_url { Ok(Found::Server(None)) } else { Err(KubernetesError::NoUrl(url)) };
        }
        (None, Some(_)) if has_keys => return Err(KubernetesError::KeysBesideFile),
        (None, None) if has_keys => return Err(KubernetesError::KeysWithoutServer),
        (None, Some(_) | None) => {}
    }
    let found = match text("kubeconfig_file") {
        Some(path) => of_file(Utf8Path::new(&path), machine),
        None => of_pod(config, machine),
    };
    Ok(match found {
        Ok((server, http)) => {
            set(config, "api_server", server);
            Found::Server(Some(Box::new(http)))
        }
        Err(nothing) => Found::Nothing(nothing),
    })
}

fn of_file(path: &Utf8Path, machine: &Machine) -> Result<(String, HttpConfig), NotFound> {
    let text = read_to_string(&*machine.client.disk, path, FILE_BYTES_MAX)
        .map_err(|source| NotFound::Read { path: path.to_owned(), source })?;
    let (server, keys) = kubeconfig::read(path, &text)
        .map_err(|source| NotFound::Kubeconfig { path: path.to_owned(), source })?;
    Ok((server, checked(keys, path)?))
}

/// The account of the pod. Its token is a file that the client reads for each request: it is replaced
/// from time to time.
fn of_pod(config: &mut Value, machine: &Machine) -> Result<(String, HttpConfig), NotFound> {
    let variable = |name: &str| machine.environment.get(name).ok_or(NotFound::NoCluster);
    let host = variable("KUBERNETES_SERVICE_HOST")?;
    let port = variable("KUBERNETES_SERVICE_PORT")?;
    let host = if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host };
    let account = Utf8Path::new(ACCOUNT);
    let path = account.join("namespace");
    let is_wanted = config.pointer("/namespaces/own_namespace") == Some(&Value::Bool(true));
    match read_to_string(&*machine.client.disk, &path, FILE_BYTES_MAX) {
        Ok(namespace) => set(config, "own_namespace", namespace.trim().to_owned()),
        Err(source) if is_wanted => return Err(NotFound::Read { path, source }),
        Err(_) => {}
    }
    let keys = HttpKeys {
        authorization: Some(Authorization {
            credentials_file: Some(account.join("token").into_string()),
            ..Authorization::default()
        }),
        tls_config: Some(TlsConfig {
            ca_file: Some(account.join("ca.crt").into_string()),
            ..TlsConfig::default()
        }),
        ..HttpKeys::default()
    };
    Ok((format!("https://{host}:{port}"), checked(keys, account)?))
}

fn checked(keys: HttpKeys, path: &Utf8Path) -> Result<HttpConfig, NotFound> {
    let path = path.to_owned();
    HttpConfig::try_from(keys).map_err(|source| NotFound::Keys { path, source })
}

fn set(config: &mut Value, key: &str, value: String) {
    if let Value::Object(keys) = config {
        keys.insert(key.to_owned(), Value::String(value));
    }
}

#[cfg(test)]
mod tests;
