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

/// Resolves names for connections to one port and drops what the guard refuses.
#[derive(Debug)]
pub(crate) struct GuardedResolver {
    pub(crate) guard: Arc<dyn AddressGuard>,
    pub(crate) port: u16,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, port) = (Arc::clone(&self.guard), self.port);
        Box::pin(async move {
            let host = name.as_str();
            let mut allowed = Vec::new();
            let mut refused = None;
            for address in tokio::net::lookup_host((host, port)).await? {
                match guard.check(host, address) {
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
