//! Connections: a pool for each way in which they are made, made anew when certificates change.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use parking_lot::Mutex;
use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Url, redirect};

use crate::client::{ClientOptions, SetupError, USER_AGENT};
use crate::config::{HttpConfig, Proxies, ProxyUrl};
use crate::error::{RequestError, invalid};
use crate::guard::Resolver;
use crate::material::{Material, Renewal};
use crate::secret::secret_value;

/// Connections are kept as long as Prometheus keeps them: longer than any usual interval.
const IDLE_MAX: Duration = Duration::from_secs(5 * 60);

/// Beyond this many ways the pools start over. A way is a port of a guarded client, a host whose
/// certificate has another name, or a socket.
const WAYS_MAX: usize = 1024;

/// How long a certificate may be renewed on the disk without being looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How a connection is made. Connections that are made differently are never shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Way {
    /// To the host of the URL.
    Straight,
    /// To addresses that the guard lets through.
    Guarded { port: u16 },
    /// To a host whose certificate is for another name.
    Named { host: String, port: u16 },
    /// To a socket of this machine.
    Socket(Utf8PathBuf),
    /// To a proxy, which is asked for a tunnel or for the whole request.
    Proxied { proxy: ProxyUrl, is_tunnel: bool },
}

/// The pools of one configuration.
#[derive(Debug)]
pub(crate) struct Pools {
    proxies: Proxies,
    /// Guards the pools and the certificates that they were made with.
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    renewal: Renewal,
    /// When the files were last looked at, by the monotonic clock.
    looked: Duration,
    clients: HashMap<Way, reqwest::Client>,
}

/// A pool for a request, and what the request must say there.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) client: reqwest::Client,
    pub(crate) url: Url,
    /// The header `Host`, where the URL does not tell it.
    pub(crate) host: Option<String>,
}

impl Pools {
    pub(crate) fn new(config: &HttpConfig, options: &ClientOptions) -> Result<Self, SetupError> {
        let material = Material::read(&config.tls, options)?;
        let straight = build(config, options, &material, &Way::Straight)?;
        let clients = HashMap::from([(Way::Straight, straight)]);
        let looked = options.clock.monotonic();
        let current = Current { renewal: Renewal::new(material), looked, clients };
        let proxies = Proxies::new(&config.proxy, &options.environment);
        Ok(Self { proxies, current: Mutex::new(current) })
    }

    /// The pool for a request to `url`.
    pub(crate) fn pick(
        &self,
        config: &HttpConfig,
        options: &ClientOptions,
        url: &Url,
        socket: Option<&Utf8PathBuf>,
    ) -> Result<Picked, RequestError> {
        let way = self.way(config, options, url, socket)?;
        let client = self.client(config, options, &way);
        let client = client.map_err(|error| invalid("client configuration", error))?;
        let (mut url, mut host) = (url.clone(), None);
        if let (Way::Named { host: real, .. }, Some(name)) = (&way, config.tls.server_name()) {
            // The certificate is asked for and checked by the URL's name; the resolver leads it to the
            // real host, whose name the request still carries.
            host = Some(match url.port() {
                Some(port) => format!("{real}:{port}"),
                None => real.clone(),
            });
            url.set_host(Some(name)).map_err(|error| invalid("server_name", error))?;
        }
        Ok(Picked { client, url, host })
    }

    fn way(
        &self,
        config: &HttpConfig,
        options: &ClientOptions,
        url: &Url,
        socket: Option<&Utf8PathBuf>,
    ) -> Result<Way, RequestError> {
        if let Some(path) = socket {
            return Ok(Way::Socket(path.clone()));
        }
        let is_tls = url.scheme() == "https";
        let name = config.tls.server_name().filter(|_| is_tls);
        if let Some(proxy) = self.proxies.of(url) {
            if name.is_some() {
                return Err(invalid("server_name", "it cannot be used through a proxy"));
            }
            return Ok(Way::Proxied { proxy: proxy.clone(), is_tunnel: is_tls });
        }
        let host = url.host_str().unwrap_or("");
        let port = url.port_or_known_default().unwrap_or(0);
        if let Some(guard) = &options.guard {
            // A literal address is connected to without the resolver.
            let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            if let Ok(address) = literal {
                let checked = guard.check(host, SocketAddr::new(address, port));
                checked.map_err(|reason| RequestError::Denied { host: host.to_owned(), reason })?;
            }
        }
        Ok(match name {
            Some(name) if !name.eq_ignore_ascii_case(host) => {
                Way::Named { host: host.to_owned(), port }
            }
            Some(_) | None if options.guard.is_some() => Way::Guarded { port },
            Some(_) | None => Way::Straight,
        })
    }

    fn client(
        &self,
        config: &HttpConfig,
        options: &ClientOptions,
        way: &Way,
    ) -> Result<reqwest::Client, SetupError> {
        let mut current = self.current.lock();
        let now = options.clock.monotonic();
        if config.tls.has_files() && now.saturating_sub(current.looked) >= LOOK_EVERY {
            current.looked = now;
            let usable = |fresh: &Material| build(config, options, fresh, &Way::Straight).map(drop);
            if current.renewal.look(&config.tls, options, usable) {
                current.clients.clear();
            }
        }
        if let Some(known) = current.clients.get(way) {
            return Ok(known.clone());
        }
        if current.clients.len() >= WAYS_MAX {
            current.clients.clear();
        }
        let client = build(config, options, current.renewal.material(), way)?;
        current.clients.insert(way.clone(), client.clone());
        Ok(client)
    }
}

fn build(
    config: &HttpConfig,
    options: &ClientOptions,
    material: &Material,
    way: &Way,
) -> Result<reqwest::Client, SetupError> {
    // Installed once for the process; a second try is refused and changes nothing.
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .retry(reqwest::retry::never())
        .pool_idle_timeout(IDLE_MAX)
        .referer(false);
    let mut speaks_http2 = config.enable_http2;
    match way {
        Way::Straight => {}
        Way::Guarded { port } => {
            let resolver = Resolver { alias: None, port: *port, guard: options.guard.clone() };
            builder = builder.dns_resolver(Arc::new(resolver));
        }
        Way::Named { host, port } => {
            let name = config.tls.server_name().unwrap_or_default().to_owned();
            let alias = Some((name, host.clone()));
            let resolver = Resolver { alias, port: *port, guard: options.guard.clone() };
            builder = builder.dns_resolver(Arc::new(resolver));
            // HTTP/2 tells the host by the URL, which holds the certificate's name here.
            speaks_http2 = false;
        }
        Way::Socket(path) => builder = builder.unix_socket(path.as_std_path()),
        Way::Proxied { proxy, is_tunnel } => {
            let all = reqwest::Proxy::all(proxy.as_str());
            let mut all = all.map_err(|error| SetupError::key("proxy_url", error))?;
            if *is_tunnel && !config.proxy.connect_headers.is_empty() {
                all = all.headers(connect_headers(config)?);
            }
            builder = builder.proxy(all);
        }
    }
    if !speaks_http2 {
        builder = builder.http1_only();
    }
    let builder = material.configure(builder, &config.tls)?;
    builder.build().map_err(|error| SetupError::key("tls_config", error))
}

fn connect_headers(config: &HttpConfig) -> Result<HeaderMap, SetupError> {
    let wrong = |error| SetupError::key("proxy_connect_header", error);
    let mut headers = HeaderMap::new();
    for (name, values) in &config.proxy.connect_headers {
        let name = HeaderName::try_from(name)
            .map_err(|error| SetupError::key("proxy_connect_header", error))?;
        for value in values {
            headers.append(name.clone(), secret_value(value.expose()).map_err(wrong)?);
        }
    }
    Ok(headers)
}
