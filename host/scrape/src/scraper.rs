//! The room's handle: which jobs run, and how their targets are.
//!
//! A reload has two phases: `prepare` makes clients and asks plugins, and may refuse; `commit`
//! hands the jobs to the task. A job that did not change is not touched.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use camino::Utf8PathBuf;
use narthex_client::{Client, ClientOptions, SetupError};
use narthex_model::{Labels, TargetSet};
use narthex_platform::{Clock, Family, JournalWriter, Metrics, MetricsSource, Stop, Tasks};
use narthex_storage::Appendable;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::config::{JobConfig, Source};
use crate::failures::{FailureFiles, FailureLogs};
use crate::families::FamilyTexts;
use crate::fetch::{ExporterFetch, Exporters, Fetch, HttpFetch};
use crate::memory::BodyMemory;
use crate::pool::{Pool, PoolOrder, PoolSetup};
use crate::settings::ScrapeSettings;
use crate::target_loop::Room;
use crate::telemetry::{Telemetry, body_bytes_family, metadata_families};
use crate::view::{PoolShared, PoolView, RelabelStep, relabel_steps};

/// What scraping needs of other rooms.
#[derive(Clone, Debug)]
pub struct ScrapeParts {
    /// Where samples go.
    pub store: Arc<dyn Appendable>,
    /// The plugins.
    pub exporters: Arc<dyn Exporters>,
    /// The time.
    pub clock: Clock,
    /// Where the room counts.
    pub metrics: Metrics,
    /// For HTTP jobs: the disk, and the folder from which relative paths count.
    pub client: ClientOptions,
    /// What the command line says.
    pub settings: ScrapeSettings,
    /// How others reach this host, for links to targets on loopback addresses.
    pub external_host: Option<String>,
}

/// Why a reload is refused.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// Two jobs have one name.
    #[error("job {job:?} stands twice")]
    RepeatedJob {
        /// The name.
        job: String,
    },
    /// A job's HTTP client cannot be made.
    #[error("job {job:?}")]
    Client {
        /// The job.
        job: String,
        /// Which key or file.
        source: SetupError,
    },
    /// A job's log of failed scrapes cannot be opened.
    #[error("job {job:?}: scrape_failure_log_file: open {path}")]
    FailureLog {
        /// The job.
        job: String,
        /// The file.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// A job's plugin does not exist or refuses its configuration.
    #[error("job {job:?}: exporter: {reason}")]
    Exporter {
        /// The job.
        job: String,
        /// The plugin's or the host's reason.
        reason: String,
    },
}

/// What a reload brings.
#[derive(Debug)]
pub struct Reload<'a> {
    /// The jobs, and the channels of their targets.
    pub jobs: Vec<(JobConfig, watch::Receiver<Arc<TargetSet>>)>,
    /// The plugins that there will be; they are asked about what the jobs say to them.
    pub exporters: &'a dyn Exporters,
    /// Shifts the slots of all targets; servers that scrape the same targets have different ones.
    pub offset_seed: u64,
}

/// Jobs that can run.
#[derive(Debug)]
pub struct Prepared {
    jobs: BTreeMap<String, PoolSetup>,
    failure_files: FailureFiles,
    offset_seed: u64,
}

type Jobs = Arc<BTreeMap<String, PoolSetup>>;

/// The room's handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scraper(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    room: Arc<Room>,
    exporters: Arc<dyn Exporters>,
    client: ClientOptions,
    external_host: Option<String>,
    jobs: watch::Sender<Jobs>,
    /// Guards the writer of failures until its task starts.
    failure_writer: Mutex<Option<JournalWriter>>,
    /// Guards the table; what is in it has a lock of its own that comes after this one.
    pools: Mutex<BTreeMap<String, Arc<PoolShared>>>,
}

impl Scraper {
    /// The room, without jobs.
    #[must_use]
    pub fn new(parts: ScrapeParts) -> Self {
        let (failures, failure_writer) = FailureLogs::new(parts.clock.clone(), &parts.metrics);
        let room = Room {
            store: parts.store,
            clock: parts.clock,
            telemetry: Telemetry::new(&parts.metrics),
            offset_seed: AtomicU64::new(0),
            settings: parts.settings,
            families: FamilyTexts::default(),
            failures,
            bodies: BodyMemory::new(parts.settings.body_memory_max),
            large_bodies: Semaphore::new(processors()),
        };
        let (jobs, _) = watch::channel(Jobs::default());
        let shared = Arc::new(Shared {
            room: Arc::new(room),
            exporters: parts.exporters,
            client: parts.client,
            external_host: parts.external_host,
            jobs,
            failure_writer: Mutex::new(Some(failure_writer)),
            pools: Mutex::default(),
        });
        parts.metrics.add_source(Arc::new(PoolsSource(Arc::downgrade(&shared))));
        Self(shared)
    }

    /// Makes ready what is new or changed. Nothing changes yet.
    ///
    /// # Errors
    /// When a job cannot run.
    pub fn prepare(&self, reload: Reload<'_>) -> Result<Prepared, PrepareError> {
        let Reload { jobs, exporters, offset_seed } = reload;
        let current = Arc::clone(&self.0.jobs.borrow());
        let mut prepared = BTreeMap::new();
        let mut failure_files = FailureFiles::new();
        for (job, targets) in jobs {
            let name = job.name.clone();
            if let Some(path) = &job.failure_log {
                let opened = FailureLogs::open(&mut failure_files, &self.0.client.disk, path);
                let (job, path) = (&name, path.clone());
                opened.map_err(|source| PrepareError::FailureLog {
                    job: job.clone(),
                    path,
                    source,
                })?;
            }
            let setup = match current.get(&name) {
                Some(known) if *known.job == job => PoolSetup { targets, ..known.clone() },
                _ => {
                    let known = prepared.values().chain(current.values());
                    let fetched = self.fetch(&job, exporters, known);
                    let (fetch, client) =
                        fetched.inspect_err(|_| self.count_failed(current.contains_key(&name)))?;
                    PoolSetup { job: Arc::new(job), fetch, client, targets }
                }
            };
            if prepared.insert(name.clone(), setup).is_some() {
                return Err(PrepareError::RepeatedJob { job: name });
            }
        }
        Ok(Prepared { jobs: prepared, failure_files, offset_seed })
    }

    /// A job could not be made ready: a new one, or one that runs in another way.
    fn count_failed(&self, is_known: bool) {
        let telemetry = &self.0.room.telemetry;
        let (attempts, failures) = if is_known {
            (&telemetry.reloads, &telemetry.reloads_failed)
        } else {
            (&telemetry.pools, &telemetry.pools_failed)
        };
        attempts.increment();
        failures.increment();
    }

    fn fetch<'a>(
        &self,
        job: &JobConfig,
        exporters: &dyn Exporters,
        mut known: impl Iterator<Item = &'a PoolSetup>,
    ) -> Result<(Arc<dyn Fetch>, Option<Client>), PrepareError> {
        let name = || job.name.clone();
        match &job.source {
            Source::Http(config) => {
                // A client holds the system's certificates: jobs that can share one.
                let same = known.find(|setup| setup.job.source == job.source);
                let client = match same.and_then(|setup| setup.client.clone()) {
                    Some(client) => client,
                    None => Client::new((**config).clone(), self.0.client.clone())
                        .map_err(|source| PrepareError::Client { job: name(), source })?,
                };
                let features = self.0.room.settings.features;
                Ok((Arc::new(HttpFetch::new(client.clone(), job, features)), Some(client)))
            }
            Source::Exporter(exporter) => {
                let checked = exporters.check(&exporter.plugin, &exporter.config);
                checked.map_err(|reason| PrepareError::Exporter { job: name(), reason })?;
                let fetch = ExporterFetch {
                    exporters: Arc::clone(&self.0.exporters),
                    exporter: exporter.clone(),
                    body_limit: job.limits.body_size,
                };
                Ok((Arc::new(fetch), None))
            }
        }
    }

    /// The labels of a target after each of its job's relabel rules. `None`: there is no such job.
    #[must_use]
    pub fn relabel_steps(&self, job: &str, discovered: &Labels) -> Option<Vec<RelabelStep>> {
        let jobs = Arc::clone(&self.0.jobs.borrow());
        Some(relabel_steps(&jobs.get(job)?.job.relabel, discovered))
    }

    /// How a job is scraped now. `None`: there is no such job.
    #[must_use]
    pub fn job(&self, name: &str) -> Option<Arc<JobConfig>> {
        self.0.jobs.borrow().get(name).map(|setup| Arc::clone(&setup.job))
    }

    /// Runs these jobs from now on, and no others.
    pub fn commit(&self, prepared: Prepared) {
        let telemetry = &self.0.room.telemetry;
        self.0.room.failures.commit(prepared.failure_files);
        // Each target moves to its new slot when its next one is chosen.
        self.0.room.offset_seed.store(prepared.offset_seed, Ordering::Relaxed);
        let jobs = Arc::new(prepared.jobs);
        let before = self.0.jobs.send_replace(Arc::clone(&jobs));
        for (name, setup) in jobs.iter() {
            match before.get(name) {
                None => telemetry.pools.increment(),
                Some(old) if !Arc::ptr_eq(&old.job, &setup.job) => telemetry.reloads.increment(),
                Some(_) => {}
            }
        }
    }

    /// Starts the tasks.
    pub fn spawn(&self, tasks: &mut Tasks) {
        let room = self.clone();
        tasks.spawn("scrape", |stop| room.run(stop));
        // After those who write to it.
        if let Some(writer) = self.0.failure_writer.lock().take() {
            writer.spawn(tasks);
        }
    }

    /// The targets of every job, ascending by the job's name.
    #[must_use]
    pub fn targets(&self) -> Vec<PoolView> {
        let pools = self.0.pools.lock().clone();
        let external_host = self.0.external_host.as_deref();
        pools.iter().map(|(job, pool)| pool.view(job, external_host)).collect()
    }

    async fn run(self, mut stop: Stop) {
        let mut jobs = self.0.jobs.subscribe();
        let mut orders: BTreeMap<String, watch::Sender<PoolOrder>> = BTreeMap::new();
        let mut tasks = JoinSet::new();
        loop {
            let wanted = Arc::clone(&jobs.borrow_and_update());
            self.apply(&wanted, &mut orders, &mut tasks, &stop);
            loop {
                tokio::select! {
                    biased;
                    () = stop.stopped() => return,
                    // The sender lives in `self`.
                    _ = jobs.changed() => break,
                    Some(joined) = tasks.join_next() => {
                        if let Err(error) = joined && error.is_panic() {
                            std::panic::resume_unwind(error.into_panic());
                        }
                    }
                }
            }
        }
    }

    fn apply(
        &self,
        wanted: &Jobs,
        orders: &mut BTreeMap<String, watch::Sender<PoolOrder>>,
        tasks: &mut JoinSet<()>,
        stop: &Stop,
    ) {
        orders.retain(|name, pool| {
            let stays = wanted.contains_key(name);
            if !stays {
                pool.send(PoolOrder::Vanish).ok();
                self.0.pools.lock().remove(name);
                self.0.room.telemetry.forget_pool(name);
                // The pool hears the last order even though its sender is dropped here.
            }
            stays
        });
        for (name, setup) in wanted.iter() {
            if let Some(pool) = orders.get(name).filter(|pool| !pool.is_closed()) {
                pool.send_if_modified(|order| order.replace(setup));
                continue;
            }
            let shared = Arc::new(PoolShared::default());
            self.0.pools.lock().insert(name.clone(), Arc::clone(&shared));
            let (sender, receiver) = watch::channel(PoolOrder::Run(setup.clone()));
            let room = Arc::clone(&self.0.room);
            let pool = Pool::new(room, shared, (receiver, setup.clone()), stop.clone());
            tasks.spawn(pool.run());
            orders.insert(name.clone(), sender);
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What is only known of the pools when it is asked for.
struct PoolsSource(Weak<Shared>);

impl MetricsSource for PoolsSource {
    fn families(&self) -> Vec<Family> {
        let Some(shared) = self.0.upgrade() else { return Vec::new() };
        let pools = shared.pools.lock().clone();
        let jobs = pools.iter().map(|(job, pool)| (job.as_str(), pool.families_size()));
        let mut families = metadata_families(jobs);
        families.push(body_bytes_family(shared.room.bodies.taken()));
        families
    }
}

#[cfg(test)]
mod tests;
