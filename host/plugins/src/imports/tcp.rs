//! `tcp`: connections to granted hosts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use narthex_wasm::Guest;
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{CallContext, Error, ErrorKind, clock, denied, error};
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
    stream: Option<TcpStream>,
    peer: String,
}

/// The connections of one call.
#[derive(Debug)]
pub(crate) struct Instance {
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
    pub(crate) fn instantiate(net: &Arc<NetGrants>, clock: &clock::Instance) -> Self {
        Self { net: Arc::clone(net), clock: clock.clone(), open: 0 }
    }

    async fn connect(&self, host: &str, port: u16, timeout: Duration) -> Result<TcpStream, Error> {
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
                match TcpStream::connect(SocketAddr::new(address.ip(), port)).await {
                    Ok(stream) => {
                        // Requests are whole messages; waiting to gather more gains nothing.
                        stream.set_nodelay(true).ok();
                        return Ok(stream);
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
        if tls.is_some() {
            let message = "no TLS profile is offered for tcp yet; http speaks TLS";
            return Ok(Err(error(ErrorKind::Config, message)));
        }
        if self.instance.open >= CONNECTIONS_MAX {
            let message = format!("{CONNECTIONS_MAX} connections are open already");
            return Ok(Err(error(ErrorKind::Exhausted, message)));
        }
        let timeout = self.instance.clock.at_most_left(Some(timeout_ms));
        match self.instance.connect(&host, port, timeout).await {
            Ok(stream) => {
                let peer = format!("{host}:{port}");
                let connection = Connection { stream: Some(stream), peer };
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
            let written = stream.write_all(&data).await;
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

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.resources.delete(connection)?;
        self.instance.open = self.instance.open.saturating_sub(1);
        Ok(())
    }
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
