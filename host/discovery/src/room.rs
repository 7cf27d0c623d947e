//! The room's handle: which jobs there are, and the sources that they share.
//!
//! A reload has two phases: `prepare` makes discoverers for sources that are new and may refuse;
//! `commit` starts them and stops those that no job has any more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{TargetGroup, TargetSet};
use narthex_platform::{Clock, Disk, Family, Metrics, MetricsSource, Stop, Tasks};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tracing::error;

use crate::config::JobDiscovery;
use crate::discoverer::{Discoverer, ProviderError, Providers};
use crate::file::FileDiscoverer;
use crate::job::{JobOutlet, JobStart};
use crate::source::{Source, SourceStart, Words};
use crate::telemetry::{self, Telemetry};
use crate::view::{JobView, SourceView};

/// What the room needs from the rest of the program.
#[derive(Clone, Debug)]
pub struct DiscoveryParts {
    /// Where files of targets are.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Clock,
    /// Where the room counts.
    pub metrics: Metrics,
    /// The time between two sets of a job whose targets change all the time.
    pub reload_interval: Duration,
    /// Whom the targets are for, as metrics have it: `scrape` or `notify`.
    pub whom: &'static str,
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
#[derive(Debug, Default)]
pub struct Prepared {
    jobs: BTreeMap<String, PreparedJob>,
    starts: Vec<SourceStart>,
}

#[derive(Debug)]
enum PreparedJob {
    /// It runs already as it should.
    Same(Arc<JobOutlet>),
    New(Box<(RunningJob, JobStart)>),
}

/// The room's handle. Cheap to clone. There is one for scraping, and one for those whom alerts are sent to.
#[derive(Clone, Debug)]
pub struct Discovery(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    parts: DiscoveryParts,
    telemetry: Telemetry,
    /// Guards the table of jobs.
    jobs: Mutex<BTreeMap<String, RunningJob>>,
    /// Guards what the task has still to start; never held together with `jobs`.
    starts: Mutex<Starts>,
    wake: Notify,
}

/// What the task has still to start. As many as there are sources and jobs, since the task takes all
/// of them at once.
#[derive(Debug, Default)]
struct Starts {
    sources: Vec<SourceStart>,
    jobs: Vec<JobStart>,
}

/// A job. Dropping it stops it, and the sources that no other job has.
#[derive(Debug)]
pub(crate) struct RunningJob {
    config: Arc<JobDiscovery>,
    out: Arc<JobOutlet>,
    sources: Vec<Arc<Source>>,
    _stop: watch::Sender<bool>,
}

/// What runs when a reload begins.
#[derive(Debug, Default)]
struct Known {
    jobs: BTreeMap<String, (Arc<JobDiscovery>, Arc<JobOutlet>)>,
    /// By the hash of their words.
    sources: HashMap<u64, Vec<Arc<Source>>>,
}

impl Known {
    fn of(running: &BTreeMap<String, RunningJob>) -> Self {
        let mut known = Self::default();
        for (name, job) in running {
            // A job whose source has ended gets a new one, and begins anew for that.
            if job.sources.iter().all(|source| !source.has_ended()) {
                let kept = (Arc::clone(&job.config), Arc::clone(&job.out));
                known.jobs.insert(name.clone(), kept);
            }
            job.sources.iter().for_each(|source| known.add(source));
        }
        known
    }

    fn add(&mut self, source: &Arc<Source>) {
        self.sources.entry(source.words.hash()).or_default().push(Arc::clone(source));
    }

    fn find(&self, words: &Words) -> Option<&Arc<Source>> {
        let sources = self.sources.get(&words.hash())?;
        sources.iter().find(|source| source.words == *words && !source.has_ended())
    }
}

impl Prepared {
    /// The channel of a job's targets.
    #[must_use]
    pub fn targets(&self, job: &str) -> Option<JobTargets> {
        Some(self.outlet(job)?.out.subscribe())
    }

    /// Whether every source of a job has told a set: until then its targets may be some of all.
    #[must_use]
    pub fn has_answered(&self, job: &str) -> Option<watch::Receiver<bool>> {
        Some(self.outlet(job)?.has_answered.subscribe())
    }

    fn outlet(&self, job: &str) -> Option<&JobOutlet> {
        Some(match self.jobs.get(job)? {
            PreparedJob::Same(out) => out,
            PreparedJob::New(new) => &new.0.out,
        })
    }
}

impl RunningJob {
    pub(crate) fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    pub(crate) fn view(&self, job: &str) -> JobView {
        let mut indexes: BTreeMap<&str, usize> = BTreeMap::new();
        let mut next = |mechanism| {
            let index = indexes.entry(mechanism).or_default();
            *index += 1;
            *index - 1
        };
        let sources = self.sources.iter().map(|source| {
            let mechanism = source.mechanism();
            SourceView::new(mechanism, next(mechanism), &source.state())
        });
        JobView {
            job: job.to_owned(),
            targets: self.out.targets(),
            updated_at: self.out.updated_at(),
            sources: sources.collect(),
        }
    }
}

/// The numbers of the jobs as of now.
struct Numbers(Discovery);

impl MetricsSource for Numbers {
    fn families(&self) -> Vec<Family> {
        let shared = &self.0.0;
        telemetry::families(shared.parts.whom, &shared.jobs.lock())
    }
}

impl Discovery {
    /// The room, without jobs; its task starts now.
    #[must_use]
    pub fn spawn(parts: DiscoveryParts, tasks: &mut Tasks) -> Self {
        let telemetry = Telemetry::new(&parts.metrics, parts.whom);
        let room = Self(Arc::new(Shared {
            parts,
            telemetry,
            jobs: Mutex::default(),
            starts: Mutex::default(),
            wake: Notify::new(),
        }));
        room.0.parts.metrics.add_source(Arc::new(Numbers(room.clone())));
        let runner = room.clone();
        tasks.spawn("discovery", |stop| runner.run(stop));
        room
    }

    /// Makes discoverers for what is new or changed, those other than for files by `providers`.
    /// Nothing runs yet.
    ///
    /// # Errors
    /// When a provider is unknown or refuses its configuration.
    pub fn prepare(
        &self,
        jobs: impl IntoIterator<Item = (String, JobDiscovery)>,
        providers: &dyn Providers,
    ) -> Result<Prepared, PrepareError> {
        // Clients are made and files read below: numbers and status are not to wait for that.
        let mut known = Known::of(&self.0.jobs.lock());
        let mut prepared = Prepared::default();
        for (job, config) in jobs {
            let same = known.jobs.get(&job).filter(|(known, _)| **known == config);
            let entry = match same {
                Some((_, out)) => PreparedJob::Same(Arc::clone(out)),
                None => {
                    self.prepare_job(&job, config, providers, &mut known, &mut prepared.starts)?
                }
            };
            prepared.jobs.insert(job, entry);
        }
        Ok(prepared)
    }

    fn prepare_job(
        &self,
        job: &str,
        config: JobDiscovery,
        providers: &dyn Providers,
        known: &mut Known,
        starts: &mut Vec<SourceStart>,
    ) -> Result<PreparedJob, PrepareError> {
        let files = config.files.iter().cloned().map(Words::Files);
        let items = config.providers.iter().cloned().map(|item| Words::Provider(Box::new(item)));
        let mut sources = Vec::new();
        let mut indexes: BTreeMap<String, usize> = BTreeMap::new();
        for words in files.chain(items) {
            let index = indexes.entry(words.mechanism().to_owned()).or_default();
            if let Some(source) = known.find(&words) {
                sources.push(Arc::clone(source));
            } else {
                let discoverer =
                    self.discoverer(&words, providers).map_err(|source| PrepareError {
                        job: job.to_owned(),
                        provider: words.mechanism().to_owned(),
                        index: *index,
                        source,
                    })?;
                let (source, start) = Source::new(words, discoverer, &self.0.parts.clock);
                known.add(&source);
                sources.push(source);
                starts.push(start);
            }
            *index += 1;
        }
        let statics = config.static_configs.iter().enumerate();
        let fixed: Vec<TargetGroup> =
            statics.map(|(index, part)| part.group(format!("static/{index}"))).collect();
        let out = Arc::new(JobOutlet::new());
        let (_stop, stop) = Stop::pair();
        let mut start = JobStart {
            job: job.to_owned(),
            fixed,
            sources: sources.iter().map(|source| source.told()).collect(),
            out: Arc::clone(&out),
            stop,
            clock: self.0.parts.clock.clone(),
            pause_max: self.0.parts.reload_interval,
            telemetry: self.0.telemetry.clone(),
            is_uncounted: false,
        };
        // What sources of before have found is there from the start.
        start.prepare();
        let running = RunningJob { config: Arc::new(config), out, sources, _stop };
        Ok(PreparedJob::New(Box::new((running, start))))
    }

    fn discoverer(
        &self,
        words: &Words,
        providers: &dyn Providers,
    ) -> Result<Box<dyn Discoverer>, ProviderError> {
        let parts = &self.0.parts;
        match words {
            Words::Files(files) => Ok(Box::new(FileDiscoverer {
                config: files.clone(),
                disk: Arc::clone(&parts.disk),
                clock: parts.clock.clone(),
                telemetry: self.0.telemetry.clone(),
            })),
            Words::Provider(provider) => providers.discoverer(provider),
        }
    }

    /// Starts what is new, stops what is gone, leaves the rest alone.
    pub fn commit(&self, prepared: Prepared) {
        let Prepared { jobs: wanted, starts: sources } = prepared;
        let mut starts = Starts { sources, jobs: Vec::new() };
        {
            let mut running = self.0.jobs.lock();
            let mut jobs = BTreeMap::new();
            for (name, job) in wanted {
                let job = match job {
                    PreparedJob::New(new) => {
                        let (job, mut start) = *new;
                        start.commit();
                        starts.jobs.push(start);
                        Some(job)
                    }
                    PreparedJob::Same(_) => running.remove(&name),
                };
                jobs.extend(job.map(|job| (name, job)));
            }
            *running = jobs;
        }
        {
            let mut waiting = self.0.starts.lock();
            waiting.sources.append(&mut starts.sources);
            waiting.jobs.append(&mut starts.jobs);
        }
        self.0.wake.notify_one();
    }

    /// Where the targets of every job come from, ascending by the job's name.
    #[must_use]
    pub fn view(&self) -> Vec<JobView> {
        self.0.jobs.lock().iter().map(|(name, job)| job.view(name)).collect()
    }

    async fn run(self, mut stop: Stop) {
        let mut running = JoinSet::new();
        loop {
            let Starts { sources, jobs } = std::mem::take(&mut *self.0.starts.lock());
            for source in sources {
                running.spawn(source.run());
            }
            // Without sources nothing changes.
            for job in jobs.into_iter().filter(|job| !job.sources.is_empty()) {
                running.spawn(job.run());
            }
            tokio::select! {
                () = stop.stopped() => break,
                () = self.0.wake.notified() => {}
                Some(ended) = running.join_next() => {
                    if let Err(panic) = ended {
                        error!(error = %panic, "a discovery panicked; its targets stay as they are until a reload");
                    }
                }
            }
        }
        running.shutdown().await;
    }
}

#[cfg(test)]
mod tests;
