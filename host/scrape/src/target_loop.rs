//! The life of one target: asked in every slot, ended when it is gone.
//!
//! Slots lie on the wall clock, at a place in the interval that follows from the target's hash. So
//! neither a reload nor a restart moves them, and targets spread evenly over the interval.

use std::sync::Arc;
use std::time::Duration;

use narthex_exposition::ContentTypeRemark;
use narthex_model::Timestamp;
use narthex_platform::{Clock, Histogram, Stop};
use narthex_settings::error_chain;
use narthex_storage::Appendable;
use tokio::sync::watch;
use tracing::{debug, error, warn};

use crate::cache::Cache;
use crate::config::JobConfig;
use crate::failures::FailureLogs;
use crate::families::FamilyTexts;
use crate::fetch::{Body, Fetch, FetchError};
use crate::ingest::{Counts, Ingest, IngestError, end};
use crate::report::{Outcome, Report};
use crate::settings::ScrapeSettings;
use crate::target::Target;
use crate::telemetry::Telemetry;
use crate::view::{LastScrape, TargetHealth, TargetState};

/// What all loops share.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) store: Arc<dyn Appendable>,
    pub(crate) clock: Clock,
    pub(crate) telemetry: Telemetry,
    /// Servers with different seeds ask the same target at different times.
    pub(crate) offset_seed: u64,
    pub(crate) settings: ScrapeSettings,
    /// What targets say of their families.
    pub(crate) families: FamilyTexts,
    pub(crate) failures: FailureLogs,
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
    cache: Cache,
    report: Report,
    interval_lengths: Histogram,
    /// Monotonic time of the last scrape's begin.
    last_begin: Option<Duration>,
    has_warned: bool,
    has_remarked: bool,
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
            room,
            state,
            orders,
            stop,
            setup,
            cache: Cache::new(),
            report: Report::default(),
            last_begin: None,
            has_warned: false,
            has_remarked: false,
        }
    }

    fn slot_after(&self, now: i64) -> i64 {
        let target = &self.setup.target;
        next_slot(now, target.interval, target.hash ^ self.room.offset_seed)
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
            self.cache.reset();
        }
        if self.setup.target.interval != setup.target.interval {
            self.interval_lengths = self.room.telemetry.interval(setup.target.interval);
            self.last_begin = None;
        }
        self.state.set_target(Arc::clone(&setup.target));
        self.setup = setup;
    }

    /// Waits until the target, if it lives on in another pool, has been scraped there after the
    /// next slot; then ends its series as of that slot. Series that live on have newer samples, so
    /// that the store refuses their markers. `Some`: the target came back.
    async fn vanish(&mut self, slot: i64) -> Option<Setup> {
        self.last_begin?;
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
        let at = Timestamp::from_millis(slot);
        let mut appender = room.store.appender();
        end(&mut *appender, self.cache.tracked_before_this(), at);
        self.report.end(&mut *appender, at);
        if let Err(failure) = appender.commit() {
            room.telemetry.commits_failed.increment();
            error!(url = self.setup.target.url, error = %error_chain(&failure), "ending a target failed");
        }
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
            self.interval_lengths.observe_duration(begin.saturating_sub(last));
        }
        let fetched = if self.setup.refusal.is_some() {
            Ok(Body::default())
        } else {
            tokio::select! {
                biased;
                fetched = self.setup.fetch.fetch(&target) => fetched,
                () = clock.sleep(target.timeout) => Err(FetchError::Timeout { after: target.timeout }),
                () = self.stop.stopped() => return false,
            }
        };
        self.store(fetched, at, begin);
        true
    }

    /// Stores a body and the report on it as one batch.
    fn store(&mut self, fetched: Result<Body, FetchError>, at: Timestamp, begin: Duration) {
        let room = Arc::clone(&self.room);
        let mut appender = room.store.appender();
        let mut counts = Counts::default();
        let mut body_bytes = 0.0;
        let mut failure = self.setup.refusal.clone();
        match fetched {
            Ok(_) if failure.is_some() => {}
            Ok(body) => {
                body_bytes = f64::from(u32::try_from(body.bytes.len()).unwrap_or(u32::MAX));
                let mut ingest = Ingest {
                    job: &self.setup.job,
                    target: &self.setup.target,
                    cache: &mut self.cache,
                    appender: &mut *appender,
                    families: &room.families,
                    features: room.settings.features,
                    series_max: room.settings.series_max,
                    at,
                    counts,
                    too_large: 0,
                };
                let outcome = ingest.run(&body);
                counts = ingest.counts;
                match outcome {
                    Ok(remark) => {
                        if let Some(families) = self.cache.end_complete(at) {
                            self.state.set_families(families);
                        }
                        self.remark_once(remark);
                    }
                    Err(error) => {
                        failure = Some(self.count_refusal(&error));
                        // Takes back what the body's first lines brought.
                        appender = room.store.appender();
                    }
                }
            }
            Err(error) => {
                if let FetchError::BodyTooLarge { .. } = error {
                    room.telemetry.exceeded_body_size.increment();
                    body_bytes = -1.0;
                }
                failure = Some(error_chain(&error));
            }
        }
        if failure.is_some() {
            end(&mut *appender, self.cache.tracked_before_this(), at);
            if self.cache.end_failed() {
                room.telemetry.caches_flushed.increment();
            }
        }
        self.warn_once(&counts);
        let duration = room.clock.monotonic().saturating_sub(begin);
        let extra = room.settings.features.extra_metrics;
        let is_long = self.setup.job.extra_metrics.unwrap_or(extra);
        let outcome = Outcome { is_up: failure.is_none(), duration, counts, is_long, body_bytes };
        let about = (&*self.setup.job, &*self.setup.target);
        let reported = self.report.write(&mut *appender, about, at, &outcome);
        let committed = appender.commit();
        let refused = match (reported, committed) {
            (_, Err(error)) => Some(error_chain(&error)),
            (Err(error), Ok(_)) => Some(error_chain(&error)),
            (Ok(()), Ok(_)) => None,
        };
        if let Some(reason) = refused {
            room.telemetry.commits_failed.increment();
            error!(url = self.setup.target.url, error = reason, "storing a scrape failed");
            failure.get_or_insert(format!("store: {reason}"));
        }
        self.show(failure, at, duration);
    }

    fn show(&self, failure: Option<String>, at: Timestamp, duration: Duration) {
        if let Some(reason) = &failure {
            let (job, url) = (&self.setup.job, &self.setup.target.url);
            debug!(url, error = reason, "scrape failed");
            if let Some(path) = &job.failure_log {
                self.room.failures.write(path, (&job.name, url), reason);
            }
        }
        let health = if failure.is_some() { TargetHealth::Down } else { TargetHealth::Up };
        let error = failure.unwrap_or_default();
        self.state.set_last(LastScrape { at: Some(at), duration, health, error });
    }

    fn count_refusal(&self, error: &IngestError) -> String {
        let telemetry = &self.room.telemetry;
        match error {
            IngestError::SampleLimit { .. } => telemetry.exceeded_samples.increment(),
            IngestError::LabelLimit(_) => telemetry.exceeded_labels.increment(),
            IngestError::BucketLimit { .. } => telemetry.exceeded_buckets.increment(),
            IngestError::SeriesLimit { .. } => telemetry.exceeded_series.increment(),
            IngestError::ContentType(_)
            | IngestError::Names(_)
            | IngestError::Parse(_)
            | IngestError::Labels(_)
            | IngestError::NoName(_)
            | IngestError::Store(_) => {}
        }
        error.to_string()
    }

    /// What is odd about the `Content-Type` is told once: it is so in every scrape.
    fn remark_once(&mut self, remark: Option<ContentTypeRemark>) {
        if let Some(remark) = remark
            && !std::mem::replace(&mut self.has_remarked, true)
        {
            debug!(url = self.setup.target.url, "{remark}");
        }
    }

    fn warn_once(&mut self, counts: &Counts) {
        self.room.telemetry.refused(counts);
        let Counts { out_of_order, duplicate, out_of_bounds, .. } = *counts;
        if out_of_order + duplicate + out_of_bounds > 0 && !self.has_warned {
            self.has_warned = true;
            let url = &self.setup.target.url;
            warn!(
                url,
                out_of_order,
                duplicate,
                out_of_bounds,
                "samples are refused, now and perhaps later; the counters prometheus_target_scrapes_sample_* go on"
            );
        }
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
