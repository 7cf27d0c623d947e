//! The client: one per configuration; connections are kept between its requests.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use camino::Utf8PathBuf;
use narthex_platform::{Clock, Disk, RealDisk};
use narthex_settings::Secret;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HOST, HeaderMap};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};
use tokio::time::Instant;

use crate::body::{Collector, More};
use crate::config::{Auth, HttpConfig, ProxyEnvironment, Redirects};
use crate::error::{RequestError, invalid};
use crate::files::Files;
use crate::guard::AddressGuard;
use crate::oauth2::Tokens;
use crate::pools::{Picked, Pools};
use crate::redirect::{REDIRECTS_MAX, is_same_house, leaves_house, redirect};
use crate::request::{Request, Response};
use crate::secret::{header_name, header_value, secret_value};

/// How the server names itself to others.
pub const USER_AGENT: &str = concat!("Narthex/", env!("CARGO_PKG_VERSION"));

/// What a client needs besides its configuration.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Where files with secrets and certificates are.
    pub disk: Arc<dyn Disk>,
    /// When tokens end and certificates are looked at again.
    pub clock: Clock,
    /// Relative paths count from here.
    pub folder: Utf8PathBuf,
    /// The proxies of `proxy_from_environment`.
    pub environment: ProxyEnvironment,
    /// Which addresses may be connected to; `None`: all. With a guard redirects are not followed,
    /// so that the caller checks the new place as it checked the first. A proxy that the configuration
    /// names and a Unix socket that the request names are not asked for.
    pub guard: Option<Arc<dyn AddressGuard>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            disk: RealDisk::shared(),
            clock: Clock::real(),
            folder: Utf8PathBuf::from("."),
            environment: ProxyEnvironment::default(),
            guard: None,
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

impl SetupError {
    pub(crate) fn key(key: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Key { key, source: source.into() }
    }
}

/// Sends requests. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: Arc<HttpConfig>,
    options: ClientOptions,
    files: Files,
    pools: Pools,
    tokens: Option<Tokens>,
}

impl Client {
    /// A client with certificates and keys read. It reads them again while it is used, so that they
    /// can be renewed.
    ///
    /// # Errors
    /// When a file cannot be read or a certificate, key or proxy is none.
    pub fn new(config: HttpConfig, options: ClientOptions) -> Result<Self, SetupError> {
        let config = Arc::new(config);
        let files = Files::new(&config, &options)?;
        let pools = Pools::new(&config, &options);
        let tokens = match &config.auth {
            Auth::OAuth2(oauth2) => Some(Tokens::new(oauth2, &options)?),
            Auth::None | Auth::Basic { .. } | Auth::Header { .. } => None,
        };
        Ok(Self(Arc::new(Shared { config, options, files, pools, tokens })))
    }

    /// The secrets that its requests carried, for those who hide them in what others say: as the
    /// configuration, its files and the server of tokens told them last.
    #[must_use]
    pub fn known_secrets(&self) -> Vec<Secret> {
        let token = self.0.tokens.as_ref().and_then(Tokens::known);
        self.0.files.known_secrets().into_iter().chain(token).collect()
    }

    /// Reads every file with a secret that a request would need.
    ///
    /// # Errors
    /// When one cannot be read or holds what no header can.
    pub fn check_secrets(&self) -> Result<(), RequestError> {
        self.0.files.check_secrets()
    }

    /// Sends a request and waits for the whole answer. Any status is an answer.
    ///
    /// # Errors
    /// When there is no answer, or none within time and cap.
    pub async fn request(&self, mut request: Request) -> Result<Response, RequestError> {
        let deadline = Instant::now() + request.timeout;
        let redirects = match &self.0.options.guard {
            Some(_) => Redirects::None,
            None => self.0.config.redirects,
        };
        let first = Url::parse(&request.url).map_err(|error| invalid("URL", error))?;
        let (mut url, mut is_at_home) = (first.clone(), true);
        for _ in 0..=REDIRECTS_MAX {
            let (mut response, rest) = self.send(&request, &url, is_at_home, deadline).await?;
            let next = match redirects {
                Redirects::None => None,
                _ if !request.may_become_get && request.becomes_get(response.status) => None,
                Redirects::AtHome | Redirects::All => redirect(&url, &response)?,
            };
            let Some(next) = next else {
                if request.body_of.is_none_or(|status| status == response.status) {
                    let read = within(deadline, request.timeout, read(rest, &request)).await;
                    (response.body, response.truncated) = read?;
                }
                return Ok(response);
            };
            is_at_home = is_at_home && is_same_house(&first, &next);
            if redirects == Redirects::AtHome && !is_at_home {
                return Err(leaves_house(&url, &next).into());
            }
            request.redirect_to(&url, &next, response.status);
            url = next;
        }
        Err(RequestError::Redirects { max: REDIRECTS_MAX })
    }

    /// The answer without its body, and what is still to come.
    async fn send(
        &self,
        request: &Request,
        url: &Url,
        is_at_home: bool,
        deadline: Instant,
    ) -> Result<(Response, reqwest::Response), RequestError> {
        let shared = &*self.0;
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|error| invalid("method", error))?;
        let host = authority(url)?;
        let (secrets, tls) = shared.files.current(deadline).await?;
        let own = if is_at_home { &secrets.at_home } else { &secrets.abroad };
        let mut headers = headers(own, &request.headers)?;
        if let Some(tokens) = shared.tokens.as_ref().filter(|_| is_at_home) {
            let token = tokens.header(&secrets.token, deadline, request.timeout).await?;
            headers.entry(AUTHORIZATION).or_insert(secret_value(token.expose())?);
        }
        let socket = request.unix_socket.as_ref();
        let picked = shared.pools.pick((&shared.config, &tls), &shared.options, url, socket)?;
        let Picked { client, url, host: real_host } = picked;
        if let Some(real_host) = real_host {
            headers.insert(HOST, header_value(&real_host)?);
        }
        let outgoing = client
            .request(method, url)
            .headers(headers)
            .timeout(request.timeout)
            .body(request.body.clone());
        let sent = async {
            let sent = outgoing.send().await;
            sent.map_err(|error| RequestError::sort(error, &host, request.timeout))
        };
        let rest = within(deadline, request.timeout, sent).await?;
        let response = Response {
            status: rest.status().as_u16(),
            headers: rest.headers().iter().map(readable).collect(),
            body: Bytes::new(),
            truncated: false,
        };
        Ok((response, rest))
    }
}

/// The headers of a request: those of the caller before the client's own.
fn headers(own: &HeaderMap, given: &[(String, String)]) -> Result<HeaderMap, RequestError> {
    let mut headers = own.clone();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let mut seen: Vec<HeaderName> = Vec::new();
    for (name, value) in given {
        let (name, value) = (header_name(name)?, header_value(value)?);
        if seen.contains(&name) {
            headers.append(name, value);
        } else {
            headers.insert(name.clone(), value);
            seen.push(name);
        }
    }
    Ok(headers)
}

/// Waits for a part of an exchange, at most until all of it has to be done.
async fn within<T>(
    deadline: Instant,
    timeout: Duration,
    part: impl Future<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    // The library's own timeout pauses while it waits for a connection of the pool; this does not.
    // Both are set, so that the connection is given up too.
    match tokio::time::timeout_at(deadline, part).await {
        Ok(outcome) => outcome,
        Err(_) => Err(RequestError::Timeout { after: timeout }),
    }
}

/// The body of an answer, and whether it is cut.
async fn read(
    mut rest: reqwest::Response,
    request: &Request,
) -> Result<(Bytes, bool), RequestError> {
    let encoding = rest.headers().get(CONTENT_ENCODING);
    let encoding = encoding.and_then(|value| value.to_str().ok()).unwrap_or("");
    let encoding = encoding.trim().to_ascii_lowercase();
    let (max, when_larger) = (request.body_max, request.when_larger);
    let mut body = Collector::new(&encoding, max, when_larger, request.meter.clone())?;
    body.expect(rest.content_length());
    let host = authority(rest.url()).unwrap_or_default();
    let mut more = More::Wanted;
    while more == More::Wanted {
        let chunk = rest.chunk().await;
        let chunk = chunk.map_err(|error| RequestError::sort(error, &host, request.timeout))?;
        let Some(chunk) = chunk else { break };
        more = body.add(&chunk)?;
    }
    body.finish(more)
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

#[cfg(test)]
pub(crate) mod tests;
