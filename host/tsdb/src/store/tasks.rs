//! What goes on in the background: syncs, retention, checkpoints.

use narthex_platform::{Stop, Tasks};

use super::{MaintenanceError, ReplayError, Shared, Tsdb};
use crate::config::SyncPolicy;

impl Tsdb {
    /// Makes durable what was committed so far.
    ///
    /// # Errors
    /// When the disk refuses; nothing more is acknowledged in this segment of the log then. Also
    /// after an earlier failure, until a checkpoint has saved what could not be synced.
    pub fn sync(&self) -> Result<(), MaintenanceError> {
        self.0.sync_log()?;
        let is_lost = self.0.inherited.lock().is_lost;
        if is_lost || self.0.writer.lock().log.wants_checkpoint() {
            let source = std::io::Error::other("an earlier sync failed; a checkpoint is due");
            return Err(MaintenanceError::Sync { source });
        }
        Ok(())
    }

    /// Starts the replay of the log. It ends where it is when it is told to stop: the next start
    /// begins it anew, and reads what was written meanwhile as well.
    pub fn spawn_replay(&self, tasks: &mut Tasks) {
        let store = self.clone();
        tasks.spawn("tsdb_replay", |stop| store.replay(stop));
    }

    async fn replay(self, mut stop: Stop) {
        let store = self.clone();
        let mut work = tokio::task::spawn_blocking(move || store.replay_with(replay_workers()));
        let joined = tokio::select! {
            joined = &mut work => joined,
            () = stop.stopped() => {
                self.0.progress.stop();
                work.await
            }
        };
        match joined {
            Ok(Ok(()) | Err(ReplayError::Stopped)) => {}
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "cannot replay the log; its files are kept");
            }
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
        stop.stopped().await;
    }

    /// Starts the background tasks. Their end leaves everything durable.
    pub fn spawn(&self, tasks: &mut Tasks) {
        self.spawn_import(tasks);
        let store = self.clone();
        tasks.spawn("tsdb_maintenance", |stop| store.maintain(stop));
        let store = self.clone();
        tasks.spawn("tsdb_sync", |stop| store.sync_often(stop));
    }

    async fn sync_often(self, mut stop: Stop) {
        let interval = match self.0.config.sync() {
            SyncPolicy::Interval(interval) => Some(interval),
            SyncPolicy::Always | SyncPolicy::Never => None,
        };
        while !stop.is_stopped() {
            let Some(interval) = interval else {
                stop.stopped().await;
                break;
            };
            tokio::select! {
                () = stop.stopped() => break,
                () = self.0.clock.sleep(interval) => {}
            }
            self.blocking("sync the log", |store| store.sync()).await;
        }
        self.blocking("sync the log", |store| store.sync()).await;
    }

    async fn maintain(self, mut stop: Stop) {
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                () = self.0.clock.sleep(self.0.config.reload_interval()) => {}
            }
            let now = self.0.clock.now_millis();
            let store = self.clone();
            let mut round = tokio::task::spawn_blocking(move || store.maintain_now(now));
            let joined = tokio::select! {
                joined = &mut round => joined,
                () = stop.stopped() => {
                    self.interrupt();
                    round.await
                }
            };
            match joined {
                Ok(failures) => failures.iter().for_each(say_failed),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
    }

    /// Does work that waits for the disk beside the runtime's threads.
    async fn blocking(
        &self,
        what: &'static str,
        work: impl FnOnce(&Self) -> Result<(), MaintenanceError> + Send + 'static,
    ) {
        let store = self.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "cannot {what}");
            }
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

/// One processor reads, the others append.
fn replay_workers() -> usize {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    processors.saturating_sub(1).max(1)
}

fn say_failed(error: &MaintenanceError) {
    let cause = narthex_settings::error_chain(error);
    tracing::error!(error = cause, "cannot maintain the store");
}

impl Shared {
    /// Syncs what was written so far, also by another process.
    fn sync_log(&self) -> Result<(), MaintenanceError> {
        self.sync_inherited().map_err(|source| MaintenanceError::Sync { source })?;
        self.sync_segment()
    }

    /// Syncs what this process wrote so far, beside the writer.
    pub(crate) fn sync_segment(&self) -> Result<(), MaintenanceError> {
        let failed = |source| MaintenanceError::Sync { source };
        let point = self.writer.lock().log.sync_point().map_err(failed)?;
        let Some(mut point) = point else { return Ok(()) };
        let begun = self.clock.monotonic();
        let outcome = point.file.sync();
        self.observed.sync_seconds.observe_duration(self.clock.monotonic() - begun);
        self.writer.lock().log.synced(&point, &outcome);
        outcome.map_err(failed)
    }
}
