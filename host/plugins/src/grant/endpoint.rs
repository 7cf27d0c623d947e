//! Hosts and ports that follow from use: the target of a scrape, what an operator wrote into an item.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;

use serde_json::Value;

use super::host_name;

/// A host and a port that follow from use: the target of a scrape, a URL of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: Host,
    /// `None`: a name without a port, which opens no connection but may be looked up.
    pub(crate) port: Option<u16>,
    /// Of a URL: whether it asks for TLS.
    pub(crate) is_tls: Option<bool>,
}

/// The path of a unix socket, as in `unix:///run/docker.sock`.
pub(crate) fn socket_path(text: &str) -> Option<String> {
    let mut path = text.strip_prefix("unix:")?;
    // A template may stand before a value that says it as well.
    while let Some(rest) = path.strip_prefix("unix:") {
        path = rest;
    }
    let path = path.strip_prefix("//").unwrap_or(path);
    let is_plain = path.starts_with('/') && !path.split('/').any(|part| part == "..");
    is_plain.then(|| path.to_owned())
}

/// A host as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// A name in lower case, without a dot at the end.
    Name(String),
    /// An address.
    Address(IpAddr),
    /// The path of a unix socket.
    Socket(String),
}

impl Host {
    /// Reads a host without a port; IPv6 with or without brackets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<IpAddr>() {
            Ok(address) => Some(Self::Address(address.to_canonical())),
            Err(_) => host_name(bare).map(Self::Name),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Socket(path) => write!(f, "unix://{path}"),
        }
    }
}

impl Endpoint {
    /// Reads `host:port`, a host alone, or a URL.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(path) = socket_path(text) {
            return Some(Self { host: Host::Socket(path), port: None, is_tls: None });
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (default_port, is_tls) = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => (Some(80), Some(false)),
            "https" | "wss" => (Some(443), Some(true)),
            // Their ports are each plugin's affair.
            "amqps" | "ftps" | "imaps" | "ldaps" | "mqtts" | "pop3s" | "rediss" | "smtps" => {
                (None, Some(true))
            }
            _ => (None, None),
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        if let Some(host) = Host::parse(authority) {
            return Some(Self { host, port: default_port, is_tls });
        }
        let (host, port) = authority.rsplit_once(':')?;
        Some(Self { host: Host::parse(host)?, port: Some(port.parse().ok()?), is_tls })
    }
}

/// Endpoints by their hosts. As many as there are texts in an item, which is a part of a file of
/// bounded length; a call finds one of them at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoints(HashMap<Host, HashSet<Port>>);

/// A port of a host, and whether a URL asks for TLS there.
type Port = (Option<u16>, Option<bool>);

impl Endpoints {
    /// The hosts that a configuration names, wherever they stand in it: URLs, `host:port`, host names.
    pub(crate) fn in_texts_of(config: &Value) -> Self {
        let mut found = Self::default();
        let mut rest = vec![config];
        while let Some(value) = rest.pop() {
            match value {
                Value::String(text) => found.extend(Endpoint::parse(text.trim())),
                Value::Array(items) => rest.extend(items),
                Value::Object(entries) => rest.extend(entries.values()),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        found
    }

    /// Whether a connection to this place follows from use.
    pub(crate) fn have(&self, host: &Host, port: u16) -> bool {
        [None, Some(false), Some(true)].into_iter().any(|is_tls| self.say(host, port, is_tls))
    }

    /// Whether the place is named with this scheme. Where URLs name it, theirs is the scheme.
    pub(crate) fn have_with_scheme(&self, host: &Host, port: u16, is_tls: bool) -> bool {
        let is_named_otherwise = || self.say(host, port, Some(!is_tls));
        self.say(host, port, Some(is_tls)) || self.say(host, port, None) && !is_named_otherwise()
    }

    /// Whether the host is named, with whatever port.
    pub(crate) fn name(&self, host: &Host) -> bool {
        self.0.contains_key(host)
    }

    fn say(&self, host: &Host, port: u16, is_tls: Option<bool>) -> bool {
        self.0.get(host).is_some_and(|ports| ports.contains(&(Some(port), is_tls)))
    }

    /// All of them, for tests.
    #[cfg(test)]
    pub(crate) fn shown(&self) -> Vec<String> {
        let places = self.0.iter().flat_map(|(host, ports)| {
            ports.iter().map(move |(port, _)| format!("{host} {port:?}"))
        });
        let mut places: Vec<String> = places.collect();
        places.sort();
        places.dedup();
        places
    }
}

impl Extend<Endpoint> for Endpoints {
    fn extend<I: IntoIterator<Item = Endpoint>>(&mut self, endpoints: I) {
        for Endpoint { host, port, is_tls } in endpoints {
            self.0.entry(host).or_default().insert((port, is_tls));
        }
    }
}

impl FromIterator<Endpoint> for Endpoints {
    fn from_iter<I: IntoIterator<Item = Endpoint>>(endpoints: I) -> Self {
        let mut all = Self::default();
        all.extend(endpoints);
        all
    }
}
