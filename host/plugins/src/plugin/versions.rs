//! The version of a plugin that serves, and the one before it.
//!
//! Invariant: a version is kept to fall back on only when it answered a call.
//! Invariant: of two kills at one time one rolls back; the version that is rolled back is the one
//! that was killed.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use narthex_wasm::Digest;
use parking_lot::Mutex;

use crate::loader::Loaded;
use crate::record::{KILLS_MAX, USES_MAX, Use};

/// How a version behaved while it served.
#[derive(Debug, Default)]
pub(crate) struct Conduct {
    /// It answered a call, be it by an error.
    is_proven: AtomicBool,
    /// Whatever they were for.
    kills_in_row: AtomicU32,
    /// Guards the uses that it answered, the first [`USES_MAX`] of them.
    answered: Mutex<HashSet<u64>>,
}

impl Conduct {
    pub(crate) fn answered(&self, what: &Use) {
        self.is_proven.store(true, Ordering::Relaxed);
        self.kills_in_row.store(0, Ordering::Relaxed);
        let mut answered = self.answered.lock();
        if answered.len() < USES_MAX {
            answered.insert(what.key());
        }
    }

    fn has_answered(&self, what: &Use) -> bool {
        self.answered.lock().contains(&what.key())
    }

    /// Whether it was killed often enough to give way to the version before it.
    pub(crate) fn killed(&self) -> bool {
        self.kills_in_row.fetch_add(1, Ordering::Relaxed) + 1 >= KILLS_MAX
    }
}

/// The versions of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    serving: ArcSwapOption<Loaded>,
    /// Guards the version to fall back on, and with it the order of changes.
    previous: Mutex<Option<Arc<Loaded>>>,
    /// The generation of the newest version there was.
    newest: AtomicU64,
}

impl Versions {
    pub(crate) fn serving(&self) -> Option<Arc<Loaded>> {
        self.serving.load_full()
    }

    pub(crate) fn is_serving(&self, version: &Arc<Loaded>) -> bool {
        self.serving.load().as_ref().is_some_and(|serving| Arc::ptr_eq(serving, version))
    }

    /// The version to fall back on.
    pub(crate) fn previous(&self) -> Option<Arc<Loaded>> {
        self.previous.lock().clone()
    }

    pub(crate) fn newest_generation(&self) -> u64 {
        self.newest.load(Ordering::Relaxed)
    }

    /// Lets a version serve from the next call on.
    pub(crate) fn serve(&self, version: Arc<Loaded>) {
        let mut previous = self.previous.lock();
        self.newest.fetch_max(version.generation, Ordering::Relaxed);
        let old = self.serving.swap(Some(version));
        if let Some(old) = old.filter(|old| old.conduct.is_proven.load(Ordering::Relaxed)) {
            *previous = Some(old);
        }
    }

    /// No other version than the one of this digest may be fallen back on.
    pub(crate) fn forget_all_but(&self, digest: Digest) {
        self.previous.lock().take_if(|previous| previous.digest != digest);
    }

    /// Whether the version to fall back on answered this use.
    pub(crate) fn previous_answered(&self, what: &Use) -> bool {
        self.previous.lock().as_ref().is_some_and(|previous| previous.conduct.has_answered(what))
    }

    /// Lets the version before `bad` serve again. `None`: there is none, or `bad` serves no more.
    pub(crate) fn roll_back(&self, bad: &Arc<Loaded>) -> Option<Arc<Loaded>> {
        let mut previous = self.previous.lock();
        if !self.is_serving(bad) {
            return None;
        }
        let good = previous.take()?;
        self.serving.store(Some(Arc::clone(&good)));
        Some(good)
    }
}
