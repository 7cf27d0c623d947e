//! Real loops on a simulated clock, a store in memory and targets that are scripts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use narthex_model::{Labels, TargetGroup, is_stale};
use narthex_platform::{SimulatedClock, SimulatedDisk};
use narthex_settings::Document;
use narthex_storage::{Columns, MemoryStore, Queryable, TimeRange};

use super::*;
use crate::config::{GlobalScrape, JobSpec};
use crate::fetch::{Body, FetchError};
use crate::settings::ScrapeFeatures;
use crate::target::Target;

mod bodies;
mod bounds;
mod commits;
mod failures;
mod histograms;
mod hostile;
mod names;
mod starts;
mod views;

const START: i64 = 1_000_000_000;
const INTERVAL: i64 = 10_000;

/// A plugin named by the job; what an address answers is the script's matter.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<HashMap<String, Answer>>,
    /// How often each address was asked.
    asked: Mutex<HashMap<String, usize>>,
}

#[derive(Clone, Debug)]
enum Answer {
    Text(&'static str),
    OpenMetrics(&'static str),
    Protobuf(Vec<u8>),
    /// Under this `Content-Type`.
    Other(&'static str, &'static str),
    Error(&'static str),
    Never,
}

impl Exporters for Script {
    fn check(&self, plugin: &str, _config: &serde_json::Value) -> Result<(), String> {
        if plugin == "script" { Ok(()) } else { Err(format!("no plugin {plugin:?}")) }
    }

    fn collect(
        &self,
        _plugin: &str,
        _config: &serde_json::Value,
        target: &Arc<Target>,
    ) -> BoxFuture<'static, Result<Body, FetchError>> {
        *self.asked.lock().entry(target.address.clone()).or_default() += 1;
        let answer = self.answers.lock().get(&target.address).cloned();
        async move {
            let body = |content_type: &str, bytes: &[u8]| {
                let content_type = Some(content_type.to_owned());
                Ok(Body { content_type, bytes: bytes.to_vec().into() })
            };
            match answer.unwrap_or(Answer::Text("")) {
                Answer::Text(text) => body("text/plain", text.as_bytes()),
                Answer::OpenMetrics(text) => {
                    body("application/openmetrics-text; version=1.0.0", text.as_bytes())
                }
                Answer::Protobuf(bytes) => body("application/vnd.google.protobuf", &bytes),
                Answer::Other(content_type, text) => body(content_type, text.as_bytes()),
                Answer::Error(message) => {
                    Err(FetchError::Exporter { plugin: "script".into(), message: message.into() })
                }
                Answer::Never => std::future::pending().await,
            }
        }
        .boxed()
    }
}

struct World {
    clock: SimulatedClock,
    disk: SimulatedDisk,
    store: MemoryStore,
    /// No batch is taken.
    is_full: Arc<AtomicBool>,
    script: Arc<Script>,
    metrics: Metrics,
    scraper: Scraper,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
    targets: HashMap<String, watch::Sender<Arc<TargetSet>>>,
}

fn job(name: &str, extra: &str) -> JobConfig {
    let text = format!(
        "job_name: {name}\nscrape_interval: 10s\nscrape_timeout: 5s\nexporter: {{plugin: script}}\n{extra}"
    );
    let spec: JobSpec = Document::parse("f.yml", &text).unwrap().read().unwrap();
    spec.resolve(&GlobalScrape::default()).unwrap()
}

fn set(addresses: &[&str]) -> Arc<TargetSet> {
    let target = |address: &&str| Labels::from_pairs([("__address__", *address)]);
    let targets = addresses.iter().map(target).collect();
    let group = TargetGroup { source: "s".into(), targets, labels: Labels::empty() };
    Arc::new(TargetSet { groups: vec![group] })
}

impl World {
    fn new() -> Self {
        Self::with_settings(ScrapeSettings::default())
    }

    #[expect(clippy::disallowed_methods, reason = "the test is the owner of the task")]
    fn with_settings(settings: ScrapeSettings) -> Self {
        let clock = SimulatedClock::at(START);
        let disk = SimulatedDisk::new(1);
        let (store, script) = (MemoryStore::new(), Arc::new(Script::default()));
        let (metrics, is_full) = (Metrics::new(), Arc::default());
        let scraper = Scraper::new(ScrapeParts {
            store: Arc::new(commits::Fragile {
                store: store.clone(),
                is_full: Arc::clone(&is_full),
            }),
            exporters: Arc::clone(&script) as Arc<dyn Exporters>,
            clock: clock.clock(),
            metrics: metrics.clone(),
            client: ClientOptions { disk: disk.shared(), ..ClientOptions::default() },
            settings,
            external_host: None,
        });
        let (stop, stopped) = Stop::pair();
        let task = tokio::spawn(scraper.clone().run(stopped));
        let targets = HashMap::new();
        Self { clock, disk, store, is_full, script, metrics, scraper, stop, task, targets }
    }

    /// One job with one target.
    async fn with(extra: &str) -> Self {
        Self::of_one(extra, ScrapeSettings::default()).await
    }

    async fn of_one(extra: &str, settings: ScrapeSettings) -> Self {
        let mut world = Self::with_settings(settings);
        world.load(&[job("j", extra)]);
        world.find("j", &["a"]).await;
        world
    }

    fn load(&mut self, jobs: &[JobConfig]) {
        let jobs = jobs.iter().map(|job| {
            let sender = self.targets.entry(job.name.clone());
            let sender = sender.or_insert_with(|| watch::channel(Arc::default()).0);
            (job.clone(), sender.subscribe())
        });
        let jobs = jobs.collect();
        let prepared = self.prepare(jobs).unwrap();
        self.scraper.commit(prepared);
    }

    fn prepare(
        &self,
        jobs: Vec<(JobConfig, watch::Receiver<Arc<TargetSet>>)>,
    ) -> Result<Prepared, PrepareError> {
        self.scraper.prepare(Reload { jobs, exporters: &*self.script, offset_seed: 0 })
    }

    async fn find(&self, job: &str, addresses: &[&str]) {
        self.targets[job].send_replace(set(addresses));
        self.settle().await;
    }

    fn answer(&self, address: &str, answer: Answer) {
        self.script.answers.lock().insert(address.to_owned(), answer);
    }

    /// Lets every task run until it waits for the clock.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    async fn advance(&self, millis: i64) {
        let end = self.clock.clock().now_millis() + millis;
        loop {
            self.settle().await;
            let left = end - self.clock.clock().now_millis();
            let left = Duration::from_millis(u64::try_from(left).unwrap());
            let step = self.clock.next_due().unwrap_or(left).min(left);
            self.clock.advance(step);
            self.settle().await;
            if self.clock.clock().now_millis() >= end
                && self.clock.next_due() != Some(Duration::ZERO)
            {
                return;
            }
        }
    }

    async fn scrape(&self, address: &str, text: &'static str) {
        self.answer(address, Answer::Text(text));
        self.advance(INTERVAL).await;
    }

    /// Every series, without those of the report, with its values; `S` is a staleness marker.
    fn stored(&self) -> String {
        self.read(|name| !name.starts_with("scrape_") && name != "up")
    }

    fn read(&self, wanted: impl Fn(&str) -> bool) -> String {
        let querier = self.store.querier(TimeRange::ALL).unwrap();
        let mut lines = Vec::new();
        for series in querier.select(&[]).unwrap() {
            if !wanted(series.labels().metric_name().unwrap_or("")) {
                continue;
            }
            let mut columns = Columns::default();
            series.read(TimeRange::ALL, &mut columns).unwrap();
            let values = columns.values.iter();
            let values = values.map(|v| if is_stale(*v) { "S".to_owned() } else { v.to_string() });
            let histograms = columns.histograms.iter().map(|point| match &*point.histogram {
                one if one.is_stale() => "S".to_owned(),
                one => one.to_float().to_string(),
            });
            let values: Vec<String> = values.chain(histograms).collect();
            lines.push(format!("{} {}", series.labels(), values.join(" ")));
        }
        lines.join("\n")
    }

    fn times(&self, wanted: &str) -> Vec<i64> {
        let querier = self.store.querier(TimeRange::ALL).unwrap();
        let mut columns = Columns::default();
        for series in querier.select(&[]).unwrap() {
            if series.labels().to_string() == wanted {
                series.read(TimeRange::ALL, &mut columns).unwrap();
            }
        }
        columns.times
    }

    fn error(&self) -> String {
        self.scraper.targets()[0].active[0].last_error.clone()
    }

    fn counter(&self, name: &str) -> u64 {
        self.metrics.counter(name, "", &[]).get()
    }
}

const A: &str = r#"instance="a", job="j""#;

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| line.replace("$A", A)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn series_are_stored_and_ended_when_they_vanish() {
    let world = World::with("").await;
    world.scrape("a", "x 1\ny 2\n").await;
    world.scrape("a", "x 3\nz 4\n").await;
    world.scrape("a", "z 5\nx 6\ny 7\n").await;
    assert_eq!(world.stored(), lines(&["x{$A} 1 3 6", "y{$A} 2 S 7", "z{$A} 4 5"]));
    let report = world.read(|name| name == "up" || name.starts_with("scrape_s"));
    assert_eq!(
        report,
        lines(&[
            "scrape_samples_post_metric_relabeling{$A} 2 2 3",
            "scrape_samples_scraped{$A} 2 2 3",
            "scrape_series_added{$A} 2 1 0",
            "up{$A} 1 1 1",
        ])
    );
}

#[tokio::test]
async fn exemplars_go_with_their_samples() {
    let world = World::with("").await;
    let text = "# TYPE x counter\nx_total 1 # {trace_id=\"t\"} 0.5\n\
                # TYPE y counter\ny_total 2 # {trace_id=\"u\"} 1.5 7\n# EOF\n";
    world.answer("a", Answer::OpenMetrics(text));
    world.advance(INTERVAL).await;
    assert_eq!(world.error(), "");
    let found = world.store.exemplars(TimeRange::ALL, &[vec![]]).unwrap();
    let times = world.times(&lines(&["x_total{$A}"]));
    let found: Vec<String> = found
        .iter()
        .flat_map(|series| series.exemplars.iter().map(|one| (&series.labels, one)))
        .map(|(labels, one)| format!("{labels} {} {} @{}", one.labels, one.value, one.at.millis()))
        .collect();
    let of_x = format!(r#"x_total{{$A}} {{trace_id="t"}} 0.5 @{}"#, times[0]);
    assert_eq!(found.join("\n"), lines(&[&of_x, r#"y_total{$A} {trace_id="u"} 1.5 @7000"#]));
}

#[tokio::test]
async fn times_are_whole_intervals_apart_at_the_place_of_the_target() {
    let world = World::with("").await;
    for _ in 0..3 {
        world.scrape("a", "x 1\n").await;
    }
    let times = world.times(&lines(&["x{$A}"]));
    assert_eq!(times.len(), 3);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == INTERVAL), "{times:?}");
    let target = &world.scraper.targets()[0].active[0];
    assert_eq!(target.last_scrape.map(|at| at.millis()), times.last().copied());
    assert_eq!(target.scrape_url, "plugin://script/a");
}

#[tokio::test]
async fn a_failed_scrape_ends_every_series_and_says_why() {
    let world = World::with("").await;
    world.scrape("a", "x 1\n").await;
    world.answer("a", Answer::Error("no disk"));
    world.advance(INTERVAL).await;
    assert_eq!(world.error(), "exporter plugin script: no disk");
    world.scrape("a", "x 2\nx {\n").await;
    assert_eq!(world.error(), "line 2, column 4: expected a label name, found the end of the line");
    world.answer("a", Answer::Never);
    world.advance(INTERVAL + 5_000).await;
    assert!(world.error().contains("within the scrape timeout of 5s"), "{}", world.error());
    world.scrape("a", "x 3\n").await;
    assert_eq!(world.error(), "");
    let up = world.read(|name| name == "up");
    assert!(up.starts_with(&lines(&["up{$A} 1 0 0 0"])) && up.ends_with(" 1"), "{up}");
    assert!(world.stored().starts_with(&lines(&["x{$A} 1 S 3"])), "{}", world.stored());
}

#[tokio::test]
async fn clashing_labels_are_renamed_or_honored() {
    let text = "x{job=\"b\",exported_job=\"c\",instance=\"\"} 1\n";
    let world = World::with("").await;
    world.scrape("a", text).await;
    let renamed = r#"x{exported_exported_job="b", exported_job="c", instance="a", job="j"} 1"#;
    assert_eq!(world.stored(), renamed);
    let world = World::with("honor_labels: true").await;
    world.scrape("a", text).await;
    assert_eq!(world.stored(), r#"x{exported_job="c", job="b"} 1"#);
}

#[tokio::test]
async fn metric_relabeling_drops_and_renames() {
    let rules = "metric_relabel_configs:\n  - {action: drop, source_labels: [__name__], regex: y}\n  \
                 - {source_labels: [b], target_label: c}\n  - {action: labeldrop, regex: b}\n";
    let world = World::with(rules).await;
    world.scrape("a", "x{b=\"1\"} 1\ny 2\n").await;
    world.scrape("a", "x{b=\"1\"} 2\ny 3\n").await;
    assert_eq!(world.stored(), r#"x{c="1", instance="a", job="j"} 1 2"#);
    let added = world.read(|name| name == "scrape_samples_post_metric_relabeling");
    assert!(added.ends_with(" 1 1"), "{added}");
}

#[tokio::test]
async fn a_limit_fails_the_whole_scrape() {
    for (extra, body, reason) in [
        ("sample_limit: 2", "x 1\ny 2\nz 3\n", "sample limit exceeded: 3 samples"),
        (
            "label_limit: 3",
            "x{b=\"c\"} 1\n",
            "label_limit exceeded (metric: x, number of labels: 4",
        ),
        (
            "label_name_length_limit: 9",
            "x{bbbbbbbbbb=\"c\"} 1\n",
            "label_name_length_limit exceeded",
        ),
        ("label_value_length_limit: 3", "x{b=\"cccc\"} 1\n", "label_value_length_limit exceeded"),
        ("body_size_limit: 5B", "x 1\ny 2\n", "body size limit of 5 bytes exceeded"),
    ] {
        let world = World::with(extra).await;
        world.scrape("a", body).await;
        assert!(world.error().contains(reason), "{}", world.error());
        assert_eq!(world.stored(), "", "{extra}");
        assert_eq!(world.read(|name| name == "up"), lines(&["up{$A} 0"]));
    }
    let world = World::with("sample_limit: 2").await;
    world.scrape("a", "x 1\ny 2\nz 3\n").await;
    assert_eq!(world.counter("prometheus_target_scrapes_exceeded_sample_limit_total"), 1);
    world.scrape("a", "x 1\ny 2\n").await;
    assert_eq!(world.error(), "");
}

#[tokio::test]
async fn too_many_targets_are_not_scraped() {
    let mut world = World::new();
    world.load(&[job("j", "target_limit: 1")]);
    world.find("j", &["a", "b"]).await;
    world.scrape("a", "x 1\n").await;
    assert_eq!(world.error(), "target_limit exceeded (number of targets: 2, limit: 1)");
    assert!(world.script.asked.lock().is_empty());
    world.find("j", &["a"]).await;
    world.advance(INTERVAL).await;
    assert_eq!(world.stored(), lines(&["x{$A} 1"]));
}

#[tokio::test]
async fn a_target_that_goes_right_after_its_interval_changed_is_ended() {
    let mut world = World::with("").await;
    world.scrape("a", "x 1\n").await;
    world.load(&[JobConfig { interval: Duration::from_secs(20), ..job("j", "") }]);
    world.settle().await;
    world.find("j", &[]).await;
    world.advance(6 * INTERVAL).await;
    assert_eq!(world.stored(), lines(&["x{$A} 1 S"]));
}

#[tokio::test]
async fn samples_that_the_store_refuses_are_counted() {
    let world = World::with("").await;
    world.scrape("a", "x 1 1000000005000\ny 1 5000\ny 1 4000\nz 1\nz 2\n").await;
    assert_eq!(world.stored(), lines(&["y{$A} 1", "z{$A} 1"]));
    assert_eq!(world.error(), "");
    for (kind, count) in [("out_of_bounds", 1), ("out_of_order", 1), ("duplicate_timestamp", 1)] {
        let name = format!("prometheus_target_scrapes_sample_{kind}_total");
        assert_eq!(world.counter(&name), count, "{name}");
    }
}

#[tokio::test]
async fn series_with_their_own_times_are_ended_only_on_request() {
    for (extra, stored) in [("", "x{$A} 1"), ("track_timestamps_staleness: true", "x{$A} 1 S")] {
        let world = World::with(extra).await;
        world.scrape("a", "x 1 999999000\n").await;
        world.scrape("a", "y 1\n").await;
        assert!(
            world.stored().starts_with(&lines(&[stored, "y"]).replace("\ny", "\ny{")),
            "{}",
            world.stored()
        );
    }
    let world = World::with("honor_timestamps: false").await;
    world.scrape("a", "x 1 5000\n").await;
    assert!(world.times(&lines(&["x{$A}"]))[0] > START);
}

#[tokio::test]
async fn a_target_that_is_gone_is_ended_after_two_intervals() {
    let world = World::with("").await;
    world.scrape("a", "x 1\n").await;
    world.find("j", &[]).await;
    assert!(world.scraper.targets()[0].active.is_empty());
    world.advance(INTERVAL).await;
    assert_eq!(world.stored(), lines(&["x{$A} 1"]));
    world.advance(INTERVAL + INTERVAL / 5).await;
    assert_eq!(world.stored(), lines(&["x{$A} 1 S"]));
    assert_eq!(world.read(|name| name == "up"), lines(&["up{$A} 1 S"]));
    let times = world.times(&lines(&["x{$A}"]));
    assert_eq!(
        times[1] - times[0],
        INTERVAL,
        "the marker lies where the next scrape would have been"
    );
}

#[tokio::test]
async fn a_target_that_moves_to_another_job_is_not_ended() {
    let relabel = "relabel_configs: [{target_label: job, replacement: j}]";
    let mut world = World::new();
    world.load(&[job("one", relabel), job("two", relabel)]);
    world.find("one", &["a"]).await;
    world.scrape("a", "x 1\n").await;
    world.find("one", &[]).await;
    world.find("two", &["a"]).await;
    for _ in 0..4 {
        world.advance(INTERVAL).await;
    }
    assert_eq!(world.stored(), lines(&["x{$A} 1 1 1 1 1"]));
}

#[tokio::test]
async fn a_target_that_comes_back_goes_on() {
    let world = World::with("").await;
    world.scrape("a", "x 1\n").await;
    world.find("j", &[]).await;
    world.advance(INTERVAL / 2).await;
    world.find("j", &["a"]).await;
    world.advance(INTERVAL * 4).await;
    assert!(!world.stored().contains('S'), "{}", world.stored());
    assert!(world.times(&lines(&["x{$A}"])).len() >= 4);
}

#[tokio::test]
async fn a_removed_job_ends_its_targets() {
    let mut world = World::with("").await;
    world.scrape("a", "x 1\n").await;
    world.load(&[]);
    world.settle().await;
    assert!(world.scraper.targets().is_empty());
    world.advance(INTERVAL * 3).await;
    assert_eq!(world.stored(), lines(&["x{$A} 1 S"]));
}

#[tokio::test]
async fn a_reload_keeps_the_rhythm() {
    let mut world = World::with("").await;
    world.scrape("a", "x 1\n").await;
    for round in 0..10 {
        // Nothing changed in even rounds; in odd ones only what does not concern the series.
        let extra = if round % 2 == 0 { "" } else { "keep_dropped_targets: 5" };
        world.load(&[job("j", extra), job("new", "")]);
        world.settle().await;
        world.advance(INTERVAL).await;
    }
    let times = world.times(&lines(&["x{$A}"]));
    assert_eq!(times.len(), 11);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == INTERVAL), "{times:?}");
}

#[tokio::test]
async fn other_rules_end_the_series_that_they_rename() {
    let mut world = World::with("").await;
    world.scrape("a", "x 1\ny 1\n").await;
    let rules = "metric_relabel_configs: [{source_labels: [__name__], regex: x, target_label: __name__, replacement: z}]";
    world.load(&[job("j", rules)]);
    world.advance(INTERVAL).await;
    world.advance(INTERVAL).await;
    assert_eq!(world.stored(), lines(&["x{$A} 1 S", "y{$A} 1 1 1", "z{$A} 1 1"]));
}

#[tokio::test]
async fn a_refused_reload_changes_nothing() {
    let mut world = World::with("").await;
    let channel = || watch::channel(Arc::default()).1;
    let mut other = job("other", "");
    other.source = Source::Exporter(crate::config::ExporterSpec {
        plugin: "nosuch".into(),
        config: serde_json::Value::Null,
    });
    let error = world.prepare(vec![(other, channel())]).unwrap_err();
    assert_eq!(error.to_string(), "job \"other\": exporter: no plugin \"nosuch\"");
    let twice = vec![(job("j", ""), channel()), (job("j", ""), channel())];
    assert_eq!(world.prepare(twice).unwrap_err().to_string(), "job \"j\" stands twice");
    world.scrape("a", "x 1\n").await;
    assert_eq!(world.stored(), lines(&["x{$A} 1"]));
    world.load(&[job("j", "")]);
}

#[tokio::test]
async fn another_seed_moves_the_slots_and_leaves_no_hole() {
    let world = World::with("").await;
    for offset_seed in [0, 4_096] {
        let jobs = vec![(job("j", ""), world.targets["j"].subscribe())];
        let reload = Reload { jobs, exporters: &*world.script, offset_seed };
        world.scraper.commit(world.scraper.prepare(reload).unwrap());
        for _ in 0..3 {
            world.scrape("a", "x 1\n").await;
        }
    }
    let times = world.times(&lines(&["x{$A}"]));
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= INTERVAL), "{times:?}");
    let moved = (times[times.len() - 1] - times[0]).rem_euclid(INTERVAL);
    assert!(moved == 4_096 || moved == INTERVAL - 4_096, "{times:?}");
}

#[tokio::test]
async fn a_stop_ends_the_task_and_no_series() {
    let world = World::with("").await;
    world.scrape("a", "x 1\n").await;
    world.answer("a", Answer::Never);
    while world.script.asked.lock()["a"] < 2 {
        world.advance(1_000).await;
    }
    world.stop.send_replace(true);
    let World { task, store, .. } = world;
    task.await.unwrap();
    let querier = store.querier(TimeRange::ALL).unwrap();
    for series in querier.select(&[]).unwrap() {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).unwrap();
        assert!(!columns.values.iter().any(|value| is_stale(*value)), "{}", series.labels());
    }
}

#[tokio::test]
async fn dropped_targets_are_shown_up_to_a_number() {
    let mut world = World::new();
    let rules = "keep_dropped_targets: 1\nrelabel_configs: [{action: drop, source_labels: [__address__], regex: b|c}]";
    world.load(&[job("j", rules)]);
    world.find("j", &["a", "b", "c", "http://d"]).await;
    let pool = &world.scraper.targets()[0];
    assert_eq!((pool.active.len(), pool.dropped.len(), pool.dropped_count), (1, 1, 2));
    assert_eq!(pool.dropped[0].get("__address__"), Some("b"));
    let failed =
        world.metrics.counter("prometheus_target_sync_failed_total", "", &[("scrape_job", "j")]);
    assert!(failed.get() >= 1);
}

#[tokio::test]
async fn metadata_reaches_the_store() {
    let world = World::with("").await;
    world.scrape("a", "# HELP x The x.\n# TYPE x counter\nx 1\n# TYPE y gauge\n").await;
    let known = Queryable::metadata(&world.store, None);
    let known: Vec<String> = known
        .iter()
        .map(|(name, metadata)| format!("{name} {} {}", metadata.metric_type, metadata.help))
        .collect();
    assert_eq!(known, ["x counter The x.", "y gauge "]);
}
