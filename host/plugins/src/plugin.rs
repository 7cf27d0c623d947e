//! One plugin: the version that serves, what it may do and spend, and one call of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use camino::Utf8PathBuf;
use futures_util::future::BoxFuture;
use narthex_platform::Clock;
use narthex_wasm::wasmtime::{self, Store};
use narthex_wasm::{Budget, Guest, KillReason, Sandbox, WaitingSlot};

use crate::answer::{CallError, GuestError, GuestErrorKind, PluginKind};
use crate::config::Config;
use crate::grant::Endpoints;
use crate::imports::log::single_line;
use crate::imports::{self, CallContext, Capabilities, ErrorKind, Scope};
use crate::item::Item;
use crate::loader::{Entry, Loaded};
use crate::record::{Ended, Record};
use crate::redact::Redactor;
use crate::schema::Notes;
use crate::view::{LimitsView, PluginState, PluginView};

/// What one answer may hold; also the largest file, body or value that passes in one step.
const RESULT_BYTES_MAX: usize = 16 << 20;

/// What one answer of a discovery may hold: all targets of a large cluster with their labels.
const TARGETS_BYTES_MAX: usize = 128 << 20;

/// What is kept of the message of a guest's error.
const ERROR_BYTES_MAX: usize = 4 * 1024;

/// Details of a guest's error that are kept.
const DETAILS_MAX: usize = 16;

/// One plugin, across its versions.
pub(crate) struct Plugin {
    pub(crate) name: String,
    pub(crate) file: Utf8PathBuf,
    pub(crate) record: Record,
    clock: Clock,
    loaded: ArcSwapOption<Loaded>,
    rights: ArcSwap<Rights>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugin({})", self.name)
    }
}

/// What a plugin may do and spend; replaced when the configuration changes.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) capabilities: Capabilities,
    pub(crate) budget: Budget,
    /// Of a refresh of targets.
    pub(crate) refresh: Budget,
}

impl Rights {
    pub(crate) fn new(
        plugin: &str,
        config: &Config,
        shared: &imports::Shared,
    ) -> Result<Self, imports::ConfigureError> {
        let allowed = config.allowed(plugin);
        let budget = Budget {
            memory_bytes: allowed.memory.unwrap_or(config.defaults.memory).0,
            cpu: allowed.cpu.unwrap_or(config.defaults.cpu).0,
            wall: allowed.wall.unwrap_or(config.defaults.wall).0,
            result_bytes: RESULT_BYTES_MAX,
        };
        let discovery = config.defaults.discovery;
        let refresh = Budget {
            memory_bytes: allowed.memory.unwrap_or(discovery.memory).0,
            cpu: allowed.cpu.unwrap_or(discovery.cpu).0,
            wall: allowed.wall.unwrap_or(discovery.wall).0,
            result_bytes: TARGETS_BYTES_MAX,
        };
        let capabilities = Capabilities::configure(plugin, config, shared)?;
        Ok(Self { capabilities, budget, refresh })
    }

    fn spends(&self, what: Spends) -> Budget {
        match what {
            Spends::OfPlugin => self.budget,
            Spends::WallAtMost(most) => Budget { wall: self.budget.wall.min(most), ..self.budget },
            Spends::OfRefresh => self.refresh,
        }
    }
}

/// What a call is, besides its arguments.
#[derive(Debug)]
pub(crate) struct CallSpec {
    /// The export's name.
    pub(crate) call: &'static str,
    /// Hosts that follow from use.
    pub(crate) hosts: Arc<Endpoints>,
    /// The configuration that it is about.
    pub(crate) item: Arc<Item>,
    /// What it may spend.
    pub(crate) spends: Spends,
    /// Of a call that waits for news.
    pub(crate) slot: Option<WaitingSlot>,
}

/// What a call may spend.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spends {
    /// As much as any call of the plugin.
    OfPlugin,
    /// The same, but no more wall time than this.
    WallAtMost(Duration),
    /// As much as a refresh of targets.
    OfRefresh,
}

/// What a call's work returns: the guest's own answer within the engine's.
pub(crate) type Answer<R> = wasmtime::Result<Result<R, imports::Error>>;

impl Plugin {
    pub(crate) fn new(
        name: String,
        file: Utf8PathBuf,
        rights: Arc<Rights>,
        record: Record,
        clock: Clock,
    ) -> Self {
        let (loaded, rights) = (ArcSwapOption::empty(), ArcSwap::new(rights));
        Self { name, file, record, clock, loaded, rights }
    }

    pub(crate) fn loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.load_full()
    }

    pub(crate) fn rights(&self) -> Arc<Rights> {
        self.rights.load_full()
    }

    /// Lets a version serve from the next call on.
    pub(crate) fn serve(&self, loaded: Arc<Loaded>) {
        self.loaded.store(Some(loaded));
        self.record.loaded();
    }

    /// Lets new rights count from the next call on.
    pub(crate) fn grant(&self, rights: Arc<Rights>) {
        self.rights.store(rights);
    }

    /// The version that serves, if it does what is wanted and may be called now.
    pub(crate) fn ready(&self, kind: PluginKind) -> Result<Arc<Loaded>, CallError> {
        let name = &self.name;
        let Some(loaded) = self.loaded() else {
            let (_, _, rejected) = self.record.view();
            let why = rejected.map_or_else(String::new, |rejected| rejected.message);
            return Err(CallError::Unavailable(format!(
                "plugin {name:?} could not be loaded: {why}"
            )));
        };
        let is = loaded.entry.kind();
        if is != kind {
            return Err(CallError::Unavailable(format!(
                "plugin {name:?} is no {kind}, but one for {is}"
            )));
        }
        Ok(loaded)
    }

    /// Calls an export of a fresh instance, within the plugin's rights.
    pub(crate) async fn call<R, F>(
        &self,
        sandbox: &Sandbox,
        spec: CallSpec,
        loaded: &Loaded,
        work: F,
    ) -> Result<R, CallError>
    where
        R: Send + 'static,
        F: for<'s> FnOnce(Entry, &'s mut Store<Guest<CallContext>>) -> BoxFuture<'s, Answer<R>>
            + Send,
    {
        let started = self.clock.monotonic();
        if let Err(error) = self.record.admit(started) {
            self.record.count("backing_off");
            return Err(error);
        }
        let rights = self.rights();
        let budget = rights.spends(spec.spends);
        let call = match spec.slot {
            Some(slot) => Some(sandbox.begin_waiting(slot, budget)),
            None => sandbox.begin(budget).await,
        };
        let Some(call) = call else {
            self.record.count("busy");
            return Err(CallError::Busy { waited: budget.wall });
        };
        let begun = self.clock.monotonic();
        let deadline = begun + budget.wall - grace(budget.wall);
        let Item { own, redactor, kept_bytes, .. } = &*spec.item;
        let scope = Scope {
            call: spec.call,
            hosts: spec.hosts,
            own: own.clone(),
            redactor: redactor.clone(),
            kept_bytes: *kept_bytes,
            deadline,
            is_describing: false,
        };
        let context = rights.capabilities.instantiate(scope);
        let entry = loaded.entry.clone();
        let outcome = call.run(context, |store| work(entry, store)).await;
        let log = &outcome.host.log;
        log.printed(&outcome.printed, outcome.printed_bytes_dropped);
        let result = match outcome.result {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(CallError::Refused(guest_error(&error, redactor))),
            Err(reason) => {
                let reason = with_last_words(reason, log.last_error());
                Err(CallError::Killed { plugin: self.name.clone(), reason })
            }
        };
        let now = self.clock.monotonic();
        self.record.ended(&Ended {
            error: result.as_ref().err(),
            took: now.saturating_sub(begun),
            memory_bytes_peak: outcome.usage.memory_bytes_peak,
            at_millis: self.clock.now_millis(),
            now,
        });
        result
    }

    /// What can be seen of it.
    pub(crate) fn view(&self) -> PluginView {
        let rights = self.rights();
        let (calls, last_error, rejected) = self.record.view();
        let loaded = self.loaded();
        let kind = loaded.as_ref().map(|loaded| loaded.entry.kind());
        let is_discovery = kind == Some(PluginKind::Discovery);
        let budget = rights.spends(if is_discovery { Spends::OfRefresh } else { Spends::OfPlugin });
        let limits = LimitsView {
            memory_bytes: budget.memory_bytes,
            cpu: budget.cpu,
            wall: budget.wall,
            result_bytes: u64::try_from(budget.result_bytes).unwrap_or(u64::MAX),
        };
        let state = match &loaded {
            None => PluginState::Failed,
            Some(_) if self.record.is_backing_off(self.clock.monotonic()) => {
                PluginState::BackingOff
            }
            Some(_) => PluginState::Ready,
        };
        let loaded = loaded.as_deref();
        let nothing = Notes::default();
        let notes = loaded.map_or(&nothing, |loaded| &loaded.schema.notes);
        let refused = rejected.as_ref().map(|rejected| rejected.digest.clone());
        let digest = loaded.map(|loaded| loaded.digest.to_string()).or(refused).unwrap_or_default();
        let text = |pick: fn(&Loaded) -> &str| loaded.map(pick).unwrap_or_default().to_owned();
        PluginView {
            name: self.name.clone(),
            kind,
            version: text(|loaded| &loaded.version),
            description: text(|loaded| &loaded.description),
            digest,
            file: self.file.clone(),
            state,
            generation: loaded.map_or(0, |loaded| loaded.generation),
            loaded_at_millis: loaded.map(|loaded| loaded.loaded_at_millis),
            imports: loaded.map(|loaded| loaded.imports.clone()).unwrap_or_default(),
            grants: rights.capabilities.view(notes),
            limits,
            calls,
            last_error,
            rejected,
        }
    }
}

/// The part of a call's time that the guest is not told of. Its imports end this long before the
/// call does, so that a guest whose other side is silent can still say so and is not killed for it.
fn grace(wall: Duration) -> Duration {
    (wall / 10).min(Duration::from_secs(1))
}

/// Adds what the guest last logged as an error to the words of its trap: that is why it panicked.
fn with_last_words(reason: KillReason, words: Option<&str>) -> KillReason {
    match (reason, words) {
        (KillReason::Trap { reason, backtrace }, Some(words)) => {
            KillReason::Trap { reason: format!("{reason}; its last words: {words}"), backtrace }
        }
        (reason, _) => reason,
    }
}

/// An error of the guest, short and without secrets.
pub(crate) fn guest_error(error: &imports::Error, redactor: &Redactor) -> GuestError {
    let kind = match error.kind {
        ErrorKind::Config => GuestErrorKind::Config,
        ErrorKind::Denied => GuestErrorKind::Denied,
        ErrorKind::Unreachable => GuestErrorKind::Unreachable,
        ErrorKind::Timeout => GuestErrorKind::Timeout,
        ErrorKind::Protocol => GuestErrorKind::Protocol,
        ErrorKind::RateLimited => GuestErrorKind::RateLimited,
        ErrorKind::Exhausted => GuestErrorKind::Exhausted,
        ErrorKind::Cancelled => GuestErrorKind::Cancelled,
        ErrorKind::Internal => GuestErrorKind::Internal,
    };
    let text = |text: &str| single_line(&redactor.hide(text), ERROR_BYTES_MAX);
    let details = error.details.iter().take(DETAILS_MAX);
    GuestError {
        kind,
        message: text(&error.message),
        is_retryable: error.retryable,
        retry_after: error.retry_after_ms.map(|ms| Duration::from_millis(u64::from(ms))),
        details: details.map(|label| (text(&label.name), text(&label.value))).collect(),
    }
}
