//! A kubeconfig: of its current context the server and the credentials.

use camino::Utf8Path;
use narthex_client::{Authorization, BasicAuth, HttpKeys, TlsConfig};
use narthex_settings::{Document, Secret, SettingsError};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::base64::decoded;

/// Why a kubeconfig does not say how the server is reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KubeconfigError {
    #[error(transparent)]
    Yaml(#[from] SettingsError),
    #[error("it has no current-context")]
    NoContext,
    #[error("its {list} hold no {name:?}")]
    Missing { list: &'static str, name: String },
    #[error("cluster {0:?} has no server")]
    NoServer(String),
    #[error("server {0:?} is no URL; write https://host:port")]
    NoUrl(String),
    #[error(
        "server {0:?} tells no scheme, and the token or password would be sent in the open; write https://"
    )]
    InTheOpen(String),
    #[error("{key} is no base64 of PEM")]
    NotPem { key: &'static str },
    #[error(
        "user {0:?} logs in by a program (exec, auth-provider), which this server does not run; give \
         it a token or a certificate"
    )]
    Program(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kubeconfig {
    #[serde(default)]
    current_context: String,
    #[serde(default)]
    contexts: Vec<NamedContext>,
    #[serde(default)]
    clusters: Vec<NamedCluster>,
    #[serde(default)]
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    cluster: String,
    #[serde(default)]
    user: String,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[derive(Default)]
struct Cluster {
    server: String,
    tls_server_name: Option<String>,
    insecure_skip_tls_verify: bool,
    certificate_authority: Option<String>,
    certificate_authority_data: Option<String>,
    proxy_url: Option<String>,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    #[serde(default)]
    user: User,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    client_certificate: Option<String>,
    client_certificate_data: Option<String>,
    client_key: Option<String>,
    client_key_data: Option<String>,
    token: Option<Secret>,
    #[serde(rename = "tokenFile")]
    token_file: Option<String>,
    username: Option<String>,
    password: Option<Secret>,
    exec: Option<IgnoredAny>,
    auth_provider: Option<IgnoredAny>,
}

/// The server's URL and the keys of its client. Files in it count from its own folder.
pub(super) fn read(path: &Utf8Path, text: &str) -> Result<(String, HttpKeys), KubeconfigError> {
    let file: Kubeconfig = Document::parse(path.as_str(), text)?.read()?;
    if file.current_context.is_empty() {
        return Err(KubeconfigError::NoContext);
    }
    let missing = |list, name: &str| KubeconfigError::Missing { list, name: name.to_owned() };
    let context = file.contexts.into_iter().find(|context| context.name == file.current_context);
    let context = context.ok_or_else(|| missing("contexts", &file.current_context))?.context;
    let cluster = file.clusters.into_iter().find(|cluster| cluster.name == context.cluster);
    let cluster = cluster.ok_or_else(|| missing("clusters", &context.cluster))?.cluster;
    let user = file.users.into_iter().find(|user| user.name == context.user);
    let user = match user {
        Some(user) => user.user,
        None if context.user.is_empty() => User::default(),
        None => return Err(missing("users", &context.user)),
    };
    if cluster.server.is_empty() {
        return Err(KubeconfigError::NoServer(context.cluster));
    }
    let has_own = user.token.is_some() || user.token_file.is_some() || has_certificate(&user);
    if !has_own && (user.exec.is_some() || user.auth_provider.is_some()) {
        return Err(KubeconfigError::Program(context.user));
    }
    let folder = path.parent().unwrap_or(Utf8Path::new(""));
    let server = server(&cluster, &user)?;
    Ok((server, keys(cluster, user, folder)?))
}

/// The server's URL. Without a scheme it is spoken to as kubectl does: by TLS, where anything is said of
/// certificates, else in the open; credentials are not sent there unless the file says `http`.
fn server(cluster: &Cluster, user: &User) -> Result<String, KubeconfigError> {
    let given = cluster.server.as_str();
    let is_tls = has_certificate(user)
        || cluster.insecure_skip_tls_verify
        || cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some();
    let has_secret = user.token.is_some() || user.token_file.is_some() || user.username.is_some();
    let server = match given.contains("://") {
        true => given.to_owned(),
        false if is_tls => format!("https://{given}"),
        false if has_secret => return Err(KubeconfigError::InTheOpen(given.to_owned())),
        false => format!("http://{given}"),
    };
    let url = url::Url::parse(&server).ok();
    let is_server = |url: &url::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    match url.filter(is_server) {
        Some(_) => Ok(server),
        None => Err(KubeconfigError::NoUrl(given.to_owned())),
    }
}

fn has_certificate(user: &User) -> bool {
    user.client_certificate.is_some() || user.client_certificate_data.is_some()
}

fn keys(cluster: Cluster, user: User, folder: &Utf8Path) -> Result<HttpKeys, KubeconfigError> {
    let set = |text: Option<String>| text.filter(|text| !text.is_empty());
    let beside = |file: Option<String>| set(file).map(|file| folder.join(file).into_string());
    // What stands in the file goes before what it names, as with kubectl.
    let either = |data: Option<String>, file: Option<String>, key| {
        let data = set(data).map(|data| pem(&data, key)).transpose()?;
        let file = beside(file).filter(|_| data.is_none());
        Ok::<_, KubeconfigError>((data, file))
    };
    let (ca, ca_file) = either(
        cluster.certificate_authority_data,
        cluster.certificate_authority,
        "certificate-authority-data",
    )?;
    let (cert, cert_file) =
        either(user.client_certificate_data, user.client_certificate, "client-certificate-data")?;
    let (key, key_file) = either(user.client_key_data, user.client_key, "client-key-data")?;
    let token_file = beside(user.token_file);
    let token = user.token.filter(|token| !token.expose().is_empty() && token_file.is_none());
    let has_token = token.is_some() || token_file.is_some();
    let username = set(user.username).filter(|_| !has_token);
    Ok(HttpKeys {
        authorization: has_token.then_some(Authorization {
            scheme: None,
            credentials: token,
            credentials_file: token_file,
        }),
        basic_auth: username.map(|username| BasicAuth {
            username: Some(username),
            password: user.password,
            ..BasicAuth::default()
        }),
        tls_config: Some(TlsConfig {
            ca,
            ca_file,
            cert,
            cert_file,
            key: key.map(Secret::from),
            key_file,
            server_name: set(cluster.tls_server_name),
            insecure_skip_verify: cluster.insecure_skip_tls_verify,
            ..TlsConfig::default()
        }),
        proxy_url: set(cluster.proxy_url),
        ..HttpKeys::default()
    })
}

fn pem(base64: &str, key: &'static str) -> Result<String, KubeconfigError> {
    let text = decoded(base64).and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or(KubeconfigError::NotPem { key })
}
