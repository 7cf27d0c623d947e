//! One source of targets, shared by all jobs that name it in the same words.
//!
//! Invariant: a source runs for as long as a job has it; a reload that keeps its words does not
//! disturb it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use narthex_platform::{Clock, Stop};
use tokio::sync::watch;

use crate::config::{FileConfig, ProviderConfig};
use crate::discoverer::{Discoverer, Outlet, SourceState};

/// What the file says of a source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Words {
    /// An item of `file_sd_configs`.
    Files(FileConfig),
    /// An item of any other list.
    Provider(Box<ProviderConfig>),
}

impl Words {
    pub(crate) fn mechanism(&self) -> &str {
        match self {
            Self::Files(_) => "file",
            Self::Provider(provider) => &provider.name,
        }
    }

    /// The same for the same words, and seldom for others.
    pub(crate) fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.mechanism().hash(&mut hasher);
        match self {
            Self::Files(files) => files.files.hash(&mut hasher),
            Self::Provider(provider) => {
                provider.config.to_string().hash(&mut hasher);
                provider.folder.hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}

/// A source that runs, or is about to. The last job that drops it stops it.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) words: Words,
    told: watch::Receiver<SourceState>,
    _stop: watch::Sender<bool>,
}

/// What the task needs to run a source.
#[derive(Debug)]
pub(crate) struct SourceStart {
    discoverer: Box<dyn Discoverer>,
    out: Outlet,
    stop: Stop,
}

impl Source {
    pub(crate) fn new(
        words: Words,
        discoverer: Box<dyn Discoverer>,
        clock: &Clock,
    ) -> (Arc<Self>, SourceStart) {
        let (out, told) = Outlet::new(words.mechanism(), clock.clone());
        let (_stop, stop) = Stop::pair();
        (Arc::new(Self { words, told, _stop }), SourceStart { discoverer, out, stop })
    }

    pub(crate) fn mechanism(&self) -> &str {
        self.words.mechanism()
    }

    pub(crate) fn state(&self) -> SourceState {
        self.told.borrow().clone()
    }

    /// Whether its task is gone, which only a defect makes it while a job has the source.
    pub(crate) fn has_ended(&self) -> bool {
        self.told.has_changed().is_err()
    }

    /// What it tells from now on.
    pub(crate) fn told(&self) -> watch::Receiver<SourceState> {
        self.told.clone()
    }
}

impl SourceStart {
    /// Runs until the last job has dropped the source.
    pub(crate) async fn run(self) {
        let mut stop = self.stop.clone();
        let end = End(self.out.clone());
        tokio::select! {
            () = stop.stopped() => {}
            () = self.discoverer.run(self.out, self.stop) => end.tell(),
        }
    }
}

/// Sees to it that a source that ends is not taken for one that has nothing to tell.
struct End(Outlet);

impl End {
    fn tell(&self) {
        self.0.failed("its task has ended, by a defect of this server; a reload starts it again");
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell();
        }
    }
}
