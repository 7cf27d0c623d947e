//! The clients behind `http`: one of each plugin, and one of each item of the configuration that
//! has credentials.
//!
//! Invariant: credentials go to the item's own endpoints alone, and where these are URLs with
//! `https` never in the open.
//! Invariant: an address is judged before a connection to it is opened.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use narthex_client::{AddressGuard, Client, ClientOptions, HttpConfig, SetupError};
use narthex_settings::Secret;
use parking_lot::Mutex;

use super::place::Place;
use crate::grant::{Admission, Endpoints, GrantedBy, Host, NetGrants, NetPattern};
use crate::profiles::Access;
use crate::profiles::aws::Signer;

/// The clients of one plugin, or of one item.
#[derive(Debug)]
pub(crate) struct Capability {
    pub(super) plugin: String,
    /// For hosts that something names.
    pub(super) by_name: Connections,
    /// For the others, by what admits them: a connection that is kept for one call must not carry another for which
    /// its address would be refused. Made when they are needed.
    by_star: OnceLock<Connections>,
    by_address: OnceLock<Connections>,
    allowed: Vec<NetPattern>,
    config: HttpConfig,
    options: ClientOptions,
}

/// A client with its guard. It keeps connections between calls.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) client: Client,
    pub(super) guard: Arc<Guard>,
}

/// The client of one item of the configuration, with the credentials that stand there.
#[derive(Debug)]
pub(crate) struct OwnClient {
    pub(super) capability: Capability,
    /// Where it may be used.
    endpoints: Arc<Endpoints>,
    pub(super) follows_redirects: bool,
    /// Signs requests to these endpoints.
    pub(super) signer: Option<Arc<Signer>>,
}

impl Capability {
    /// The client of a plugin, without credentials.
    pub(crate) fn configure(plugin: &str, allowed: &[NetPattern]) -> Result<Self, SetupError> {
        let options = ClientOptions::default();
        Self::new(plugin, allowed, HttpConfig::default(), options)
    }

    fn new(
        plugin: &str,
        allowed: &[NetPattern],
        config: HttpConfig,
        options: ClientOptions,
    ) -> Result<Self, SetupError> {
        let by_name = Connections::new(plugin, allowed, config.clone(), options.clone())?;
        let (plugin, allowed) = (plugin.to_owned(), allowed.to_vec());
        let (by_star, by_address) = (OnceLock::new(), OnceLock::new());
        Ok(Self { plugin, by_name, by_star, by_address, allowed, config, options })
    }

    /// The connections that may carry a request.
    pub(super) fn connections(&self, admission: &Admission) -> Result<&Connections, SetupError> {
        let (kept, has_credentials) = match admission.by() {
            GrantedBy::Name => return Ok(&self.by_name),
            GrantedBy::Star => (&self.by_star, true),
            // Nothing that is granted by its address alone has credentials of an item.
            GrantedBy::Address => (&self.by_address, false),
        };
        if let Some(made) = kept.get() {
            return Ok(made);
        }
        let (config, options) = match has_credentials {
            true => (self.config.clone(), self.options.clone()),
            false => (HttpConfig::default(), ClientOptions::default()),
        };
        let made = Connections::new(&self.plugin, &self.allowed, config, options)?;
        Ok(kept.get_or_init(|| made))
    }

    /// The secrets that requests carried.
    fn known_secrets(&self) -> impl Iterator<Item = Secret> {
        let clients = [Some(&self.by_name), self.by_star.get()].into_iter().flatten();
        clients.flat_map(|connections| connections.client.known_secrets())
    }
}

impl Connections {
    fn new(
        plugin: &str,
        allowed: &[NetPattern],
        config: HttpConfig,
        options: ClientOptions,
    ) -> Result<Self, SetupError> {
        let (used, allowed) = (Arc::default(), allowed.to_vec());
        let net = NetGrants { plugin: plugin.to_owned(), used, allowed };
        let guard = Arc::new(Guard { net, admitted: Mutex::default() });
        let address_guard: Arc<dyn AddressGuard> = guard.clone();
        let client = Client::new(config, ClientOptions { guard: Some(address_guard), ..options })?;
        Ok(Self { client, guard })
    }
}

impl OwnClient {
    /// A client for an item of the configuration.
    pub(crate) fn new(
        plugin: &str,
        allowed: &[NetPattern],
        endpoints: Arc<Endpoints>,
        access: Access,
        options: &ClientOptions,
    ) -> Result<Self, SetupError> {
        let Access { http, follows_redirects, signer } = access;
        let options = options.clone();
        let capability = Capability::new(plugin, allowed, http, options)?;
        Ok(Self { capability, endpoints, follows_redirects, signer })
    }

    /// The secrets that requests of it carried.
    pub(crate) fn known_secrets(&self) -> Vec<String> {
        let signer = self.signer.iter().flat_map(|signer| signer.known_secrets());
        self.capability
            .known_secrets()
            .chain(signer)
            .map(|secret| secret.expose().to_owned())
            .collect()
    }

    /// Whether a request to this place has the item's credentials.
    pub(super) fn serves(&self, place: &Place) -> bool {
        match place {
            Place::Host { is_tls, host, port } => {
                self.endpoints.have_with_scheme(host, *port, *is_tls)
            }
            Place::Socket(path) => self.endpoints.name(&Host::Socket(path.clone())),
        }
    }
}

/// Judges addresses when the client is about to connect: only hosts that a request of this plugin
/// was admitted to, and of their addresses only those that may be reached. A connection that is still
/// being opened when its request has ended is not finished. The proxy of an item and where its tokens
/// come from are the operator's, and are not judged: the client does not ask for them.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) net: NetGrants,
    /// Guards the requests on the way: host and port, what was admitted, and how many wait for it.
    pub(super) admitted: Mutex<HashMap<(String, u16), (Admission, usize)>>,
}

/// A request on the way; while it is held the guard lets connections to its host be opened.
pub(super) struct Lease<'a> {
    guard: &'a Guard,
    key: (String, u16),
}

impl Guard {
    pub(super) fn lease(&self, host: &Host, port: u16, admission: Admission) -> Lease<'_> {
        let key = (host.to_string(), port);
        let mut admitted = self.admitted.lock();
        admitted.entry(key.clone()).or_insert((admission, 0)).1 += 1;
        Lease { guard: self, key }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut admitted = self.guard.admitted.lock();
        if let Some((_, waiting)) = admitted.get_mut(&self.key) {
            *waiting -= 1;
            if *waiting == 0 {
                admitted.remove(&self.key);
            }
        }
    }
}

impl AddressGuard for Guard {
    fn check(&self, host: &str, address: SocketAddr) -> Result<(), String> {
        let name = Host::parse(host).map(|host| host.to_string()).unwrap_or_default();
        let admission = {
            let admitted = self.admitted.lock();
            admitted.get(&(name, address.port())).map(|(admission, _)| admission.clone())
        };
        let Some(admission) = admission else {
            return Err(format!("no request to {host} is on the way"));
        };
        let judged = self.net.admit_address(&admission, address.ip());
        judged.map_err(|denied| denied.to_string())
    }
}
