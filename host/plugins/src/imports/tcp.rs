//! `tcp`: connections to granted hosts, encrypted by the profiles that the operator bound.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use narthex_client::{ClientOptions, Encryption, Stream, TlsConfig};
use narthex_settings::error_chain;
use narthex_wasm::Guest;
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{CallContext, ConfigureError, Error, ErrorKind, Label, clock, denied, error};
use crate::bindings::imports::narthex::plugin::tcp;
use crate::grant::NetGrants;

/// Connections that one call may have open.
const CONNECTIONS_MAX: usize = 16;

/// Bytes of one read.
const READ_BYTES_MAX: usize = 1 << 20;

/// An open connection; dropped with the call at the latest.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it in public types")]
pub struct Connection {
    /// `None` after an error: half a message may be on its way.
    stream: Option<Stream>,
    /// As the guest named it.
    host: String,
    peer: String,
    address: SocketAddr,
}

/// The profile that needs no grant.
const DEFAULT_PROFILE: &str = "default";

/// How a plugin's connections are encrypted, by the name of the profile.
#[derive(Debug)]
pub(crate) struct Capability {
    plugin: String,
    profiles: BTreeMap<String, Encryption>,
}

impl Capability {
    pub(crate) fn configure(
        plugin: &str,
        profiles: &BTreeMap<String, TlsConfig>,
        client: &ClientOptions,
    ) -> Result<Self, ConfigureError> {
        let default = (DEFAULT_PROFILE.to_owned(), TlsConfig::default());
        let all = [default].into_iter().chain(profiles.clone());
        let read = |(profile, keys): (String, TlsConfig)| match Encryption::read(&keys, client) {
            Ok(encryption) => Ok((profile, encryption)),
            Err(source) => Err(ConfigureError::Tls { profile, source }),
        };
        let profiles = all.map(read).collect::<Result<_, _>>()?;
        Ok(Self { plugin: plugin.to_owned(), profiles })
    }

    fn profile(&self, name: &str) -> Result<&Encryption, Error> {
        self.profiles.get(name).ok_or_else(|| {
            let plugin = &self.plugin;
            let message = format!(
                "no TLS profile {name:?} is bound to plugin {plugin:?}; to bind one: \
                 plugins: {{ allow: {{ {plugin}: {{ tls: {{ {name}: {{ ca_file: ca.pem }} }} }} }} }}"
            );
            error(ErrorKind::Config, message)
        })
    }
}

/// The connections of one call.
#[derive(Debug)]
pub(crate) struct Instance {
    capability: Arc<Capability>,
    net: Arc<NetGrants>,
    clock: clock::Instance,
    open: usize,
}

/// What the interface works on: the grants, and the table in which connections are kept.
#[derive(Debug)]
pub(crate) struct View<'a> {
    instance: &'a mut Instance,
    resources: &'a mut ResourceTable,
}

/// Tells the linker about [`View`].
struct Tcp;

impl HasData for Tcp {
    type Data<'a> = View<'a>;
}

pub(crate) fn link(linker: &mut Linker<Guest<CallContext>>) -> wasmtime::Result<()> {
    tcp::add_to_linker::<_, Tcp>(linker, |guest| {
        let (host, resources) = guest.host_and_resources();
        View { instance: &mut host.tcp, resources }
    })
}

impl Instance {
    pub(crate) fn instantiate(
        capability: &Arc<Capability>,
        net: &Arc<NetGrants>,
        clock: &clock::Instance,
    ) -> Self {
        let (capability, net) = (Arc::clone(capability), Arc::clone(net));
        Self { capability, net, clock: clock.clone(), open: 0 }
    }

    async fn connect(
        &self,
        host: &str,
        port: u16,
        tls: Option<&Encryption>,
        timeout: Duration,
    ) -> Result<(Stream, SocketAddr), Error> {
        let admission = self.net.admit(host, port).map_err(denied)?;
        let peer = format!("{host}:{port}");
        let connect = async {
            let unreachable = |step: &str, cause: std::io::Error| {
                error(ErrorKind::Unreachable, format!("{step} {peer}: {cause}"))
            };
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let resolved = tokio::net::lookup_host((bare, port)).await;
            let mut last = error(ErrorKind::Unreachable, format!("{peer} has no address"));
            for address in resolved.map_err(|cause| unreachable("resolve", cause))? {
                // Each address is judged: a name that has one good address may have bad ones too.
                if let Err(refused) = self.net.admit_address(&admission, address.ip()) {
                    last = denied(refused);
                    continue;
                }
                let address = SocketAddr::new(address.ip(), port);
                match TcpStream::connect(address).await {
                    Ok(stream) => {
                        // Requests are whole messages; waiting to gather more gains nothing.
                        stream.set_nodelay(true).ok();
                        let stream = Stream::Plain(stream);
                        let stream = match tls {
                            Some(tls) => encrypt(tls, host, &peer, stream).await?,
                            None => stream,
                        };
                        return Ok((stream, address));
                    }
                    Err(cause) => last = unreachable("connect to", cause),
                }
            }
            Err(last)
        };
        in_time(timeout, &format!("connect to {peer}"), connect).await
    }
}

impl tcp::Host for View<'_> {}

impl tcp::HostConnection for View<'_> {
    async fn connect(
        &mut self,
        host: String,
        port: u16,
        tls: Option<String>,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let capability = Arc::clone(&self.instance.capability);
        let tls = match tls.map(|profile| capability.profile(&profile)).transpose() {
            Ok(tls) => tls,
            Err(unknown) => return Ok(Err(unknown)),
        };
        if self.instance.open >= CONNECTIONS_MAX {
            let message = format!("{CONNECTIONS_MAX} connections are open already");
            return Ok(Err(error(ErrorKind::Exhausted, message)));
        }
        let timeout = self.instance.clock.at_most_left(Some(timeout_ms));
        match self.instance.connect(&host, port, tls, timeout).await {
            Ok((stream, address)) => {
                let peer = format!("{host}:{port}");
                let connection = Connection { stream: Some(stream), host, peer, address };
                let resource = self.resources.push(connection)?;
                self.instance.open += 1;
                Ok(Ok(resource))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn write_all(
        &mut self,
        connection: Resource<Connection>,
        data: Vec<u8>,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<(), Error>> {
        let timeout = self.instance.clock.at_most_left(Some(timeout_ms));
        let connection = self.resources.get_mut(&connection)?;
        let step = format!("write to {}", connection.peer);
        let Some(mut stream) = connection.stream.take() else { return Ok(Err(broken(&step))) };
        let write = async {
            let written = match stream.write_all(&data).await {
                // What is encrypted may still wait in a buffer.
                Ok(()) => stream.flush().await,
                failed => failed,
            };
            written.map_err(|cause| error(ErrorKind::Unreachable, format!("{step}: {cause}")))
        };
        let outcome = in_time(timeout, &step, write).await;
        if outcome.is_ok() {
            connection.stream = Some(stream);
        }
        Ok(outcome)
    }

    async fn read(
        &mut self,
        connection: Resource<Connection>,
        max: u32,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let timeout = self.instance.clock.at_most_left(Some(timeout_ms));
        let connection = self.resources.get_mut(&connection)?;
        let step = format!("read from {}", connection.peer);
        let Some(stream) = connection.stream.as_mut() else { return Ok(Err(broken(&step))) };
        let max = usize::try_from(max).unwrap_or(READ_BYTES_MAX).min(READ_BYTES_MAX);
        let mut bytes = vec![0; max];
        let read = async {
            let count = stream.read(&mut bytes).await;
            count.map_err(|cause| error(ErrorKind::Unreachable, format!("{step}: {cause}")))
        };
        let outcome = in_time(timeout, &step, read).await;
        Ok(outcome.map(|count| {
            bytes.truncate(count);
            bytes
        }))
    }

    async fn start_tls(
        &mut self,
        connection: Resource<Connection>,
        tls: String,
        server_name: Option<String>,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<(), Error>> {
        let timeout = self.instance.clock.at_most_left(Some(timeout_ms));
        let connection = self.resources.get_mut(&connection)?;
        let step = format!("speak TLS with {}", connection.peer);
        let Some(stream) = connection.stream.take() else { return Ok(Err(broken(&step))) };
        let encryption = match self.instance.capability.profile(&tls) {
            Ok(encryption) => encryption,
            Err(unknown) => return Ok(Err(unknown)),
        };
        let host = server_name.as_deref().unwrap_or(&connection.host);
        let handshake = encrypt(encryption, host, &connection.peer, stream);
        Ok(match in_time(timeout, &step, handshake).await {
            Ok(stream) => {
                connection.stream = Some(stream);
                Ok(())
            }
            Err(error) => Err(error),
        })
    }

    async fn facts(&mut self, connection: Resource<Connection>) -> wasmtime::Result<Vec<Label>> {
        let connection = self.resources.get_mut(&connection)?;
        let fact = |name: &str, value: String| Label { name: name.to_owned(), value };
        let mut facts = vec![fact("address", connection.address.to_string())];
        let encryption = connection.stream.as_ref().and_then(Stream::encryption);
        if let Some((version, cipher)) = encryption {
            facts.push(fact("tls-version", version.to_owned()));
            facts.push(fact("tls-cipher", cipher.to_owned()));
        }
        Ok(facts)
    }

    async fn certificates(
        &mut self,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<Vec<Vec<u8>>> {
        let connection = self.resources.get_mut(&connection)?;
        Ok(connection.stream.as_ref().map(Stream::certificates).unwrap_or_default())
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.resources.delete(connection)?;
        self.instance.open = self.instance.open.saturating_sub(1);
        Ok(())
    }
}

/// Who is there instead, or shows no certificate that is believed, answered something that makes no sense.
async fn encrypt(
    encryption: &Encryption,
    host: &str,
    peer: &str,
    stream: Stream,
) -> Result<Stream, Error> {
    let encrypted = encryption.start(host, stream).await;
    encrypted
        .map_err(|failure| error(ErrorKind::Protocol, format!("{peer}: {}", error_chain(&failure))))
}

fn broken(step: &str) -> Error {
    error(
        ErrorKind::Unreachable,
        format!("{step}: an earlier step failed and broke the connection"),
    )
}

/// Runs `work`, but not for longer than `timeout`.
pub(crate) async fn in_time<T>(
    timeout: Duration,
    step: &str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(timeout, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(error(ErrorKind::Timeout, format!("{step}: not done within {timeout:?}"))),
    }
}
