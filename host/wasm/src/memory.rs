//! The memory of all guests together.
//!
//! Half of the total is set aside: each call that may run at one time has its part of that half at
//! once, so that a small guest begins and ends whatever the large ones do. The other half is shared.
//! A guest that wants more than is left there waits, at most to the end of its wall time, and is
//! refused nothing that its own budget grants.
//!
//! Invariant: one call at a time may pass the total, up to its own budget; so some call always gets
//! on, and a guest that is alone has its whole budget. All guests together never hold more than the
//! total and one budget.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// What all guests together hold, and may.
#[derive(Debug)]
pub(crate) struct SharedMemory {
    /// Calls that run at one time.
    calls_max: u64,
    /// Guards the counts.
    state: Mutex<State>,
    /// Memory was given back, or the total is another.
    freed: Notify,
}

/// What all guests together hold now, and what came of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryStats {
    /// What they may hold, in bytes.
    pub total_bytes: u64,
    /// What they hold, in bytes.
    pub held_bytes: u64,
    /// How often a guest had to wait for memory.
    pub waits: u64,
}

#[derive(Debug)]
struct State {
    stats: MemoryStats,
    /// The part of what is held that is beyond what is set aside for each call.
    shared_bytes: u64,
    /// A call passed the total.
    is_passed: bool,
}

/// The memory of one call; given back when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    memory: Arc<SharedMemory>,
    /// What was set aside for this call when it began.
    own_bytes: u64,
    held_bytes: u64,
    /// This is the call that passed the total.
    has_passed: bool,
    is_waiting: bool,
}

impl SharedMemory {
    pub(crate) fn new(total_bytes: u64, calls_max: u32) -> Arc<Self> {
        let stats = MemoryStats { total_bytes, ..MemoryStats::default() };
        let state = Mutex::new(State { stats, shared_bytes: 0, is_passed: false });
        Arc::new(Self { calls_max: u64::from(calls_max).max(1), state, freed: Notify::new() })
    }

    /// Lets another total count from now on; what is held beyond it stays until its calls end.
    pub(crate) fn set_total(&self, total_bytes: u64) {
        self.state.lock().stats.total_bytes = total_bytes;
        self.freed.notify_waiters();
    }

    pub(crate) fn stats(&self) -> MemoryStats {
        self.state.lock().stats
    }

    /// The account of a call that begins.
    pub(crate) fn begin(self: &Arc<Self>) -> Held {
        let own_bytes = self.state.lock().stats.total_bytes / 2 / self.calls_max;
        let memory = Arc::clone(self);
        Held { memory, own_bytes, held_bytes: 0, has_passed: false, is_waiting: false }
    }
}

impl Held {
    pub(crate) fn bytes(&self) -> u64 {
        self.held_bytes
    }

    /// Whether the call waits for memory that others hold.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Holds so many bytes more, as soon as they are to be had.
    pub(crate) async fn grow(&mut self, growth: u64) {
        let memory = Arc::clone(&self.memory);
        loop {
            // Before the look, so that what is freed after it is heard of.
            let freed = memory.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if self.try_grow(growth) {
                self.is_waiting = false;
                return;
            }
            if !self.is_waiting {
                self.is_waiting = true;
                memory.state.lock().stats.waits += 1;
            }
            freed.await;
        }
    }

    fn try_grow(&mut self, growth: u64) -> bool {
        let held_bytes = self.held_bytes.saturating_add(growth);
        let more = self.beyond_own(held_bytes) - self.beyond_own(self.held_bytes);
        let mut state = self.memory.state.lock();
        let shared_bytes = state.shared_bytes.saturating_add(more);
        let fits = more == 0 || shared_bytes <= state.stats.total_bytes / 2;
        if !fits && !self.has_passed {
            if state.is_passed {
                return false;
            }
            state.is_passed = true;
            self.has_passed = true;
        }
        state.shared_bytes = shared_bytes;
        state.stats.held_bytes = state.stats.held_bytes.saturating_add(growth);
        self.held_bytes = held_bytes;
        true
    }

    fn beyond_own(&self, held_bytes: u64) -> u64 {
        held_bytes.saturating_sub(self.own_bytes)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.memory.state.lock();
        state.shared_bytes = state.shared_bytes.saturating_sub(self.beyond_own(self.held_bytes));
        state.stats.held_bytes = state.stats.held_bytes.saturating_sub(self.held_bytes);
        if self.has_passed {
            state.is_passed = false;
        }
        drop(state);
        self.memory.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Of 800 bytes each of four calls has 100, and 400 are shared.
    fn memory() -> Arc<SharedMemory> {
        SharedMemory::new(800, 4)
    }

    #[test]
    fn what_is_set_aside_for_a_call_is_there_whatever_the_others_hold() {
        let memory = memory();
        let (mut large, mut hungry, mut small) = (memory.begin(), memory.begin(), memory.begin());
        assert!(large.try_grow(500));
        // The shared half is full: one may pass the total, and no other.
        assert!(hungry.try_grow(1000));
        assert!(!large.try_grow(1));
        assert!(small.try_grow(100));
        assert!(!small.try_grow(1));
        assert!(hungry.try_grow(1000));
        assert_eq!(memory.stats().held_bytes, 2600);
    }

    #[test]
    fn a_call_that_is_alone_has_all_that_its_budget_grants() {
        let memory = memory();
        let mut alone = memory.begin();
        assert!(alone.try_grow(1_000_000));
        drop(alone);
        assert_eq!(memory.stats(), MemoryStats { total_bytes: 800, held_bytes: 0, waits: 0 });
        assert!(memory.begin().try_grow(1_000_000));
    }

    #[tokio::test]
    async fn a_call_waits_until_another_ends() {
        let memory = memory();
        let (mut first, mut passed, mut waiting) = (memory.begin(), memory.begin(), memory.begin());
        first.grow(500).await;
        passed.grow(200).await;
        {
            let grow = waiting.grow(300);
            tokio::pin!(grow);
            assert!(grow.as_mut().now_or_never().is_none());
            drop(first);
            grow.await;
        }
        assert!(!waiting.is_waiting());
        assert_eq!(memory.stats(), MemoryStats { total_bytes: 800, held_bytes: 500, waits: 1 });
    }

    #[tokio::test]
    async fn a_larger_total_lets_those_that_wait_go_on() {
        let memory = memory();
        let (mut first, mut passed, mut waiting) = (memory.begin(), memory.begin(), memory.begin());
        first.grow(500).await;
        passed.grow(200).await;
        let grow = waiting.grow(300);
        tokio::pin!(grow);
        assert!(grow.as_mut().now_or_never().is_none());
        memory.set_total(8000);
        grow.await;
    }
}
