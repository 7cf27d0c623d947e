//! A connection that is opened step by step, so that each step can be told: resolve, connect, TLS.
//!
//! Invariant: an address is judged by the guard before a connection to it is opened.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::error::RequestError;
use crate::guard::AddressGuard;

/// A version of the internet protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpVersion {
    /// 4
    V4,
    /// 6
    V6,
}

/// What is known of a connection, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// The peer's address, once there is one to connect to.
    pub address: Option<SocketAddr>,
    /// How long the name took.
    pub resolve: Option<Duration>,
    /// How long the connection took.
    pub connect: Option<Duration>,
    /// How long the handshake of TLS took.
    pub tls: Option<Duration>,
}

/// A connection to open.
#[derive(Clone, Copy, Debug)]
pub struct Dial<'a> {
    /// A name or an address, with or without brackets.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// Of the addresses that may be connected to, the first of the first version that has any, and no other. Empty:
    /// one after the other.
    pub versions: &'a [IpVersion],
    /// Which addresses may be connected to.
    pub guard: &'a dyn AddressGuard,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name leads nowhere.
    #[error("resolve {peer}")]
    Resolve {
        /// Host and port.
        peer: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The name has no address of a version that is wanted.
    #[error("{peer} has no address")]
    NoAddress {
        /// Host and port.
        peer: String,
    },
    /// No address that may be connected to.
    #[error("{reason}")]
    Denied {
        /// The host.
        host: String,
        /// The guard's reason.
        reason: String,
    },
    /// Nobody is there.
    #[error("connect to {peer}")]
    Connect {
        /// Host and port.
        peer: String,
        /// What the network said.
        source: io::Error,
    },
}

impl From<DialError> for RequestError {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Denied { host, reason } => Self::Denied { host, reason },
            DialError::Connect { peer, source } => {
                Self::Connect { host: peer, source: source.into() }
            }
            DialError::Resolve { ref peer, .. } | DialError::NoAddress { ref peer } => {
                Self::Connect { host: peer.clone(), source: error.into() }
            }
        }
    }
}

impl Dial<'_> {
    /// Opens it; `steps` tells how far that came.
    ///
    /// # Errors
    /// When the name has no address that may be connected to, or nobody is there.
    pub async fn open(&self, steps: &mut Steps) -> Result<TcpStream, DialError> {
        let peer = || format!("{}:{}", self.host, self.port);
        let mut last = DialError::NoAddress { peer: peer() };
        for address in self.resolve(steps).await? {
            steps.address = Some(address);
            let began = Instant::now();
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    steps.connect = Some(began.elapsed());
                    // Requests are whole messages; waiting to gather more gains nothing.
                    stream.set_nodelay(true).ok();
                    return Ok(stream);
                }
                Err(source) => last = DialError::Connect { peer: peer(), source },
            }
        }
        Err(last)
    }

    /// The addresses to try, in order: each is judged, for a name that has one good address may have bad ones too.
    ///
    /// # Errors
    /// When the name cannot be resolved, or has no address that may be connected to.
    pub async fn resolve(&self, steps: &mut Steps) -> Result<Vec<SocketAddr>, DialError> {
        let peer = || format!("{}:{}", self.host, self.port);
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let began = Instant::now();
        let resolved = tokio::net::lookup_host((bare, self.port)).await;
        let resolved = resolved.map_err(|source| DialError::Resolve { peer: peer(), source })?;
        steps.resolve = Some(began.elapsed());
        let (mut allowed, mut refused) = (Vec::new(), None);
        for address in resolved {
            match self.guard.check(self.host, address) {
                Ok(()) => allowed.push(address),
                Err(reason) => refused = Some(reason),
            }
        }
        if !self.versions.is_empty() {
            let of = |version: &IpVersion| {
                let is_of = |a: &&SocketAddr| a.is_ipv4() == (*version == IpVersion::V4);
                allowed.iter().find(is_of).copied()
            };
            allowed = self.versions.iter().find_map(of).into_iter().collect();
        }
        match refused {
            _ if !allowed.is_empty() => Ok(allowed),
            Some(reason) => Err(DialError::Denied { host: self.host.to_owned(), reason }),
            None => Err(DialError::NoAddress { peer: peer() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets nobody connect to an address of version 6.
    #[derive(Debug)]
    struct Old;

    impl AddressGuard for Old {
        fn check(&self, _: &str, address: SocketAddr) -> Result<(), String> {
            if address.is_ipv4() { Ok(()) } else { Err(format!("{address} is too new")) }
        }
    }

    async fn resolve(host: &str, versions: &[IpVersion]) -> Result<Vec<SocketAddr>, DialError> {
        let mut steps = Steps::default();
        let found = Dial { host, port: 1, versions, guard: &Old }.resolve(&mut steps).await;
        assert!(steps.resolve.is_some(), "the step was taken");
        found
    }

    #[tokio::test]
    async fn addresses_are_judged_and_chosen_by_version() {
        let four = "127.0.0.1:1".parse().unwrap();
        for versions in [&[][..], &[IpVersion::V4], &[IpVersion::V6, IpVersion::V4]] {
            assert_eq!(resolve("127.0.0.1", versions).await.unwrap(), [four]);
        }
        let none = resolve("127.0.0.1", &[IpVersion::V6]).await.unwrap_err();
        assert_eq!(none.to_string(), "127.0.0.1:1 has no address");
        let denied = resolve("[::1]", &[]).await.unwrap_err();
        assert_eq!(denied.to_string(), "[::1]:1 is too new");
    }
}
