//! What a plugin did: calls, failures, what they took, and the pauses after repeated kills.

mod pauses;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use narthex_platform::{Counter, Gauge, Histogram, Metrics};
use parking_lot::Mutex;

use crate::answer::{CallError, GuestErrorKind};
use crate::spending::{Amounts, Budgeted};
use crate::view::{CallsView, ErrorView, ExceededView, PauseView, RejectedKind, RejectedView};

use self::pauses::Pauses;
pub(crate) use self::pauses::{KILLS_MAX, USES_MAX, Use, growing};

/// Failures in a row, kills among them, after which a plugin is shown as failing.
const FAILURES_MAX: u32 = 5;

/// Calls whose durations are kept to tell the usual one.
const DURATIONS_MAX: usize = 128;

/// Pauses that are shown.
const PAUSES_SHOWN: usize = 10;

/// Bounds of the histogram of call durations, in seconds.
const DURATION_BOUNDS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// The record of one plugin, across its versions.
#[derive(Debug)]
pub(crate) struct Record {
    plugin: String,
    metrics: Metrics,
    duration: Histogram,
    cpu: Histogram,
    memory_peak: Gauge,
    /// Guards what is shown and what decides about pauses.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: CallsView,
    last_error: Option<ErrorView>,
    rejected: Option<RejectedView>,
    pauses: Pauses,
    failures_in_row: u32,
    peaks: Amounts,
    /// Calls, and when the last was.
    exceeded: BTreeMap<Budgeted, (u64, i64)>,
    /// The newest last.
    durations: VecDeque<Duration>,
}

/// How a call went, for the record.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    /// What it was for.
    pub(crate) what: &'a Use,
    pub(crate) error: Option<&'a CallError>,
    /// Whether the version that it was of serves still. What an older one did is no reason for a
    /// pause.
    pub(crate) is_current: bool,
    pub(crate) spent: Amounts,
    /// Budgets that were not enough, besides the one for which it was killed.
    pub(crate) overruns: Vec<Budgeted>,
    /// Milliseconds since the Unix epoch.
    pub(crate) at_millis: i64,
    /// By monotonic time.
    pub(crate) now: Duration,
}

/// How a plugin does, whether or not it is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Well,
    /// Its last calls all failed.
    Failing,
    /// It is left alone.
    BackingOff,
}

/// What can be seen of a record.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) standing: Standing,
    pub(crate) calls: CallsView,
    pub(crate) peaks: Amounts,
    pub(crate) exceeded: Vec<ExceededView>,
    pub(crate) last_error: Option<ErrorView>,
    pub(crate) rejected: Option<RejectedView>,
    pub(crate) pauses: Vec<PauseView>,
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
        let cpu = metrics.histogram(
            "narthex_plugin_call_cpu_seconds",
            "Processor time of calls of plugins.",
            &labels,
            &DURATION_BOUNDS,
        );
        let memory_peak = metrics.gauge(
            "narthex_plugin_memory_bytes",
            "The most memory that one call of a plugin used.",
            &labels,
        );
        let (plugin, metrics) = (plugin.to_owned(), metrics.clone());
        Self { plugin, metrics, duration, cpu, memory_peak, state: Mutex::default() }
    }

    /// Whether a use of the plugin may be called now.
    pub(crate) fn admit(&self, what: &Use, now: Duration) -> Result<(), CallError> {
        match self.state.lock().pauses.of(what, now) {
            None => Ok(()),
            Some(pause) => Err(CallError::BackingOff {
                plugin: self.plugin.clone(),
                kills: pause.kills,
                left: pause.left,
                last: pause.last,
            }),
        }
    }

    /// How often the version that serves was killed in a row for this use.
    pub(crate) fn kills_in_row(&self, what: &Use) -> u32 {
        self.state.lock().pauses.kills_in_row(what)
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
        let spent = ended.spent;
        self.duration.observe_duration(spent.wall);
        self.cpu.observe_duration(spent.cpu);
        let mut state = self.state.lock();
        self.overran(&mut state, ended);
        state.calls.total += 1;
        state.calls.cpu += spent.cpu;
        state.calls.last_duration = Some(spent.wall);
        state.peaks = state.peaks.max(spent);
        if state.durations.len() >= DURATIONS_MAX {
            state.durations.pop_front();
        }
        state.durations.push_back(spent.wall);
        #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^53 bytes")]
        self.memory_peak.set(state.peaks.memory_bytes as f64);
        match ended.error {
            Some(error) if outcome == "killed" => {
                state.calls.killed += 1;
                if ended.is_current {
                    state.pauses.killed(ended.what, ended.now, &error.to_string());
                }
            }
            error => {
                state.calls.errors += u64::from(error.is_some());
                state.pauses.answered(ended.what, ended.now);
            }
        }
        match ended.error {
            None => state.failures_in_row = 0,
            Some(error) => {
                state.failures_in_row = state.failures_in_row.saturating_add(1);
                let message = error.to_string();
                state.last_error = Some(ErrorView { at_millis: ended.at_millis, kind, message });
            }
        }
    }

    /// Counts the budgets that were not enough.
    fn overran(&self, state: &mut State, ended: &Ended<'_>) {
        let killed_for = match ended.error {
            Some(CallError::Killed { reason, .. }) => Budgeted::of_kill(reason),
            _ => None,
        };
        for budget in ended.overruns.iter().copied().chain(killed_for) {
            let labels = [("plugin", self.plugin.as_str()), ("budget", budget.word())];
            let help = "Calls of plugins for which a budget was not enough.";
            let name = "narthex_plugin_budget_exceeded_total";
            self.metrics.counter(name, help, &labels).increment();
            let (total, last_at) = state.exceeded.entry(budget).or_default();
            *total += 1;
            *last_at = ended.at_millis;
        }
    }

    /// A new version serves: what the old one did wrong is forgiven.
    pub(crate) fn loaded(&self) {
        self.load_outcome("ok").increment();
        let mut state = self.state.lock();
        state.rejected = None;
        state.forgive();
    }

    /// What it did wrong is forgiven, as an operator wants it.
    pub(crate) fn forgive(&self) {
        self.state.lock().forgive();
    }

    /// A new file was refused, or a version gave way to the one before it.
    pub(crate) fn rejected(&self, rejected: RejectedView) {
        self.load_outcome(rejected.kind.outcome()).increment();
        let mut state = self.state.lock();
        if rejected.kind == RejectedKind::RolledBack {
            state.forgive();
        }
        state.rejected = Some(rejected);
    }

    /// The newest file is the one that serves again.
    pub(crate) fn restored(&self) {
        self.state.lock().rejected = None;
    }

    /// The newest file, when it was refused.
    pub(crate) fn refusal(&self) -> Option<RejectedView> {
        self.state.lock().rejected.clone()
    }

    /// What can be seen of it.
    pub(crate) fn view(&self, now: Duration) -> Shown {
        let state = self.state.lock();
        let standing = if state.pauses.is_all_there_is(now) {
            Standing::BackingOff
        } else if state.failures_in_row >= FAILURES_MAX {
            Standing::Failing
        } else {
            Standing::Well
        };
        let mut durations: Vec<Duration> = state.durations.iter().copied().collect();
        durations.sort_unstable();
        let at = |percent: usize| durations.get(durations.len() * percent / 100).copied();
        let pauses = state.pauses.all(now).into_iter().take(PAUSES_SHOWN);
        let exceeded = state.exceeded.iter().map(|(budget, (total, last_at_millis))| {
            ExceededView { budget: *budget, total: *total, last_at_millis: *last_at_millis }
        });
        Shown {
            peaks: state.peaks,
            exceeded: exceeded.collect(),
            standing,
            calls: CallsView {
                median_duration: at(50),
                slow_duration: at(95),
                failures_in_row: state.failures_in_row,
                ..state.calls
            },
            last_error: state.last_error.clone(),
            rejected: state.rejected.clone(),
            pauses: pauses
                .map(|pause| PauseView {
                    target: pause.target,
                    kills: pause.kills,
                    left: pause.left,
                    message: pause.last,
                })
                .collect(),
        }
    }

    fn outcome(&self, outcome: &str) -> Counter {
        let labels = [("plugin", self.plugin.as_str()), ("outcome", outcome)];
        self.metrics.counter("narthex_plugin_calls_total", "Calls of plugins.", &labels)
    }

    fn load_outcome(&self, outcome: &str) -> Counter {
        let labels = [("plugin", self.plugin.as_str()), ("outcome", outcome)];
        let help = "Versions of plugins that were loaded, refused or rolled back.";
        self.metrics.counter("narthex_plugin_loads_total", help, &labels)
    }
}

impl State {
    fn forgive(&mut self) {
        self.pauses = Pauses::default();
        self.failures_in_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use narthex_wasm::KillReason;

    use super::*;

    fn killed() -> CallError {
        CallError::Killed { plugin: "x".to_owned(), reason: KillReason::Exit { status: 3 } }
    }

    fn end(record: &Record, millis: u64, error: Option<&CallError>, is_current: bool) {
        record.ended(&Ended {
            what: &Use::new("{}", ""),
            error,
            is_current,
            spent: Amounts {
                wall: Duration::from_millis(millis),
                memory_bytes: millis,
                ..Amounts::default()
            },
            overruns: Vec::new(),
            at_millis: 0,
            now: Duration::ZERO,
        });
    }

    #[test]
    fn what_is_shown_is_the_usual_and_the_slow() {
        let record = Record::new("x", &Metrics::new());
        (1..=1_000).for_each(|millis| end(&record, millis, None, true));
        let calls = record.view(Duration::ZERO).calls;
        let millis = |duration: Option<Duration>| duration.unwrap().as_millis();
        assert_eq!(
            (calls.total, millis(calls.median_duration), millis(calls.slow_duration)),
            (1_000, 937, 994)
        );
        assert_eq!(record.view(Duration::ZERO).peaks.memory_bytes, 1_000);
    }

    #[test]
    fn an_older_version_s_kills_are_no_reason_for_a_pause() {
        let record = Record::new("x", &Metrics::new());
        (0..9).for_each(|_| end(&record, 1, Some(&killed()), false));
        assert!(record.admit(&Use::new("{}", ""), Duration::ZERO).is_ok());
        assert_eq!(record.view(Duration::ZERO).standing, Standing::Failing);
        (0..3).for_each(|_| end(&record, 1, Some(&killed()), true));
        let shown = record.view(Duration::ZERO);
        assert_eq!((shown.standing, shown.pauses.len()), (Standing::BackingOff, 1));
        assert_eq!((shown.calls.total, shown.calls.killed), (12, 12));
        record.forgive();
        assert_eq!(record.view(Duration::ZERO).standing, Standing::Well);
    }
}
