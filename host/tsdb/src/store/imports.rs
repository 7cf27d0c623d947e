//! What a Prometheus left in the data folder comes in behind a store that works already.
//!
//! [`Tsdb::open`] only looks whether there is something; it is read in the background. Until its
//! blocks are listed, answers are without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use narthex_model::Timestamp;
use narthex_platform::{Stop, Tasks};
use narthex_storage::{Appendable, Queryable};
use parking_lot::Mutex;

use super::Tsdb;
use crate::import::{self, ImportError, Imported, Pending};

/// What is to be imported, and how far it is.
#[derive(Debug)]
pub(crate) struct Imports {
    /// Held while it is imported.
    pending: Mutex<Option<Pending>>,
    /// All of it is in blocks, or there was nothing. Stays false after a failure: the next start
    /// begins again.
    is_over: AtomicBool,
    progress: import::Progress,
}

impl Imports {
    pub(crate) fn new(pending: Option<Pending>) -> Self {
        let progress = import::Progress::default();
        let bytes = pending.as_ref().map_or(0, Pending::bytes);
        progress.bytes_total.store(bytes, Ordering::Relaxed);
        let is_over = AtomicBool::new(pending.is_none());
        Self { pending: Mutex::new(pending), is_over, progress }
    }

    /// Whether samples may still come.
    pub(crate) fn is_pending(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }
}

/// How far the import of what a Prometheus left behind is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportProgress {
    /// Bytes to be read; none, when there is nothing to import.
    pub bytes_total: u64,
    /// Bytes read so far.
    pub bytes_done: u64,
    /// Samples taken from logs so far.
    pub samples: u64,
}

impl Tsdb {
    /// How far the import of what a Prometheus left behind is.
    #[must_use]
    pub fn import_progress(&self) -> ImportProgress {
        let progress = &self.0.imports.progress;
        ImportProgress {
            bytes_total: progress.bytes_total.load(Ordering::Relaxed),
            bytes_done: progress.bytes_done.load(Ordering::Relaxed),
            samples: progress.samples.load(Ordering::Relaxed),
        }
    }

    /// Imports what a Prometheus left behind, if there is something, on this thread.
    ///
    /// # Errors
    /// When the disk refuses, or the store is told to stop. Nothing is lost: it begins again at the
    /// next start.
    pub fn import_now(&self) -> Result<(), ImportError> {
        let shared = &self.0;
        let mut pending = shared.imports.pending.lock();
        let Some(pending) = pending.take() else { return Ok(()) };
        let (disk, folder) = (&shared.disk, shared.config.folder());
        let begun = shared.clock.monotonic();
        let mut imported =
            import::run(disk, &shared.clock, folder, pending, &shared.imports.progress)?;
        for damaged in &imported.damaged {
            shared.progress.note(damaged.clone());
        }
        if !imported.blocks.is_empty() {
            let _rounds = shared.blocks_lock();
            let path = folder.clone();
            shared.blocks.reload().map_err(|source| ImportError::List { path, source })?;
        }
        self.take_over(&imported);
        import::finish(&**disk, folder, &mut imported)?;
        shared.imports.is_over.store(true, Ordering::Relaxed);
        say(&imported, shared.clock.monotonic().saturating_sub(begun).as_millis());
        Ok(())
    }

    /// Hands exemplars and metadata to the head. Neither is worth an import's failure.
    fn take_over(&self, imported: &Imported) {
        let mut batch = self.appender();
        for (family, what) in &imported.metadata {
            // What came meanwhile is newer.
            if self.metadata(Some(family)).is_empty() {
                batch.metadata(family, what);
            }
        }
        // Refused where something newer came meanwhile, which is as good.
        for (labels, newest) in &imported.newest {
            let Ok(series) = batch.series(labels) else { continue };
            for (at, value) in newest.times.iter().zip(&newest.values) {
                batch.append(series, Timestamp::from_millis(*at), *value).ok();
            }
            for point in &newest.histograms {
                let (at, histogram) = (Timestamp::from_millis(point.at), &point.histogram);
                batch.append_histogram(series, at, Arc::clone(histogram)).ok();
            }
        }
        for (labels, exemplar) in &imported.exemplars {
            if let Ok(series) = batch.series(labels) {
                batch.exemplar(series, exemplar.clone()).ok();
            }
        }
        if let Err(error) = batch.commit() {
            tracing::warn!(%error, "exemplars and metadata of Prometheus are not taken over");
        }
    }

    /// Imports in the background what a Prometheus left behind, if there is something.
    pub(crate) fn spawn_import(&self, tasks: &mut Tasks) {
        let store = self.clone();
        tasks.spawn("tsdb_import", |stop| store.import(stop));
    }

    async fn import(self, mut stop: Stop) {
        let store = self.clone();
        let mut work = tokio::task::spawn_blocking(move || store.import_now());
        let joined = tokio::select! {
            joined = &mut work => joined,
            () = stop.stopped() => {
                self.0.imports.progress.stop.store(true, Ordering::Relaxed);
                work.await
            }
        };
        match joined {
            Ok(Ok(()) | Err(ImportError::Stopped)) => {}
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "cannot import what Prometheus left behind");
            }
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
        stop.stopped().await;
    }
}

fn say(imported: &Imported, milliseconds: u128) {
    tracing::info!(
        samples = imported.samples,
        blocks = imported.blocks.len(),
        exemplars = imported.exemplars.len(),
        metadata = imported.metadata.len(),
        damages = imported.damaged.len(),
        lost = imported.lost,
        unknown = imported.unknown,
        histogram_starts_dropped = imported.starts_dropped,
        milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX),
        "imported what Prometheus held in its head"
    );
}
