//! `log`: the guest's lines in the host's log, bounded per plugin and per call.

mod recent;

use std::sync::Arc;
use std::time::Duration;

use narthex_platform::{Clock, Counter};
use narthex_wasm::Guest;
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{HasSelf, Linker};
use parking_lot::Mutex;
use tracing::{Level, debug, error, info, trace, warn};

use self::recent::Lines;
pub(crate) use self::recent::Recent;
use super::{CallContext, Label, Shared};
use crate::bindings::imports::narthex::plugin::log;
use crate::redact::Redactor;
use crate::spending::Spending;
use crate::tape::Ear;
use crate::view::LogView;

/// Lines that a plugin may write at once.
const LINES_BURST: u32 = 100;

/// Time in which a plugin earns one more line.
const LINE_EVERY: Duration = Duration::from_millis(200);

/// Fields of a line that are kept.
const FIELDS_MAX: usize = 16;

/// Bytes of a line that are kept, of the message and of all fields each.
const TEXT_BYTES_MAX: usize = 4 * 1024;

/// The log of one plugin.
#[derive(Debug)]
pub(crate) struct Capability {
    plugin: String,
    clock: Clock,
    dropped: Counter,
    recent: Lines,
    /// Guards what the plugin may still write.
    budget: Mutex<Budget>,
}

#[derive(Debug)]
struct Budget {
    lines: u32,
    earned_at: Duration,
    dropped: u64,
}

/// The log of one call.
#[derive(Debug)]
pub(crate) struct Instance {
    capability: Arc<Capability>,
    call: &'static str,
    redactor: Redactor,
    spending: Spending,
    last_error: Option<String>,
    ear: Ear,
}

pub(crate) fn link(linker: &mut Linker<Guest<CallContext>>) -> wasmtime::Result<()> {
    log::add_to_linker::<_, HasSelf<Instance>>(linker, |guest| &mut guest.host().log)
}

impl Capability {
    pub(crate) fn configure(plugin: &str, shared: &Shared) -> Self {
        let dropped = shared.metrics.counter(
            "narthex_plugin_log_lines_dropped_total",
            "Lines that plugins wrote beyond what they may.",
            &[("plugin", plugin)],
        );
        let earned_at = shared.clock.monotonic();
        let budget = Mutex::new(Budget { lines: LINES_BURST, earned_at, dropped: 0 });
        let (clock, recent) = (shared.clock.clone(), shared.recent.of(plugin));
        Self { plugin: plugin.to_owned(), clock, dropped, recent, budget }
    }

    pub(crate) fn last_lines(&self) -> Vec<LogView> {
        self.recent.all()
    }

    /// Whether one more line may be written, and how many were dropped before it.
    fn admit(&self) -> Option<u64> {
        let now = self.clock.monotonic();
        let mut budget = self.budget.lock();
        let earned = now.saturating_sub(budget.earned_at).as_millis() / LINE_EVERY.as_millis();
        if let Ok(earned) = u32::try_from(earned.min(u128::from(LINES_BURST)))
            && earned > 0
        {
            budget.lines = budget.lines.saturating_add(earned).min(LINES_BURST);
            budget.earned_at = now;
        }
        match budget.lines.checked_sub(1) {
            Some(left) => {
                budget.lines = left;
                Some(std::mem::take(&mut budget.dropped))
            }
            None => {
                budget.dropped += 1;
                self.dropped.increment();
                None
            }
        }
    }

    fn write(&self, level: Level, call: &'static str, message: &str, fields: &str) {
        let Some(dropped) = self.admit() else { return };
        let plugin = self.plugin.as_str();
        if dropped > 0 {
            warn!(plugin, dropped, "the plugin wrote more lines than it may");
        }
        match level {
            Level::ERROR => error!(plugin, call, fields, "{message}"),
            Level::WARN => warn!(plugin, call, fields, "{message}"),
            Level::INFO => info!(plugin, call, fields, "{message}"),
            Level::DEBUG => debug!(plugin, call, fields, "{message}"),
            _ => trace!(plugin, call, fields, "{message}"),
        }
        self.recent.push(LogView {
            at_millis: self.clock.now_millis(),
            level: word(level),
            call,
            message: message.to_owned(),
            fields: fields.to_owned(),
        });
    }
}

impl Instance {
    pub(crate) fn instantiate(
        capability: &Arc<Capability>,
        call: &'static str,
        redactor: Redactor,
        spending: &Spending,
        ear: &Ear,
    ) -> Self {
        let (capability, spending, ear) = (Arc::clone(capability), spending.clone(), ear.clone());
        Self { capability, call, redactor, spending, last_error: None, ear }
    }

    /// Writes a line, if the call may write one more.
    fn write(&self, level: Level, message: &str, fields: &str) {
        if !takes(level) {
            return;
        }
        if self.spending.line() {
            self.capability.write(level, self.call, message, fields);
        } else {
            self.capability.dropped.increment();
        }
    }

    /// Writes what the guest printed.
    pub(crate) fn printed(&self, text: &str, bytes_dropped: u64) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line = single_line(&self.redactor.hide(line), TEXT_BYTES_MAX);
            self.ear.line("print", &line);
            self.write(Level::INFO, &line, "");
        }
        if bytes_dropped > 0 {
            let message = format!("{bytes_dropped} more bytes were printed");
            self.write(Level::WARN, &message, "");
        }
    }

    /// The last line of level error: why a guest that trapped did so.
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }
}

impl log::Host for Instance {
    async fn enabled(&mut self, level: log::Level) -> wasmtime::Result<bool> {
        if self.ear.keeps_lines() {
            return Ok(true);
        }
        // The last error is kept for the words of a trap, whatever the log takes.
        Ok(matches!(level, log::Level::Error) || takes(severity(level)))
    }

    async fn log(
        &mut self,
        level: log::Level,
        message: String,
        fields: Vec<Label>,
    ) -> wasmtime::Result<()> {
        let message = single_line(&self.redactor.hide(&message), TEXT_BYTES_MAX);
        let shown: Vec<String> = fields
            .iter()
            .take(FIELDS_MAX)
            .map(|field| {
                // Cut first: written with escapes, a long value is a multiple of itself.
                let cut = |text: &str| single_line(&self.redactor.hide(text), TEXT_BYTES_MAX);
                format!("{}={:?}", cut(&field.name), cut(&field.value))
            })
            .collect();
        let fields = single_line(&shown.join(" "), TEXT_BYTES_MAX);
        let level = severity(level);
        self.ear.line(word(level), &format!("{message} {fields}"));
        if level == Level::ERROR {
            self.last_error = Some(format!("{message} {fields}").trim_end().to_owned());
        }
        self.write(level, &message, &fields);
        Ok(())
    }
}

fn severity(level: log::Level) -> Level {
    match level {
        log::Level::Trace => Level::TRACE,
        log::Level::Debug => Level::DEBUG,
        log::Level::Info => Level::INFO,
        log::Level::Warn => Level::WARN,
        log::Level::Error => Level::ERROR,
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        _ => "trace",
    }
}

/// Whether the host's log takes lines of a level.
fn takes(level: Level) -> bool {
    match level {
        Level::ERROR => tracing::enabled!(Level::ERROR),
        Level::WARN => tracing::enabled!(Level::WARN),
        Level::INFO => tracing::enabled!(Level::INFO),
        Level::DEBUG => tracing::enabled!(Level::DEBUG),
        _ => tracing::enabled!(Level::TRACE),
    }
}

/// A text without line breaks and control characters, cut to a length: a guest cannot forge lines
/// of the log.
pub(crate) fn single_line(text: &str, bytes_max: usize) -> String {
    let mut line = String::new();
    for letter in text.chars() {
        let letter = if letter.is_control() { ' ' } else { letter };
        if line.len() + letter.len_utf8() > bytes_max {
            line.push('…');
            break;
        }
        line.push(letter);
    }
    line
}

#[cfg(test)]
mod tests {
    use narthex_platform::{Metrics, SimulatedClock};
    use narthex_state::StateStore;

    use super::*;

    #[test]
    fn a_plugin_writes_a_burst_and_then_earns_lines() {
        let simulated = SimulatedClock::at(0);
        let state = StateStore::in_memory().unwrap();
        let shared = Shared {
            client: narthex_client::ClientOptions::default(),
            clock: simulated.clock(),
            metrics: Metrics::new(),
            switches: crate::switch::Switches::open(&state).unwrap(),
            state,
            kept: Arc::default(),
            waits: Arc::new(crate::imports::files::Waits::new(simulated.clock())),
            recent: Arc::default(),
        };
        let capability = Capability::configure("x", &shared);
        let admitted = |count: u32| (0..count).filter(|_| capability.admit().is_some()).count();
        assert_eq!(admitted(150), 100);
        simulated.advance(LINE_EVERY);
        assert_eq!(capability.admit(), Some(50));
        assert_eq!(capability.admit(), None);
        simulated.advance(Duration::from_secs(3600));
        assert_eq!(admitted(150), 100);
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(single_line("a\nb\u{1b}[31m", 99), "a b [31m");
        assert_eq!(single_line("äää", 4), "ää…");
    }
}
