//! One job: what its sources found, as one set.
//!
//! Invariant: the first change after a quiet time is handed on at once; a source that changes all
//! the time costs scraping one set an interval at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::select_all;
use narthex_model::{TargetGroup, TargetSet, Timestamp};
use narthex_platform::{Clock, Stop};
use tokio::sync::watch;
use tracing::debug;

use crate::discoverer::SourceState;
use crate::telemetry::Telemetry;

/// The first pause after a set was handed on is this part of the longest; it doubles while changes
/// keep coming. So the sources that answer one after the other at the start need not wait long.
const PAUSE_FIRST_PART: u32 = 50;

/// Where the set of a job is handed on.
#[derive(Debug)]
pub(crate) struct JobOutlet {
    pub(crate) out: watch::Sender<Arc<TargetSet>>,
    /// Whether every source has told a set.
    pub(crate) has_answered: watch::Sender<bool>,
    /// Milliseconds since the epoch; 0: never.
    updated_at: AtomicI64,
}

/// What the task needs to run one job.
#[derive(Debug)]
pub(crate) struct JobStart {
    pub(crate) job: String,
    pub(crate) fixed: Vec<TargetGroup>,
    pub(crate) sources: Vec<watch::Receiver<SourceState>>,
    pub(crate) out: Arc<JobOutlet>,
    pub(crate) stop: Stop,
    pub(crate) clock: Clock,
    /// Between two sets, when changes keep coming.
    pub(crate) pause_max: Duration,
    pub(crate) telemetry: Telemetry,
    /// A set was handed on that is not counted yet.
    pub(crate) is_uncounted: bool,
}

impl JobOutlet {
    pub(crate) fn new() -> Self {
        let (out, _) = watch::channel(Arc::new(TargetSet::default()));
        let (has_answered, _) = watch::channel(false);
        Self { out, has_answered, updated_at: AtomicI64::new(0) }
    }

    pub(crate) fn updated_at(&self) -> Option<Timestamp> {
        let millis = self.updated_at.load(Ordering::Relaxed);
        (millis != 0).then(|| Timestamp::from_millis(millis))
    }

    pub(crate) fn targets(&self) -> usize {
        self.out.borrow().groups.iter().map(|group| group.targets.len()).sum()
    }
}

impl JobStart {
    /// Hands on the static groups and what the sources have as one set, ascending by source. It counts
    /// once the job runs.
    pub(crate) fn prepare(&mut self) {
        self.is_uncounted = self.hand_on();
    }

    /// Counts what was handed on while nobody knew yet whether the job would ever run.
    pub(crate) fn commit(&mut self) {
        if std::mem::take(&mut self.is_uncounted) {
            self.count();
        }
    }

    /// Hands on the set. Whether it is another one.
    fn publish(&mut self) -> bool {
        let is_changed = self.hand_on();
        if is_changed {
            self.count();
        }
        is_changed
    }

    fn count(&self) {
        debug!(job = self.job, "targets changed");
        self.telemetry.updates.increment();
    }

    fn hand_on(&mut self) -> bool {
        let mut groups = self.fixed.clone();
        let mut has_answered = true;
        for (index, source) in self.sources.iter_mut().enumerate() {
            let set = {
                let state = source.borrow_and_update();
                has_answered &= state.updates > 0;
                Arc::clone(&state.set)
            };
            groups.extend(set.groups.iter().map(|group| TargetGroup {
                source: format!("{index}/{}", group.source),
                ..group.clone()
            }));
        }
        groups.sort_by(|a, b| a.source.cmp(&b.source));
        let is_changed = self.out.out.send_if_modified(|current| {
            let changed = current.groups != groups;
            if changed {
                *current = Arc::new(TargetSet { groups });
            }
            changed
        });
        if is_changed {
            self.out.updated_at.store(self.clock.now_millis(), Ordering::Relaxed);
        }
        // After the set, so that who sees this sees the whole set.
        self.out.has_answered.send_replace(has_answered);
        is_changed
    }

    /// Hands on a set whenever a source has news.
    pub(crate) async fn run(mut self) {
        let mut stop = self.stop.clone();
        let pause_first = self.pause_max / PAUSE_FIRST_PART;
        let mut pause = pause_first;
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                () = any_changed(&mut self.sources) => {}
            }
            if !self.publish() {
                continue;
            }
            tokio::select! {
                () = stop.stopped() => return,
                () = self.clock.sleep(pause) => {}
            }
            let more = self.sources.iter().any(|source| source.has_changed().unwrap_or(false));
            if more {
                self.telemetry.delayed.increment();
            }
            pause = if more { pause.saturating_mul(2).min(self.pause_max) } else { pause_first };
        }
    }
}

/// Returns when one of the sources has changed; never, when all are gone.
async fn any_changed(sources: &mut [watch::Receiver<SourceState>]) {
    let changes: Vec<_> = sources
        .iter_mut()
        .map(|source| {
            Box::pin(async move {
                if source.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            })
        })
        .collect();
    if changes.is_empty() {
        std::future::pending::<()>().await;
    }
    select_all(changes).await;
}
