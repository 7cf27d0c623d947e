//! Time, as the host tells it.

use std::time::Duration;

use crate::{Error, Label, host};

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    host::clock::wall_ms()
}

/// What is left of this call.
pub fn deadline() -> Duration {
    Duration::from_millis(host::clock::deadline_ms().into())
}

/// Sleeps, at most until the deadline. The host's thread serves others meanwhile.
pub fn sleep(pause: Duration) {
    host::clock::sleep_ms(u32::try_from(pause.as_millis()).unwrap_or(u32::MAX));
}

/// How the kernel keeps the wall clock in step, by the names of `adjtimex(2)` and in its units.
pub fn discipline() -> Result<Vec<Label>, Error> {
    host::clock::discipline()
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started_ns: u64,
}

impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Self {
        Self { started_ns: host::clock::monotonic_ns() }
    }

    /// The time since it began.
    pub fn elapsed(self) -> Duration {
        Duration::from_nanos(host::clock::monotonic_ns().saturating_sub(self.started_ns))
    }
}
