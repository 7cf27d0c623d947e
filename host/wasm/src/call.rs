//! One call of one guest: a fresh instance, a budget, an answer or a reason.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::Instant;
use wasmtime::{Store, UpdateDeadline};

use crate::budget::{Budget, CpuMeter, Limiter, Usage};
use crate::guest::Guest;
use crate::kill::{CpuSpent, KillReason};
use crate::output::Output;
use crate::sandbox::Sandbox;
use crate::ticker::Ticking;

/// A call that may begin: it has a slot, so an instance is to be had.
pub struct Call<'a> {
    sandbox: &'a Sandbox,
    budget: Budget,
    /// What of the wall time is gone.
    waited: Duration,
    _slot: Option<SemaphorePermit<'a>>,
    _of_group: Option<SemaphorePermit<'a>>,
    _waiting: Option<WaitingSlot>,
    /// Lets the guest notice time.
    _ticking: Ticking,
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("budget", &self.budget).finish_non_exhaustive()
    }
}

/// The slot of a call that may wait for a long time. Such calls take no slot of the others.
#[derive(Debug)]
pub struct WaitingSlot {
    _permit: OwnedSemaphorePermit,
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome<R, T> {
    /// The answer, or why there is none.
    pub result: Result<R, KillReason>,
    /// What the call spent.
    pub usage: Usage,
    /// What the guest printed, up to a bound.
    pub printed: String,
    /// Bytes it printed beyond that bound.
    pub printed_bytes_dropped: u64,
    /// The host context as the call left it.
    pub host: T,
}

impl Sandbox {
    /// Waits for a slot, at most the wall time of the budget, and spends it. `None`: all slots stayed taken.
    pub async fn begin(&self, budget: Budget) -> Option<Call<'_>> {
        let begun = Instant::now();
        let slot = tokio::time::timeout(budget.wall, self.calls().acquire()).await.ok()?.ok()?;
        Some(Call { waited: begun.elapsed(), ..self.call(budget, Some(slot), None) })
    }

    /// The same for one of a group of calls that has slots of its own: it waits for one of these first, so that the
    /// group never takes more of all slots.
    pub async fn begin_among<'a>(
        &'a self,
        group: &'a Semaphore,
        budget: Budget,
    ) -> Option<Call<'a>> {
        let begun = Instant::now();
        let slots =
            async { Some((group.acquire().await.ok()?, self.calls().acquire().await.ok()?)) };
        let (own, slot) = tokio::time::timeout(budget.wall, slots).await.ok()??;
        let call = self.call(budget, Some(slot), None);
        Some(Call { waited: begun.elapsed(), _of_group: Some(own), ..call })
    }

    /// A slot for a call that may wait for a long time, if one is free.
    #[must_use]
    pub fn try_waiting(&self) -> Option<WaitingSlot> {
        let permit = Arc::clone(self.waiting()).try_acquire_owned().ok();
        permit.map(|_permit| WaitingSlot { _permit })
    }

    /// Begins a call that has its slot already.
    #[must_use]
    pub fn begin_waiting(&self, slot: WaitingSlot, budget: Budget) -> Call<'_> {
        self.call(budget, None, Some(slot))
    }

    fn call<'a>(
        &'a self,
        budget: Budget,
        slot: Option<SemaphorePermit<'a>>,
        waiting: Option<WaitingSlot>,
    ) -> Call<'a> {
        let ticking = self.ticker().tick();
        let waited = Duration::ZERO;
        Call {
            sandbox: self,
            budget,
            waited,
            _slot: slot,
            _of_group: None,
            _waiting: waiting,
            _ticking: ticking,
        }
    }
}

impl Call<'_> {
    /// How long it waited for its slot; that is part of its wall time.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Runs `work` on a fresh store. `work` makes the instance and calls one of its exports.
    pub async fn run<T, R, F>(self, host: T, work: F) -> Outcome<R, T>
    where
        T: Send + 'static,
        F: for<'s> FnOnce(&'s mut Store<Guest<T>>) -> BoxFuture<'s, wasmtime::Result<R>>,
    {
        let budget = self.budget;
        let meter = Arc::new(CpuMeter::default());
        let output = Output::default();
        let limiter = Limiter::new(budget.memory_bytes, self.sandbox.memory().begin());
        let guest = Guest::new(host, limiter, output.clone());
        let mut store = Store::new(self.sandbox.engine(), guest);
        store.limiter_async(|guest| &mut guest.limiter);
        store.set_hostcall_fuel(budget.result_bytes);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback({
            let meter = Arc::clone(&meter);
            move |_| {
                if meter.spent_within_poll() >= budget.cpu {
                    return Err(CpuSpent.into());
                }
                Ok(UpdateDeadline::Yield(1))
            }
        });
        let metered = Metered { meter: &meter, work: work(&mut store) };
        // Dropping the work at the end of its time unwinds the guest; the store stays readable.
        let left = budget.wall.saturating_sub(self.waited);
        let result = tokio::time::timeout(left, metered).await;
        let limiter = &store.data().limiter;
        let usage = Usage { memory_bytes_peak: limiter.peak(), cpu: meter.spent() };
        let result = match result {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(KillReason::of(&error, &budget, limiter)),
            Err(_) if limiter.is_waiting() => {
                let limit_bytes = self.sandbox.memory_stats().total_bytes;
                Err(KillReason::Crowded { limit_bytes, waited: budget.wall })
            }
            Err(_) => Err(KillReason::Wall { limit: budget.wall }),
        };
        let (printed, printed_bytes_dropped) = output.take();
        let host = store.into_data().into_host();
        Outcome { result, usage, printed, printed_bytes_dropped, host }
    }
}

/// Charges a call for the time in which it is polled.
struct Metered<'a, 's, R> {
    meter: &'a CpuMeter,
    work: BoxFuture<'s, wasmtime::Result<R>>,
}

impl<R> Future for Metered<'_, '_, R> {
    type Output = wasmtime::Result<R>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.meter.poll_begins();
        let polled = self.work.as_mut().poll(context);
        self.meter.poll_ends();
        polled
    }
}

#[cfg(test)]
mod tests;
