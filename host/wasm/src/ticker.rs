//! The ticker: a thread that moves the engine's epoch on, so that a busy guest notices time.
//!
//! Invariant: the epoch moves while a [`Ticking`] is held, and the thread sleeps while none is: a
//! host without guests must not wake a hundred times a second.
//! Invariant: the thread ends soon after the [`Ticker`] or the engine is dropped.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use wasmtime::Engine;

/// The longest a busy guest keeps a thread of the runtime to itself. Shorter ticks cost wakes,
/// longer ones delay the neighbours of a busy guest.
pub(crate) const TICK: Duration = Duration::from_millis(10);

#[derive(Debug, Default)]
struct State {
    /// How many calls run.
    calls: usize,
    is_ended: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// The first call began, or the end came.
    changed: Condvar,
}

/// Ends the thread when dropped.
#[derive(Debug)]
pub(crate) struct Ticker(Arc<Shared>);

/// The epoch moves as long as this is held.
#[derive(Debug)]
pub(crate) struct Ticking(Arc<Shared>);

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (engine, own) = (engine.weak(), Arc::clone(&shared));
        thread::Builder::new().name("guest-ticker".to_owned()).spawn(move || {
            while own.next_tick() {
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        })?;
        Ok(Self(shared))
    }

    /// Keeps the epoch moving.
    pub(crate) fn tick(&self) -> Ticking {
        let mut state = self.0.state.lock();
        state.calls += 1;
        if state.calls == 1 {
            self.0.changed.notify_one();
        }
        Ticking(Arc::clone(&self.0))
    }
}

impl Shared {
    /// Waits for a call and then for the length of a tick, or less; `false`: the end.
    fn next_tick(&self) -> bool {
        let mut state = self.state.lock();
        while state.calls == 0 && !state.is_ended {
            self.changed.wait(&mut state);
        }
        if !state.is_ended {
            self.changed.wait_for(&mut state, TICK);
        }
        !state.is_ended
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.state.lock().calls -= 1;
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.state.lock().is_ended = true;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_and_the_end_is_told() {
        let engine = Engine::default();
        let ticker = Ticker::start(&engine).unwrap();
        let (first, second) = (ticker.tick(), ticker.tick());
        assert_eq!(ticker.0.state.lock().calls, 2);
        drop((first, second));
        assert_eq!(ticker.0.state.lock().calls, 0);
        let shared = Arc::clone(&ticker.0);
        drop(ticker);
        assert!(!shared.next_tick());
    }
}
