//! What a plugin may reach, and the words with which the rest is refused.
//!
//! Invariant: a host is judged by name before it is resolved and by address afterwards; a name
//! alone never opens loopback or link-local addresses.
//! Invariant: a refusal names the capability and the line of configuration that would grant it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

/// Hosts and a port that an operator grants: `db:5432`, `*.example.com:443`, `10.0.0.0/8:*`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NetPattern {
    text: String,
    host: HostPattern,
    /// `None`: every port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Any,
    Name(String),
    /// Names that end in this, which begins with a dot.
    Subdomain(String),
    Addresses {
        first: IpAddr,
        prefix: u8,
    },
    /// The path of a unix socket.
    Socket(String),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no host and port; write db:5432, *.example.com:443, 10.0.0.0/8:*, [fd00::1]:80 or \
     unix:///run/its.sock"
)]
pub struct NoNetPattern(String);

impl TryFrom<String> for NetPattern {
    type Error = NoNetPattern;

    fn try_from(text: String) -> Result<Self, NoNetPattern> {
        let parsed = parse_pattern(&text);
        match parsed {
            Some((host, port)) => Ok(Self { text, host, port }),
            None => Err(NoNetPattern(text)),
        }
    }
}

impl fmt::Display for NetPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse_pattern(text: &str) -> Option<(HostPattern, Option<u16>)> {
    if let Some(path) = socket_path(text) {
        return Some((HostPattern::Socket(path), None));
    }
    let (host, port) = text.rsplit_once(':')?;
    let port = if port == "*" { None } else { Some(port.parse().ok()?) };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if bare.contains(':') && bare.len() == host.len() {
        // An IPv6 address without brackets: the port cannot be told from the address.
        return None;
    }
    let pattern = if bare == "*" {
        HostPattern::Any
    } else if let Ok(first) = bare.parse::<IpAddr>() {
        let prefix = if first.is_ipv4() { 32 } else { 128 };
        HostPattern::Addresses { first, prefix }
    } else if let Some((first, prefix)) = bare.split_once('/') {
        let (first, prefix) = (first.parse::<IpAddr>().ok()?, prefix.parse::<u8>().ok()?);
        let longest = if first.is_ipv4() { 32 } else { 128 };
        (prefix <= longest).then_some(HostPattern::Addresses { first, prefix })?
    } else if let Some(suffix) = bare.strip_prefix('*').filter(|suffix| suffix.starts_with('.')) {
        HostPattern::Subdomain(host_name(suffix)?)
    } else {
        HostPattern::Name(host_name(bare)?)
    };
    Some((pattern, port))
}

/// A host name in the form in which names are compared: lower case, without a dot at the end.
pub(crate) fn host_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let is_name = !name.is_empty()
        && name.len() <= 253
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    is_name.then_some(name)
}

impl HostPattern {
    fn covers_name(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(own) => own == name,
            Self::Subdomain(suffix) => name.ends_with(suffix.as_str()),
            Self::Addresses { .. } | Self::Socket(_) => false,
        }
    }

    fn covers_address(&self, address: IpAddr) -> bool {
        let Self::Addresses { first, prefix } = self else { return false };
        match (first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(*prefix)).unwrap_or(0);
                u32::from(*first) & mask == u32::from(address) & mask
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(*prefix)).unwrap_or(0);
                u128::from(*first) & mask == u128::from(address) & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
        let (rest, default_port, is_tls) = match text.split_once("://") {
            Some(("http" | "ws", rest)) => (rest, Some(80), Some(false)),
            Some(("https" | "wss", rest)) => (rest, Some(443), Some(true)),
            Some((_, rest)) => (rest, None, None),
            None => (text, None, None),
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

/// What one call of a plugin may connect to and look up.
#[derive(Clone, Debug, Default)]
pub(crate) struct NetGrants {
    /// The plugin's name, for the words of a refusal.
    pub(crate) plugin: String,
    /// What follows from use.
    pub(crate) used: Vec<Endpoint>,
    /// What the operator granted.
    pub(crate) allowed: Vec<NetPattern>,
}

/// A host that may be resolved; what it resolves to is still to be judged.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    host: Host,
    port: u16,
    /// Whether the host itself was granted; otherwise only what addresses were granted.
    by_host: bool,
}

/// A refusal, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Denied(pub(crate) String);

impl NetGrants {
    /// Judges a connection to a unix socket.
    pub(crate) fn admit_socket(&self, path: &str) -> Result<(), Denied> {
        let used = self.used.iter().any(|endpoint| match &endpoint.host {
            Host::Socket(own) => own == path,
            Host::Name(_) | Host::Address(_) => false,
        });
        let allowed = |pattern: &NetPattern| match &pattern.host {
            HostPattern::Socket(own) => own == path,
            HostPattern::Any
            | HostPattern::Name(_)
            | HostPattern::Subdomain(_)
            | HostPattern::Addresses { .. } => false,
        };
        if used || self.allowed.iter().any(allowed) {
            return Ok(());
        }
        let socket = format!("unix://{path}");
        Err(self.denied_net(&socket, "", &socket))
    }

    /// Judges a connection by what stands in the request, before any name is resolved.
    pub(crate) fn admit(&self, host: &str, port: u16) -> Result<Admission, Denied> {
        let Some(host) = Host::parse(host) else {
            return Err(Denied(format!("{host:?} is neither a host name nor an address")));
        };
        let used =
            self.used.iter().any(|endpoint| endpoint.host == host && endpoint.port == Some(port));
        let mut allowed = self.allowed.iter().filter(|pattern| serves(pattern, port));
        let by_host = used
            || allowed.clone().any(|pattern| match &host {
                Host::Name(name) => pattern.host.covers_name(name),
                Host::Address(_) => pattern.host == HostPattern::Any,
                Host::Socket(_) => false,
            });
        let by_address = match &host {
            Host::Address(address) => allowed.any(|pattern| pattern.host.covers_address(*address)),
            Host::Socket(_) => false,
            // The name may lead to addresses that were granted.
            Host::Name(_) => {
                allowed.any(|pattern| matches!(pattern.host, HostPattern::Addresses { .. }))
            }
        };
        if by_host || by_address {
            let admission = Admission { host, port, by_host };
            if let Host::Address(address) = admission.host {
                self.admit_address(&admission, address)?;
            }
            return Ok(admission);
        }
        Err(self.denied_net(&format!("{host}:{port}"), "", &format!("{host}:{port}")))
    }

    /// Judges an address that a host resolved to.
    pub(crate) fn admit_address(
        &self,
        admission: &Admission,
        address: IpAddr,
    ) -> Result<(), Denied> {
        let address = address.to_canonical();
        let Admission { host, port, by_host } = admission;
        let granted = self
            .allowed
            .iter()
            .any(|pattern| serves(pattern, *port) && pattern.host.covers_address(address));
        if granted {
            return Ok(());
        }
        let shown = Host::Address(address);
        let grant = format!("{shown}:{port}");
        let asked = match host {
            Host::Name(name) => format!("{name}:{port} ({shown})"),
            Host::Address(_) | Host::Socket(_) => grant.clone(),
        };
        if is_link_local(address) {
            return Err(self.denied_net(&asked, ", a link-local address", &grant));
        }
        let names_loopback = match host {
            Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Address(named) => *named == address,
            Host::Socket(_) => false,
        };
        if is_this_host(address) && !(*by_host && names_loopback) {
            return Err(self.denied_net(&asked, ", an address of this machine", &grant));
        }
        if !by_host || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return Err(self.denied_net(&asked, "", &grant));
        }
        Ok(())
    }

    /// Judges a look-up in the DNS: names of the plugin's own targets and configuration, and names
    /// that the operator granted with any port.
    pub(crate) fn admit_lookup(&self, name: &str) -> Result<(), Denied> {
        let Some(name) = host_name(name) else {
            return Err(Denied(format!("{name:?} is no host name")));
        };
        let used = self.used.iter().any(|endpoint| endpoint.host == Host::Name(name.clone()));
        if used || self.allowed.iter().any(|pattern| pattern.host.covers_name(&name)) {
            return Ok(());
        }
        let plugin = &self.plugin;
        let line = allow_line(plugin, &format!("net: [\"{name}:*\"]"));
        Err(Denied(format!("plugin {plugin:?} may not look up {name}; {line}")))
    }

    fn denied_net(&self, asked: &str, what: &str, grant: &str) -> Denied {
        let plugin = &self.plugin;
        let line = allow_line(plugin, &format!("net: [\"{grant}\"]"));
        Denied(format!("plugin {plugin:?} may not connect to {asked}{what}; {line}"))
    }
}

/// The line of configuration that grants something.
pub(crate) fn allow_line(plugin: &str, grant: &str) -> String {
    format!("to allow it: plugins: {{ allow: {{ {plugin}: {{ {grant} }} }} }}")
}

fn serves(pattern: &NetPattern, port: u16) -> bool {
    pattern.port.is_none_or(|own| own == port)
}

/// Addresses of one's own link; clouds answer credentials there.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        // `fd00:ec2::/32` is where one cloud answers credentials over IPv6.
        IpAddr::V6(address) => {
            address.is_unicast_link_local() || address.segments().starts_with(&[0xfd00, 0x0ec2])
        }
    }
}

/// Loopback, and the unspecified address, which leads there too.
fn is_this_host(address: IpAddr) -> bool {
    let zero_net = |address: Ipv4Addr| address.octets().first() == Some(&0);
    address.is_loopback()
        || match address {
            IpAddr::V4(address) => zero_net(address),
            IpAddr::V6(address) => address == Ipv6Addr::UNSPECIFIED,
        }
}

/// The hosts that a configuration names, wherever they stand in it: URLs, `host:port`, host names.
///
/// At most 1024, so that a huge configuration costs a bounded time a call.
pub(crate) fn endpoints_in(config: &serde_json::Value) -> Vec<Endpoint> {
    const ENDPOINTS_MAX: usize = 1024;
    let mut endpoints = Vec::new();
    let mut rest = vec![config];
    while let Some(value) = rest.pop() {
        match value {
            serde_json::Value::String(text) if endpoints.len() < ENDPOINTS_MAX => {
                endpoints.extend(Endpoint::parse(text.trim()));
            }
            serde_json::Value::Array(items) => rest.extend(items),
            serde_json::Value::Object(entries) => rest.extend(entries.values()),
            serde_json::Value::String(_)
            | serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_) => {}
        }
    }
    endpoints
}

#[cfg(test)]
mod tests;
