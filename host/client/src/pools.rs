//! Connections: a pool for each way in which they are made, made anew when certificates change. The pools
//! share their TLS, so that a way costs little.

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
use crate::secret::secret_value;
use crate::tls::Tls;

/// Connections are kept as long as Prometheus keeps them: longer than any usual interval.
const IDLE_MAX: Duration = Duration::from_secs(5 * 60);

/// As many ways are known: more than a job has hosts, even where a pod lives for minutes. A way is a port of
/// a guarded client, a host whose certificate has another name, or a socket.
const WAYS_MAX: usize = 16 * 1024;

/// So few ways are not worth a look at which of them are still used.
const WAYS_MIN: usize = 64;

/// How a connection is made. Connections that are made differently are never shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Way {
    /// To the host of the URL.
    Straight,
    /// To addresses that the guard lets through.
    Guarded { port: u16 },
    /// To a host whose certificate is for another name.
    Named { host: String, port: u16 },
    /// To a socket of this machine; the certificate may be for another name than that of the URL.
    Socket { path: Utf8PathBuf, is_named: bool },
    /// To a proxy, which is asked for a tunnel or for the whole request.
    Proxied { proxy: ProxyUrl, is_tunnel: bool },
}

/// The pools of one configuration.
#[derive(Debug)]
pub(crate) struct Pools {
    proxies: Proxies,
    /// Guards the pools.
    current: Mutex<Current>,
}

#[derive(Debug, Default)]
struct Current {
    /// How often certificates were renewed before those that the pools were made with.
    renewals: u64,
    pools: HashMap<Way, Pool>,
    /// With so many pools it is time to look at which are still used.
    crowd: usize,
}

#[derive(Debug)]
struct Pool {
    client: reqwest::Client,
    /// When it was used last, by the monotonic clock.
    used: Duration,
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
    pub(crate) fn new(config: &HttpConfig, options: &ClientOptions) -> Self {
        let proxies = Proxies::new(&config.proxy, &options.environment);
        Self { proxies, current: Mutex::default() }
    }

    /// The pool for a request to `url`.
    pub(crate) fn pick(
        &self,
        (config, tls): (&HttpConfig, &Tls),
        options: &ClientOptions,
        url: &Url,
        socket: Option<&Utf8PathBuf>,
    ) -> Result<Picked, RequestError> {
        let way = self.way(config, options, url, socket)?;
        let is_named = matches!(&way, Way::Named { .. } | Way::Socket { is_named: true, .. });
        let client = self.client((config, tls), options, way);
        let client = client.map_err(|error| invalid("client configuration", error))?;
        let (mut url, mut host) = (url.clone(), None);
        if let Some(name) = config.tls.server_name().filter(|_| is_named) {
            // The certificate is asked for and checked by the URL's name; the resolver or the socket
            // leads to the real host, whose name the request still carries.
            let real = url.host_str().unwrap_or("");
            host = Some(match url.port() {
                Some(port) => format!("{real}:{port}"),
                None => real.to_owned(),
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
        let (is_tls, host) = (url.scheme() == "https", url.host_str().unwrap_or(""));
        let name = config.tls.server_name().filter(|_| is_tls);
        let name = name.filter(|name| !name.eq_ignore_ascii_case(host));
        if let Some(path) = socket {
            return Ok(Way::Socket { path: path.clone(), is_named: name.is_some() });
        }
        if let Some(proxy) = self.proxies.of(url) {
            if name.is_some() {
                return Err(invalid("server_name", "it cannot be used through a proxy"));
            }
            return Ok(Way::Proxied { proxy: proxy.clone(), is_tunnel: is_tls });
        }
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
            Some(_) => Way::Named { host: host.to_owned(), port },
            None if options.guard.is_some() => Way::Guarded { port },
            None => Way::Straight,
        })
    }

    fn client(
        &self,
        (config, tls): (&HttpConfig, &Tls),
        options: &ClientOptions,
        way: Way,
    ) -> Result<reqwest::Client, SetupError> {
        let now = options.clock.monotonic();
        let mut current = self.current.lock();
        if tls.renewals > current.renewals {
            current.renewals = tls.renewals;
            current.pools.clear();
        }
        if let Some(known) = current.pools.get_mut(&way) {
            known.used = now;
            return Ok(known.client.clone());
        }
        // What takes time of a client is its TLS, which is shared.
        let client = build((config, tls), options, &way)?;
        // A request that waited for a token may come with what others have renewed meanwhile.
        if tls.renewals == current.renewals {
            current.make_room(now);
            current.pools.insert(way, Pool { client: client.clone(), used: now });
        }
        Ok(client)
    }
}

impl Current {
    /// Forgets ways that are not used any more, so that one more may be known.
    fn make_room(&mut self, now: Duration) {
        if self.pools.len() < self.crowd.max(WAYS_MIN) {
            return;
        }
        // The connections of the others are closed.
        self.pools.retain(|_, pool| now.saturating_sub(pool.used) < IDLE_MAX);
        if self.pools.len() >= WAYS_MAX {
            let oldest = self.pools.iter().min_by_key(|(_, pool)| pool.used);
            if let Some(oldest) = oldest.map(|(way, _)| way.clone()) {
                self.pools.remove(&oldest);
            }
        }
        self.crowd = (self.pools.len() * 2).min(WAYS_MAX);
    }
}

fn build(
    (config, tls): (&HttpConfig, &Tls),
    options: &ClientOptions,
    way: &Way,
) -> Result<reqwest::Client, SetupError> {
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
        Way::Socket { path, is_named } => {
            builder = builder.unix_socket(path.as_std_path());
            speaks_http2 &= !is_named;
        }
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
    let builder = builder.tls_backend_preconfigured(tls.client(speaks_http2));
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

#[cfg(test)]
mod tests {
    use narthex_platform::SimulatedClock;
    use narthex_settings::Document;

    use super::*;
    use crate::files::Reader;

    #[test]
    fn ways_are_kept_while_they_are_used() {
        let text = "tls_config: {server_name: named.test}\n";
        let config: HttpConfig = Document::parse("f.yml", text).unwrap().read().unwrap();
        let clock = SimulatedClock::at(0);
        let options = ClientOptions { clock: clock.clock(), ..ClientOptions::default() };
        let tls = Tls::read(&config.tls, &Reader::new(&options)).unwrap();
        let pools = Pools::new(&config, &options);
        let ask = |hosts: std::ops::Range<u32>| {
            for host in hosts {
                let url = Url::parse(&format!("https://host-{host}.test/")).unwrap();
                pools.pick((&config, &tls), &options, &url, None).unwrap();
            }
            pools.current.lock().pools.len()
        };
        assert_eq!(ask(0..1500), 1500);
        clock.advance(IDLE_MAX / 2);
        assert_eq!(ask(0..50), 1500);
        clock.advance(IDLE_MAX / 2);
        // When the crowd has grown, those that nobody used for so long are gone.
        assert_eq!(ask(1500..2100), 50 + 600);
    }
}
