//! One source of targets, shared by all jobs that name it in the same words.
//!
//! Invariant: a source runs for as long as a job has it; a reload that keeps its words does not
//! disturb it.

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

    /// What it tells from now on.
    pub(crate) fn told(&self) -> watch::Receiver<SourceState> {
        self.told.clone()
    }
}

impl SourceStart {
    /// Runs until the last job has dropped the source.
    pub(crate) async fn run(self) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = stop.stopped() => {}
            () = self.discoverer.run(self.out, self.stop) => {}
        }
    }
}
