//! `dns`: look-ups of granted names, by the host.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use narthex_client::{Dial, IpVersion, Steps};
use narthex_platform::{Disk, RealDisk, read_to_string};
use narthex_wasm::Guest;
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{HasSelf, Linker};
use tokio::time::Instant;

use super::dial::{Judge, Options, dial_error, facts_of, took};
use super::tcp::in_time;
use super::{CallContext, Error, ErrorKind, Label, clock, denied, error};
use crate::bindings::imports::narthex::plugin::dns;
use crate::config::Nameserver;
use crate::grant::NetGrants;
use crate::resolver::{self, Kind, LookupError, Question, Resolver};
use crate::spending::Spending;
use crate::tape::{Ask, Content, Ear};

/// Records of one answer.
const RECORDS_MAX: usize = 4096;

/// Where the system keeps its nameservers.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// A list of nameservers is not longer.
const RESOLV_CONF_BYTES_MAX: u64 = 64 * 1024;

/// The nameservers of one plugin.
#[derive(Debug)]
pub(crate) struct Capability {
    /// Empty: those of the system, read anew for each look-up.
    servers: Vec<SocketAddr>,
    disk: Arc<dyn Disk>,
}

/// The look-ups of one call.
#[derive(Debug)]
pub(crate) struct Instance {
    capability: Arc<Capability>,
    net: Arc<NetGrants>,
    spending: Spending,
    clock: clock::Instance,
    ear: Ear,
}

pub(crate) fn link(linker: &mut Linker<Guest<CallContext>>) -> wasmtime::Result<()> {
    dns::add_to_linker::<_, HasSelf<Instance>>(linker, |guest| &mut guest.host().dns)
}

impl Capability {
    pub(crate) fn configure(servers: &[Nameserver]) -> Self {
        let servers = servers.iter().map(|server| server.0).collect();
        Self { servers, disk: RealDisk::shared() }
    }

    fn resolver(&self) -> Resolver {
        if !self.servers.is_empty() {
            return Resolver::new(self.servers.clone());
        }
        let path = Utf8Path::new(RESOLV_CONF);
        let text = read_to_string(self.disk.as_ref(), path, RESOLV_CONF_BYTES_MAX);
        Resolver::from_resolv_conf(&text.unwrap_or_default())
    }
}

impl Instance {
    pub(crate) fn instantiate(
        capability: &Arc<Capability>,
        net: &Arc<NetGrants>,
        spending: &Spending,
        clock: &clock::Instance,
        ear: &Ear,
    ) -> Self {
        let (capability, net, spending) =
            (Arc::clone(capability), Arc::clone(net), spending.clone());
        Self { capability, net, spending, clock: clock.clone(), ear: ear.clone() }
    }

    async fn look_up(
        &self,
        name: &str,
        kind: &str,
        timeout: Duration,
    ) -> Result<Vec<dns::Answer>, Error> {
        let known = Kind::parse(kind).ok_or_else(|| {
            let message = format!("{kind:?} is no type to look up; known: {}", resolver::KINDS);
            error(ErrorKind::Config, message)
        })?;
        self.net.admit_lookup(name).map_err(denied)?;
        self.spending.request()?;
        let records = self.capability.resolver().look_up(name, known, timeout).await;
        let records = records.map_err(|failure| {
            let kind = match &failure {
                LookupError::Name { .. } => ErrorKind::Config,
                LookupError::Timeout { .. } => ErrorKind::Timeout,
                LookupError::Unreachable { .. } => ErrorKind::Unreachable,
                LookupError::Refused { .. } | LookupError::Malformed { .. } => ErrorKind::Protocol,
            };
            error(kind, narthex_settings::error_chain(&failure))
        })?;
        let answer =
            |record: resolver::Record| dns::Answer { data: record.data, ttl_s: record.ttl };
        let answers: Vec<dns::Answer> = records.into_iter().take(RECORDS_MAX).map(answer).collect();
        self.spending.receive(answers.iter().map(|answer| answer.data.len()).sum())?;
        Ok(answers)
    }

    /// Asks one server; `steps` tells how far that came.
    async fn exchanged(
        &self,
        server: &str,
        port: u16,
        query: Vec<u8>,
        versions: &[IpVersion],
        steps: &mut Steps,
    ) -> Result<dns::Exchanged, Error> {
        let query_bytes = query.len();
        let question = Question::read(query).ok_or_else(|| {
            let message = "the query is no message with one question in at most 512 bytes";
            error(ErrorKind::Config, message)
        })?;
        let guard = Judge::admit(&self.net, server, port)?;
        self.spending.request()?;
        self.spending.send(query_bytes)?;
        let dial = Dial { host: server, port, versions, guard: &guard };
        let addresses = dial.resolve(steps).await.map_err(|failure| dial_error(&failure))?;
        let mut last = error(ErrorKind::Unreachable, format!("{server}:{port} has no address"));
        for address in addresses {
            steps.address = Some(address);
            let began = Instant::now();
            match question.by_datagram(address).await {
                Ok(message) => {
                    self.spending.receive(message.len())?;
                    let taken = took("processing-ns", Some(began.elapsed()));
                    let facts = facts_of(steps).into_iter().chain(taken).collect();
                    return Ok(dns::Exchanged { message, facts });
                }
                Err(cause) => {
                    last = error(ErrorKind::Unreachable, format!("ask {server}:{port}: {cause}"));
                }
            }
        }
        Err(last)
    }
}

impl dns::Host for Instance {
    async fn lookup(
        &mut self,
        name: String,
        kind: String,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<Vec<dns::Answer>, Error>> {
        let timeout = self.clock.at_most_left(Some(timeout_ms));
        let ask = || Ask::Dns { name: name.clone(), kind: kind.clone() };
        Ok(self.ear.ask(ask, self.look_up(&name, &kind, timeout)).await)
    }

    async fn exchange(
        &mut self,
        server: String,
        port: u16,
        query: Vec<u8>,
        options: Vec<Label>,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<dns::Exchanged, Error>> {
        let pair = |option: &Label| (option.name.clone(), option.value.clone());
        let given = options.iter().map(pair).collect();
        let options = match Options::read(options, &["ip"]) {
            Ok(options) => options,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let timeout = self.clock.at_most_left(Some(timeout_ms));
        let (number, rest) = query.split_at(query.len().min(2));
        let (number, rest) = (number.to_vec(), Content(rest.to_vec()));
        let place = format!("{server}:{port}");
        let ask = || Ask::DnsServer { server: place.clone(), query: rest, options: given };
        let live = async {
            let mut steps = Steps::default();
            let asked = self.exchanged(&server, port, query, &options.versions, &mut steps);
            let outcome = in_time(timeout, &format!("ask {place}"), asked).await;
            outcome.map_err(|error| Error { details: facts_of(&steps), ..error })
        };
        let mut outcome = self.ear.ask(ask, live).await;
        // Queries are numbered anew each time; an answer from a tape has the number of its query.
        if let Ok(dns::Exchanged { message, .. }) = &mut outcome
            && let Some(own) = message.get_mut(..number.len())
        {
            own.copy_from_slice(&number);
        }
        Ok(outcome)
    }
}
