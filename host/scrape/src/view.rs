//! What the API shows of targets.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, RelabelRule, Timestamp, relabel};
use parking_lot::Mutex;

use crate::config::Limits;
use crate::families::{Families, FamilyMetadata};
use crate::target::Target;

/// Failures of a target that are shown: enough to tell one that fails now and then from one that is
/// down.
const FAILURES_MAX: usize = 10;

/// How a target is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetHealth {
    /// It was not asked yet.
    #[default]
    Unknown,
    /// The last scrape succeeded.
    Up,
    /// The last scrape failed.
    Down,
}

impl TargetHealth {
    /// The name in the HTTP API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// One target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetView {
    /// Before relabeling.
    pub discovered: Labels,
    /// Of all its series.
    pub labels: Labels,
    /// What is asked.
    pub scrape_url: String,
    /// The same as others reach it.
    pub global_url: String,
    /// Why the last scrape failed; empty when it did not.
    pub last_error: String,
    /// When the last scrape began.
    pub last_scrape: Option<Timestamp>,
    /// How long it took.
    pub last_duration: Duration,
    /// How it went.
    pub health: TargetHealth,
    /// Bytes of its body, unpacked; -1: more than allowed.
    pub last_body_bytes: f64,
    /// Its samples, after relabeling.
    pub last_samples: usize,
    /// Scrapes that failed lately, the newest last.
    pub failures: Arc<VecDeque<FailedScrape>>,
    /// The bounds of its job.
    pub limits: Limits,
    /// Between two scrapes.
    pub interval: Duration,
    /// Of one scrape.
    pub timeout: Duration,
    /// What it says of its metric families, as of its last complete body.
    pub families: Arc<[Arc<FamilyMetadata>]>,
}

/// A scrape that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedScrape {
    /// When it began.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// What a relabel rule makes of a target.
#[derive(Clone, Debug, PartialEq)]
pub struct RelabelStep {
    /// The rule.
    pub rule: RelabelRule,
    /// The labels behind it; `None`: it, or a rule before it, drops the target.
    pub labels: Option<Labels>,
}

/// A step for each rule.
pub(crate) fn relabel_steps(rules: &[RelabelRule], discovered: &Labels) -> Vec<RelabelStep> {
    let mut labels = Some(discovered.clone());
    let step = |rule: &RelabelRule| {
        labels = labels.take().and_then(|labels| relabel(&labels, std::slice::from_ref(rule)));
        RelabelStep { rule: rule.clone(), labels: labels.clone() }
    };
    rules.iter().map(step).collect()
}

/// The targets of one job.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolView {
    /// The job.
    pub job: String,
    /// Ascending by labels.
    pub active: Vec<TargetView>,
    /// Labels before relabeling of targets that a rule dropped, as many as are kept.
    pub dropped: Vec<Labels>,
    /// How many were dropped.
    pub dropped_count: usize,
}

#[derive(Debug, Default)]
pub(crate) struct PoolState {
    pub(crate) active: Vec<Arc<TargetState>>,
    pub(crate) dropped: Vec<Labels>,
    pub(crate) dropped_count: usize,
}

#[derive(Debug, Default)]
pub(crate) struct PoolShared {
    /// Guards the lists, not the targets in them. Order: this before [`TargetState`].
    pub(crate) state: Mutex<PoolState>,
}

/// What a target's loop writes and the API reads.
#[derive(Debug)]
pub(crate) struct TargetState {
    /// Guards all of it.
    inner: Mutex<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    target: Arc<Target>,
    last: LastScrape,
    failures: Arc<VecDeque<FailedScrape>>,
    families: Families,
    /// Bytes of what it says of them, added up once.
    families_bytes: usize,
    limits: Limits,
}

/// How the last scrape went.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastScrape {
    pub(crate) at: Option<Timestamp>,
    pub(crate) duration: Duration,
    pub(crate) health: TargetHealth,
    pub(crate) error: String,
    pub(crate) body_bytes: f64,
    pub(crate) samples: usize,
}

impl TargetState {
    pub(crate) fn new(target: Arc<Target>, limits: Limits) -> Self {
        let (last, families) = (LastScrape::default(), Families::default());
        let (failures, families_bytes) = (Arc::default(), 0);
        let inner = Inner { target, last, failures, families, families_bytes, limits };
        Self { inner: Mutex::new(inner) }
    }

    pub(crate) fn set_target(&self, target: Arc<Target>, limits: Limits) {
        let mut inner = self.inner.lock();
        (inner.target, inner.limits) = (target, limits);
    }

    pub(crate) fn set_last(&self, last: LastScrape) {
        let mut inner = self.inner.lock();
        if let (Some(at), TargetHealth::Down) = (last.at, last.health) {
            let failures = Arc::make_mut(&mut inner.failures);
            if failures.len() >= FAILURES_MAX {
                failures.pop_front();
            }
            let reason = last.error.clone();
            failures.push_back(FailedScrape { at, reason });
        }
        inner.last = last;
    }

    pub(crate) fn set_families(&self, families: Families) {
        let bytes = families.iter().map(|family| family.bytes()).sum();
        let mut inner = self.inner.lock();
        (inner.families, inner.families_bytes) = (families, bytes);
    }

    fn view(&self, external_host: Option<&str>) -> TargetView {
        let Inner { target, last, failures, families, limits, .. } = self.inner.lock().clone();
        TargetView {
            global_url: global_url(&target, external_host),
            discovered: target.discovered.clone(),
            labels: target.labels.clone(),
            scrape_url: target.url.clone(),
            last_error: last.error,
            last_scrape: last.at,
            last_duration: last.duration,
            health: last.health,
            last_body_bytes: last.body_bytes,
            last_samples: last.samples,
            failures,
            limits,
            interval: target.interval,
            timeout: target.timeout,
            families,
        }
    }
}

impl PoolShared {
    /// How many families the targets describe, and the bytes of what they say, each target counted
    /// as if it had a copy of its own.
    pub(crate) fn families_size(&self) -> (usize, usize) {
        let active = self.state.lock().active.clone();
        active.iter().fold((0, 0), |(entries, bytes), target| {
            let inner = target.inner.lock();
            (entries + inner.families.len(), bytes + inner.families_bytes)
        })
    }

    pub(crate) fn view(&self, job: &str, external_host: Option<&str>) -> PoolView {
        let (active, dropped, dropped_count) = {
            let state = self.state.lock();
            (state.active.clone(), state.dropped.clone(), state.dropped_count)
        };
        let mut active: Vec<TargetView> =
            active.iter().map(|target| target.view(external_host)).collect();
        active
            .sort_by(|a, b| a.labels.cmp(&b.labels).then_with(|| a.scrape_url.cmp(&b.scrape_url)));
        PoolView { job: job.to_owned(), active, dropped, dropped_count }
    }
}

/// A loopback address means nothing to others: they see the server's own name in its place.
fn global_url(target: &Target, external_host: Option<&str>) -> String {
    let (host, port) = match target.address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (target.address.as_str(), None),
    };
    let is_loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match external_host.filter(|_| is_loopback && target.url.starts_with("http")) {
        None => target.url.clone(),
        Some(external) => {
            let new = port.map_or_else(|| external.to_owned(), |port| format!("{external}:{port}"));
            target.url.replacen(&target.address, &new, 1)
        }
    }
}
