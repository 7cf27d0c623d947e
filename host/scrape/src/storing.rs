//! What becomes of a target's answer: samples, markers and the report on it, in one batch.
//!
//! Invariant: a body is stored whole or not at all.

use std::sync::Arc;
use std::time::Duration;

use narthex_exposition::ContentTypeRemark;
use narthex_model::Timestamp;
use narthex_settings::error_chain;
use narthex_storage::Appender;
use tracing::{debug, error, warn};

use crate::cache::Cache;
use crate::fetch::{Body, FetchError};
use crate::ingest::{Counts, Ingest, IngestError, end};
use crate::report::{Outcome, Report};
use crate::target_loop::{Room, Setup};
use crate::view::{LastScrape, TargetHealth, TargetState};

/// Characters of why a scrape failed: many times those of the usual reasons.
const REASON_CHARS_MAX: usize = 500;

/// What is known of a target's series, from one scrape to the next.
#[derive(Debug)]
pub(crate) struct Storing {
    room: Arc<Room>,
    state: Arc<TargetState>,
    cache: Cache,
    report: Report,
    has_warned: bool,
    has_remarked: bool,
}

impl Storing {
    pub(crate) fn new(room: Arc<Room>, state: Arc<TargetState>) -> Self {
        let (cache, report) = (Cache::new(), Report::default());
        Self { room, state, cache, report, has_warned: false, has_remarked: false }
    }

    /// Nothing yet of the same target.
    pub(crate) fn anew(&self) -> Self {
        Self::new(Arc::clone(&self.room), Arc::clone(&self.state))
    }

    /// Other rules make other series.
    pub(crate) fn forget_lines(&mut self) {
        self.cache.reset();
    }

    /// Stores an answer and the report on it as one batch.
    pub(crate) fn store(
        &mut self,
        setup: &Setup,
        fetched: Result<Body, FetchError>,
        (at, begin): (Timestamp, Duration),
    ) {
        let room = Arc::clone(&self.room);
        let mut appender = room.store.appender();
        let mut counts = Counts::default();
        let mut body_bytes = 0.0;
        let mut failure = setup.refusal.clone();
        match fetched {
            Ok(_) if failure.is_some() => {}
            Ok(body) => {
                body_bytes = to_float(body.bytes.len());
                let ingested = self.ingest(setup, &body, &mut *appender, (at, &mut counts));
                if let Err(error) = ingested {
                    failure = Some(self.count_refusal(&error));
                    // Takes back what the body's first lines brought.
                    appender = room.store.appender();
                }
            }
            Err(error) => {
                match error {
                    FetchError::BodyTooLarge { .. } => {
                        room.telemetry.exceeded_body_size.increment();
                        body_bytes = -1.0;
                    }
                    FetchError::BodyBeyondCap { .. } => body_bytes = -1.0,
                    FetchError::NoRoom { .. } => room.telemetry.exceeded_memory.increment(),
                    FetchError::Request(_)
                    | FetchError::Exporter { .. }
                    | FetchError::Timeout { .. } => {}
                }
                failure = Some(error_chain(&error));
            }
        }
        if failure.is_some() {
            end(&mut *appender, self.cache.tracked_before_this(), at);
        }
        self.warn_once(setup, &counts);
        let duration = room.clock.monotonic().saturating_sub(begin);
        let extra = room.settings.features.extra_metrics;
        let is_long = setup.job.extra_metrics.unwrap_or(extra);
        let outcome = Outcome { is_up: failure.is_none(), duration, counts, is_long, body_bytes };
        let about = (&*setup.job, &*setup.target);
        let reported = self.report.write(&mut *appender, about, at, &outcome);
        let committed = appender.commit();
        self.end_scrape(at, failure.is_none(), committed.is_ok());
        let refused = match (reported, committed) {
            (_, Err(error)) => Some(error_chain(&error)),
            (Err(error), Ok(_)) => Some(error_chain(&error)),
            (Ok(()), Ok(_)) => None,
        };
        if let Some(reason) = refused {
            room.telemetry.commits_failed.increment();
            error!(url = setup.target.url, error = reason, "storing a scrape failed");
            failure.get_or_insert(format!("store: {reason}"));
        }
        room.telemetry.durations.observe_duration(room.clock.monotonic().saturating_sub(begin));
        self.show(setup, failure, (at, &outcome));
    }

    fn ingest(
        &mut self,
        setup: &Setup,
        body: &Body,
        appender: &mut dyn Appender,
        (at, counts): (Timestamp, &mut Counts),
    ) -> Result<(), IngestError> {
        let mut ingest = Ingest {
            job: &setup.job,
            target: &setup.target,
            cache: &mut self.cache,
            appender,
            families: &self.room.families,
            features: self.room.settings.features,
            series_max: self.room.settings.series_max,
            at,
            counts: *counts,
            too_large: 0,
            families_bytes: 0,
        };
        let outcome = ingest.run(body);
        *counts = ingest.counts;
        self.remark_once(setup, outcome?);
        Ok(())
    }

    /// Only what is in the store counts for the next scrape.
    fn end_scrape(&mut self, at: Timestamp, is_complete: bool, is_stored: bool) {
        let is_flushed = match (is_stored, is_complete) {
            (true, true) => {
                if let Some(families) = self.cache.end_complete(at) {
                    self.state.set_families(families);
                }
                false
            }
            (true, false) => self.cache.end_failed(),
            (false, _) => self.cache.end_unstored(),
        };
        if is_flushed {
            self.room.telemetry.caches_flushed.increment();
        }
    }

    /// Ends everything, as of a time; series that live on elsewhere have newer samples, so that the
    /// store refuses their markers.
    pub(crate) fn end(&mut self, setup: &Setup, at: Timestamp) {
        let room = Arc::clone(&self.room);
        let mut appender = room.store.appender();
        end(&mut *appender, self.cache.tracked_before_this(), at);
        self.report.end(&mut *appender, at);
        if let Err(failure) = appender.commit() {
            room.telemetry.commits_failed.increment();
            error!(url = setup.target.url, error = %error_chain(&failure), "ending a target failed");
        }
    }

    fn show(&self, setup: &Setup, failure: Option<String>, (at, outcome): (Timestamp, &Outcome)) {
        let failure = failure.map(cut);
        if let Some(reason) = &failure {
            let (job, url) = (&setup.job, &setup.target.url);
            debug!(url, error = reason, "scrape failed");
            if let Some(path) = &job.failure_log {
                self.room.failures.write(path, (&job.name, url), reason);
            }
        }
        let health = if failure.is_some() { TargetHealth::Down } else { TargetHealth::Up };
        self.state.set_last(LastScrape {
            at: Some(at),
            duration: outcome.duration,
            health,
            error: failure.unwrap_or_default(),
            body_bytes: outcome.body_bytes,
            samples: outcome.counts.added,
        });
    }

    fn count_refusal(&self, error: &IngestError) -> String {
        let telemetry = &self.room.telemetry;
        match error {
            IngestError::SampleLimit { .. } => telemetry.exceeded_samples.increment(),
            IngestError::LabelLimit(_) => telemetry.exceeded_labels.increment(),
            IngestError::BucketLimit { .. } => telemetry.exceeded_buckets.increment(),
            IngestError::SeriesLimit { .. } => telemetry.exceeded_series.increment(),
            IngestError::FamilyLimit => telemetry.exceeded_families.increment(),
            IngestError::ContentType(_)
            | IngestError::Names(_)
            | IngestError::Parse(_)
            | IngestError::Labels(_)
            | IngestError::NoName(_)
            | IngestError::Store(_) => {}
        }
        error_chain(error)
    }

    /// What is odd about the `Content-Type` is told once: it is so in every scrape.
    fn remark_once(&mut self, setup: &Setup, remark: Option<ContentTypeRemark>) {
        if let Some(remark) = remark
            && !std::mem::replace(&mut self.has_remarked, true)
        {
            debug!(url = setup.target.url, "{remark}");
        }
    }

    fn warn_once(&mut self, setup: &Setup, counts: &Counts) {
        self.room.telemetry.refused(counts);
        let Counts { out_of_order, duplicate, out_of_bounds, .. } = *counts;
        if out_of_order + duplicate + out_of_bounds > 0 && !self.has_warned {
            self.has_warned = true;
            let url = &setup.target.url;
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

/// What is shown and kept of a reason, which may hold what the target sent.
fn cut(reason: String) -> String {
    match reason.char_indices().nth(REASON_CHARS_MAX) {
        // Without the room that the whole took.
        Some((end, _)) => reason.get(..end).unwrap_or_default().to_owned() + "…",
        None => reason,
    }
}

#[expect(clippy::cast_precision_loss, reason = "no body has 2^53 bytes")]
fn to_float(bytes: usize) -> f64 {
    bytes as f64
}
