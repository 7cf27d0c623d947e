//! A host for tests: plugins run natively, by plain `cargo test`.
//!
//! Like the real one it denies what was not granted: a file root, an address or a name that the test did not provide.
//!
//! ```
//! use narthex_sdk::{files, testing::FakeHost};
//!
//! let host = FakeHost::new().file("proc", "loadavg", "0.5 0.4 0.3 1/99 1234\n");
//! let (answer, refused) = host.run(|| (files::read_string("proc", "loadavg"), files::read("sys", "x")));
//! assert!(answer.unwrap().starts_with("0.5"));
//! assert!(refused.unwrap_err().is_denied());
//! ```

mod answers;
mod defaults;
mod groups;
pub(crate) mod imports;
mod roots;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    rc::Rc,
};

use self::{defaults::configured, roots::Root};
use crate::{
    AlertGroup, Discovery, Error, Exporter, Exposition, Label, Notifier, Receipt, Refreshed,
    Target,
    dns::Answer,
    files::FsUsage,
    http::{Request, Response},
    log::Level,
};

pub use self::groups::{alert, group, resolved};

/// Answers one message to a nameserver.
type NameServer = Rc<dyn Fn(&[u8]) -> Vec<u8>>;

/// Answers one request.
type Responder = Box<dyn Fn(&Request) -> Result<Response, Error>>;

/// A host made of canned answers. Build it, then [`run`](Self::run) plugin code on it, then ask what the code did.
#[derive(Clone, Default)]
pub struct FakeHost {
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    roots: BTreeMap<String, Root>,
    /// By prefix of the URL.
    responders: Vec<(String, Responder)>,
    dns: BTreeMap<(String, String), Result<Vec<Answer>, Error>>,
    /// By `host:port`.
    name_servers: BTreeMap<String, NameServer>,
    /// The options of connections and exchanges.
    options: Vec<Label>,
    tcp: BTreeMap<String, VecDeque<Vec<u8>>>,
    certificates: Vec<Vec<u8>>,
    kv: BTreeMap<String, Vec<u8>>,
    now_ms: i64,
    deadline_ms: u32,
    discipline: Option<Vec<Label>>,
    /// How long a request takes.
    request_ms: u32,
    /// How long it takes to ask for the usage of a file system.
    usage_ms: u32,
    slept_ms: u64,
    requests: Vec<Request>,
    sent: Vec<u8>,
    logs: Vec<LogLine>,
}

/// A message that the plugin logged.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Its severity.
    pub level: Level,
    /// Its text.
    pub message: String,
    /// Its fields.
    pub fields: Vec<Label>,
}

thread_local! {
    /// The host of the code that runs now. Nested runs are a stack.
    static CURRENT: RefCell<Vec<FakeHost>> = const { RefCell::new(Vec::new()) };
}

/// An answer, for [`FakeHost::http`].
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        headers: headers.iter().map(|(name, value)| Label::new(name, *value)).collect(),
        body: body.as_bytes().to_vec(),
        truncated: false,
    }
}

impl State {
    /// Time goes by, at most until the deadline.
    fn pass(&mut self, ms: u32) {
        let passed = ms.min(self.deadline_ms);
        self.deadline_ms -= passed;
        self.now_ms += i64::from(passed);
        self.slept_ms += u64::from(passed);
    }
}

impl FakeHost {
    /// A host that grants nothing but the log, the clock and an empty store of keys. The clock shows
    /// 2026-01-01T00:00:00Z and moves only when the plugin sleeps, or when requests take time.
    pub fn new() -> Self {
        let host = Self::default();
        host.with(|state| {
            state.now_ms = 1_767_225_600_000;
            state.deadline_ms = 10_000;
        });
        host
    }

    fn with<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.state.borrow_mut())
    }

    fn root(&self, root: &str, change: impl FnOnce(&mut Root)) {
        self.with(|state| change(state.roots.entry(root.into()).or_default()));
    }

    /// Grants a root and puts a file there.
    #[must_use]
    pub fn file(self, root: &str, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.root(root, |root| root.add_file(path, content.into()));
        self
    }

    /// Grants a root and puts a symbolic link there. Reading a file or directory does not follow it.
    #[must_use]
    pub fn link(self, root: &str, path: &str, target: &str) -> Self {
        self.root(root, |root| root.add_link(path, target));
        self
    }

    /// Grants a root that reads the real directory where the map has nothing.
    #[must_use]
    pub fn directory(self, root: &str, path: impl Into<PathBuf>) -> Self {
        self.root(root, |root| root.set_directory(path.into()));
        self
    }

    /// Grants a root and says how full the file system at a path is.
    #[must_use]
    pub fn usage(self, root: &str, path: &str, usage: FsUsage) -> Self {
        self.root(root, |root| root.add_usage(path, usage));
        self
    }

    /// Says when a file that is there was changed, in nanoseconds since the Unix epoch; without it at the epoch itself.
    #[must_use]
    pub fn modified(self, root: &str, path: &str, at_ns: i64) -> Self {
        self.root(root, |root| root.set_modified(path, at_ns));
        self
    }

    /// Says how the clock is kept in step, by the names of `adjtimex(2)`.
    #[must_use]
    pub fn discipline(self, told: &[(&str, i64)]) -> Self {
        let told = told.iter().map(|(name, value)| Label::new(name, value.to_string()));
        self.with(|state| state.discipline = Some(told.collect()));
        self
    }

    /// Grants URLs with this prefix and answers them. The first prefix that fits is taken.
    #[must_use]
    pub fn http(
        self,
        url_prefix: &str,
        respond: impl Fn(&Request) -> Result<Response, Error> + 'static,
    ) -> Self {
        self.with(|state| state.responders.push((url_prefix.into(), Box::new(respond))));
        self
    }

    /// Answers all requests to URLs with this prefix alike.
    #[must_use]
    pub fn http_status(self, url_prefix: &str, status: u16, body: &str) -> Self {
        let answer = answer(status, &[], body);
        self.http(url_prefix, move |_| Ok(answer.clone()))
    }

    /// Answers all requests to URLs with this prefix with JSON.
    #[must_use]
    pub fn http_json(self, url_prefix: &str, body: &str) -> Self {
        let answer = answer(200, &[("content-type", "application/json")], body);
        self.http(url_prefix, move |_| Ok(answer.clone()))
    }

    /// Grants a lookup and gives its records, as in a zone file.
    #[must_use]
    pub fn dns(self, name: &str, kind: &str, records: &[&str]) -> Self {
        let answers =
            records.iter().map(|data| Answer { data: (*data).into(), ttl_s: 60 }).collect();
        self.with(|state| state.dns.insert((name.into(), kind.into()), Ok(answers)));
        self
    }

    /// Grants a lookup and has it fail.
    #[must_use]
    pub fn dns_error(self, name: &str, kind: &str, error: Error) -> Self {
        self.with(|state| state.dns.insert((name.into(), kind.into()), Err(error)));
        self
    }

    /// Grants a nameserver (`host:port`) and answers messages to it.
    #[must_use]
    pub fn name_server(self, address: &str, answer: impl Fn(&[u8]) -> Vec<u8> + 'static) -> Self {
        self.with(|state| state.name_servers.insert(address.into(), Rc::new(answer)));
        self
    }

    /// Grants a TCP address (`host:port`); connections read these pieces, one a read, and then the end.
    #[must_use]
    pub fn tcp(self, address: &str, pieces: &[&[u8]]) -> Self {
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        self.with(|state| state.tcp.insert(address.into(), pieces));
        self
    }

    /// Sets the certificates that every peer shows which is spoken TLS with, in DER.
    #[must_use]
    pub fn certificates(self, chain: &[&[u8]]) -> Self {
        let chain = chain.iter().map(|certificate| certificate.to_vec()).collect();
        self.with(|state| state.certificates = chain);
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn now_ms(self, now_ms: i64) -> Self {
        self.with(|state| state.now_ms = now_ms);
        self
    }

    /// Sets what is left of a call.
    #[must_use]
    pub fn deadline_ms(self, deadline_ms: u32) -> Self {
        self.with(|state| state.deadline_ms = deadline_ms);
        self
    }

    /// Has each request take this long, or each round of requests that are sent together. One that would take longer than
    /// its own limit or the call's deadline fails there. Otherwise answers are there at once.
    #[must_use]
    pub fn requests_take_ms(self, request_ms: u32) -> Self {
        self.with(|state| state.request_ms = request_ms);
        self
    }

    /// Has each question for the usage of a file system take this long.
    #[must_use]
    pub fn usages_take_ms(self, usage_ms: u32) -> Self {
        self.with(|state| state.usage_ms = usage_ms);
        self
    }

    /// Runs code on this host.
    pub fn run<R>(&self, code: impl FnOnce() -> R) -> R {
        /// Leaves the stack as it was, also when the code panics.
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                CURRENT.with_borrow_mut(Vec::pop);
            }
        }
        CURRENT.with_borrow_mut(|hosts| hosts.push(self.clone()));
        let _leave = Leave;
        code()
    }

    /// Calls an exporter as the host would, for a target without labels.
    pub fn collect<P: Exporter>(&self, config_json: &str) -> Result<Exposition, Error> {
        let target = Target {
            address: "localhost".into(),
            labels: Vec::new(),
            params: Vec::new(),
            timeout_ms: 10_000,
        };
        self.collect_from::<P>(config_json, &target)
    }

    /// Calls an exporter as the host would.
    pub fn collect_from<P: Exporter>(
        &self,
        config_json: &str,
        target: &Target,
    ) -> Result<Exposition, Error> {
        self.run(|| P::collect(configured(&P::describe(), config_json)?, target))
    }

    /// Calls a discovery as the host would, without waiting.
    pub fn refresh<P: Discovery>(
        &self,
        config_json: &str,
        cursor: Option<&str>,
    ) -> Result<Refreshed, Error> {
        self.refresh_waiting::<P>(config_json, cursor, 0)
    }

    /// Calls a discovery as the host would, which may wait this long for a change. An answer that the host would refuse is
    /// an error.
    pub fn refresh_waiting<P: Discovery>(
        &self,
        config_json: &str,
        cursor: Option<&str>,
        wait_ms: u32,
    ) -> Result<Refreshed, Error> {
        let found =
            self.run(|| P::refresh(configured(&P::describe(), config_json)?, cursor, wait_ms))?;
        answers::check(&found, cursor)?;
        Ok(found)
    }

    /// Has an exporter judge a configuration, as the host would at load; the warnings.
    pub fn validate_exporter<P: Exporter>(&self, config_json: &str) -> Result<Vec<String>, Error> {
        self.run(|| P::validate(&configured(&P::describe(), config_json)?))
    }

    /// Has a discovery judge a configuration, as the host would at load; the warnings.
    pub fn validate<P: Discovery>(&self, config_json: &str) -> Result<Vec<String>, Error> {
        self.run(|| P::validate(&configured(&P::describe(), config_json)?))
    }

    /// Has a notifier judge a configuration, as the host would at load; the warnings.
    pub fn validate_notifier<P: Notifier>(&self, config_json: &str) -> Result<Vec<String>, Error> {
        self.run(|| P::validate(&configured(&P::describe(), config_json)?))
    }

    /// Calls a notifier as the host would.
    pub fn notify<P: Notifier>(
        &self,
        config_json: &str,
        group: &AlertGroup,
    ) -> Result<Receipt, Error> {
        self.run(|| P::notify(configured(&P::describe(), config_json)?, group))
    }

    /// The HTTP requests that were sent, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.with(|state| state.requests.clone())
    }

    /// The options that connections and exchanges were asked for with, in order.
    pub fn options(&self) -> Vec<Label> {
        self.with(|state| state.options.clone())
    }

    /// The bytes that were written to TCP connections, in order.
    pub fn sent(&self) -> Vec<u8> {
        self.with(|state| state.sent.clone())
    }

    /// What was logged, in order.
    pub fn logs(&self) -> Vec<LogLine> {
        self.with(|state| state.logs.clone())
    }

    /// How long the plugin slept, in milliseconds.
    pub fn slept_ms(&self) -> u64 {
        self.with(|state| state.slept_ms)
    }

    /// The value of a key in the plugin's store.
    pub fn kv(&self, key: &str) -> Option<Vec<u8>> {
        self.with(|state| state.kv.get(key).cloned())
    }
}

#[cfg(test)]
mod tests;
