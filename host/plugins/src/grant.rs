//! What a plugin may reach, and the words with which the rest is refused.
//!
//! Invariant: a host is judged by name before it is resolved and by address afterwards; neither a name
//! alone nor a network that is wider than these ranges opens loopback or link-local addresses.
//! Invariant: a refusal names the capability and the line of configuration that would grant it.

mod endpoint;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde::Deserialize;

pub(crate) use self::endpoint::{Endpoint, Endpoints, Host, socket_path};

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

    /// Whether it means addresses of this range, and not just these among others.
    fn is_within(&self, kept: &Kept) -> bool {
        matches!(self, Self::Addresses { prefix, .. } if *prefix >= kept.prefix)
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

/// What one call of a plugin may connect to and look up.
#[derive(Clone, Debug, Default)]
pub(crate) struct NetGrants {
    /// The plugin's name, for the words of a refusal.
    pub(crate) plugin: String,
    /// What follows from use.
    pub(crate) used: Arc<Endpoints>,
    /// What the operator granted.
    pub(crate) allowed: Vec<NetPattern>,
}

/// A host that may be resolved; what it resolves to is still to be judged.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    host: Host,
    port: u16,
    by: GrantedBy,
}

/// What admits a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantedBy {
    /// Its use, or a pattern that names the host.
    Name,
    /// A `*`, which names nothing.
    Star,
    /// The addresses to which the host leads.
    Address,
}

impl Admission {
    pub(crate) fn by(&self) -> GrantedBy {
        self.by
    }
}

/// A refusal, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Denied(pub(crate) String);

impl NetGrants {
    /// Judges a connection to a unix socket.
    pub(crate) fn admit_socket(&self, path: &str) -> Result<(), Denied> {
        let used = self.used.name(&Host::Socket(path.to_owned()));
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
        let allowed = || self.allowed.iter().filter(|pattern| serves(pattern, port));
        let is_named = || {
            self.used.have(&host, port)
                || allowed().any(|pattern| match &host {
                    Host::Name(name) => {
                        pattern.host != HostPattern::Any && pattern.host.covers_name(name)
                    }
                    Host::Address(_) | Host::Socket(_) => false,
                })
        };
        let is_by_address = || match &host {
            Host::Address(address) => {
                allowed().any(|pattern| pattern.host.covers_address(*address))
            }
            Host::Socket(_) => false,
            // The name may lead to addresses that were granted.
            Host::Name(_) => {
                allowed().any(|pattern| matches!(pattern.host, HostPattern::Addresses { .. }))
            }
        };
        let by = if is_named() {
            Some(GrantedBy::Name)
        } else if allowed().any(|pattern| pattern.host == HostPattern::Any) {
            Some(GrantedBy::Star)
        } else {
            is_by_address().then_some(GrantedBy::Address)
        };
        if let Some(by) = by {
            let admission = Admission { host, port, by };
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
        let Admission { host, port, by } = admission;
        let kept = Kept::of(address);
        let granted = self.allowed.iter().any(|pattern| {
            serves(pattern, *port)
                && pattern.host.covers_address(address)
                && kept.as_ref().is_none_or(|kept| pattern.host.is_within(kept))
        });
        if granted {
            return Ok(());
        }
        let shown = Host::Address(address);
        let grant = format!("{shown}:{port}");
        let asked = match host {
            Host::Name(name) => format!("{name}:{port} ({shown})"),
            Host::Address(_) | Host::Socket(_) => grant.clone(),
        };
        let names_loopback = match host {
            Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Address(named) => *named == address,
            Host::Socket(_) => false,
        };
        if let Some(kept) = kept
            && !(kept.why == THIS_MACHINE && *by == GrantedBy::Name && names_loopback)
        {
            return Err(self.denied_net(&asked, kept.why, &grant));
        }
        let address = translated(address);
        let is_for_many = address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST);
        if *by == GrantedBy::Address || is_for_many {
            return Err(self.denied_net(&asked, "", &grant));
        }
        Ok(())
    }

    /// Whether a place may have the secrets of the configuration: it follows from use, by TLS where a URL says so,
    /// or the operator granted this very host and port. A grant does not say how the place is reached, and takes
    /// secrets there by TLS alone.
    pub(crate) fn takes_secrets(&self, host: &Host, port: u16, is_tls: bool) -> bool {
        let is_this = |pattern: &NetPattern| {
            let is_host = match (&pattern.host, host) {
                (HostPattern::Name(own), Host::Name(name)) => own == name,
                (HostPattern::Addresses { first, prefix }, Host::Address(address)) => {
                    first == address && *prefix == if address.is_ipv4() { 32 } else { 128 }
                }
                _ => false,
            };
            is_host && pattern.port == Some(port)
        };
        self.used.have_with_scheme(host, port, is_tls) || is_tls && self.allowed.iter().any(is_this)
    }

    /// Judges a look-up in the DNS: names of the plugin's own targets and configuration, and names
    /// that the operator granted with any port.
    pub(crate) fn admit_lookup(&self, name: &str) -> Result<(), Denied> {
        let Some(name) = host_name(name) else {
            return Err(Denied(format!("{name:?} is no host name")));
        };
        if self.used.name(&Host::Name(name.clone()))
            || self.allowed.iter().any(|pattern| pattern.host.covers_name(&name))
        {
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

/// A range of addresses that is granted by itself alone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    /// What a refusal says of it.
    why: &'static str,
    /// The length of its prefix, in the family in which the address is written.
    prefix: u8,
}

const THIS_MACHINE: &str = ", an address of this machine";

impl Kept {
    /// The range that an address belongs to, or that it leads to.
    fn of(address: IpAddr) -> Option<Self> {
        let leads_to = translated(address);
        let (why, of_v4, of_v6) = if is_link_local(leads_to) {
            (", a link-local address", 16, 10)
        } else if is_of_cloud(leads_to) {
            (", where a cloud answers credentials", 32, 32)
        } else if is_this_host(leads_to) {
            (THIS_MACHINE, 8, 128)
        } else {
            return None;
        };
        let prefix = match leads_to {
            _ if leads_to != address => 128,
            IpAddr::V4(_) => of_v4,
            IpAddr::V6(_) => of_v6,
        };
        Some(Self { why, prefix })
    }
}

/// Addresses of one's own link; most clouds answer credentials there.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// Addresses elsewhere at which clouds answer credentials: of Amazon and Google over IPv6, of Alibaba.
fn is_of_cloud(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address == Ipv4Addr::new(100, 100, 100, 200),
        IpAddr::V6(address) => {
            let networks = [[0xfd00, 0x0ec2], [0xfd20, 0x00ce]];
            networks.iter().any(|network| address.segments().starts_with(network))
        }
    }
}

/// Where an address leads behind a translator between IPv6 and IPv4 (RFC 6052, part 2.1; RFC 8215), behind
/// a relay of 6to4 (RFC 3056), or written in the form that RFC 4291 gave up.
fn translated(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => match six.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, ..]
            | [0x64, 0xff9b, 1, ..]
            | [0, 0, 0, 0, 0xffff, 0, ..] => {
                let [.., a, b, c, d] = six.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
                let [.., a, b, c, d] = six.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            [0x2002, ..] => {
                let [_, _, a, b, c, d, ..] = six.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            _ => address,
        },
        IpAddr::V4(_) => address,
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

#[cfg(test)]
mod tests;
