//! What a guest may import: one module an interface, each with three moments.
//!
//! `link` puts the interface into the linker, once. `configure` makes what one plugin may do, when
//! its grants change. `instantiate` makes what one call may do.
//!
//! Invariant: a guest that asks for what it was not granted gets a value of kind `denied` that
//! names the line of configuration; an error of the host itself is a trap of this one call.

pub(crate) mod clock;
pub(crate) mod dial;
pub(crate) mod dns;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod tcp;
pub(crate) mod tls;

use std::sync::Arc;
use std::time::Duration;

use narthex_client::{ClientOptions, Encryption};
use narthex_platform::{Clock, Metrics};
use narthex_state::{StateError, StateStore};
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::Linker;
use narthex_wasm::{Guest, InterfaceName};

use crate::bindings::imports::narthex::plugin::types;
use crate::config::{Allow, Config, ProfileName};
use crate::grant::{Endpoints, NetGrants, NetPattern};
use crate::redact::Redactor;
use crate::schema::{Notes, Profile};
use crate::secrets::CallSecrets;
use crate::spending::{Allowance, Spending};
use crate::switch::Switches;
use crate::tape::{Ear, Tape};
use crate::view::{GrantView, LogView};

pub(crate) use self::types::{Error, ErrorKind, Label};

/// The version of `wit/narthex.wit`.
const CONTRACT_VERSION: &str = "1.0.0";

/// What the interfaces are made from, for all plugins.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) state: StateStore,
    /// Where files of TLS profiles are read.
    pub(crate) client: ClientOptions,
    /// What plugins keep, whatever their grants: it is counted once.
    pub(crate) kept: Arc<kv::Totals>,
    /// Which plugins an operator switched off.
    pub(crate) switches: Switches,
    /// Accesses to files that run, whatever the grants under which they began.
    pub(crate) waits: Arc<files::Waits>,
    /// The last lines that plugins wrote.
    pub(crate) recent: Arc<log::Recent>,
}

/// What one plugin may do, whatever the call.
#[derive(Debug)]
pub(crate) struct Capabilities {
    clock: Clock,
    log: Arc<log::Capability>,
    net_allowed: Vec<NetPattern>,
    http: Arc<http::Capability>,
    tls: Arc<tls::Profiles>,
    dns: Arc<dns::Capability>,
    files: Arc<files::Capability>,
    kv: Arc<kv::Capability>,
    profile: Option<ProfileName>,
    plugin: String,
}

/// What one call may do. The guest's imports work on this.
#[derive(Debug)]
pub(crate) struct CallContext {
    pub(crate) log: log::Instance,
    /// What all of them spend.
    pub(crate) spending: Spending,
    clock: clock::Instance,
    http: http::Instance,
    tcp: tcp::Instance,
    dns: dns::Instance,
    files: files::Instance,
    kv: kv::Instance,
}

/// The name of an export and what it may reach.
#[derive(Debug)]
pub(crate) struct Scope {
    /// `collect`, `refresh`, …
    pub(crate) call: &'static str,
    /// Hosts that follow from use.
    pub(crate) hosts: Arc<Endpoints>,
    /// The client with the credentials of the configuration.
    pub(crate) own: Option<Arc<http::OwnClient>>,
    /// How the configuration wants TLS to be spoken.
    pub(crate) tls: Option<Arc<Encryption>>,
    /// Hides what the configuration says is secret.
    pub(crate) redactor: Redactor,
    /// What the placeholders in the configuration stand for.
    pub(crate) secrets: CallSecrets,
    /// What the call may spend, and what it did.
    pub(crate) spending: Spending,
    /// Bytes that the plugin may keep, unless the operator says otherwise.
    pub(crate) kept_bytes: u64,
    /// When the host ends the call, by the clock's monotonic time.
    pub(crate) deadline: Duration,
    /// Before grants exist, only `log` and `clock` answer.
    pub(crate) is_describing: bool,
    /// What it would keep is thrown away.
    pub(crate) is_trial: bool,
    /// Hears the call.
    pub(crate) tape: Tape,
}

/// Links every interface.
pub(crate) fn link(linker: &mut Linker<Guest<CallContext>>) -> wasmtime::Result<()> {
    log::link(linker)?;
    clock::link(linker)?;
    http::link(linker)?;
    tcp::link(linker)?;
    dns::link(linker)?;
    files::link(linker)?;
    kv::link(linker)
}

/// The interfaces that are linked, for the words of a load that fails.
pub(crate) fn offered() -> Vec<InterfaceName> {
    ["types", "log", "clock", "http", "tcp", "dns", "files", "kv"]
        .iter()
        .map(|interface| in_this_version(&format!("narthex:plugin/{interface}")))
        .collect()
}

/// An interface of the contract, with the version that this host has.
pub(crate) fn in_this_version(interface: &str) -> InterfaceName {
    InterfaceName::parse(&format!("{interface}@{CONTRACT_VERSION}"))
}

/// Why the capabilities of a plugin cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigureError {
    /// Its key-values.
    #[error("open the key-values of the plugin")]
    State(#[from] StateError),
    /// Its HTTP client.
    #[error("make the HTTP client of the plugin")]
    Http(#[from] narthex_client::SetupError),
    /// A profile of TLS.
    #[error("tls.{profile}")]
    Tls {
        /// Its name.
        profile: String,
        /// What is wrong with it.
        source: narthex_client::SetupError,
    },
}

impl Capabilities {
    /// What a plugin may do by default and by the operator's grants.
    pub(crate) fn configure(
        plugin: &str,
        config: &Config,
        shared: &Shared,
    ) -> Result<Self, ConfigureError> {
        let Allow { net, files, kv, dns_servers, profile, tls, .. } = config.allowed(plugin);
        let servers = dns_servers.unwrap_or_else(|| config.dns_servers.clone());
        Ok(Self {
            clock: shared.clock.clone(),
            log: Arc::new(log::Capability::configure(plugin, shared)),
            http: Arc::new(http::Capability::configure(plugin, &net)?),
            tls: Arc::new(tls::Profiles::configure(plugin, &tls, &shared.client)?),
            dns: Arc::new(dns::Capability::configure(&servers)),
            files: Arc::new(files::Capability::configure(plugin, &files, &shared.waits)),
            kv: Arc::new(kv::Capability::configure(plugin, kv, shared)?),
            net_allowed: net,
            profile,
            plugin: plugin.to_owned(),
        })
    }

    /// The hosts that the operator granted.
    pub(crate) fn net_allowed(&self) -> &[NetPattern] {
        &self.net_allowed
    }

    /// Whether the plugin may use what a profile finds on the machine.
    pub(crate) fn has_profile(&self, profile: &Profile) -> bool {
        profile.is_implied_by(&self.plugin)
            || match profile {
                Profile::Kubernetes => self.profile == Some(ProfileName::Kubernetes),
                Profile::Aws { .. } => self.profile == Some(ProfileName::Aws),
            }
    }

    /// By monotonic time; deadlines count from here.
    pub(crate) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// What one call may do.
    pub(crate) fn instantiate(&self, scope: Scope) -> CallContext {
        let ear = Ear::new(scope.tape, scope.redactor.clone(), scope.secrets.clone());
        let clock = clock::Instance::instantiate(&self.clock, scope.deadline, &ear);
        // A plugin that describes itself has no grants, whatever the operator allowed.
        let allowed = if scope.is_describing { Vec::new() } else { self.net_allowed.clone() };
        let net = Arc::new(NetGrants { plugin: self.plugin.clone(), used: scope.hosts, allowed });
        let granted = !scope.is_describing;
        let tls = tls::Bound { profiles: Arc::clone(&self.tls), own: scope.tls };
        CallContext {
            log: log::Instance::instantiate(
                &self.log,
                scope.call,
                scope.redactor,
                &scope.spending,
                &ear,
            ),
            http: http::Instance::instantiate(
                (&self.http, scope.own),
                &tls,
                &net,
                &scope.secrets,
                &scope.spending,
                &clock,
                &ear,
            ),
            tcp: tcp::Instance::instantiate(
                &tls,
                &net,
                &scope.secrets,
                &scope.spending,
                &clock,
                &ear,
            ),
            dns: dns::Instance::instantiate(&self.dns, &net, &scope.spending, &clock, &ear),
            files: files::Instance::instantiate(
                granted.then_some(&self.files),
                &self.plugin,
                &clock,
                &ear,
            ),
            kv: kv::Instance::instantiate(
                granted.then_some(&self.kv),
                scope.kept_bytes,
                scope.is_trial,
                &scope.spending,
                &ear,
            ),
            spending: scope.spending,
            clock,
        }
    }

    /// The account of one call.
    pub(crate) fn spending(&self, allowance: Allowance) -> Spending {
        Spending::new(&self.plugin, allowance)
    }

    /// The last lines that the plugin wrote, the newest last.
    pub(crate) fn last_lines(&self) -> Vec<LogView> {
        self.log.last_lines()
    }

    /// Bytes that the plugin keeps, and may keep; `bytes_default` holds where the operator says nothing.
    pub(crate) fn kept(&self, bytes_default: u64) -> (u64, u64) {
        self.kv.kept(bytes_default)
    }

    /// What can be seen of it, of a plugin whose schema has these notes.
    pub(crate) fn view(&self, notes: &Notes) -> Vec<GrantView> {
        let source = format!("plugins.allow.{}", self.plugin);
        let net = self.net_allowed.iter().map(|pattern| GrantView {
            capability: "net",
            detail: pattern.to_string(),
            source: source.clone(),
        });
        let used = notes.endpoints.iter().map(|template| GrantView {
            capability: "net",
            detail: template.to_string(),
            source: "its item, by x-endpoints".to_owned(),
        });
        let profile = notes.profile.as_ref().filter(|profile| self.has_profile(profile));
        let profile = profile.map(|profile| GrantView {
            capability: "profile",
            detail: profile.to_string(),
            source: if profile.is_implied_by(&self.plugin) {
                "default".to_owned()
            } else {
                source.clone()
            },
        });
        let kv = self.kv.view(notes.kept_bytes());
        self.files.view().into_iter().chain(net).chain(used).chain(profile).chain([kv]).collect()
    }
}

/// An error for the guest.
pub(crate) fn error(kind: ErrorKind, message: impl Into<String>) -> Error {
    let retryable = matches!(
        kind,
        ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::RateLimited | ErrorKind::Cancelled
    );
    Error { kind, message: message.into(), retryable, retry_after_ms: None, details: Vec::new() }
}

/// A refusal for the guest.
pub(crate) fn denied(denied: crate::grant::Denied) -> Error {
    error(ErrorKind::Denied, denied.0)
}

/// An error of the system for the guest, with its `errno` name.
pub(crate) fn system_error(step: &str, errno: rustix::io::Errno) -> Error {
    let name = errno_name(errno);
    let kind = match errno {
        rustix::io::Errno::ACCESS | rustix::io::Errno::PERM => ErrorKind::Denied,
        rustix::io::Errno::TIMEDOUT => ErrorKind::Timeout,
        _ => ErrorKind::Unreachable,
    };
    let system = std::io::Error::from(errno);
    let details = vec![Label { name: "errno".to_owned(), value: name.to_owned() }];
    let retryable = kind == ErrorKind::Timeout;
    Error { kind, message: format!("{step}: {system}"), retryable, retry_after_ms: None, details }
}

/// The names of errors that reading meets; others are told by number in the message.
fn errno_name(errno: rustix::io::Errno) -> &'static str {
    use rustix::io::Errno;
    const NAMES: [(Errno, &str); 19] = [
        (Errno::NOENT, "ENOENT"),
        (Errno::ACCESS, "EACCES"),
        (Errno::PERM, "EPERM"),
        (Errno::NOTDIR, "ENOTDIR"),
        (Errno::ISDIR, "EISDIR"),
        (Errno::IO, "EIO"),
        (Errno::INVAL, "EINVAL"),
        (Errno::LOOP, "ELOOP"),
        (Errno::NAMETOOLONG, "ENAMETOOLONG"),
        (Errno::NODEV, "ENODEV"),
        (Errno::NXIO, "ENXIO"),
        (Errno::BUSY, "EBUSY"),
        (Errno::AGAIN, "EAGAIN"),
        (Errno::OPNOTSUPP, "EOPNOTSUPP"),
        (Errno::NODATA, "ENODATA"),
        (Errno::SRCH, "ESRCH"),
        (Errno::MFILE, "EMFILE"),
        (Errno::STALE, "ESTALE"),
        (Errno::NOSYS, "ENOSYS"),
    ];
    NAMES.iter().find(|(known, _)| *known == errno).map_or("EOTHER", |(_, name)| name)
}
