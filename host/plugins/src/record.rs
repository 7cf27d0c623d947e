//! What a plugin did: calls, failures, and the pause after repeated kills.
//!
//! Invariant: a plugin that is killed [`KILLS_MAX`] times in a row is left alone for a growing
//! time; one call that is not a kill, or a new version, ends that.

use std::time::Duration;

use narthex_platform::{Counter, Gauge, Histogram, Metrics};
use parking_lot::Mutex;

use crate::answer::{CallError, GuestErrorKind};
use crate::view::{CallsView, ErrorView, RejectedView};

/// Kills in a row before the plugin is left alone.
const KILLS_MAX: u32 = 3;

/// The first pause; it doubles with each further kill.
const PAUSE_FIRST: Duration = Duration::from_secs(10);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Bounds of the histogram of call durations, in seconds.
const DURATION_BOUNDS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// The record of one plugin, across its versions.
#[derive(Debug)]
pub(crate) struct Record {
    plugin: String,
    metrics: Metrics,
    duration: Histogram,
    memory_peak: Gauge,
    /// Guards what is shown and what decides about pauses.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: CallsView,
    last_error: Option<ErrorView>,
    rejected: Option<RejectedView>,
    kills_in_row: u32,
    /// Until when the plugin is left alone, by monotonic time.
    pause_until: Option<Duration>,
    last_kill: String,
    memory_bytes_peak: u64,
}

/// How a call went, for the record.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) error: Option<&'a CallError>,
    pub(crate) took: Duration,
    pub(crate) memory_bytes_peak: u64,
    /// Milliseconds since the Unix epoch.
    pub(crate) at_millis: i64,
    /// By monotonic time.
    pub(crate) now: Duration,
}

impl Record {
    pub(crate) fn new(plugin: &str, metrics: &Metrics) -> Self {
        let labels = [("plugin", plugin)];
        let duration = metrics.histogram(
            "narthex_plugin_call_duration_seconds",
            "How long calls of plugins took.",
            &labels,
            &DURATION_BOUNDS,
        );
        let memory_peak = metrics.gauge(
            "narthex_plugin_memory_bytes",
            "The most memory that one call of a plugin used.",
            &labels,
        );
        let (plugin, metrics) = (plugin.to_owned(), metrics.clone());
        Self { plugin, metrics, duration, memory_peak, state: Mutex::default() }
    }

    /// Whether the plugin may be called now.
    pub(crate) fn admit(&self, now: Duration) -> Result<(), CallError> {
        let state = self.state.lock();
        match state.pause_until {
            Some(until) if until > now => Err(CallError::BackingOff {
                plugin: self.plugin.clone(),
                kills: state.kills_in_row,
                left: until - now,
                last: state.last_kill.clone(),
            }),
            _ => Ok(()),
        }
    }

    pub(crate) fn is_backing_off(&self, now: Duration) -> bool {
        self.state.lock().pause_until.is_some_and(|until| until > now)
    }

    /// Counts a call that never reached the guest.
    pub(crate) fn count(&self, outcome: &str) {
        self.outcome(outcome).increment();
    }

    /// Keeps how a call of the guest went.
    pub(crate) fn ended(&self, ended: &Ended<'_>) {
        let (outcome, kind) = match ended.error {
            None => ("ok", ""),
            Some(CallError::Refused(error)) if error.kind == GuestErrorKind::Denied => {
                ("denied", "denied")
            }
            Some(CallError::Refused(_)) => ("refused", "refused"),
            Some(_) => ("killed", "killed"),
        };
        self.outcome(outcome).increment();
        if let Some(CallError::Killed { reason, .. }) = ended.error {
            let labels = [("plugin", self.plugin.as_str()), ("reason", reason.word())];
            let help = "Calls in which a plugin was killed, by reason.";
            self.metrics.counter("narthex_plugin_kills_total", help, &labels).increment();
        }
        self.duration.observe_duration(ended.took);
        let mut state = self.state.lock();
        state.calls.total += 1;
        state.calls.last_duration = Some(ended.took);
        state.memory_bytes_peak = state.memory_bytes_peak.max(ended.memory_bytes_peak);
        #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^53 bytes")]
        self.memory_peak.set(state.memory_bytes_peak as f64);
        match (ended.error, outcome) {
            (Some(error), "killed") => {
                state.calls.killed += 1;
                state.kills_in_row = state.kills_in_row.saturating_add(1);
                state.last_kill = error.to_string();
                state.pause_until = pause(state.kills_in_row).map(|pause| ended.now + pause);
            }
            (error, _) => {
                state.calls.errors += u64::from(error.is_some());
                state.kills_in_row = 0;
                state.pause_until = None;
            }
        }
        if let Some(error) = ended.error {
            let message = error.to_string();
            state.last_error = Some(ErrorView { at_millis: ended.at_millis, kind, message });
        }
    }

    /// A new version serves: what the old one did wrong is forgiven.
    pub(crate) fn loaded(&self) {
        self.load_outcome("ok").increment();
        let mut state = self.state.lock();
        state.rejected = None;
        state.kills_in_row = 0;
        state.pause_until = None;
    }

    /// A new file was refused.
    pub(crate) fn rejected(&self, rejected: RejectedView) {
        self.load_outcome("rejected").increment();
        self.state.lock().rejected = Some(rejected);
    }

    /// The newest file is the one that serves again.
    pub(crate) fn restored(&self) {
        self.state.lock().rejected = None;
    }

    pub(crate) fn view(&self) -> (CallsView, Option<ErrorView>, Option<RejectedView>) {
        let state = self.state.lock();
        (state.calls, state.last_error.clone(), state.rejected.clone())
    }

    fn outcome(&self, outcome: &str) -> Counter {
        let labels = [("plugin", self.plugin.as_str()), ("outcome", outcome)];
        self.metrics.counter("narthex_plugin_calls_total", "Calls of plugins.", &labels)
    }

    fn load_outcome(&self, outcome: &str) -> Counter {
        let labels = [("plugin", self.plugin.as_str()), ("outcome", outcome)];
        let help = "Versions of plugins that were loaded or rejected.";
        self.metrics.counter("narthex_plugin_loads_total", help, &labels)
    }
}

/// How long a plugin is left alone after so many kills in a row.
fn pause(kills_in_row: u32) -> Option<Duration> {
    let doublings = kills_in_row.checked_sub(KILLS_MAX)?;
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    Some(PAUSE_FIRST.saturating_mul(factor).min(PAUSE_MAX))
}

#[cfg(test)]
mod tests {
    use narthex_wasm::KillReason;

    use super::*;

    fn end(record: &Record, now: u64, killed: bool) {
        let reason = KillReason::Exit { status: 3 };
        let error = CallError::Killed { plugin: "x".to_owned(), reason };
        let error = killed.then_some(&error);
        let now = Duration::from_secs(now);
        let took = Duration::from_millis(1);
        record.ended(&Ended { error, took, memory_bytes_peak: 7, at_millis: 0, now });
    }

    #[test]
    fn repeated_kills_lead_to_growing_pauses_and_one_good_call_ends_them() {
        let record = Record::new("x", &Metrics::new());
        let left = |now| match record.admit(Duration::from_secs(now)) {
            Err(CallError::BackingOff { left, .. }) => left.as_secs(),
            Ok(()) => 0,
            Err(other) => panic!("{other}"),
        };
        end(&record, 0, true);
        end(&record, 0, true);
        assert_eq!(left(0), 0);
        end(&record, 0, true);
        assert_eq!((left(0), left(9), left(10)), (10, 1, 0));
        end(&record, 10, true);
        assert_eq!(left(10), 20);
        for _ in 0..40 {
            end(&record, 100, true);
        }
        assert_eq!(left(100), 300);
        end(&record, 500, false);
        end(&record, 500, true);
        assert_eq!(left(500), 0);
        let (calls, _, _) = record.view();
        assert_eq!((calls.total, calls.killed), (46, 45));
    }
}
