//! Start-up: the log is read behind a store that works already.
//!
//! [`Tsdb::open`] looks at the names and headers of the log's files, begins a segment behind them
//! and is done. What the files hold is replayed beside the commits of the new process: the newest
//! checkpoint, then the segments after it, in order (`walk.rs`). Series are restored and samples
//! routed to workers by the reader (`route.rs`); each worker owns shards of the head and appends
//! (`work.rs`). docs/decisions/0006-start-up.md says why.
//!
//! Damage never stops it. A record that does not prove itself is skipped and reported; records of
//! samples after it wait for the next restart of the coder, since they lean on what was lost;
//! records that stand by themselves count at once. A tail that nothing follows is what a crash
//! leaves: it is cut off.
//!
//! Invariant: until the replay has ended nothing is removed from the log or from the head.

mod id_map;
mod parallel;
pub(crate) mod plan;
mod route;
mod walk;
mod work;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use camino::Utf8PathBuf;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{MaintenanceError, Shared, Tsdb};
use crate::head::exemplars::Exemplars;
use crate::observed::Observed;

pub(crate) use self::walk::Walk;

/// Series that are joined while commits wait: half a millisecond.
const JOIN_SERIES: usize = 1024;

/// A place on disk that is not what was written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The file.
    pub path: Utf8PathBuf,
    /// The first byte that does not fit.
    pub offset: u64,
    /// What it means.
    pub what: String,
    /// Whether it is the torn end that a crash leaves, in which nothing durable was lost.
    pub is_torn_tail: bool,
}

/// Why the log could not be replayed to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The disk refused.
    #[error("read {path}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// The store was told to stop. The next start replays the same files again.
    #[error("the replay was stopped")]
    Stopped,
}

/// What the replay is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplayState {
    /// Nothing was read so far.
    #[default]
    Waiting,
    /// It reads.
    InProgress,
    /// All that the log holds is in the head.
    Done,
    /// The disk refused to read a file. What was read is served; the log keeps all its files.
    Failed,
}

/// How far the replay of the log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayProgress {
    /// What it is doing.
    pub state: ReplayState,
    /// Bytes of the log read so far.
    pub bytes_done: u64,
    /// Bytes of the log in all.
    pub bytes_total: u64,
    /// Samples found so far.
    pub samples: u64,
    /// The oldest segment to be replayed.
    pub segment_min: u32,
    /// The newest segment to be replayed.
    pub segment_max: u32,
    /// The segment that is read now.
    pub segment: u32,
}

impl ReplayProgress {
    /// Whether some of the log may be missing from answers.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.state != ReplayState::Done
    }

    /// How much is done, in percent.
    #[must_use]
    pub fn percent(&self) -> u64 {
        if self.state == ReplayState::Done {
            return 100;
        }
        // Reading is done a moment before all that was read is in its place.
        (self.bytes_done.saturating_mul(100) / self.bytes_total.max(1)).min(99)
    }
}

/// The progress as the replay notes it and others read it.
#[derive(Debug)]
pub(crate) struct Progress {
    state: watch::Sender<ReplayState>,
    pub(crate) bytes_done: AtomicU64,
    pub(crate) bytes_total: u64,
    pub(crate) samples: AtomicU64,
    pub(crate) segment_min: u32,
    pub(crate) segment_max: u32,
    pub(crate) segment: AtomicU32,
    /// The store is being closed: the replay ends where it is.
    stop: AtomicBool,
    /// Guards the list only.
    damaged: Mutex<Vec<Damaged>>,
    observed: Observed,
}

impl Progress {
    pub(crate) fn new(plan: &plan::Plan, observed: Observed) -> Self {
        let number = |segment: Option<&plan::Planned>| segment.map_or(0, |file| file.id.number);
        Self {
            state: watch::Sender::new(ReplayState::Waiting),
            bytes_done: AtomicU64::new(0),
            bytes_total: plan.bytes(),
            samples: AtomicU64::new(0),
            segment_min: number(plan.segments.first()),
            segment_max: number(plan.segments.last()),
            segment: AtomicU32::new(number(plan.segments.first())),
            stop: AtomicBool::new(false),
            damaged: Mutex::new(Vec::new()),
            observed,
        }
    }

    pub(crate) fn state(&self) -> ReplayState {
        *self.state.borrow()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn report(&self, path: Utf8PathBuf, offset: u64, what: impl Into<String>) {
        let damaged = Damaged { path, offset, what: what.into(), is_torn_tail: false };
        tracing::warn!(path = %damaged.path, offset, what = %damaged.what, "the log is damaged");
        self.observed.damages.increment();
        self.damaged.lock().push(damaged);
    }

    /// Takes up what was found, and told, elsewhere.
    pub(crate) fn note(&self, damaged: Damaged) {
        if damaged.is_torn_tail {
            tracing::info!(path = %damaged.path, offset = damaged.offset, "{}", damaged.what);
        } else {
            tracing::warn!(path = %damaged.path, offset = damaged.offset, what = %damaged.what, "damage");
            self.observed.damages.increment();
        }
        self.damaged.lock().push(damaged);
    }

    pub(crate) fn report_torn_tail(&self, path: Utf8PathBuf, offset: u64, len: u64) {
        let bytes = len.saturating_sub(offset);
        tracing::warn!(%path, offset, bytes, "cut off a torn tail");
        let what = format!("a torn tail of {bytes} bytes");
        self.damaged.lock().push(Damaged { path, offset, what, is_torn_tail: true });
    }

    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    pub(crate) fn advance_to(&self, bytes_done: u64) {
        let done = bytes_done.min(self.bytes_total);
        self.bytes_done.store(done, Ordering::Relaxed);
        self.observed.replay_fraction.set(done as f64 / self.bytes_total.max(1) as f64);
    }
}

impl Tsdb {
    /// How far the replay is.
    #[must_use]
    pub fn replay_progress(&self) -> ReplayProgress {
        let progress = &self.0.progress;
        ReplayProgress {
            state: progress.state(),
            bytes_done: progress.bytes_done.load(Ordering::Relaxed),
            bytes_total: progress.bytes_total,
            samples: progress.samples.load(Ordering::Relaxed),
            segment_min: progress.segment_min,
            segment_max: progress.segment_max,
            segment: progress.segment.load(Ordering::Relaxed),
        }
    }

    /// What was found damaged so far.
    #[must_use]
    pub fn damaged(&self) -> Vec<Damaged> {
        self.0.progress.damaged.lock().clone()
    }

    /// Whether all that the log held when the store was opened is in the head.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.0.is_replayed()
    }

    /// Returns when the replay has ended, or has failed.
    pub fn replay_ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut state = self.0.progress.state.subscribe();
        async move {
            let is_over =
                |state: &ReplayState| matches!(state, ReplayState::Done | ReplayState::Failed);
            // An error means that the store is gone.
            state.wait_for(is_over).await.ok();
        }
    }

    /// Replays one record of the log on this thread; answers whether there may be more. The same
    /// log takes the same steps each time.
    ///
    /// # Errors
    /// When the disk refuses, now or before.
    pub fn replay_step(&self) -> Result<bool, ReplayError> {
        let mut replay = self.0.replay.lock();
        let Some(mut walk) = replay.take() else { return Ok(false) };
        self.0.progress.state.send_replace(ReplayState::InProgress);
        let mut outlet = walk.direct();
        match walk.step(&mut outlet) {
            Ok(true) => {
                *replay = Some(walk);
                Ok(true)
            }
            Ok(false) => {
                self.0.finish_replay(walk);
                Ok(false)
            }
            Err(error) => {
                self.0.fail_replay();
                Err(error)
            }
        }
    }

    /// Replays the log to its end on this thread.
    ///
    /// # Errors
    /// When the disk refuses. What was read is there, and the log keeps all its files.
    pub fn replay_now(&self) -> Result<(), ReplayError> {
        while self.replay_step()? {}
        Ok(())
    }

    /// Replays the log to its end: this thread reads, and `workers` others append.
    ///
    /// # Errors
    /// When the disk refuses, or the store is told to stop.
    pub fn replay_with(&self, workers: usize) -> Result<(), ReplayError> {
        let mut replay = self.0.replay.lock();
        let Some(mut walk) = replay.take() else { return Ok(()) };
        let begun = self.0.clock.monotonic();
        self.0.progress.state.send_replace(ReplayState::InProgress);
        match parallel::run(&mut walk, workers) {
            Ok(()) => {
                self.0.finish_replay(walk);
                let took = self.0.clock.monotonic().saturating_sub(begun);
                self.0.observed.replay_seconds.set(took.as_secs_f64());
                let progress = self.replay_progress();
                tracing::info!(
                    samples = progress.samples,
                    bytes = progress.bytes_total,
                    damages = self.0.progress.damaged.lock().len(),
                    milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                    "replayed the log"
                );
                Ok(())
            }
            Err(error) => {
                self.0.fail_replay();
                Err(error)
            }
        }
    }
}

impl Shared {
    pub(crate) fn is_replayed(&self) -> bool {
        self.progress.state() == ReplayState::Done
    }

    /// Refuses what must not be done before all is there.
    pub(crate) fn check_replayed(&self) -> Result<(), MaintenanceError> {
        if self.is_replayed() { Ok(()) } else { Err(MaintenanceError::Replaying) }
    }

    fn fail_replay(&self) {
        self.progress.state.send_replace(ReplayState::Failed);
    }

    /// All is read: what was replayed and what came meanwhile become one.
    pub(crate) fn finish_replay(&self, walk: Walk) {
        let newer = self.writer.lock().newer.take().unwrap_or_default();
        for slots in newer.chunks(JOIN_SERIES) {
            // A commit must not find another last sample between its check and its end.
            let _writer = self.writer.lock();
            let mut slab = self.head.slab.writer();
            for slot in slots {
                let Some(series) = slab.get(*slot) else { continue };
                let before = series.chunks() as u64;
                if series.join().is_err() {
                    self.progress.report("memory".into(), 0, "a chunk in memory");
                }
                let after = series.chunks() as u64;
                let counts = &self.head.counts;
                counts.chunks_created.fetch_add(after, Ordering::Relaxed);
                counts.chunks_removed.fetch_add(before, Ordering::Relaxed);
            }
        }
        self.drop_replayed();
        {
            let mut metadata = self.head.metadata.write();
            for (family, older) in walk.metadata {
                // What came meanwhile is newer.
                metadata.insert_older(family, older);
            }
        }
        for name in &walk.outdated {
            // What a crash kept from being removed; if it stays, the next start tries again.
            self.disk.remove(&self.log_folder.join(name)).ok();
        }
        {
            let mut kept = self.head.exemplars.write();
            let max = kept.max();
            let newer = std::mem::replace(&mut *kept, Exemplars::new(max));
            kept.add_all(walk.exemplars);
            kept.add_all(newer);
        }
        // A failure is told by the log's writer, and the next checkpoint mends it.
        self.sync_inherited().ok();
        self.progress.advance_to(self.progress.bytes_total);
        self.observed.replay_fraction.set(1.0);
        self.progress.state.send_replace(ReplayState::Done);
    }

    /// Makes durable what another process left in the page cache. A sync of this process promises
    /// all that was acknowledged, that included.
    pub(crate) fn sync_inherited(&self) -> io::Result<()> {
        self.sync_inherited_files().inspect_err(|error| {
            self.writer.lock().log.lean_on_nothing(error);
        })
    }

    /// An error is told once; then it stands in [`Inherited`] until a checkpoint. Others wait for the
    /// outcome: until it is known none of them may promise anything.
    pub(crate) fn sync_inherited_files(&self) -> io::Result<()> {
        let mut inherited = self.inherited.lock();
        let paths = std::mem::take(&mut inherited.paths);
        if paths.is_empty() {
            return Ok(());
        }
        let mut outcome = self.disk.sync_folder(&self.log_folder);
        for path in paths {
            match self.disk.open(&path).and_then(|mut file| file.sync()) {
                // It was removed since: a checkpoint covers it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => outcome = Err(error),
                Ok(()) => {}
            }
        }
        inherited.is_lost |= outcome.is_err();
        outcome
    }
}

#[cfg(test)]
mod tests;
