//! `narthex check service-discovery`: runs the discovery of one job for a while, and shows what it found
//! before and after relabeling, as JSON.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use narthex_config::{Config, ScrapeJob};
use narthex_discovery::{Discovery, DiscoveryParts};
use narthex_model::{Labels, TargetSet};
use narthex_platform::{Clock, Disk, Metrics, RealDisk, Tasks};
use narthex_scrape::{JudgedTarget, judge_targets};
use serde_json::{Map, Value, json};

use super::arguments::DiscoveryArguments;
use super::config::plugins;
use super::{Verdict, complain, say};
use crate::reload::ConfigFile;

/// Nobody scrapes the targets, so that sets need not be far apart.
const RELOAD_INTERVAL: Duration = Duration::from_millis(100);

pub(super) fn check(arguments: &DiscoveryArguments) -> anyhow::Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // An error means that another part of the process has set the same provider already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let disk = RealDisk::shared();
    let file = ConfigFile { path: arguments.file.clone(), expands_env: arguments.expand_env };
    let config = match file.load(&*disk) {
        Ok(config) => config,
        Err(error) => {
            complain(&format!("Cannot load config {error:#}"));
            return Ok(Verdict::Bad);
        }
    };
    let Some(job) = config.jobs.iter().find(|job| job.name == arguments.job) else {
        complain(&format!("Job {} not found. Select one of:", arguments.job));
        config.jobs.iter().for_each(|job| complain(&format!("\t{}", job.name)));
        return Ok(Verdict::Bad);
    };
    let found = runtime.block_on(found(&config, job, arguments.timeout, &disk));
    runtime.shutdown_background();
    let judged = found?.groups.iter().flat_map(|group| judge_targets(&job.scrape, group)).collect();
    say(&format!("{:#}", shown(judged)));
    Ok(Verdict::Good)
}

/// What the job's discovery finds in this time. Sources that fail are told beside it.
async fn found(
    config: &Config,
    job: &ScrapeJob,
    timeout: Duration,
    disk: &Arc<dyn Disk>,
) -> anyhow::Result<Arc<TargetSet>> {
    let (clock, mut tasks) = (Clock::real(), Tasks::new());
    let parts = DiscoveryParts {
        disk: Arc::clone(disk),
        clock: clock.clone(),
        metrics: Metrics::new(),
        reload_interval: RELOAD_INTERVAL,
        whom: "scrape",
    };
    let discovery = Discovery::spawn(parts, &mut tasks);
    let plugins = plugins(config, disk).await?;
    let jobs = [(job.name.clone(), job.discovery.clone())];
    let prepared = discovery.prepare(jobs, &plugins)?;
    let targets = prepared.targets(&job.name).context("every job has targets")?;
    discovery.commit(prepared);
    tasks.run_until(clock.sleep(timeout)).await?;
    for source in discovery.view().into_iter().flat_map(|job| job.sources) {
        if !source.reason.is_empty() {
            let (mechanism, index) = (&source.mechanism, source.index);
            complain(&format!("{mechanism}_sd_configs[{index}]: {}", source.reason));
        }
    }
    let set = Arc::clone(&targets.borrow());
    Ok(set)
}

/// Each different target once.
fn shown(targets: Vec<JudgedTarget>) -> Value {
    let mut known = HashSet::new();
    let row = |target: JudgedTarget| {
        let JudgedTarget { discovered, labels, error } = target;
        let mut row = json!({ "discoveredLabels": pairs(&discovered), "labels": pairs(&labels) });
        if let (Value::Object(row), Some(error)) = (&mut row, error) {
            row.insert("error".to_owned(), error.into());
        }
        row
    };
    targets.into_iter().filter(|target| known.insert(target.clone())).map(row).collect()
}

fn pairs(labels: &Labels) -> Value {
    let pairs: Map<String, Value> =
        labels.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    Value::Object(pairs)
}
