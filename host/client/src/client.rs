//! The client: one per configuration; connections are kept between its requests.

use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use camino::Utf8PathBuf;
use narthex_platform::{Disk, RealDisk};
use parking_lot::Mutex;
use reqwest::header::HeaderValue;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderName};
use reqwest::{Method, Url, redirect, tls};

use crate::body::{Collector, More};
use crate::config::{Auth, HttpConfig, Text, TlsConfig, TlsVersion};
use crate::error::RequestError;
use crate::guard::{AddressGuard, GuardedResolver};

/// How the server names itself to others.
pub const USER_AGENT: &str = concat!("Narthex/", env!("CARGO_PKG_VERSION"));

/// A secret, certificate or key in a file is not longer.
const SECRET_BYTES_MAX: u64 = 1 << 20;
/// As many redirects as browsers and Prometheus follow.
const REDIRECTS_MAX: usize = 10;
/// Connections are kept as long as Prometheus keeps them: longer than any usual interval.
const IDLE_MAX: Duration = Duration::from_secs(5 * 60);
/// A guarded client holds one connection pool a port; beyond this the pools start over.
const GUARDED_PORTS_MAX: usize = 64;

/// What a client needs besides its configuration.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Where files with secrets and certificates are.
    pub disk: Arc<dyn Disk>,
    /// Relative paths count from here.
    pub folder: Utf8PathBuf,
    /// Which addresses may be connected to; `None`: all. With a guard redirects are not followed,
    /// so that the caller checks the new place as it checked the first.
    pub guard: Option<Arc<dyn AddressGuard>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { disk: RealDisk::shared(), folder: Utf8PathBuf::from("."), guard: None }
    }
}

/// What happens with a body that is larger than its cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenLarger {
    /// The request fails.
    #[default]
    Refuse,
    /// The body is cut and the response says so.
    Truncate,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Absolute, `http` or `https`.
    pub url: String,
    /// Sent besides what the configuration adds. Without `Accept-Encoding`, gzip is offered.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Bytes,
    /// From the first packet to the last.
    pub timeout: Duration,
    /// The cap on the answer's body, decompressed.
    pub body_max: u64,
    /// What happens beyond the cap.
    pub when_larger: WhenLarger,
}

impl Request {
    /// A `GET` within `timeout`, refusing bodies beyond `body_max`.
    #[must_use]
    pub fn get(url: impl Into<String>, timeout: Duration, body_max: u64) -> Self {
        Self {
            method: "GET".to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            timeout,
            body_max,
            when_larger: WhenLarger::Refuse,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// `200`, …
    pub status: u16,
    /// Names in lower case. `content-encoding` is what was undone.
    pub headers: Vec<(String, String)>,
    /// Decompressed.
    pub body: Bytes,
    /// Whether the body is cut.
    pub truncated: bool,
}

impl Response {
    /// The first header of a name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The answer, if its status is 200, 201, … 299.
    ///
    /// # Errors
    /// [`RequestError::Status`] for any other status.
    pub fn successful(self) -> Result<Self, RequestError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(RequestError::Status { status: self.status_text() })
    }

    /// The status with its usual name, as in `404 Not Found`.
    #[must_use]
    pub fn status_text(&self) -> String {
        let name = reqwest::StatusCode::from_u16(self.status).ok();
        match name.and_then(|status| status.canonical_reason()) {
            Some(name) => format!("{} {name}", self.status),
            None => self.status.to_string(),
        }
    }
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A certificate or key file cannot be read.
    #[error("read {path}")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// What the disk said.
        source: std::io::Error,
    },
    /// A part of the configuration is not usable.
    #[error("{key}")]
    Key {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Sends requests. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: HttpConfig,
    options: ClientOptions,
    open: reqwest::Client,
    /// Guards the pools of a guarded client, by port.
    guarded: Mutex<HashMap<u16, reqwest::Client>>,
}

impl Client {
    /// A client with certificates and keys read.
    ///
    /// # Errors
    /// When a file cannot be read or a certificate, key or proxy is none.
    pub fn new(config: HttpConfig, options: ClientOptions) -> Result<Self, SetupError> {
        let open = build(&config, &options, None)?;
        let guarded = Mutex::new(HashMap::new());
        Ok(Self(Arc::new(Shared { config, options, open, guarded })))
    }

    /// Sends a request and waits for the whole answer. Any status is an answer.
    ///
    /// # Errors
    /// When there is no answer, or none within time and cap.
    pub async fn request(&self, request: Request) -> Result<Response, RequestError> {
        let timeout = request.timeout;
        // The library's own timeout pauses while it waits for a connection of the pool; this does
        // not. Both are set, so that the connection is given up too.
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(RequestError::Timeout { after: timeout }),
        }
    }

    async fn exchange(&self, request: Request) -> Result<Response, RequestError> {
        let url = Url::parse(&request.url).map_err(|error| invalid("URL", error))?;
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|error| invalid("method", error))?;
        let host = authority(&url)?;
        let client = self.client_for(&url)?;
        let outgoing = client
            .request(method, url)
            .headers(self.headers(&request.headers)?)
            .timeout(request.timeout)
            .body(request.body);
        let sort = |error| RequestError::sort(error, &host, request.timeout);
        let mut response = outgoing.send().await.map_err(sort)?;
        let status = response.status().as_u16();
        let headers: Vec<(String, String)> = response.headers().iter().map(readable).collect();
        let encoding = response.headers().get(CONTENT_ENCODING);
        let encoding = encoding.and_then(|value| value.to_str().ok()).unwrap_or("");
        let encoding = encoding.trim().to_ascii_lowercase();
        let mut body = Collector::new(&encoding, request.body_max, request.when_larger)?;
        body.expect(response.content_length());
        let mut truncated = false;
        while let Some(chunk) = response.chunk().await.map_err(sort)? {
            if body.add(&chunk)? == More::Enough {
                truncated = true;
                break;
            }
        }
        Ok(Response { status, headers, body: body.finish(truncated)?, truncated })
    }

    fn client_for(&self, url: &Url) -> Result<reqwest::Client, RequestError> {
        let shared = &self.0;
        let Some(guard) = &shared.options.guard else { return Ok(shared.open.clone()) };
        let host = url.host_str().unwrap_or("");
        let port = url.port_or_known_default().unwrap_or(0);
        // A literal address is connected to without the resolver.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if let Ok(address) = literal {
            let checked = guard.check(host, SocketAddr::new(address, port));
            checked.map_err(|reason| RequestError::Denied { host: host.to_owned(), reason })?;
        }
        let mut pools = shared.guarded.lock();
        if let Some(known) = pools.get(&port) {
            return Ok(known.clone());
        }
        if pools.len() >= GUARDED_PORTS_MAX {
            pools.clear();
        }
        let resolver = GuardedResolver { guard: Arc::clone(guard), port };
        let built = build(&shared.config, &shared.options, Some(resolver));
        let client = built.map_err(|error| invalid("client configuration", error))?;
        pools.insert(port, client.clone());
        Ok(client)
    }

    fn headers(&self, given: &[(String, String)]) -> Result<HeaderMap, RequestError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let (config, options) = (&self.0.config, &self.0.options);
        for (name, values) in &config.headers {
            let name = header_name(name)?;
            for value in &values.values {
                headers.append(name.clone(), header_value(value)?);
            }
            for secret in &values.secrets {
                headers.append(name.clone(), secret_value(secret.expose())?);
            }
            for file in &values.files {
                headers.append(name.clone(), secret_value(&read_text(options, file)?)?);
            }
        }
        match &config.auth {
            Auth::None => {}
            Auth::Basic { username, password } => {
                let (username, password) = (username.read(options)?, password.read(options)?);
                let pair = format!("{username}:{password}");
                headers.insert(AUTHORIZATION, secret_value(&format!("Basic {}", base64(&pair)))?);
            }
            Auth::Header { scheme, credentials } => {
                let credentials = credentials.read(options)?;
                headers.insert(AUTHORIZATION, secret_value(&format!("{scheme} {credentials}"))?);
            }
        }
        let mut seen: Vec<HeaderName> = Vec::new();
        for (name, value) in given {
            let name = header_name(name)?;
            if seen.contains(&name) {
                headers.append(name, header_value(value)?);
            } else {
                headers.insert(name.clone(), header_value(value)?);
                seen.push(name);
            }
        }
        Ok(headers)
    }
}

fn build(
    config: &HttpConfig,
    options: &ClientOptions,
    resolver: Option<GuardedResolver>,
) -> Result<reqwest::Client, SetupError> {
    // Installed once for the process; a second try is refused and changes nothing.
    rustls::crypto::ring::default_provider().install_default().ok();
    let redirects = if config.follow_redirects && options.guard.is_none() {
        redirect::Policy::limited(REDIRECTS_MAX)
    } else {
        redirect::Policy::none()
    };
    let make = || -> Result<reqwest::ClientBuilder, SetupError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirects)
            .no_proxy()
            .retry(reqwest::retry::never())
            .pool_idle_timeout(IDLE_MAX)
            .referer(false);
        if !config.enable_http2 {
            builder = builder.http1_only();
        }
        if let Some(proxy) = &config.proxy {
            let all = reqwest::Proxy::all(&proxy.url);
            let all = all.map_err(|error| key_error("proxy_url", error))?;
            let except = proxy.no_proxy.as_deref().and_then(reqwest::NoProxy::from_string);
            builder = builder.proxy(all.no_proxy(except));
        }
        if let Some(resolver) = resolver {
            builder = builder.dns_resolver(Arc::new(resolver));
        }
        Ok(builder)
    };
    let builder = configure_tls(make()?, &config.tls, options)?;
    builder.build().map_err(|error| key_error("tls_config", error))
}

fn configure_tls(
    mut builder: reqwest::ClientBuilder,
    config: &TlsConfig,
    options: &ClientOptions,
) -> Result<reqwest::ClientBuilder, SetupError> {
    let ca = pem(options, config.ca.as_deref(), config.ca_file.as_deref())?;
    if let Some(ca) = ca {
        let bundle = reqwest::Certificate::from_pem_bundle(&ca);
        let bundle = bundle.map_err(|error| key_error("ca_file", error))?;
        if bundle.is_empty() {
            return Err(key_error("ca_file", "no certificate in PEM"));
        }
        builder = builder.tls_certs_only(bundle);
    } else if !has_system_roots() {
        // A machine without certificates can still talk HTTP; HTTPS then says what is unknown.
        builder = builder.tls_certs_only([]);
    }
    let cert = pem(options, config.cert.as_deref(), config.cert_file.as_deref())?;
    let key = config.key.as_ref().map(|key| key.expose());
    let key = pem(options, key, config.key_file.as_deref())?;
    if let (Some(mut pair), Some(key)) = (cert, key) {
        pair.push(b'\n');
        pair.extend_from_slice(&key);
        let identity = reqwest::Identity::from_pem(&pair);
        builder = builder.identity(identity.map_err(|error| key_error("cert_file", error))?);
    }
    if config.insecure_skip_verify {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    let version = |version| match version {
        TlsVersion::Tls12 => tls::Version::TLS_1_2,
        TlsVersion::Tls13 => tls::Version::TLS_1_3,
    };
    if let Some(min) = config.min_version {
        builder = builder.tls_version_min(version(min));
    }
    if let Some(max) = config.max_version {
        builder = builder.tls_version_max(version(max));
    }
    Ok(builder)
}

/// Whether the system's certificates can be loaded; asked once.
fn has_system_roots() -> bool {
    static HAS_ROOTS: OnceLock<bool> = OnceLock::new();
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

impl Text {
    fn read(&self, options: &ClientOptions) -> Result<String, RequestError> {
        match self {
            Self::Given(secret) => Ok(secret.expose().to_owned()),
            Self::File(file) => read_text(options, file),
        }
    }
}

/// A secret in a file, without the white space around it.
fn read_text(options: &ClientOptions, file: &str) -> Result<String, RequestError> {
    let path = options.folder.join(file);
    let text = narthex_platform::read_to_string(&*options.disk, &path, SECRET_BYTES_MAX);
    let text = text.map_err(|source| RequestError::SecretFile { path, source })?;
    Ok(text.trim().to_owned())
}

/// Host and port, for messages.
fn authority(url: &Url) -> Result<String, RequestError> {
    match (url.scheme(), url.host_str(), url.port_or_known_default()) {
        ("http" | "https", Some(host), Some(port)) => Ok(format!("{host}:{port}")),
        _ => Err(invalid("URL", "it needs the scheme http or https and a host")),
    }
}

fn readable((name, value): (&HeaderName, &HeaderValue)) -> (String, String) {
    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn header_name(name: &str) -> Result<HeaderName, RequestError> {
    HeaderName::try_from(name).map_err(|error| invalid("header name", error))
}

fn header_value(value: &str) -> Result<HeaderValue, RequestError> {
    HeaderValue::try_from(value).map_err(|error| invalid("header value", error))
}

fn secret_value(value: &str) -> Result<HeaderValue, RequestError> {
    let mut value = header_value(value)?;
    value.set_sensitive(true);
    Ok(value)
}

fn invalid(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> RequestError {
    RequestError::Invalid { what, source: source.into() }
}

fn key_error(key: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> SetupError {
    SetupError::Key { key, source: source.into() }
}

/// The standard alphabet with padding (RFC 4648, part 4).
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.as_bytes().chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = ALPHABET.get((bits >> shift) as usize & 63).copied().unwrap_or(b'=');
            out.push(if index <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests;
