//! `tcp`: connections to granted hosts, encrypted by the profiles that the operator bound.

use std::sync::Arc;
use std::time::Duration;

use narthex_client::{Dial, Encryption, Steps, Stream};
use narthex_settings::error_chain;
use narthex_wasm::Guest;
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dial::{Judge, Options, dial_error, facts_of, facts_of_tls};
use super::{CallContext, Error, ErrorKind, Label, clock, error, tls};
use crate::bindings::imports::narthex::plugin::tcp;
use crate::grant::{Host, NetGrants};
use crate::secrets::CallSecrets;
use crate::spending::Spending;
use crate::tape::{Ask, Ear, Slot};

/// Connections that one call may have open.
const CONNECTIONS_MAX: usize = 16;

/// What can be asked for.
const OPTIONS: [&str; 3] = ["ip", "tls", "server-name"];

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
    port: u16,
    peer: String,
    /// How it came about.
    steps: Steps,
    /// On the tape of the call.
    slot: Option<Slot>,
}

/// The connections of one call.
#[derive(Debug)]
pub(crate) struct Instance {
    tls: tls::Bound,
    net: Arc<NetGrants>,
    secrets: CallSecrets,
    spending: Spending,
    clock: clock::Instance,
    open: usize,
    ear: Ear,
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
        tls: &tls::Bound,
        net: &Arc<NetGrants>,
        secrets: &CallSecrets,
        spending: &Spending,
        clock: &clock::Instance,
        ear: &Ear,
    ) -> Self {
        let (tls, net) = (tls.clone(), Arc::clone(net));
        let (secrets, spending) = (secrets.clone(), spending.clone());
        let (clock, ear) = (clock.clone(), ear.clone());
        Self { tls, net, secrets, spending, clock, open: 0, ear }
    }

    /// What is put in for placeholders that go to a place, over a stream as it is now.
    fn secrets_for(&self, host: &str, port: u16, stream: &Stream) -> CallSecrets {
        let is_tls = matches!(stream, Stream::Tls(_));
        let takes = Host::parse(host).is_some_and(|it| self.net.takes_secrets(&it, port, is_tls));
        if takes { self.secrets.clone() } else { CallSecrets::default() }
    }

    /// Opens a connection; `steps` tells how far that came.
    async fn open(
        &self,
        host: &str,
        port: u16,
        options: &Options,
        steps: &mut Steps,
        timeout: Duration,
    ) -> Result<Stream, Error> {
        let tls = options.tls.as_deref().map(|profile| self.tls.named(profile)).transpose()?;
        if self.open >= CONNECTIONS_MAX {
            let message = format!("{CONNECTIONS_MAX} connections are open already");
            return Err(error(ErrorKind::Exhausted, message));
        }
        let guard = Judge::admit(&self.net, host, port)?;
        self.spending.request()?;
        let peer = format!("{host}:{port}");
        let open = async {
            let dial = Dial { host, port, versions: &options.versions, guard: &guard };
            let stream = dial.open(steps).await.map_err(|failure| dial_error(&failure))?;
            let stream = Stream::Plain(stream);
            let Some(tls) = tls else { return Ok(stream) };
            let name = options.server_name.as_deref().unwrap_or(host);
            encrypt(tls, name, &peer, stream, steps).await
        };
        in_time(timeout, &format!("connect to {peer}"), open).await
    }
}

impl View<'_> {
    async fn connected(
        &mut self,
        ask: Ask,
        (host, port): (String, u16),
        options: &Options,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let timeout = self.instance.clock.at_most_left(Some(timeout_ms));
        let instance = &*self.instance;
        let open = async {
            let mut steps = Steps::default();
            match instance.open(&host, port, options, &mut steps, timeout).await {
                Ok(stream) => Ok((stream, steps)),
                Err(error) => Err(Error { details: facts_of(&steps), ..error }),
            }
        };
        match instance.ear.connect(|| ask, open).await {
            Ok((opened, slot)) => {
                let peer = format!("{host}:{port}");
                let (stream, steps) = opened.unzip();
                let steps = steps.unwrap_or_default();
                let connection = Connection { stream, host, port, peer, steps, slot };
                let resource = self.resources.push(connection)?;
                self.instance.open += 1;
                Ok(Ok(resource))
            }
            Err(error) => Ok(Err(error)),
        }
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
        let ask = Ask::Tcp { connect: format!("{host}:{port}"), tls: tls.clone(), options: vec![] };
        let options = Options { tls, ..Options::default() };
        self.connected(ask, (host, port), &options, timeout_ms).await
    }

    async fn open(
        &mut self,
        host: String,
        port: u16,
        options: Vec<Label>,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let pair = |option: &Label| (option.name.clone(), option.value.clone());
        let (connect, given) = (format!("{host}:{port}"), options.iter().map(pair).collect());
        let ask = Ask::Tcp { connect, tls: None, options: given };
        match Options::read(options, &OPTIONS) {
            Ok(options) => self.connected(ask, (host, port), &options, timeout_ms).await,
            Err(wrong) => Ok(Err(wrong)),
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
        let ear = &self.instance.ear;
        if let Some(played) = ear.write(connection.slot, &data) {
            return Ok(played);
        }
        let step = format!("write to {}", connection.peer);
        let Some(mut stream) = connection.stream.take() else { return Ok(Err(broken(&step))) };
        let secrets = self.instance.secrets_for(&connection.host, connection.port, &stream);
        let sent = secrets.in_stream(&data);
        if let Err(exhausted) = self.instance.spending.send(sent.len()) {
            connection.stream = Some(stream);
            return Ok(Err(exhausted));
        }
        let write = async {
            let written = match stream.write_all(&sent).await {
                // What is encrypted may still wait in a buffer.
                Ok(()) => stream.flush().await,
                failed => failed,
            };
            written.map_err(|cause| error(ErrorKind::Unreachable, format!("{step}: {cause}")))
        };
        let outcome = in_time(timeout, &step, write).await;
        match &outcome {
            Ok(()) => {
                ear.exchanged(connection.slot, &data, true);
                connection.stream = Some(stream);
            }
            Err(error) => ear.broke(connection.slot, error),
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
        let ear = &self.instance.ear;
        let most = usize::try_from(max).unwrap_or(READ_BYTES_MAX).min(READ_BYTES_MAX);
        if let Some(played) = ear.read(connection.slot, most) {
            return Ok(played);
        }
        let slot = connection.slot;
        let step = format!("read from {}", connection.peer);
        let Some(stream) = connection.stream.as_mut() else { return Ok(Err(broken(&step))) };
        let mut bytes = vec![0; most];
        let read = async {
            let count = stream.read(&mut bytes).await;
            count.map_err(|cause| error(ErrorKind::Unreachable, format!("{step}: {cause}")))
        };
        let spending = &self.instance.spending;
        let outcome = in_time(timeout, &step, read).await;
        let outcome = outcome.and_then(|count| spending.receive(count).map(|()| count));
        if let Err(error) = &outcome {
            ear.broke(slot, error);
        }
        Ok(outcome.map(|count| {
            bytes.truncate(count);
            ear.exchanged(slot, &bytes, false);
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
        let ear = &self.instance.ear;
        if let Some(played) = ear.encrypt(connection.slot) {
            return Ok(played);
        }
        let step = format!("speak TLS with {}", connection.peer);
        let Some(stream) = connection.stream.take() else { return Ok(Err(broken(&step))) };
        let encryption = match self.instance.tls.named(&tls) {
            Ok(encryption) => encryption,
            Err(unknown) => return Ok(Err(unknown)),
        };
        let host = server_name.as_deref().unwrap_or(&connection.host);
        let steps = &mut connection.steps;
        let handshake = encrypt(encryption, host, &connection.peer, stream, steps);
        Ok(match in_time(timeout, &step, handshake).await {
            Ok(stream) => {
                ear.encrypted(connection.slot);
                connection.stream = Some(stream);
                Ok(())
            }
            Err(error) => {
                ear.broke(connection.slot, &error);
                Err(error)
            }
        })
    }

    async fn facts(&mut self, connection: Resource<Connection>) -> wasmtime::Result<Vec<Label>> {
        let connection = self.resources.get_mut(&connection)?;
        let ear = &self.instance.ear;
        if let Some(played) = ear.facts(connection.slot) {
            let label = |(name, value)| Label { name, value };
            return Ok(played.into_iter().map(label).collect());
        }
        let encryption = connection.stream.as_ref().and_then(Stream::encryption);
        let facts: Vec<Label> =
            facts_of(&connection.steps).into_iter().chain(facts_of_tls(encryption)).collect();
        let pair = |fact: &Label| (fact.name.clone(), fact.value.clone());
        ear.told_facts(connection.slot, || facts.iter().map(pair).collect());
        Ok(facts)
    }

    async fn certificates(
        &mut self,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<Vec<Vec<u8>>> {
        let connection = self.resources.get_mut(&connection)?;
        let ear = &self.instance.ear;
        if let Some(played) = ear.certificates(connection.slot) {
            return Ok(played);
        }
        let shown = connection.stream.as_ref().map(Stream::certificates).unwrap_or_default();
        ear.showed(connection.slot, &shown);
        Ok(shown)
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
    steps: &mut Steps,
) -> Result<Stream, Error> {
    let began = tokio::time::Instant::now();
    let encrypted = encryption.start(host, stream).await.map_err(|failure| {
        error(ErrorKind::Protocol, format!("{peer}: {}", error_chain(&failure)))
    })?;
    steps.tls = Some(began.elapsed());
    Ok(encrypted)
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
