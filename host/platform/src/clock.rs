//! Time as a parameter.

mod discipline;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Tells the time and waits. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    Real { start: Instant },
    Simulated(SimulatedClock),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the door to the clock")]
    pub fn real() -> Self {
        Self(Source::Real { start: Instant::now() })
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the door to the clock")]
    pub fn now_millis(&self) -> i64 {
        match &self.0 {
            Source::Real { .. } => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
                Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
            },
            Source::Simulated(clock) => clock.state.lock().now_millis,
        }
    }

    /// Time since this clock was made; never goes back.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the door to the clock")]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::Real { start } => Instant::now().saturating_duration_since(*start),
            Source::Simulated(clock) => clock.state.lock().monotonic,
        }
    }

    /// How the kernel keeps the wall clock in step: what `adjtimex(2)` answers, as `state`, and the numbers of its
    /// structure by name, in the kernel's units.
    ///
    /// # Errors
    /// Where the system does not tell; a simulated clock is not kept in step.
    pub fn discipline(&self) -> io::Result<Vec<(&'static str, i64)>> {
        match &self.0 {
            Source::Real { .. } => discipline::ask(),
            Source::Simulated(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Waits.
    pub fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match &self.0 {
            Source::Real { .. } => Box::pin(tokio::time::sleep(duration)),
            Source::Simulated(clock) => Box::pin(clock.sleep(duration)),
        }
    }

    /// Waits until the wall clock shows `at_millis`; returns at once when it is past.
    pub fn sleep_until(&self, at_millis: i64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let left = u64::try_from(at_millis.saturating_sub(self.now_millis())).unwrap_or(0);
        self.sleep(Duration::from_millis(left))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Real { .. } => f.write_str("Clock(real)"),
            Source::Simulated(_) => f.write_str("Clock(simulated)"),
        }
    }
}

/// A clock that stands still until a test moves it.
#[derive(Clone)]
pub struct SimulatedClock {
    /// Guards the time and those who wait for it.
    state: Arc<Mutex<SimulatedState>>,
}

struct SimulatedState {
    now_millis: i64,
    monotonic: Duration,
    /// By time and order of arrival.
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    arrivals: u64,
}

impl SimulatedClock {
    /// A clock that shows `now_millis`.
    #[must_use]
    pub fn at(now_millis: i64) -> Self {
        let state = SimulatedState {
            now_millis,
            monotonic: Duration::ZERO,
            sleepers: BTreeMap::new(),
            arrivals: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The clock to hand to a room.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock(Source::Simulated(self.clone()))
    }

    /// How many wait for the clock.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.state.lock().sleepers.len()
    }

    /// Time until the next one who waits is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        let state = self.state.lock();
        let ((due, _), _) = state.sleepers.first_key_value()?;
        Some(due.saturating_sub(state.monotonic))
    }

    /// Moves the time on and wakes whom it concerns, in order of their times.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        state.monotonic += by;
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        state.now_millis = state.now_millis.saturating_add(millis);
        let now = state.monotonic;
        while let Some(entry) = state.sleepers.first_entry() {
            if entry.key().0 > now {
                break;
            }
            // The sleeper may have been dropped meanwhile; then nobody has to be woken.
            entry.remove().send(()).ok();
        }
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        let mut state = self.state.lock();
        let due = state.monotonic + duration;
        let (wake, woken) = oneshot::channel();
        state.arrivals += 1;
        let arrival = state.arrivals;
        if duration.is_zero() {
            wake.send(()).ok();
        } else {
            state.sleepers.insert((due, arrival), wake);
        }
        async move {
            woken.await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_when_time_is_moved() {
        let simulated = SimulatedClock::at(1_000);
        let clock = simulated.clock();
        let nap = clock.sleep_until(3_000);
        assert_eq!(simulated.next_due(), Some(Duration::from_secs(2)));
        simulated.advance(Duration::from_secs(2));
        nap.await;
        assert_eq!((clock.now_millis(), simulated.sleepers()), (3_000, 0));
    }
}
