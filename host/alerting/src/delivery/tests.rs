use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Alert, Labels};
use narthex_platform::{Metrics, SimulatedClock};
use narthex_state::StateStore;

use super::Courier;
use crate::alerts::Acknowledgement;
use crate::config::Config;
use crate::dispatch::{Dispatcher, Flush, QuietReason};
use crate::log::NotificationLog;
use crate::receivers::Receivers;
use crate::silences::{SilenceTerms, Silences};
use crate::testing::{Ending, MINUTE, Recorder, alert, at, config, line};

/// Everything but the loop: the test is the loop.
struct World {
    simulated: SimulatedClock,
    dispatcher: Dispatcher,
    courier: Courier,
    receivers: Receivers,
    recorder: Recorder,
    silences: Silences,
}

impl World {
    fn new(config: Config, store: &StateStore, start: i64) -> Self {
        let simulated = SimulatedClock::at(start);
        let recorder = Recorder::default();
        Self {
            receivers: Receivers::new(&config, &Metrics::new(), None),
            dispatcher: Dispatcher::new(Arc::new(config), at(start)),
            courier: Courier {
                notifiers: Arc::new(recorder.clone()),
                log: NotificationLog::open(store, at(start)).unwrap(),
                clock: simulated.clock(),
                external_url: "http://x".to_owned(),
                template_failures: Metrics::new().counter("failures_total", "", &[]),
                generation: tokio::sync::watch::Sender::new(0),
            },
            simulated,
            recorder,
            silences: Silences::open(store, at(start)).unwrap(),
        }
    }

    fn now(&self) -> i64 {
        self.courier.clock.now_millis()
    }

    fn send(&mut self, alerts: &[Alert]) {
        self.dispatcher.insert(alerts.to_vec(), at(self.now()));
    }

    /// Lets time pass; answers with what was told and when, in minutes.
    async fn run_until(&mut self, end: i64) -> Vec<(i64, String)> {
        let mut told = Vec::new();
        while self.dispatcher.next_due() <= at(end) {
            self.advance_to(self.dispatcher.next_due().millis());
            let now = self.now();
            for mut flush in self.dispatcher.due(at(now)) {
                flush.hush(&self.silences.silencer(at(now)));
                let all_told = self.deliver(&flush).await;
                self.dispatcher.delivered(&flush, all_told, at(self.now()));
                told.extend(self.recorder.take().iter().map(|group| (now / MINUTE, line(group))));
            }
        }
        self.advance_to(end);
        told
    }

    /// The one flush that is due.
    fn due(&mut self, now: i64) -> Flush {
        let mut flush = self.dispatcher.due(at(now)).remove(0);
        flush.hush(&self.silences.silencer(at(now)));
        flush
    }

    fn advance_to(&self, to: i64) {
        self.simulated.advance(Duration::from_millis(u64::try_from(to - self.now()).unwrap_or(0)));
    }

    /// Delivers; whenever an attempt failed, the clock moves on to the next one.
    async fn deliver(&self, flush: &Flush) -> bool {
        let receiver = self.receivers.get(&flush.receiver).unwrap();
        let mut delivery = std::pin::pin!(self.courier.deliver(flush, receiver));
        let mut seen = self.recorder.failures();
        loop {
            tokio::select! {
                biased;
                told = &mut delivery => return told,
                () = tokio::task::yield_now() => {
                    if self.recorder.failures() > seen {
                        seen += 1;
                        self.simulated.advance(self.simulated.next_due().unwrap());
                    }
                }
            }
        }
    }
}

const HOOK: &str = "
route: { receiver: r, group_by: [cluster] }
receivers: [{ name: r, webhook_configs: [{ url: u }] }]
";

fn told(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|(minute, line)| (*minute, (*line).to_owned())).collect()
}

#[tokio::test]
async fn a_day_of_grouping_and_repeating() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    world.send(&[alert(&[("alertname", "A")], 0)]);
    // Half a minute of waiting, then every four hours.
    let day = world.run_until(13 * 60 * MINUTE).await;
    assert_eq!(
        day,
        told(&[(0, "firing: A|"), (240, "firing: A|"), (480, "firing: A|"), (720, "firing: A|")])
    );
    // A second alert is told of at the next tick, with the first.
    world.send(&[alert(&[("alertname", "B")], world.now())]);
    assert_eq!(world.run_until(14 * 60 * MINUTE).await, told(&[(780, "firing: A,B|")]));
    // Its end too, once.
    let mut over = alert(&[("alertname", "B")], 13 * 60 * MINUTE);
    over.ends_at = at(world.now());
    world.send(&[over]);
    assert_eq!(world.run_until(15 * 60 * MINUTE).await, told(&[(840, "firing: A|B")]));
    // The last one ends the group.
    let mut over = alert(&[("alertname", "A")], 0);
    over.ends_at = at(world.now());
    world.send(&[over]);
    assert_eq!(world.run_until(24 * 60 * MINUTE).await, told(&[(900, "resolved: |A")]));
    assert!(world.dispatcher.groups.is_empty());
    assert_eq!(world.dispatcher.alerts.iter().count(), 0);
}

#[tokio::test]
async fn what_ends_before_it_was_told_is_never_told() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    let mut short = alert(&[("alertname", "A")], 0);
    short.ends_at = at(10_000);
    world.send(&[short]);
    assert_eq!(world.run_until(60 * MINUTE).await, []);
    assert!(world.dispatcher.groups.is_empty());
}

#[tokio::test]
async fn without_send_resolved_nobody_hears_of_an_end_but_the_log() {
    let store = StateStore::in_memory().unwrap();
    let text = HOOK.replace("url: u", "url: u, send_resolved: false");
    let mut world = World::new(config(&text), &store, 0);
    world.send(&[alert(&[("alertname", "A")], 0)]);
    assert_eq!(world.run_until(MINUTE).await, told(&[(0, "firing: A|")]));
    let mut over = alert(&[("alertname", "A")], 0);
    over.ends_at = at(world.now());
    world.send(&[over]);
    assert_eq!(world.run_until(20 * MINUTE).await, []);
    // It fires again, and that is news.
    world.send(&[alert(&[("alertname", "A")], world.now())]);
    assert_eq!(world.run_until(30 * MINUTE).await, told(&[(20, "firing: A|")]));
}

#[tokio::test]
async fn a_restart_repeats_nothing_that_was_acknowledged() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    world.send(&[alert(&[("alertname", "A")], 0)]);
    assert_eq!(world.run_until(MINUTE).await.len(), 1);
    drop(world);

    let mut world = World::new(config(HOOK), &store, 2 * MINUTE);
    world.send(&[alert(&[("alertname", "A")], 0)]);
    assert_eq!(world.run_until(240 * MINUTE).await, []);
    assert_eq!(world.run_until(250 * MINUTE).await, told(&[(242, "firing: A|")]));
}

#[tokio::test]
async fn a_crash_before_the_acknowledgement_repeats_the_delivery_with_the_same_key() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    world.recorder.script([Ending::Hangs]);
    world.send(&[alert(&[("alertname", "A")], 0)]);
    world.advance_to(30_000);
    let flush = world.due(30_000);
    let crash = async {
        while world.recorder.count() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = world.deliver(&flush) => unreachable!("the receiver never answers"),
        () = crash => {}
    }
    let first = world.recorder.take();
    drop(world);

    let mut world = World::new(config(HOOK), &store, MINUTE);
    world.send(&[alert(&[("alertname", "A")], 0)]);
    let flush = world.due(MINUTE);
    assert!(world.deliver(&flush).await);
    let second = world.recorder.take();
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first[0].idempotency_key, second[0].idempotency_key);
    world.dispatcher.delivered(&flush, true, at(MINUTE));
    assert_eq!(world.run_until(60 * MINUTE).await, []);
}

#[tokio::test]
async fn failures_are_retried_with_growing_pauses_until_the_next_flush() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    let fails = |seconds| Ending::Fails {
        retryable: true,
        retry_after: (seconds > 0).then(|| Duration::from_secs(seconds)),
    };
    world.recorder.script([fails(0), fails(0), fails(20)]);
    world.send(&[alert(&[("alertname", "A")], 0)]);
    world.advance_to(30_000);
    let flush = world.due(30_000);
    assert!(world.deliver(&flush).await);
    assert_eq!(world.now(), 30_000 + 500 + 750 + 20_000);
    let calls = world.recorder.take();
    let attempts: Vec<u32> = calls.iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4]);
    assert!(calls.iter().all(|call| call.idempotency_key == calls[0].idempotency_key));
}

#[tokio::test]
async fn a_reload_ends_the_tries_of_an_old_receiver() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    let wait = Some(Duration::from_secs(60));
    world.recorder.script([Ending::Fails { retryable: true, retry_after: wait }]);
    world.send(&[alert(&[("alertname", "A")], 0)]);
    world.advance_to(30_000);
    let flush = world.due(30_000);
    let reload = async {
        while world.recorder.failures() == 0 {
            tokio::task::yield_now().await;
        }
        world.courier.generation.send_replace(1);
        std::future::pending::<()>().await;
    };
    let receiver = world.receivers.get("r").unwrap();
    let all_told = tokio::select! {
        all_told = world.courier.deliver(&flush, receiver) => all_told,
        () = reload => unreachable!("it never ends"),
    };
    assert_eq!((all_told, world.now(), world.recorder.count()), (false, 30_000, 1));
}

#[tokio::test]
async fn a_failure_for_good_is_tried_again_at_the_next_interval_only() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    world.recorder.script([Ending::Fails { retryable: false, retry_after: None }]);
    world.send(&[alert(&[("alertname", "A")], 0)]);
    let day = world.run_until(60 * MINUTE).await;
    assert_eq!(day, told(&[(0, "firing: A|"), (5, "firing: A|")]));
    let taken = world.receivers.get("r").unwrap().integrations[0].last();
    assert_eq!((taken.error, taken.note.as_str(), taken.taken_at), (None, "taken", taken.at));

    world.recorder.script([Ending::Fails { retryable: false, retry_after: None }]);
    world.send(&[alert(&[("alertname", "B")], 60 * MINUTE)]);
    world.run_until(61 * MINUTE).await;
    let failed = world.receivers.get("r").unwrap().integrations[0].last();
    assert!(failed.error.is_some() && failed.at > taken.at, "{failed:?}");
    assert_eq!(failed.taken_at, taken.at);
}

#[tokio::test]
async fn a_notification_carries_what_its_alerts_share() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    let a = alert(&[("alertname", "A"), ("cluster", "c"), ("job", "j"), ("instance", "2")], 0);
    let b = alert(&[("alertname", "B"), ("cluster", "c"), ("job", "j"), ("instance", "1")], 0);
    world.send(&[a.clone(), b]);
    world.advance_to(30_000);
    let flush = world.due(30_000);
    assert!(world.deliver(&flush).await);
    let group = world.recorder.take().remove(0);
    assert_eq!(group.group_key, r#"{}:{cluster="c"}"#);
    assert_eq!(group.common_labels.to_string(), r#"{cluster="c", job="j"}"#);
    assert_eq!(group.common_annotations.to_string(), r#"{summary="s"}"#);
    assert_eq!(line(&group), "firing: B,A|", "by job and instance");
    assert_eq!(group.alerts[1].fingerprint, format!("{:016x}", a.fingerprint()));
    assert_eq!((group.attempt, group.truncated_alerts), (1, 0));
}

#[tokio::test]
async fn a_silenced_alert_is_told_of_when_its_silence_is_over() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    let terms = SilenceTerms {
        matchers: crate::parse_matchers("alertname=A").unwrap(),
        starts_at: at(0),
        ends_at: at(12 * MINUTE),
        created_by: "ada".to_owned(),
        comment: String::new(),
        annotations: std::collections::BTreeMap::new(),
        time_intervals: Vec::new(),
    };
    world.silences.set("", terms, at(0)).await.unwrap();
    world.send(&[alert(&[("alertname", "A")], 0), alert(&[("alertname", "B")], 0)]);
    let heard = world.run_until(60 * MINUTE).await;
    assert_eq!(heard, told(&[(0, "firing: B|"), (15, "firing: A,B|")]));
}

#[tokio::test]
async fn nobody_is_reminded_of_what_somebody_cares_for() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOOK), &store, 0);
    world.send(&[alert(&[("alertname", "A")], 0), alert(&[("alertname", "B")], 0)]);
    assert_eq!(world.run_until(60 * MINUTE).await, told(&[(0, "firing: A,B|")]));
    let acknowledge = |world: &mut World, name: &str| {
        let acknowledgement = Arc::new(Acknowledgement {
            created_by: "ada".to_owned(),
            comment: String::new(),
            created_at: at(world.now()),
            ends_at: Some(at(20_000 * MINUTE)),
        });
        let (labels, now) = (Labels::from_pairs([("alertname", name)]), at(world.now()));
        assert!(world.dispatcher.acknowledge(&labels, Some(acknowledgement), now).is_some());
    };
    acknowledge(&mut world, "A");
    let of_b = told(&[(240, "firing: A,B|")]);
    assert_eq!(world.run_until(300 * MINUTE).await, of_b, "nobody cares for B");
    acknowledge(&mut world, "B");
    // For much longer than the log remembers what is over.
    assert_eq!(world.run_until(15_000 * MINUTE).await, []);
    world.send(&[alert(&[("alertname", "C")], world.now())]);
    assert_eq!(world.run_until(15_100 * MINUTE).await, told(&[(15_000, "firing: A,B,C|")]));
    let ended = |name| Alert { ends_at: at(15_100 * MINUTE), ..alert(&[("alertname", name)], 0) };
    world.send(&[ended("C"), ended("B")]);
    assert_eq!(world.run_until(19_999 * MINUTE).await, told(&[(15_100, "firing: A|B,C")]));
    assert_eq!(world.run_until(20_001 * MINUTE).await, told(&[(20_000, "firing: A|")]));
}

/// 00:00 is a Thursday. The route `night` is mute from 00:10 to 00:20, and `day` is active then alone.
const HOURS: &str = "
route:
  receiver: r
  group_by: [alertname]
  routes:
  - { matchers: [on=night], mute_time_intervals: [a_while] }
  - { matchers: [on=day], active_time_intervals: [never, a_while] }
receivers: [{ name: r, webhook_configs: [{ url: u }] }]
time_intervals:
- { name: a_while, time_intervals: [{ times: [{ start_time: '00:10', end_time: '00:20' }] }] }
mute_time_intervals:
- { name: never, time_intervals: [{ years: [1969] }] }
";

#[tokio::test]
async fn routes_tell_at_their_times() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOURS), &store, 0);
    let [night, day] = ["night", "day"].map(|on| alert(&[("alertname", on), ("on", on)], 0));
    world.send(&[night.clone(), day]);
    assert_eq!(world.run_until(4 * MINUTE).await, told(&[(0, "firing: night|")]));
    // What ends while its route is mute is never told to be over.
    world.send(&[Alert { ends_at: at(12 * MINUTE), updated_at: at(4 * MINUTE), ..night }]);
    assert_eq!(world.run_until(60 * MINUTE).await, told(&[(10, "firing: day|")]));
}

#[tokio::test]
async fn what_is_kept_quiet_is_counted_by_its_reason() {
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config(HOURS), &store, 11 * MINUTE);
    world.send(&[alert(&[("alertname", "A"), ("on", "night")], 0)]);
    let flush = world.due(11 * MINUTE);
    assert_eq!((flush.alerts.len(), flush.quiet), (0, vec![(QuietReason::MuteTimeInterval, 1)]));
}

#[tokio::test]
async fn texts_are_expanded_about_the_group_its_route_and_the_reason() {
    let text = "
route: { receiver: r-1.a, routes: [{ matchers: [team=db], labels: { tier: 'of {{ .Receiver }}' } }] }
receivers:
- name: r-1.a
  webhook_configs:
  - { title: '{{ template \"mine\" . }} {{ routeLabels \"tier\" }} {{ .RouteLabels.tier }}', url: u }
  - { title: '{{ .Status | toUpper }} {{ .Nothing.Here }}', url: u }
";
    let files = [(
        "a.tmpl".to_owned(),
        r#"{{ define "mine" }}{{ .NotificationReason }}{{ end }}"#.to_owned(),
    )];
    let config = config(text).with_templates(&files).unwrap();
    let store = StateStore::in_memory().unwrap();
    let mut world = World::new(config, &store, 0);
    world.send(&[alert(&[("alertname", "A"), ("team", "db")], 0)]);
    assert_eq!(world.run_until(MINUTE).await.len(), 2, "what fails is sent all the same");
    let mut titles = world.recorder.titles();
    titles.sort();
    assert!(titles[0].starts_with("<error expanding template: "), "{titles:?}");
    assert_eq!(titles[1], r"first notification of r-1\.a of r-1\.a");
    assert_eq!(world.courier.template_failures.get(), 1);
}
