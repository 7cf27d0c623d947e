//! `bench write`: how fast the store takes samples, without scraping.

use std::time::Duration;

use anyhow::Context as _;
use narthex_model::{Labels, Timestamp};
use narthex_platform::{Clock, Disk, Metrics, RealDisk};
use narthex_storage::Appendable;
use narthex_tsdb::{Config, Tsdb};

use super::arguments::BenchWrite;
use super::output::Output;

/// Series of a batch: a usual target.
const BATCH_SERIES: usize = 1000;
/// Between two samples of a series.
const STEP_MILLIS: i64 = 30_000;
/// Where the made-up values begin, and how they rise: promtool's.
const VALUE_FIRST: f64 = 123_456_789.0;
const VALUE_STEP: f64 = 1000.0;
/// A file of a million label sets.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// `narthex tsdb bench write`.
pub(crate) fn write(arguments: &BenchWrite) -> anyhow::Result<()> {
    let disk = RealDisk::shared();
    if disk.list(&arguments.out).is_ok() {
        disk.remove_folder(&arguments.out).with_context(|| format!("remove {}", arguments.out))?;
    }
    let mut stages = Stages { clock: Clock::real(), out: Output::new() };
    let series = stages.stage("readData", || label_sets(&*disk, arguments))?.0;
    let folder = arguments.out.join("storage");
    disk.create_folder(&folder).with_context(|| format!("make {folder}"))?;
    let config = Config::new(folder);
    let store = Tsdb::open(config, disk, Clock::real(), &Metrics::new()).context("open a store")?;
    let (total, took) =
        stages.stage("ingestScrapes", || ingest(&store, &series, arguments.scrapes))?;
    stages.out.line(&format!(" > total samples: {total}"))?;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = total as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE);
    stages.out.line(&format!(" > samples/sec: {rate:.0}"))?;
    stages.stage("stopStorage", || store.sync().context("sync the log"))?;
    stages.out.finish()
}

struct Stages {
    clock: Clock,
    out: Output,
}

impl Stages {
    fn stage<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<(T, Duration)> {
        self.out.line(&format!(">> start stage={name}"))?;
        let begun = self.clock.monotonic();
        let result = work()?;
        let took = self.clock.monotonic().saturating_sub(begun);
        self.out.line(&format!(">> completed stage={name} duration={took:?}"))?;
        Ok((result, took))
    }
}

/// Label sets from the file, or made up: ten metrics of a thousand instances and so on.
fn label_sets(disk: &dyn Disk, arguments: &BenchWrite) -> anyhow::Result<Vec<Labels>> {
    let Some(file) = &arguments.file else {
        return Ok((0..arguments.metrics).map(made_up).collect());
    };
    let text = narthex_platform::read_to_string(disk, file, FILE_BYTES_MAX)
        .with_context(|| format!("read {file}"))?;
    let mut series = Vec::new();
    let mut known = std::collections::HashSet::new();
    for (index, line) in text.lines().enumerate() {
        if series.len() >= arguments.metrics {
            break;
        }
        let pairs: std::collections::BTreeMap<String, String> = serde_json::from_str(line)
            .with_context(|| format!("{file}:{}: not a JSON object of labels", index + 1))?;
        let labels = Labels::from_pairs(pairs);
        if known.insert(labels.clone()) {
            series.push(labels);
        }
    }
    Ok(series)
}

fn made_up(index: usize) -> Labels {
    let (target, metric) = (index / BATCH_SERIES, index % BATCH_SERIES);
    let (name, path) = (format!("metric_{}_total", metric / 10), format!("/{}", metric % 10));
    let instance = format!("10.0.{}.{}:9100", target / 250, target % 250);
    Labels::from_pairs([
        ("__name__", name.as_str()),
        ("instance", instance.as_str()),
        ("job", "bench"),
        ("path", path.as_str()),
    ])
}

fn ingest(store: &Tsdb, series: &[Labels], scrapes: usize) -> anyhow::Result<u64> {
    let mut batch = store.appender();
    let refs = series.iter().map(|labels| batch.series(labels)).collect::<Result<Vec<_>, _>>()?;
    drop(batch);
    let (mut total, mut value, mut at) = (0, VALUE_FIRST, 0);
    for _ in 0..scrapes {
        (value, at) = (value + VALUE_STEP, at + STEP_MILLIS);
        for part in refs.chunks(BATCH_SERIES) {
            let mut batch = store.appender();
            for series in part {
                batch.append(*series, Timestamp::from_millis(at), value)?;
            }
            total += batch.commit()?.samples as u64;
        }
    }
    Ok(total)
}
