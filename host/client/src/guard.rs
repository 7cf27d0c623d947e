//! Which addresses may be connected to.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Decides about addresses after names were resolved, so that no name can lead to a place that
/// was not granted.
pub trait AddressGuard: fmt::Debug + Send + Sync {
    /// Whether a connection to `address`, which `host` stands for, may be opened.
    ///
    /// # Errors
    /// The reason why not, for people.
    fn check(&self, host: &str, address: SocketAddr) -> Result<(), String>;
}

/// Every address that a name has was refused.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Denied(pub(crate) String);

/// Resolves names for connections to one port, drops what the guard refuses, and leads the name of a
/// certificate to the host that has it.
#[derive(Debug)]
pub(crate) struct Resolver {
    /// A name and the host that it stands for.
    pub(crate) alias: Option<(String, String)>,
    pub(crate) port: u16,
    pub(crate) guard: Option<Arc<dyn AddressGuard>>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let port = self.port;
        let host = match &self.alias {
            Some((alias, host)) if name.as_str().eq_ignore_ascii_case(alias) => {
                host.trim_start_matches('[').trim_end_matches(']').to_owned()
            }
            Some(_) | None => name.as_str().to_owned(),
        };
        let guard = self.guard.clone();
        Box::pin(async move {
            let mut allowed = Vec::new();
            let mut refused = None;
            for address in tokio::net::lookup_host((&*host, port)).await? {
                match guard.as_ref().map_or(Ok(()), |guard| guard.check(&host, address)) {
                    Ok(()) => allowed.push(address),
                    Err(reason) => refused = Some(reason),
                }
            }
            match refused {
                Some(reason) if allowed.is_empty() => Err(Denied(reason).into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}
