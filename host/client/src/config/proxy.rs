//! Which proxy a request goes through: `proxy_url`, `no_proxy`, or the environment.
//!
//! The rules of `no_proxy` are those that Go's programs follow, so that an environment that works
//! for them works here.

mod url;

use std::collections::BTreeMap;
use std::net::IpAddr;

use narthex_settings::Secret;
use reqwest::Url;

pub(crate) use self::url::ProxyUrl;
use super::error::HttpConfigError;

/// The proxy keys of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProxyConfig {
    choice: Choice,
    /// Sent with the `CONNECT` by which a tunnel is asked for.
    pub(crate) connect_headers: BTreeMap<String, Vec<Secret>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Choice {
    #[default]
    Straight,
    /// A proxy for all, but for what `except` names.
    Fixed {
        url: ProxyUrl,
        except: Option<Exceptions>,
    },
    Environment,
}

/// What the environment says of proxies. Empty by default: it is read by whoever starts the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyEnvironment {
    http: Option<ProxyUrl>,
    https: Option<ProxyUrl>,
    except: Exceptions,
}

impl ProxyEnvironment {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or the same in lower case, by `variable`.
    /// What is no URL counts as not set, as Go has it.
    #[must_use]
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let either = |upper: &str, lower: &str| {
            let set = |name| variable(name).filter(|value| !value.is_empty());
            set(upper).or_else(|| set(lower))
        };
        let url = |upper, lower| either(upper, lower).and_then(|text| ProxyUrl::parse(&text));
        Self {
            http: url("HTTP_PROXY", "http_proxy"),
            https: url("HTTPS_PROXY", "https_proxy"),
            except: Exceptions::parse(&either("NO_PROXY", "no_proxy").unwrap_or_default()),
        }
    }
}

impl ProxyConfig {
    pub(super) fn new(
        url: Option<String>,
        no_proxy: Option<String>,
        from_environment: Option<bool>,
        connect_headers: BTreeMap<String, Vec<Secret>>,
    ) -> Result<Self, HttpConfigError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let choice = match (given(url), given(no_proxy), from_environment.unwrap_or(false)) {
            (Some(_), _, true) => return Err(HttpConfigError::EnvironmentAnd("proxy_url")),
            (None, Some(_), true) => return Err(HttpConfigError::EnvironmentAnd("no_proxy")),
            (None, None, true) => Choice::Environment,
            (None, Some(_), false) => return Err(HttpConfigError::NoProxyAlone),
            (None, None, false) if connect_headers.is_empty() => Choice::Straight,
            (None, None, false) => return Err(HttpConfigError::ConnectHeaderAlone),
            (Some(text), no_proxy, false) => {
                let Some(url) = ProxyUrl::parse(&text) else {
                    let url = text.rsplit_once('@').map_or(&*text, |(_, host)| host).to_owned();
                    return Err(HttpConfigError::ProxyUrl { url });
                };
                Choice::Fixed { url, except: no_proxy.map(|text| Exceptions::parse(&text)) }
            }
        };
        Ok(Self { choice, connect_headers })
    }

    /// Whether requests go through a proxy whatever the environment says.
    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self.choice, Choice::Fixed { .. })
    }
}

/// Tells the proxy of each request.
#[derive(Clone, Debug)]
pub(crate) struct Proxies {
    choice: Choice,
    environment: ProxyEnvironment,
}

impl Proxies {
    pub(crate) fn new(config: &ProxyConfig, environment: &ProxyEnvironment) -> Self {
        Self { choice: config.choice.clone(), environment: environment.clone() }
    }

    /// The proxy for a request to `url`, if it goes through one.
    pub(crate) fn of(&self, url: &Url) -> Option<&ProxyUrl> {
        let (proxy, except) = match &self.choice {
            Choice::Straight => return None,
            Choice::Fixed { url: proxy, except: None } => return Some(proxy),
            Choice::Fixed { url: proxy, except: Some(except) } => (Some(proxy), except),
            Choice::Environment if url.scheme() == "https" => {
                (self.environment.https.as_ref(), &self.environment.except)
            }
            Choice::Environment => (self.environment.http.as_ref(), &self.environment.except),
        };
        proxy.filter(|_| !except.names(url))
    }
}

/// What goes past the proxy: this machine, and the entries of `no_proxy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Exceptions {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    All,
    Network {
        first: IpAddr,
        prefix: u32,
    },
    Address {
        address: IpAddr,
        port: Option<u16>,
    },
    Domain {
        /// Begins with a dot.
        suffix: String,
        /// Whether the domain itself is meant too, and not only what is below it.
        itself: bool,
        port: Option<u16>,
    },
}

impl Exceptions {
    fn parse(text: &str) -> Self {
        let entries = text.split(',').map(|entry| entry.trim().to_ascii_lowercase());
        Self { entries: entries.filter_map(|entry| Entry::parse(&entry)).collect() }
    }

    fn names(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or("").to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.strip_suffix('.').unwrap_or(host);
        let address = host.parse::<IpAddr>().ok();
        let port = url.port_or_known_default();
        host == "localhost"
            || address.is_some_and(|address| address.is_loopback())
            || self.entries.iter().any(|entry| entry.names(host, address, port))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Self::All);
        }
        if let Some((first, prefix)) = text.split_once('/') {
            let (first, prefix) = (first.parse().ok()?, prefix.parse().ok()?);
            return Some(Self::Network { first, prefix });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse().ok()?))
            }
            Some(_) | None => (text, None),
        };
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = host.parse() {
            return Some(Self::Address { address, port });
        }
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        let itself = !host.starts_with('.');
        let suffix = if itself { format!(".{host}") } else { host.to_owned() };
        (suffix.len() > 1).then_some(Self::Domain { suffix, itself, port })
    }

    fn names(&self, host: &str, address: Option<IpAddr>, asked: Option<u16>) -> bool {
        let is_port = |port: &Option<u16>| port.is_none() || *port == asked;
        match self {
            Self::All => true,
            Self::Network { first, prefix } => {
                address.is_some_and(|address| is_within(*first, *prefix, address))
            }
            Self::Address { address: own, port } => address == Some(*own) && is_port(port),
            Self::Domain { suffix, itself, port } => {
                let is_below = host.ends_with(suffix.as_str());
                let is_itself = *itself && suffix.strip_prefix('.') == Some(host);
                (is_below || is_itself) && is_port(port)
            }
        }
    }
}

fn is_within(first: IpAddr, prefix: u32, address: IpAddr) -> bool {
    match (first, address) {
        (IpAddr::V4(first), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            u32::from(first) & mask == u32::from(address) & mask
        }
        (IpAddr::V6(first), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            u128::from(first) & mask == u128::from(address) & mask
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(no_proxy: &str, past: &[&str], through: &[&str]) {
        let config = ProxyConfig::new(
            Some("proxy:3128".to_owned()),
            Some(no_proxy.to_owned()),
            None,
            BTreeMap::new(),
        );
        let proxies = Proxies::new(&config.unwrap(), &ProxyEnvironment::default());
        for url in past {
            assert_eq!(proxies.of(&Url::parse(url).unwrap()), None, "{url}");
        }
        for url in through {
            let proxy = proxies.of(&Url::parse(url).unwrap()).map(ProxyUrl::as_str);
            assert_eq!(proxy, Some("http://proxy:3128/"), "{url}");
        }
    }

    #[test]
    fn no_proxy_names_hosts_domains_networks_and_ports() {
        check(
            "example.com",
            &["http://example.com", "https://a.example.com:1"],
            &["http://xexample.com"],
        );
        check(".example.com", &["http://a.example.com"], &["http://example.com"]);
        check("*.example.com", &["http://a.b.Example.com"], &["http://example.com"]);
        check(
            "a.com:80, b.com:443",
            &["http://a.com", "https://b.com"],
            &["http://a.com:81", "http://b.com"],
        );
        check("10.0.0.0/8", &["http://10.1.2.3:9100"], &["http://11.0.0.1", "http://ten.example"]);
        check(
            "192.0.2.1,[2001:db8::1]:9",
            &["http://192.0.2.1:5", "http://[2001:db8::1]:9"],
            &["http://[2001:db8::1]"],
        );
        check("fd00::/8", &["http://[fd12::1]"], &["http://[2001:db8::1]"]);
        check("*", &["http://any.where"], &[]);
        check("x", &["http://localhost:1", "http://127.0.0.1", "http://[::1]:3"], &["http://y"]);
    }

    #[test]
    fn without_exceptions_everything_goes_through_the_proxy() {
        let config = ProxyConfig::new(Some("socks5://p:1".to_owned()), None, None, BTreeMap::new());
        let proxies = Proxies::new(&config.unwrap(), &ProxyEnvironment::default());
        let proxy = proxies.of(&Url::parse("http://localhost").unwrap());
        assert_eq!(proxy.map(ProxyUrl::as_str), Some("socks5h://p:1"));
    }

    #[test]
    fn the_environment_tells_a_proxy_for_each_scheme() {
        let environment = ProxyEnvironment::read(|name| match name {
            "HTTP_PROXY" => Some("http://upper".to_owned()),
            "http_proxy" => Some("http://lower".to_owned()),
            "https_proxy" => Some("secure:1".to_owned()),
            "NO_PROXY" => Some("past.it".to_owned()),
            _ => None,
        });
        let config = ProxyConfig::new(None, None, Some(true), BTreeMap::new()).unwrap();
        let proxies = Proxies::new(&config, &environment);
        let of = |url: &str| proxies.of(&Url::parse(url).unwrap()).map(ProxyUrl::as_str);
        assert_eq!(of("http://a"), Some("http://upper/"));
        assert_eq!(of("https://a"), Some("http://secure:1/"));
        assert_eq!(of("https://past.it"), None);
        let none = Proxies::new(&config, &ProxyEnvironment::default());
        assert_eq!(none.of(&Url::parse("http://a").unwrap()), None);
    }
}
