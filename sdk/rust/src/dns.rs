//! DNS by the host's resolver, with the common record types read.

use std::{net::IpAddr, str::FromStr, time::Duration};

use crate::{Error, facts, host};

pub use crate::bindings::host::narthex::plugin::dns::{Answer, Exchanged};

/// A record of type SRV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Lower is tried first.
    pub priority: u16,
    /// Share among equal priorities.
    pub weight: u16,
    /// The service's port.
    pub port: u16,
    /// An absolute name that ends in a dot.
    pub target: String,
}

/// Records as they are written in a zone file. A name that does not exist is an empty list.
pub fn lookup(name: &str, kind: &str, timeout: Duration) -> Result<Vec<Answer>, Error> {
    host::dns::lookup(name, kind, u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX))
}

/// Asks one server over UDP, once, with a message of RFC 1035 that has one question: to watch a nameserver. Of the options
/// there is `ip`, as for [`Request::probe`](crate::http::Request::probe).
pub fn exchange(
    server: &str,
    port: u16,
    query: &[u8],
    options: &[(&str, &str)],
    timeout: Duration,
) -> Result<Exchanged, Error> {
    let timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    host::dns::exchange(server, port, query, &facts::labels(options), timeout_ms)
}

/// Addresses: `kind` is `A` or `AAAA`.
pub fn addresses(name: &str, kind: &str, timeout: Duration) -> Result<Vec<IpAddr>, Error> {
    read_all(name, kind, timeout, |data| data.parse().ok())
}

/// Services.
pub fn srv(name: &str, timeout: Duration) -> Result<Vec<Srv>, Error> {
    read_all(name, "SRV", timeout, |data| {
        let mut words = data.split_whitespace();
        Some(Srv {
            priority: next(&mut words)?,
            weight: next(&mut words)?,
            port: next(&mut words)?,
            target: next(&mut words)?,
        })
    })
}

/// Mail exchangers: absolute names, in the order of the answer.
pub fn mx(name: &str, timeout: Duration) -> Result<Vec<String>, Error> {
    read_all(name, "MX", timeout, |data| data.split_whitespace().nth(1).map(str::to_owned))
}

/// Name servers: absolute names, in the order of the answer.
pub fn ns(name: &str, timeout: Duration) -> Result<Vec<String>, Error> {
    read_all(name, "NS", timeout, |data| Some(data.to_owned()))
}

fn next<T: FromStr>(words: &mut std::str::SplitWhitespace<'_>) -> Option<T> {
    words.next()?.parse().ok()
}

fn read_all<T>(
    name: &str,
    kind: &str,
    timeout: Duration,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Error> {
    let unreadable =
        |data: &str| Error::protocol(format!("{kind} record of {name} cannot be read: {data}"));
    lookup(name, kind, timeout)?
        .iter()
        .map(|answer| read(&answer.data).ok_or_else(|| unreadable(&answer.data)))
        .collect()
}
