use futures_util::future::BoxFuture;
use narthex_model::{Labels, Timestamp};
use narthex_platform::{PointValue, RealDisk, SimulatedClock};
use serde_json::json;
use tokio::sync::mpsc;

use super::*;
use crate::config::{ProviderConfig, StaticConfig};
use crate::discoverer::Outlet;

/// What the test has a source say.
enum Say {
    Found(&'static [&'static str]),
    Failed(&'static str),
    Panic,
}

/// Hands out discoverers that say what the test tells them to.
#[derive(Debug, Default)]
struct ByHand {
    made: Mutex<Vec<mpsc::Sender<Say>>>,
}

#[derive(Debug)]
struct Mouth(mpsc::Receiver<Say>);

impl Discoverer for Mouth {
    fn run(mut self: Box<Self>, out: Outlet, _stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            while let Some(say) = self.0.recv().await {
                match say {
                    Say::Found(addresses) => out.found(groups(addresses)),
                    Say::Failed(reason) => out.failed(reason),
                    Say::Panic => panic!("told to"),
                }
            }
        })
    }
}

fn groups(addresses: &[&str]) -> Vec<TargetGroup> {
    let group = |address: &&str| TargetGroup {
        source: (*address).to_owned(),
        targets: vec![Labels::from_pairs([("__address__", *address)])],
        labels: Labels::default(),
    };
    addresses.iter().map(group).collect()
}

impl Providers for ByHand {
    fn discoverer(&self, provider: &ProviderConfig) -> Result<Box<dyn Discoverer>, ProviderError> {
        if provider.config.is_null() {
            return Err(ProviderError { message: "names is missing".to_owned() });
        }
        let (sender, receiver) = mpsc::channel(8);
        self.made.lock().push(sender);
        Ok(Box::new(Mouth(receiver)))
    }
}

impl ByHand {
    fn say(&self, source: usize, say: Say) {
        self.made.lock()[source].try_send(say).unwrap();
    }
}

/// A room whose clock the test moves.
struct Test {
    providers: Arc<ByHand>,
    clock: SimulatedClock,
    metrics: Metrics,
    room: Discovery,
    _tasks: Tasks,
}

impl Test {
    fn start() -> Self {
        let (providers, clock) = (Arc::new(ByHand::default()), SimulatedClock::at(1_000));
        let metrics = Metrics::new();
        let mut tasks = Tasks::new();
        let parts = DiscoveryParts {
            disk: RealDisk::shared(),
            clock: clock.clock(),
            metrics: metrics.clone(),
            reload_interval: Duration::from_secs(5),
            whom: "scrape",
        };
        let room = Discovery::spawn(parts, &mut tasks);
        Self { providers, clock, metrics, room, _tasks: tasks }
    }

    /// Takes jobs on; the channels of their targets, in order.
    fn reload(&self, jobs: &[(&str, JobDiscovery)]) -> Vec<JobTargets> {
        let jobs: Vec<_> =
            jobs.iter().map(|(name, job)| ((*name).to_owned(), job.clone())).collect();
        let prepared = self.room.prepare(jobs.clone(), &*self.providers).unwrap();
        let targets = jobs.iter().map(|(name, _)| prepared.targets(name).unwrap()).collect();
        self.room.commit(prepared);
        targets
    }

    /// Waits until a job is on its pause, or moves on from it.
    async fn pause(&self, over: Duration) {
        while self.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        self.clock.advance(over);
    }

    fn number(&self, name: &str) -> f64 {
        let families = self.metrics.gather();
        let points = families.iter().filter(|family| family.name == name).flat_map(|f| &f.points);
        points
            .map(|point| match point.value {
                PointValue::Number(number) => number,
                PointValue::Histogram { .. } | PointValue::Summary { .. } => f64::NAN,
            })
            .sum()
    }
}

fn job(address: &str, items: &[serde_json::Value]) -> JobDiscovery {
    let text = format!("targets: ['{address}']\nlabels: {{group: a}}\n");
    let document = narthex_settings::Document::parse("f.yml", &text).unwrap();
    let static_configs = vec![document.read::<StaticConfig>().unwrap()];
    let provider = |config: &serde_json::Value| ProviderConfig {
        name: "hand".into(),
        config: config.clone(),
        http: None,
        folder: "".into(),
    };
    let providers = items.iter().map(provider).collect();
    JobDiscovery { static_configs, files: Vec::new(), providers }
}

fn addresses(targets: &JobTargets) -> Vec<String> {
    let set = targets.borrow();
    let labels = set.groups.iter().flat_map(|group| &group.targets);
    labels.filter_map(|labels| labels.get("__address__").map(str::to_owned)).collect()
}

#[tokio::test]
async fn sets_of_all_sources_are_merged_and_kept_over_a_reload() {
    let test = Test::start();
    let config = job("fixed:1", &[json!({})]);
    let mut targets = test.reload(&[("j", config.clone())]).remove(0);
    assert_eq!(addresses(&targets), ["fixed:1"], "static targets are there at once");
    test.providers.say(0, Say::Found(&["found:2"]));
    targets.wait_for(|set| set.groups.len() == 2).await.unwrap();
    assert_eq!(addresses(&targets), ["found:2", "fixed:1"]);

    let same = test.reload(&[("j", config)]).remove(0);
    assert_eq!(test.providers.made.lock().len(), 1, "an unchanged job makes no new discoverer");
    assert!(same.same_channel(&targets) && !targets.has_changed().unwrap());

    let after = test.reload(&[("j", job("other:1", &[json!({})]))]).remove(0);
    assert_eq!(test.providers.made.lock().len(), 1, "nor does a source that is the same");
    assert_eq!(addresses(&after), ["found:2", "other:1"], "what it found is there at once");

    let after = test.reload(&[("j", job("other:1", &[]))]).remove(0);
    assert_eq!(addresses(&after), ["other:1"]);
    let stopped = test.providers.made.lock()[0].clone();
    stopped.closed().await;
}

#[tokio::test]
async fn a_job_has_answered_when_every_source_has_told_a_set_be_it_empty() {
    let test = Test::start();
    let answered = |items: &[serde_json::Value]| {
        let jobs = [("j".to_owned(), job("fixed:1", items))];
        let prepared = test.room.prepare(jobs, &*test.providers).unwrap();
        let answered = prepared.has_answered("j").unwrap();
        test.room.commit(prepared);
        answered
    };
    assert!(*answered(&[]).borrow(), "static targets are there at once");
    let mut both = answered(&[json!(1), json!(2)]);
    assert!(!*both.borrow());
    test.providers.say(0, Say::Found(&["x:1"]));
    test.providers.say(1, Say::Failed("connection refused"));
    while test.room.view()[0].sources[1].failures == 0 || test.room.view()[0].targets < 2 {
        tokio::task::yield_now().await;
    }
    assert!(!*both.borrow());
    test.pause(Duration::from_secs(5)).await;
    test.providers.say(1, Say::Found(&[]));
    both.wait_for(|has_answered| *has_answered).await.unwrap();
    assert!(*answered(&[json!(2)]).borrow(), "a source that is kept has answered before");
}

#[tokio::test]
async fn jobs_share_a_source_that_they_name_in_the_same_words() {
    let test = Test::start();
    let jobs = [("a", job("a:1", &[json!(1)])), ("b", job("b:1", &[json!(2), json!(1)]))];
    let mut targets = test.reload(&jobs);
    assert_eq!(test.providers.made.lock().len(), 2);
    test.providers.say(0, Say::Found(&["x:1"]));
    for targets in &mut targets {
        targets.wait_for(|set| set.groups.len() == 2).await.unwrap();
    }
    // The source goes on for the other job when one is gone.
    assert_eq!(test.number("prometheus_sd_received_updates_total"), 1.0, "it told one set");
    let mut b = test.reload(&jobs[1..]).remove(0);
    test.pause(Duration::from_secs(5)).await;
    test.providers.say(0, Say::Found(&["x:1", "x:2"]));
    b.wait_for(|set| set.groups.len() == 3).await.unwrap();
}

#[tokio::test]
async fn a_failure_keeps_the_targets_and_is_seen() {
    let test = Test::start();
    let mut targets = test.reload(&[("j", job("fixed:1", &[json!(1), json!(2)]))]).remove(0);
    let health = || test.room.view()[0].sources.iter().map(SourceView::health).collect::<Vec<_>>();
    assert_eq!(health(), ["waiting", "waiting"]);
    test.providers.say(1, Say::Found(&["x:1", "x:2"]));
    targets.wait_for(|set| set.groups.len() == 3).await.unwrap();
    for _ in 0..2 {
        test.clock.advance(Duration::from_secs(60));
        test.providers.say(1, Say::Failed("connection refused"));
        tokio::task::yield_now().await;
    }
    while test.room.view()[0].sources[1].failures < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(health(), ["waiting", "failing"]);
    let view = test.room.view().remove(0);
    let source = &view.sources[1];
    assert_eq!((source.index, source.targets, source.failures), (1, 2, 2));
    assert_eq!(source.reason, "connection refused");
    assert_eq!(source.succeeded_at, Some(Timestamp::from_millis(1_000)));
    assert!(source.failing_since > source.succeeded_at);
    assert_eq!(addresses(&targets), ["x:1", "x:2", "fixed:1"]);
    assert_eq!(test.number("prometheus_sd_refresh_failures_total"), 2.0);
    assert_eq!(test.number("prometheus_sd_discovered_targets"), 3.0);
    test.reload(&[]);
    assert_eq!(test.number("prometheus_sd_refresh_failures_total"), 0.0);
}

#[tokio::test]
async fn changes_that_keep_coming_are_handed_on_ever_more_rarely() {
    let test = Test::start();
    let mut targets = test.reload(&[("j", job("fixed:1", &[json!(1)]))]).remove(0);
    let told: [&[&str]; 4] = [&["x:1"], &["x:1", "x:2"], &["x:2"], &["x:3"]];
    let mut pauses = Vec::new();
    for (round, addresses) in told.into_iter().enumerate() {
        test.providers.say(0, Say::Found(addresses));
        if round > 0 {
            // The set before was handed on a moment ago: this one waits.
            while test.number("prometheus_sd_received_updates_total") < (round + 1) as f64 {
                tokio::task::yield_now().await;
            }
            assert!(!targets.has_changed().unwrap());
            pauses.push(test.clock.next_due().unwrap().as_millis());
            test.pause(test.clock.next_due().unwrap()).await;
        }
        targets.changed().await.unwrap();
        assert_eq!(targets.borrow_and_update().groups.len(), addresses.len() + 1);
        while test.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(pauses, [100, 200, 400]);
    assert_eq!(test.number("prometheus_sd_updates_delayed_total"), 3.0);
}

#[tokio::test]
async fn a_source_that_ends_by_a_defect_is_seen_and_begun_anew_by_a_reload() {
    let test = Test::start();
    let jobs = [("j", job("fixed:1", &[json!(1), json!(2)])), ("k", job("k:1", &[json!(1)]))];
    let mut targets = test.reload(&jobs).remove(0);
    test.providers.say(0, Say::Found(&["x:1"]));
    targets.wait_for(|set| set.groups.len() == 2).await.unwrap();
    test.providers.say(0, Say::Panic);
    let ended = test.providers.made.lock()[0].clone();
    ended.closed().await;
    while test.room.view()[0].sources[0].health() != "failing" {
        tokio::task::yield_now().await;
    }
    assert!(test.room.view()[0].sources[0].reason.contains("its task has ended"));
    assert_eq!(addresses(&targets), ["x:1", "fixed:1"]);
    let mut after = test.reload(&jobs);
    assert_eq!(
        test.providers.made.lock().len(),
        3,
        "one for both jobs, and none beside the living"
    );
    test.providers.say(2, Say::Found(&["x:2"]));
    for targets in &mut after {
        targets.wait_for(|set| set.groups.len() == 2).await.unwrap();
    }
}

/// Looks at the room while a discoverer is made, as a scrape of the numbers may.
#[derive(Debug, Default)]
struct Looking(Mutex<Option<Discovery>>);

impl Providers for Looking {
    fn discoverer(&self, _: &ProviderConfig) -> Result<Box<dyn Discoverer>, ProviderError> {
        let room = self.0.lock().clone().unwrap();
        let free = room.0.jobs.try_lock().is_some();
        Err(ProviderError { message: format!("free: {free}") })
    }
}

#[tokio::test]
async fn the_room_can_be_looked_at_while_discoverers_are_made() {
    let providers = Looking::default();
    let parts = DiscoveryParts {
        disk: RealDisk::shared(),
        clock: SimulatedClock::at(1_000).clock(),
        metrics: Metrics::new(),
        reload_interval: Duration::from_secs(5),
        whom: "scrape",
    };
    let mut tasks = Tasks::new();
    let room = Discovery::spawn(parts, &mut tasks);
    *providers.0.lock() = Some(room.clone());
    let refused =
        room.prepare([("j".to_owned(), job("a:1", &[json!(1)]))], &providers).unwrap_err();
    assert_eq!(refused.source.message, "free: true");
    *providers.0.lock() = None;
}

#[tokio::test]
async fn a_reload_that_is_refused_counts_nothing() {
    let test = Test::start();
    let good = ("a".to_owned(), job("a:1", &[]));
    drop(test.room.prepare([good.clone()], &*test.providers).unwrap());
    assert_eq!(test.number("prometheus_sd_updates_total"), 0.0);
    test.room.commit(test.room.prepare([good], &*test.providers).unwrap());
    assert_eq!(test.number("prometheus_sd_updates_total"), 1.0);
}

#[tokio::test]
async fn a_refusal_names_job_and_item() {
    let test = Test::start();
    let jobs = [("j".to_owned(), job("a:1", &[json!(1), serde_json::Value::Null]))];
    let error =
        narthex_settings::error_chain(&test.room.prepare(jobs, &*test.providers).unwrap_err());
    assert_eq!(error, "job \"j\": hand_sd_configs[1]: names is missing");
    assert!(test.room.view().is_empty());
}
