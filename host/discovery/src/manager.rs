//! Runs the discoverers of all jobs and merges what they find.
//!
//! A reload has two phases: `prepare` makes discoverers for new and changed jobs and may refuse;
//! `commit` starts them and stops those that are gone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::{BoxFuture, select_all};
use narthex_model::{TargetGroup, TargetSet};
use narthex_platform::{Gauge, Metrics, Stop, Tasks};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{debug, error};

use crate::config::{JobDiscovery, ProviderConfig};

/// Reloads that may wait for the manager; more than one is rare.
const COMMITS_MAX: usize = 4;

/// Finds targets. Implemented by plugins and, for tests, by hand.
pub trait Discoverer: fmt::Debug + Send {
    /// Sends the full set once, then on every change, until `stop` fires. Never sends a partial
    /// set; on failure keeps the last one.
    fn run(self: Box<Self>, out: watch::Sender<TargetSet>, stop: Stop) -> BoxFuture<'static, ()>;
}

/// Makes discoverers by name.
pub trait Providers: fmt::Debug + Send + Sync {
    /// A discoverer for one item of `<name>_sd_configs`.
    ///
    /// # Errors
    /// When there is no such provider or it refuses the configuration.
    fn discoverer(&self, provider: &ProviderConfig) -> Result<Box<dyn Discoverer>, ProviderError>;
}

/// Why there is no discoverer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No plugin of this name is loaded.
    #[error(
        "no discovery plugin {name:?} is loaded; put {name}.wasm into the plugin folder ({folder})"
    )]
    Unknown {
        /// The name.
        name: String,
        /// Where plugins are looked for.
        folder: String,
    },
    /// The provider does not take the configuration.
    #[error("{message}")]
    Refused {
        /// Its reason.
        message: String,
    },
}

/// Why a reload is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("job {job:?}: {provider}_sd_configs[{index}]")]
pub struct PrepareError {
    /// The job.
    pub job: String,
    /// The provider's name.
    pub provider: String,
    /// Which item of the provider's list.
    pub index: usize,
    /// The reason.
    pub source: ProviderError,
}

/// The current targets of one job.
pub type JobTargets = watch::Receiver<Arc<TargetSet>>;

/// A reload that every discoverer accepted.
#[derive(Debug)]
pub struct Prepared {
    jobs: BTreeMap<String, PreparedJob>,
}

#[derive(Debug)]
struct PreparedJob {
    config: JobDiscovery,
    targets: JobTargets,
    /// `None`: the job is already running as it should.
    start: Option<(Start, watch::Sender<bool>)>,
}

/// What the task needs to run one job.
#[derive(Debug)]
struct Start {
    job: String,
    discoverers: Vec<Box<dyn Discoverer>>,
    fixed: Vec<TargetGroup>,
    out: watch::Sender<Arc<TargetSet>>,
    stop: Stop,
}

impl Prepared {
    /// The channel of a job's targets.
    #[must_use]
    pub fn targets(&self, job: &str) -> Option<JobTargets> {
        self.jobs.get(job).map(|job| job.targets.clone())
    }
}

/// The room's handle.
#[derive(Debug)]
pub struct Discovery {
    providers: Arc<dyn Providers>,
    jobs: BTreeMap<String, RunningJob>,
    starts: mpsc::Sender<Vec<Start>>,
    discoverers: Gauge,
}

/// Dropping it stops the job: its discoverers see that `stop` is gone.
#[derive(Debug)]
struct RunningJob {
    config: JobDiscovery,
    targets: JobTargets,
    _stop: watch::Sender<bool>,
}

/// Reloads follow one another faster than they can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("discovery is still busy with earlier reloads; try again")]
pub struct Busy;

impl Discovery {
    /// The room, without jobs; its task starts now.
    #[must_use]
    pub fn spawn(providers: Arc<dyn Providers>, metrics: &Metrics, tasks: &mut Tasks) -> Self {
        let (starts, receiver) = mpsc::channel(COMMITS_MAX);
        tasks.spawn("discovery", |stop| run(receiver, stop));
        let discoverers = metrics.gauge(
            "prometheus_sd_discovered_targets_jobs",
            "Jobs whose targets are discovered.",
            &[],
        );
        Self { providers, jobs: BTreeMap::new(), starts, discoverers }
    }

    /// Makes discoverers for what is new or changed. Nothing runs yet.
    ///
    /// # Errors
    /// When a provider is unknown or refuses its configuration.
    pub fn prepare(
        &self,
        jobs: impl IntoIterator<Item = (String, JobDiscovery)>,
    ) -> Result<Prepared, PrepareError> {
        let mut prepared = BTreeMap::new();
        for (job, config) in jobs {
            let running = self.jobs.get(&job).filter(|running| running.config == config);
            let entry = match running {
                Some(running) => {
                    PreparedJob { config, targets: running.targets.clone(), start: None }
                }
                None => self.prepare_job(&job, config)?,
            };
            prepared.insert(job, entry);
        }
        Ok(Prepared { jobs: prepared })
    }

    fn prepare_job(&self, job: &str, config: JobDiscovery) -> Result<PreparedJob, PrepareError> {
        let statics = config.static_configs.iter().enumerate();
        let fixed = statics.map(|(index, part)| part.group(format!("static/{index}"))).collect();
        let mut discoverers = Vec::new();
        let mut indexes: BTreeMap<&str, usize> = BTreeMap::new();
        for provider in &config.providers {
            let index = indexes.entry(&provider.name).or_default();
            let made = self.providers.discoverer(provider);
            discoverers.push(made.map_err(|source| PrepareError {
                job: job.to_owned(),
                provider: provider.name.clone(),
                index: *index,
                source,
            })?);
            *index += 1;
        }
        let (out, targets) = watch::channel(Arc::new(TargetSet::default()));
        let (stop, stopped) = Stop::pair();
        let start = Start { job: job.to_owned(), discoverers, fixed, out, stop: stopped };
        start.publish(&[]);
        Ok(PreparedJob { config, targets, start: Some((start, stop)) })
    }

    /// Starts what is new, stops what is gone, leaves the rest alone.
    ///
    /// # Errors
    /// When the room is still busy with earlier reloads; then nothing changed.
    pub fn commit(&mut self, prepared: Prepared) -> Result<(), Busy> {
        let permit = self.starts.try_reserve().map_err(|_| Busy)?;
        let mut starts = Vec::new();
        let mut jobs = BTreeMap::new();
        for (name, job) in prepared.jobs {
            let running = match job.start {
                Some((start, stop)) => {
                    starts.push(start);
                    Some(RunningJob { config: job.config, targets: job.targets, _stop: stop })
                }
                None => self.jobs.remove(&name),
            };
            jobs.extend(running.map(|running| (name, running)));
        }
        permit.send(starts);
        self.jobs = jobs;
        #[expect(clippy::cast_precision_loss, reason = "jobs are few")]
        self.discoverers.set(self.jobs.len() as f64);
        Ok(())
    }
}

impl Start {
    /// Publishes the static groups and the discoverers' sets as one set, ascending by source.
    fn publish(&self, sets: &[TargetSet]) {
        let mut groups = self.fixed.clone();
        for (index, set) in sets.iter().enumerate() {
            groups.extend(set.groups.iter().map(|group| TargetGroup {
                source: format!("{index}/{}", group.source),
                ..group.clone()
            }));
        }
        groups.sort_by(|a, b| a.source.cmp(&b.source));
        self.out.send_if_modified(|current| {
            let changed = current.groups != groups;
            if changed {
                *current = Arc::new(TargetSet { groups });
            }
            changed
        });
    }

    /// Runs the job's discoverers and publishes whenever one has news.
    async fn run(mut self) {
        let mut workers = JoinSet::new();
        let mut sets = Vec::new();
        for discoverer in std::mem::take(&mut self.discoverers) {
            let (out, set) = watch::channel(TargetSet::default());
            workers.spawn(discoverer.run(out, self.stop.clone()));
            sets.push(set);
        }
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                () = stop.stopped() => break,
                () = any_changed(&mut sets) => {
                    let current: Vec<TargetSet> =
                        sets.iter_mut().map(|set| set.borrow_and_update().clone()).collect();
                    debug!(job = self.job, "targets changed");
                    self.publish(&current);
                }
            }
        }
        workers.shutdown().await;
    }
}

/// Returns when one of the sets has changed; never, when all discoverers are gone.
async fn any_changed(sets: &mut [watch::Receiver<TargetSet>]) {
    let changes: Vec<_> = sets
        .iter_mut()
        .map(|set| {
            Box::pin(async move {
                if set.changed().await.is_err() {
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

async fn run(mut starts: mpsc::Receiver<Vec<Start>>, mut stop: Stop) {
    let mut jobs = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.stopped() => break,
            Some(new) = starts.recv() => {
                for start in new {
                    jobs.spawn(start.run());
                }
            }
            Some(ended) = jobs.join_next() => {
                if let Err(panic) = ended {
                    error!(error = %panic, "the discovery of a job panicked; its targets stay as they are");
                }
            }
        }
    }
    jobs.shutdown().await;
}

#[cfg(test)]
mod tests;
