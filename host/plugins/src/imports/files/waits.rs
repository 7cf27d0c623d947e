//! Accesses that may wait: for a disk, or for a server that is gone.
//!
//! Nothing ends a thread that waits in the kernel for a mount. So an access runs on a thread of its own and its call waits
//! for [`PATIENCE`]; then the place is left alone until the thread comes back.
//!
//! Invariant: a plugin holds at most [`WAITING_MAX`] threads that may still answer in time, and [`THREADS_MAX`] in all,
//! whatever its grants and however often they change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use narthex_platform::{Clock, Family, FamilyKind, MetricsSource, Point, PointValue};
use parking_lot::Mutex;

use super::{Error, ErrorKind, error};

/// How long an access may take. A mount that answers at all does so in milliseconds; a disk that spins up, which takes
/// longer, answers the next scrape.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Accesses of one plugin at the same time that may still answer in time.
pub(super) const WAITING_MAX: usize = 8;

/// Threads of one plugin, with those that hang.
pub(super) const THREADS_MAX: usize = 32;

/// A file of the kernel that takes longer is read on a thread from then on: most are made up at once, and some ask a
/// device.
const SLOW: Duration = Duration::from_millis(50);

/// Places of slow files that are remembered. What is beyond is read on the spot.
const SLOW_MAX: usize = 1024;

/// The accesses of all plugins.
#[derive(Debug)]
pub(crate) struct Waits {
    clock: Clock,
    /// Guards what runs and what was slow.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// By plugin, then by number.
    running: BTreeMap<String, BTreeMap<u64, Access>>,
    slow: BTreeSet<String>,
}

#[derive(Debug)]
struct Access {
    place: String,
    /// By monotonic time.
    since: Duration,
}

/// An access that runs; it ends with this value.
struct Ticket {
    waits: Arc<Waits>,
    plugin: String,
    number: u64,
}

impl Waits {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// Runs `step`, which reads at `place`, on a thread, and waits for it for at most `patience`. The thread goes on
    /// beyond that, and beyond the end of the call.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        plugin: &str,
        place: &str,
        patience: Duration,
        step: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let ticket = self.begin(plugin, place)?;
        let answer = tokio::task::spawn_blocking(move || {
            let outcome = step();
            drop(ticket);
            outcome
        });
        let patience = patience.min(PATIENCE);
        tokio::select! {
            biased;
            outcome = answer => match outcome {
                Ok(outcome) => outcome,
                Err(panic) => Err(error(ErrorKind::Internal, format!("read a file: {panic}"))),
            },
            () = self.clock.sleep(patience) => {
                let message = format!("{place} does not answer within {patience:?}");
                Err(error(ErrorKind::Timeout, message))
            }
        }
    }

    fn begin(self: &Arc<Self>, plugin: &str, place: &str) -> Result<Ticket, Error> {
        let now = self.clock.monotonic();
        let mut state = self.state.lock();
        let number = state.next;
        let running = state.running.entry(plugin.to_owned()).or_default();
        if let Some(hung) =
            running.values().find(|access| access.place == place && hangs(access, now))
        {
            let seconds = now.saturating_sub(hung.since).as_secs();
            let message = format!(
                "{place} does not answer since {seconds} s; it is not asked again until it does"
            );
            return Err(error(ErrorKind::Timeout, message));
        }
        let waiting = running.values().filter(|access| !hangs(access, now)).count();
        if waiting >= WAITING_MAX || running.len() >= THREADS_MAX {
            let hung = running.len() - waiting;
            let message = format!(
                "{waiting} accesses to files of this plugin are under way and {hung} hang; {WAITING_MAX} and {} are allowed",
                THREADS_MAX - WAITING_MAX
            );
            return Err(error(ErrorKind::Exhausted, message));
        }
        running.insert(number, Access { place: place.to_owned(), since: now });
        state.next += 1;
        drop(state);
        Ok(Ticket { waits: Arc::clone(self), plugin: plugin.to_owned(), number })
    }

    /// Runs `step` on the spot, unless the place was slow before.
    pub(super) async fn run_quick<T: Send + 'static>(
        self: &Arc<Self>,
        plugin: &str,
        place: &str,
        patience: Duration,
        step: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if self.state.lock().slow.contains(place) {
            return self.run(plugin, place, patience, step).await;
        }
        let began = self.clock.monotonic();
        let outcome = step();
        if self.clock.monotonic().saturating_sub(began) > SLOW {
            let mut state = self.state.lock();
            if state.slow.len() < SLOW_MAX {
                state.slow.insert(place.to_owned());
            }
        }
        outcome
    }
}

fn hangs(access: &Access, now: Duration) -> bool {
    now.saturating_sub(access.since) >= PATIENCE
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.waits.state.lock();
        if let Some(running) = state.running.get_mut(&self.plugin) {
            running.remove(&self.number);
        }
    }
}

impl MetricsSource for Waits {
    fn families(&self) -> Vec<Family> {
        let now = self.clock.monotonic();
        let state = self.state.lock();
        let points = state.running.iter().map(|(plugin, running)| {
            let hung = running.values().filter(|access| hangs(access, now)).count();
            Point {
                labels: vec![("plugin".to_owned(), plugin.clone())],
                value: PointValue::Number(f64::from(u32::try_from(hung).unwrap_or(u32::MAX))),
            }
        });
        vec![Family {
            name: "narthex_plugin_files_hung".to_owned(),
            help: "Accesses to files that a plugin asked for and that do not come back.".to_owned(),
            kind: FamilyKind::Gauge,
            points: points.collect(),
        }]
    }
}

#[cfg(test)]
mod tests;
