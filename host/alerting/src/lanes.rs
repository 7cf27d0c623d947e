//! How many calls of one integration run at once: as many as it has shown that it answers.
//!
//! All integrations of a plugin share the calls that the plugin may have. Always holds: one that answers nothing has
//! [`LANES_MIN`] of them, and leaves the others to those beside it; one that answered and hangs has as few after one round.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// What everybody begins with: a plugin's calls suffice for twelve integrations that hang.
const LANES_MIN: usize = 4;
/// A receiver that is slow slows down itself only.
const LANES_MAX: usize = 32;

/// The calls of one integration.
#[derive(Debug)]
pub(crate) struct Lanes {
    free: Semaphore,
    /// Free and taken ones.
    open: AtomicUsize,
}

/// A call that may run. It closes its lane when it ends, or is given up, and nobody has said that it was answered.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    lanes: &'a Lanes,
    /// Until the call ends.
    permit: Option<SemaphorePermit<'a>>,
    was_answered: bool,
}

impl Lanes {
    pub(crate) fn new() -> Self {
        Self { free: Semaphore::new(LANES_MIN), open: AtomicUsize::new(LANES_MIN) }
    }

    /// Waits until a call may run.
    pub(crate) async fn enter(&self) -> Lane<'_> {
        let permit = self.free.acquire().await.expect("nobody closes the lanes");
        Lane { lanes: self, permit: Some(permit), was_answered: false }
    }

    fn change(&self, change: impl Fn(usize) -> Option<usize>) -> bool {
        self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok()
    }
}

impl Lane<'_> {
    /// The call was answered, which opens another lane.
    pub(crate) fn answered(mut self) {
        self.was_answered = true;
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let lanes = self.lanes;
        if self.was_answered {
            if lanes.change(|open| (open < LANES_MAX).then_some(open + 1)) {
                lanes.free.add_permits(1);
            }
        } else if lanes.change(|open| (open > LANES_MIN).then_some(open - 1))
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many more calls may run now.
    fn free(lanes: &Lanes) -> usize {
        lanes.free.available_permits()
    }

    #[tokio::test]
    async fn who_answers_has_more_calls_and_who_fails_has_fewer() {
        let lanes = Lanes::new();
        for _ in 0..100 {
            lanes.enter().await.answered();
        }
        assert_eq!(free(&lanes), LANES_MAX);
        let taken = lanes.enter().await;
        drop(lanes.enter().await);
        assert_eq!(free(&lanes), LANES_MAX - 2);
        drop(taken);
        assert_eq!(free(&lanes), LANES_MAX - 2, "one that was given up closes its own too");
        for _ in 0..100 {
            drop(lanes.enter().await);
        }
        assert_eq!(free(&lanes), LANES_MIN);
    }
}
