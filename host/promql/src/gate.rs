//! Lets a bounded number of queries run at once.

use std::time::Duration;

use narthex_platform::Clock;
use parking_lot::{Condvar, Mutex};

use crate::result::{Cancel, QueryError};

const STAGE: &str = "query queue";

/// How often one who waits looks at its deadline and its cancel flag.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) struct Gate {
    running_max: usize,
    /// Guards the number of queries that run.
    running: Mutex<usize>,
    left: Condvar,
}

/// Leave to run; ends when it is dropped.
pub(crate) struct Pass<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new(running_max: usize) -> Self {
        Self { running_max: running_max.max(1), running: Mutex::new(0), left: Condvar::new() }
    }

    /// Waits for a free place.
    pub(crate) fn enter(
        &self,
        clock: &Clock,
        deadline: Duration,
        cancel: &Cancel,
    ) -> Result<Pass<'_>, QueryError> {
        let mut running = self.running.lock();
        while *running >= self.running_max {
            if cancel.is_canceled() {
                return Err(QueryError::Canceled { stage: STAGE });
            }
            if clock.monotonic() >= deadline {
                return Err(QueryError::Timeout { stage: STAGE });
            }
            self.left.wait_for(&mut running, LOOK_EVERY);
        }
        *running += 1;
        Ok(Pass(self))
    }

    pub(crate) fn running(&self) -> usize {
        *self.running.lock()
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.0.running.lock() -= 1;
        self.0.left.notify_one();
    }
}
