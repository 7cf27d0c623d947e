//! One plugin: the version that serves, what it may do and spend, and one call of it.

mod versions;
mod view;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use camino::Utf8PathBuf;
use futures_util::future::BoxFuture;
use narthex_platform::Clock;
use narthex_wasm::wasmtime::{self, Store};
use narthex_wasm::{Guest, KillReason, Sandbox, WaitingSlot};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tracing::warn;

use crate::answer::{CallError, GuestError, GuestErrorKind, PluginKind};
use crate::compiling::Compiling;
use crate::grant::Endpoints;
use crate::imports::log::single_line;
use crate::imports::{self, CallContext, ErrorKind, Scope};
use crate::item::Item;
use crate::loader::{Entry, Loaded};
use crate::record::{Ended, KILLS_MAX, Record, Use};
use crate::redact::Redactor;
use crate::rights::{Rights, Spends};
use crate::secrets::CallSecrets;
use crate::tape::Tape;
use crate::trial::InUse;
use crate::view::{RejectedKind, RejectedView};

pub(crate) use self::versions::{Conduct, Versions};

/// What is kept of the message of a guest's error.
pub(crate) const ERROR_BYTES_MAX: usize = 4 * 1024;

/// Details of a guest's error that are kept.
const DETAILS_MAX: usize = 16;

/// Calls of one plugin that run at one time: three quarters of those of all, so that a plugin whose targets keep it
/// waiting leaves some to the others, a notifier among them.
const SLOTS_MAX: usize = 48;

/// One plugin, across its versions.
pub(crate) struct Plugin {
    pub(crate) name: String,
    pub(crate) file: Utf8PathBuf,
    pub(crate) record: Record,
    pub(crate) versions: Versions,
    pub(crate) in_use: InUse,
    clock: Clock,
    rights: ArcSwap<Rights>,
    /// Guards since when an operator has it switched off, in milliseconds since the Unix epoch.
    off_since: Mutex<Option<i64>>,
    /// Those of all slots that its calls may take, but for calls that wait for news.
    slots: Semaphore,
    /// Guards which file of it waits to be compiled.
    compiling: Mutex<Option<Compiling>>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugin({})", self.name)
    }
}

/// What a call is, besides its arguments.
#[derive(Debug)]
pub(crate) struct CallSpec {
    /// The export's name.
    pub(crate) call: &'static str,
    /// What it is for; absent of what is no work of the plugin and asked at any time.
    pub(crate) what: Option<Use>,
    /// How it is made.
    pub(crate) manner: Manner,
    /// Hosts that follow from use.
    pub(crate) hosts: Arc<Endpoints>,
    /// The configuration that it is about.
    pub(crate) item: Arc<Item>,
    /// What the placeholders in it stand for.
    pub(crate) secrets: CallSecrets,
    /// What it may spend.
    pub(crate) spends: Spends,
    /// Of a call that waits for news.
    pub(crate) slot: Option<WaitingSlot>,
}

/// How a call is made.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// For whoever asked.
    Served,
    /// To try a version: what it would keep is thrown away, and a tape that plays is all that it reaches.
    Trial(Tape),
    /// With a tape that hears it.
    Heard(Tape),
}

impl Manner {
    fn tape(&self) -> Tape {
        match self {
            Self::Served => Tape::off(),
            Self::Trial(tape) | Self::Heard(tape) => tape.clone(),
        }
    }
}

/// What a call's work returns: the guest's own answer within the engine's.
pub(crate) type Answer<R> = wasmtime::Result<Result<R, imports::Error>>;

impl Plugin {
    pub(crate) fn new(
        name: String,
        file: Utf8PathBuf,
        rights: Arc<Rights>,
        record: Record,
        (clock, off_since): (Clock, Option<i64>),
    ) -> Self {
        let (versions, in_use) = (Versions::default(), InUse::default());
        let (rights, off_since) = (ArcSwap::new(rights), Mutex::new(off_since));
        let (slots, compiling) = (Semaphore::new(SLOTS_MAX), Mutex::default());
        Self { name, file, record, versions, in_use, clock, rights, off_since, slots, compiling }
    }

    pub(crate) fn loaded(&self) -> Option<Arc<Loaded>> {
        self.versions.serving()
    }

    pub(crate) fn rights(&self) -> Arc<Rights> {
        self.rights.load_full()
    }

    /// Lets a version serve from the next call on.
    pub(crate) fn serve(&self, loaded: Arc<Loaded>) {
        self.versions.serve(loaded);
        if let Some(pin) = self.rights.load().pin {
            self.versions.forget_all_but(pin.0);
        }
        self.record.loaded();
    }

    /// Since when an operator has it switched off.
    pub(crate) fn off_since(&self) -> Option<i64> {
        *self.off_since.lock()
    }

    /// Switches it off or on, from the next call on.
    pub(crate) fn switch(&self, off_since: Option<i64>) {
        *self.off_since.lock() = off_since;
    }

    /// The file of it that waits to be compiled, or is being compiled.
    pub(crate) fn compiling(&self) -> Option<Compiling> {
        *self.compiling.lock()
    }

    /// Keeps which file of it is to be compiled; of the same file, since when.
    pub(crate) fn compiles(&self, file: Option<Compiling>) {
        let mut compiling = self.compiling.lock();
        let is_same = file.zip(*compiling).is_some_and(|(new, old)| new.digest == old.digest);
        if !is_same {
            *compiling = file;
        }
    }

    /// Why it is not called, when somebody switched it off.
    pub(crate) fn disabled(&self) -> Option<CallError> {
        let name = &self.name;
        let how = if !self.rights.load().is_enabled {
            format!("by `plugins: {{ allow: {{ {name}: {{ enabled: false }} }} }}`")
        } else if let Some(since) = self.off_since() {
            let since = jiff::Timestamp::from_millisecond(since).map(|at| at.to_string());
            format!(
                "over the API since {}; POST /api/v1/plugins/{name}/enable enables it",
                since.unwrap_or_default()
            )
        } else {
            return None;
        };
        Some(CallError::Disabled { plugin: name.clone(), how })
    }

    /// Lets new rights count from the next call on. A version that is not the pinned one is none to fall back on.
    pub(crate) fn grant(&self, rights: Arc<Rights>) {
        if let Some(pin) = rights.pin {
            self.versions.forget_all_but(pin.0);
        }
        self.rights.store(rights);
    }

    /// The version that serves, if it does what is wanted and may be called now.
    pub(crate) fn ready(&self, kind: PluginKind) -> Result<Arc<Loaded>, CallError> {
        let name = &self.name;
        let Some(loaded) = self.loaded() else {
            if self.compiling().is_some() {
                return Err(CallError::Unavailable(format!(
                    "plugin {name:?} is being compiled, which happens once for each version; it is \
                     called when that is done"
                )));
            }
            let why = self.record.refusal().map_or_else(String::new, |rejected| rejected.message);
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
        loaded: &Arc<Loaded>,
        work: F,
    ) -> Result<R, CallError>
    where
        R: Send + 'static,
        F: for<'s> FnOnce(Entry, &'s mut Store<Guest<CallContext>>) -> BoxFuture<'s, Answer<R>>
            + Send,
    {
        self.admit(spec.what.as_ref())?;
        let rights = self.rights();
        let budget = rights.spends(spec.spends);
        let begun = self.clock.monotonic();
        let call = match spec.slot {
            Some(slot) => Some(sandbox.begin_waiting(slot, budget)),
            None => sandbox.begin_among(&self.slots, budget).await,
        };
        let busy = |waited| {
            self.record.count("busy");
            Err(CallError::Busy { waited })
        };
        let Some(call) = call else { return busy(budget.wall) };
        let waited = call.waited();
        let deadline = begun + budget.wall - grace(budget.wall);
        let Item { own, tls, redactor, kept_bytes, .. } = &*spec.item;
        let scope = Scope {
            call: spec.call,
            hosts: spec.hosts,
            own: own.clone(),
            tls: tls.clone(),
            redactor: redactor.clone(),
            secrets: spec.secrets,
            spending: rights.capabilities.spending(rights.allowance(spec.spends)),
            kept_bytes: *kept_bytes,
            deadline,
            is_describing: false,
            is_trial: matches!(spec.manner, Manner::Trial(_)),
            tape: spec.manner.tape(),
        };
        let context = rights.capabilities.instantiate(scope);
        let spending = context.spending.clone();
        let entry = loaded.entry.clone();
        let outcome = call.run(context, |store| work(entry, store)).await;
        let log = &outcome.host.log;
        log.printed(&outcome.printed, outcome.printed_bytes_dropped);
        let result = match outcome.result {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(CallError::Refused(guest_error(&error, redactor))),
            Err(reason @ KillReason::Crowded { .. }) => {
                self.record.count("crowded");
                return Err(CallError::Crowded { plugin: self.name.clone(), reason });
            }
            Err(KillReason::Full { .. }) => return busy(waited),
            // Most of its time went by before it began.
            Err(KillReason::Wall { .. }) if waited > budget.wall / 2 => return busy(waited),
            Err(reason) => {
                let reason = with_last_words(reason, log.last_error());
                Err(CallError::Killed { plugin: self.name.clone(), reason })
            }
        };
        let now = self.clock.monotonic();
        let spent = spending.amounts(outcome.usage, now.saturating_sub(begun));
        spec.manner.tape().spent(spent);
        let Some(what) = &spec.what else { return result };
        self.record.ended(&Ended {
            what,
            error: result.as_ref().err(),
            is_current: self.versions.is_serving(loaded),
            spent,
            overruns: spending.overruns(),
            at_millis: self.clock.now_millis(),
            now,
        });
        // A trial says nothing of how a version serves.
        if matches!(spec.manner, Manner::Trial(_)) {
            return result;
        }
        match &result {
            Err(CallError::Killed { reason, .. }) => self.was_killed(loaded, what, reason),
            _ => loaded.conduct.answered(what),
        }
        result
    }

    /// Whether a call may begin.
    fn admit(&self, what: Option<&Use>) -> Result<(), CallError> {
        if let Some(disabled) = self.disabled() {
            self.record.count("disabled");
            return Err(disabled);
        }
        let Some(what) = what else { return Ok(()) };
        self.record
            .admit(what, self.clock.monotonic())
            .inspect_err(|_| self.record.count("backing_off"))
    }

    /// A version that is killed again and again gives way to the one before it: in a row whatever the use, or for
    /// a use that the one before it answered.
    fn was_killed(&self, bad: &Arc<Loaded>, what: &Use, reason: &KillReason) {
        let is_bad_at_all = bad.conduct.killed();
        let is_bad_at_this =
            self.record.kills_in_row(what) >= KILLS_MAX && self.versions.previous_answered(what);
        if !is_bad_at_all && !is_bad_at_this {
            return;
        }
        let Some(good) = self.versions.roll_back(bad) else { return };
        let message = format!("rolled back after {KILLS_MAX} kills in a row: {reason}");
        warn!(
            plugin = self.name,
            from = bad.version,
            to = good.version,
            digest = %good.digest,
            error = message,
            "the version before serves again"
        );
        let (at_millis, digest) = (self.clock.now_millis(), bad.digest.to_string());
        let kind = RejectedKind::RolledBack;
        self.record.rejected(RejectedView { at_millis, digest, kind, message });
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
