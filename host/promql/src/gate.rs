//! Lets a bounded number of queries run at once. The others wait, in the order in which they came,
//! whether a thread waits for them or a task does.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use narthex_platform::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::result::{Cancel, QueryError};

/// What a query is doing here, for its errors.
pub(crate) const STAGE: &str = "query queue";

/// How often a thread that waits looks at its deadline and its cancel flag.
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Gate {
    present: Arc<AtomicUsize>,
    places: Arc<Semaphore>,
}

/// A query that runs or waits, until this is dropped.
#[derive(Debug)]
pub(crate) struct Presence(Arc<AtomicUsize>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Leave to run; ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    _permit: OwnedSemaphorePermit,
}

impl Gate {
    pub(crate) fn new(running_max: usize) -> Self {
        let running_max = running_max.clamp(1, Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(running_max));
        Self { present: Arc::default(), places }
    }

    /// Counts a query from now on.
    pub(crate) fn arrive(&self) -> Presence {
        self.present.fetch_add(1, Ordering::Relaxed);
        Presence(Arc::clone(&self.present))
    }

    /// How many queries run or wait.
    pub(crate) fn present(&self) -> usize {
        self.present.load(Ordering::Relaxed)
    }

    /// A place, if one is free and nobody waits for it.
    pub(crate) fn try_enter(&self) -> Option<Pass> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Pass { _permit: permit })
    }

    /// Keeps this thread until there is a place.
    pub(crate) fn enter(
        &self,
        clock: &Clock,
        deadline: Duration,
        cancel: &Cancel,
    ) -> Result<Pass, QueryError> {
        // A task that runs on this thread may have used up what tokio lets it do at a time.
        let mut place = pin!(tokio::task::coop::unconstrained(self.place()));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(pass) = place.as_mut().poll(&mut context) {
                return Ok(pass);
            }
            if cancel.is_canceled() {
                return Err(QueryError::Canceled { stage: STAGE });
            }
            if clock.monotonic() >= deadline {
                return Err(QueryError::Timeout { stage: STAGE });
            }
            thread::park_timeout(LOOK_EVERY);
        }
    }

    /// Keeps this task until there is a place; gives its turn up when it is dropped.
    pub(crate) async fn enter_later(
        &self,
        clock: &Clock,
        deadline: Duration,
    ) -> Result<Pass, QueryError> {
        let left = deadline.saturating_sub(clock.monotonic());
        tokio::select! {
            biased;
            pass = self.place() => Ok(pass),
            () = clock.sleep(left) => Err(QueryError::Timeout { stage: STAGE }),
        }
    }

    fn place(&self) -> impl Future<Output = Pass> + Send + use<> {
        let permit = Arc::clone(&self.places).acquire_owned();
        async move { Pass { _permit: permit.await.expect("the gate is never closed") } }
    }
}

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests;
