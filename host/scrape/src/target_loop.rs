//! The life of one target: asked in every slot, ended when it is gone.
//!
//! Slots lie on the wall clock, at a place in the interval that follows from the target's hash. So
//! neither a reload nor a restart moves them, and targets spread evenly over the interval.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_platform::{Clock, Stop};
use narthex_storage::Appendable;
use tokio::sync::{Semaphore, watch};

use crate::config::JobConfig;
use crate::failures::FailureLogs;
use crate::families::FamilyTexts;
use crate::fetch::{Body, Fetch, FetchError};
use crate::memory::{BodyMemory, LARGE_BODY_BYTES};
use crate::settings::ScrapeSettings;
use crate::storing::Storing;
use crate::target::Target;
use crate::telemetry::{IntervalLengths, Telemetry};
use crate::view::TargetState;

/// What all loops share.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) store: Arc<dyn Appendable>,
    pub(crate) clock: Clock,
    pub(crate) telemetry: Telemetry,
    /// Servers with different seeds ask the same target at different times.
    pub(crate) offset_seed: AtomicU64,
    pub(crate) settings: ScrapeSettings,
    /// What targets say of their families.
    pub(crate) families: FamilyTexts,
    pub(crate) failures: FailureLogs,
    /// What all bodies take.
    pub(crate) bodies: Arc<BodyMemory>,
    /// Turns at parsing large bodies: as many as the machine has processors.
    pub(crate) large_bodies: Semaphore,
}

/// What a loop scrapes, and how.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) job: Arc<JobConfig>,
    pub(crate) target: Arc<Target>,
    pub(crate) fetch: Arc<dyn Fetch>,
    /// Why the target must not be asked, if so.
    pub(crate) refusal: Option<String>,
}

impl Setup {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job, &other.job)
            && Arc::ptr_eq(&self.fetch, &other.fetch)
            && self.target == other.target
            && self.refusal == other.refusal
    }
}

/// What the pool tells a loop.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Scrape(Setup),
    /// The target is gone; a target that comes back in time goes on where it was.
    Vanish,
}

pub(crate) struct TargetLoop {
    room: Arc<Room>,
    state: Arc<TargetState>,
    orders: watch::Receiver<Order>,
    stop: Stop,
    setup: Setup,
    storing: Box<Storing>,
    interval_lengths: IntervalLengths,
    /// Monotonic time of the last scrape's begin.
    last_begin: Option<Duration>,
    /// There may be series to end.
    has_stored: bool,
}

/// The first slot after `now`.
fn next_slot(now: i64, interval: Duration, hash: u64) -> i64 {
    let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
    let offset = i64::try_from(hash % interval.unsigned_abs()).unwrap_or(0);
    let since_slot = now.wrapping_sub(offset).rem_euclid(interval);
    now.saturating_add(interval - since_slot)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl TargetLoop {
    pub(crate) fn new(
        room: Arc<Room>,
        state: Arc<TargetState>,
        (orders, setup): (watch::Receiver<Order>, Setup),
        stop: Stop,
    ) -> Self {
        Self {
            interval_lengths: room.telemetry.interval(setup.target.interval),
            storing: Box::new(Storing::new(Arc::clone(&room), Arc::clone(&state))),
            room,
            state,
            orders,
            stop,
            setup,
            last_begin: None,
            has_stored: false,
        }
    }

    fn slot_after(&self, now: i64) -> i64 {
        let target = &self.setup.target;
        let seed = self.room.offset_seed.load(Ordering::Relaxed);
        next_slot(now, target.interval, target.hash ^ seed)
    }

    /// Runs until the program stops, or until the target is gone and ended.
    pub(crate) async fn run(mut self) {
        let room = Arc::clone(&self.room);
        let mut slot = self.slot_after(room.clock.now_millis());
        loop {
            let order = tokio::select! {
                biased;
                () = self.stop.stopped() => return,
                order = next_order(&mut self.orders) => order,
                () = room.clock.sleep_until(slot) => {
                    if !self.scrape(slot).await {
                        return;
                    }
                    // A clock that lags must not bring the same slot again.
                    slot = self.slot_after(room.clock.now_millis().max(slot));
                    continue;
                }
            };
            match order {
                Some(Order::Scrape(setup)) => self.change(setup),
                Some(Order::Vanish) => match self.vanish(slot).await {
                    Some(setup) => self.change(setup),
                    None => return,
                },
                None => return,
            }
            slot = self.slot_after(room.clock.now_millis());
        }
    }

    fn change(&mut self, setup: Setup) {
        let (old, new) = (&self.setup.job, &setup.job);
        let has_same_series = old.honor_labels == new.honor_labels
            && old.metric_relabel == new.metric_relabel
            && old.names == new.names
            && old.limits.has_same_labels(&new.limits);
        if !has_same_series {
            self.storing.forget_lines();
        }
        if self.setup.target.interval != setup.target.interval {
            self.interval_lengths = self.room.telemetry.interval(setup.target.interval);
            self.last_begin = None;
        }
        self.state.set_target(Arc::clone(&setup.target), setup.job.limits);
        self.setup = setup;
    }

    /// Waits until the target, if it lives on in another pool, has been scraped there after the
    /// next slot; then ends its series as of that slot. Series that live on have newer samples, so
    /// that the store refuses their markers. `Some`: the target came back.
    async fn vanish(&mut self, slot: i64) -> Option<Setup> {
        if !self.has_stored {
            return None;
        }
        let interval = millis(self.setup.target.interval);
        let end_at = slot.saturating_add(interval).saturating_add(interval / 10);
        let room = Arc::clone(&self.room);
        let wait = room.clock.sleep_until(end_at);
        tokio::pin!(wait);
        loop {
            tokio::select! {
                biased;
                () = self.stop.stopped() => return None,
                order = next_order(&mut self.orders) => match order {
                    Some(Order::Scrape(setup)) => return Some(setup),
                    Some(Order::Vanish) => {}
                    None => return None,
                },
                () = &mut wait => break,
            }
        }
        self.storing.end(&self.setup, Timestamp::from_millis(slot));
        None
    }

    /// One scrape; `false`: the program stops, and nothing was stored.
    async fn scrape(&mut self, slot: i64) -> bool {
        let clock = self.room.clock.clone();
        let target = Arc::clone(&self.setup.target);
        let now = clock.now_millis();
        let tolerance = self.room.settings.tolerance;
        let tolerance = tolerance.map(|most| millis((target.interval / 100).min(most)));
        let is_late = tolerance.is_none_or(|tolerance| now.saturating_sub(slot) > tolerance);
        let at = Timestamp::from_millis(if is_late { now } else { slot });
        let begin = clock.monotonic();
        if let Some(last) = self.last_begin.replace(begin) {
            self.interval_lengths.observe(begin.saturating_sub(last));
        }
        // Given back when the body is stored.
        let share = self.room.bodies.share();
        let fetched = if self.setup.refusal.is_some() {
            Ok(Body::default())
        } else {
            tokio::select! {
                biased;
                fetched = self.setup.fetch.fetch(&target, &share) => fetched,
                () = clock.sleep(target.timeout) => Err(FetchError::Timeout { after: target.timeout }),
                () = self.stop.stopped() => return false,
            }
        };
        self.has_stored = true;
        self.store(fetched, (at, begin)).await
    }

    /// A large body is parsed on a thread of its own, so that other targets are asked meanwhile;
    /// `false`: the program stops.
    async fn store(
        &mut self,
        fetched: Result<Body, FetchError>,
        times: (Timestamp, Duration),
    ) -> bool {
        if !fetched.as_ref().is_ok_and(|body| body.bytes.len() > LARGE_BODY_BYTES) {
            self.storing.store(&self.setup, fetched, times);
            return true;
        }
        let Ok(_turn) = self.room.large_bodies.acquire().await else { return false };
        let anew = Box::new(self.storing.anew());
        let (mut storing, setup) = (std::mem::replace(&mut self.storing, anew), self.setup.clone());
        let stored = tokio::task::spawn_blocking(move || {
            storing.store(&setup, fetched, times);
            storing
        });
        match stored.await {
            Ok(storing) => self.storing = storing,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => return false,
        }
        true
    }
}

/// The next order; `None`: the pool is gone.
async fn next_order(orders: &mut watch::Receiver<Order>) -> Option<Order> {
    orders.changed().await.ok()?;
    Some(orders.borrow_and_update().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_lie_at_their_place_in_the_interval() {
        let second = Duration::from_secs(1);
        assert_eq!(next_slot(0, second, 300), 300);
        assert_eq!(next_slot(300, second, 300), 1300);
        assert_eq!(next_slot(1299, second, 2300), 1300);
        assert_eq!(next_slot(-500, second, 300), 300);
    }
}
