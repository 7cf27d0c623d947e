//! What one call may spend, and what it did spend.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::ResourceLimiterAsync;

use crate::memory::Held;

/// Elements of all tables of a guest. A table holds function pointers; large guests
/// (interpreters) have about ten thousand.
const TABLE_ELEMENTS_MAX: usize = 20_000;

/// What one call may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Linear memory, all memories of the guest together, in bytes.
    pub memory_bytes: u64,
    /// Time on a processor.
    pub cpu: Duration,
    /// Time on the wall, waiting included.
    pub wall: Duration,
    /// Everything the guest hands over in one step: an answer, a request, a value.
    pub result_bytes: usize,
}

/// What one call spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The most linear memory held at one time, in bytes.
    pub memory_bytes_peak: u64,
    /// Time on a processor.
    pub cpu: Duration,
}

/// Grants memory up to the budget, as soon as all guests together leave it, and remembers what it
/// refused.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_bytes_max: u64,
    held: Held,
    refused: bool,
}

impl Limiter {
    pub(crate) fn new(memory_bytes_max: u64, held: Held) -> Self {
        Self { memory_bytes_max, held, refused: false }
    }

    /// Whether the guest asked for more than it may have.
    pub(crate) fn has_refused(&self) -> bool {
        self.refused
    }

    /// Whether the guest waits for memory that others hold.
    pub(crate) fn is_waiting(&self) -> bool {
        self.held.is_waiting()
    }

    /// The most memory held at one time: a guest gives none back before its end.
    pub(crate) fn peak(&self) -> u64 {
        self.held.bytes()
    }
}

#[wasmtime_wasi::async_trait]
impl ResourceLimiterAsync for Limiter {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        let granted = self.held.bytes().saturating_add(growth) <= self.memory_bytes_max;
        if granted {
            self.held.grow(growth).await;
        } else {
            self.refused = true;
        }
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        // The pool's own bound, which lies above every budget.
        self.refused = true;
        Ok(())
    }

    async fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}

/// The processor time of one call: the time of the thread that polls it, while it polls it.
///
/// Waiting costs nothing, and on a loaded machine a guest is not charged for its neighbours. A call
/// is polled by one thread at a time; the atomics only carry the numbers to the next thread.
#[derive(Debug, Default)]
pub(crate) struct CpuMeter {
    spent_nanos: AtomicU64,
    poll_started_nanos: AtomicU64,
}

impl CpuMeter {
    pub(crate) fn poll_begins(&self) {
        self.poll_started_nanos.store(thread_cpu_nanos(), Ordering::Relaxed);
    }

    pub(crate) fn poll_ends(&self) {
        self.spent_nanos.fetch_add(self.in_this_poll(), Ordering::Relaxed);
    }

    /// Time spent so far; asked between polls.
    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent_nanos.load(Ordering::Relaxed))
    }

    /// Time spent so far; asked by the guest's own thread within a poll.
    pub(crate) fn spent_within_poll(&self) -> Duration {
        self.spent() + Duration::from_nanos(self.in_this_poll())
    }

    fn in_this_poll(&self) -> u64 {
        thread_cpu_nanos().saturating_sub(self.poll_started_nanos.load(Ordering::Relaxed))
    }
}

fn thread_cpu_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::SharedMemory;

    #[tokio::test]
    async fn memory_is_granted_up_to_the_budget_and_the_peak_is_kept() {
        let mut limiter = Limiter::new(100, SharedMemory::new(1000, 1).begin());
        assert!(limiter.memory_growing(0, 60, None).await.unwrap());
        assert!(!limiter.has_refused());
        // A second memory counts against the same budget.
        assert!(!limiter.memory_growing(0, 60, None).await.unwrap());
        assert!(limiter.memory_growing(60, 100, None).await.unwrap());
        assert_eq!((limiter.peak(), limiter.has_refused()), (100, true));
    }

    #[test]
    fn a_meter_counts_only_within_polls() {
        let meter = CpuMeter::default();
        meter.poll_begins();
        let mut sum = 0_u64;
        while meter.spent_within_poll() < Duration::from_millis(2) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        meter.poll_ends();
        let spent = meter.spent();
        assert!(spent >= Duration::from_millis(2));
        assert_eq!(meter.spent(), spent);
    }
}
