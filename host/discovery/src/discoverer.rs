//! What finds targets, and what it tells of them.
//!
//! Invariant: a failure never changes the set; only what was found does.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use narthex_model::{TargetGroup, TargetSet, Timestamp};
use narthex_platform::{Clock, Stop};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::config::ProviderConfig;
use crate::telemetry::Durations;

/// Finds targets. Implemented here for files, and by plugins.
pub trait Discoverer: fmt::Debug + Send {
    /// Tells the full set once, then on every change, until `stop` fires. Never tells a partial set;
    /// a failure is told as one and keeps the last set.
    fn run(self: Box<Self>, out: Outlet, stop: Stop) -> BoxFuture<'static, ()>;
}

/// Makes discoverers by name.
pub trait Providers: fmt::Debug + Send + Sync {
    /// A discoverer for one item of `<name>_sd_configs`.
    ///
    /// # Errors
    /// When there is no such provider or it refuses the configuration.
    fn discoverer(&self, provider: &ProviderConfig) -> Result<Box<dyn Discoverer>, ProviderError>;
}

/// Why there is no discoverer: no such provider, or it refuses the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// In words for the operator.
    pub message: String,
}

/// What a source has found so far, and how it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceState {
    pub(crate) set: Arc<TargetSet>,
    /// When it last answered without failure.
    pub(crate) succeeded_at: Option<Timestamp>,
    pub(crate) failing: Option<Failing>,
    /// Failures since the start.
    pub(crate) failures: u64,
    /// How long it took to ask.
    pub(crate) durations: Durations,
    /// Sets that were told, changed or not; the first is news even where it is empty.
    pub(crate) updates: u64,
}

/// That a source fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failing {
    pub(crate) since: Timestamp,
    pub(crate) reason: String,
}

/// Where a discoverer tells what it finds.
#[derive(Clone, Debug)]
pub struct Outlet {
    state: watch::Sender<SourceState>,
    clock: Clock,
    /// `file`, `dns`, …, for the log.
    mechanism: String,
}

impl Outlet {
    /// An outlet, and what comes out of it.
    pub(crate) fn new(mechanism: &str, clock: Clock) -> (Self, watch::Receiver<SourceState>) {
        let (state, told) = watch::channel(SourceState::default());
        (Self { state, clock, mechanism: mechanism.to_owned() }, told)
    }

    /// An outlet whose sets are read as they come; for tests of discoverers.
    #[must_use]
    pub fn for_tests(clock: Clock) -> (Self, OutletReader) {
        let (outlet, told) = Self::new("test", clock);
        let last = Arc::clone(&told.borrow().set);
        (outlet, OutletReader { told, last })
    }

    /// The whole set.
    pub fn found(&self, groups: Vec<TargetGroup>) {
        self.tell(Some(groups), None);
    }

    /// The whole set as far as it is known: a part of the source fails and keeps what it had.
    pub fn found_but(&self, groups: Vec<TargetGroup>, reason: &str) {
        self.tell(Some(groups), Some(reason));
    }

    /// The set stays as it was, because the source says so.
    pub fn unchanged(&self) {
        self.tell(None, None);
    }

    /// The set stays as it was, because the source fails.
    pub fn failed(&self, reason: &str) {
        self.tell(None, Some(reason));
    }

    /// How long it took to ask the source.
    pub fn took(&self, duration: Duration) {
        self.state.send_if_modified(|state| {
            state.durations.observe(duration);
            false
        });
    }

    fn tell(&self, groups: Option<Vec<TargetGroup>>, failure: Option<&str>) {
        let now = Timestamp::from_millis(self.clock.now_millis());
        self.state.send_if_modified(|state| {
            self.log(state, failure);
            state.updates += u64::from(groups.is_some());
            match failure {
                Some(reason) => {
                    let since = state.failing.as_ref().map_or(now, |failing| failing.since);
                    state.failing = Some(Failing { since, reason: reason.to_owned() });
                    state.failures += 1;
                }
                None => {
                    state.failing = None;
                    state.succeeded_at = Some(now);
                }
            }
            let is_first = groups.is_some() && state.updates == 1;
            let changed = groups.filter(|groups| *groups != state.set.groups);
            let is_changed = changed.is_some();
            if let Some(groups) = changed {
                state.set = Arc::new(TargetSet { groups });
            }
            is_changed || is_first
        });
    }

    /// A failure is logged when it begins and when its reason becomes another one.
    fn log(&self, state: &SourceState, failure: Option<&str>) {
        let (mechanism, before) = (&self.mechanism, state.failing.as_ref());
        match (failure, before) {
            (Some(error), Some(failing)) if failing.reason == error => {
                debug!(mechanism, error, "discovery still fails; the last targets are kept");
            }
            (Some(error), _) => {
                warn!(mechanism, error, "discovery failed; the last targets are kept");
            }
            (None, Some(_)) => info!(mechanism, "discovery works again"),
            (None, None) => {}
        }
    }
}

/// Reads what a discoverer tells; for tests of discoverers.
#[derive(Debug)]
pub struct OutletReader {
    told: watch::Receiver<SourceState>,
    last: Arc<TargetSet>,
}

impl OutletReader {
    /// The next set that is another one.
    pub async fn next(&mut self) -> Arc<TargetSet> {
        let known = Arc::clone(&self.last);
        let news = self.told.wait_for(|state| !Arc::ptr_eq(&state.set, &known)).await;
        // The last set stays readable after the discoverer has ended.
        if let Ok(state) = news {
            self.last = Arc::clone(&state.set);
        }
        Arc::clone(&self.last)
    }

    /// Why the source fails, if it does.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.told.borrow().failing.as_ref().map(|failing| failing.reason.clone())
    }

    /// The set as of now.
    #[must_use]
    pub fn set(&self) -> Arc<TargetSet> {
        Arc::clone(&self.told.borrow().set)
    }
}
