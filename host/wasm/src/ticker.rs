//! The ticker: a thread that moves the engine's epoch on, so that a busy guest notices time.
//!
//! Invariant: the thread ends soon after the [`Ticker`] or the engine is dropped.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use wasmtime::Engine;

/// The longest a busy guest keeps a thread of the runtime to itself. Shorter ticks cost wakes of an
/// idle machine, longer ones delay the neighbours of a busy guest.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Ends the thread when dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    _end: mpsc::Sender<()>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> io::Result<Self> {
        let (end, ended) = mpsc::channel::<()>();
        let engine = engine.weak();
        thread::Builder::new().name("guest-ticker".to_owned()).spawn(move || {
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        })?;
        Ok(Self { _end: end })
    }
}
