use std::sync::Arc;
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_platform::queue::{WhenFull, bounded};
use narthex_platform::{Metrics, PointValue, SimulatedClock, Tasks};
use narthex_state::StateStore;

use super::{Alerting, Parts};
use crate::config::Config;
use crate::testing::{Ending, Recorder, alert, batch, config, line};

fn parts(recorder: &Recorder, simulated: &SimulatedClock) -> Parts {
    Parts {
        notifiers: Arc::new(recorder.clone()),
        state: StateStore::in_memory().unwrap(),
        clock: simulated.clock(),
        metrics: Metrics::new(),
        external_url: String::new(),
    }
}

/// Lets the tasks run and moves the clock until `done`.
async fn until(simulated: &SimulatedClock, done: impl Fn() -> bool) {
    for round in 0..200_000 {
        if done() {
            return;
        }
        tokio::task::yield_now().await;
        if round % 200 == 199 {
            simulated.advance(Duration::from_secs(1));
        }
    }
    panic!("it never came to that");
}

#[tokio::test]
async fn an_alert_from_the_queue_reaches_the_receiver_while_another_hangs() {
    let text = "
route:
  receiver: slow
  group_by: [alertname]
  group_wait: 5s
  routes: [{ receiver: quick, matchers: [alertname=B] }]
receivers:
  - { name: slow, webhook_configs: [{ url: a }] }
  - { name: quick, webhook_configs: [{ url: b }] }
";
    let simulated = SimulatedClock::at(1_000);
    let recorder = Recorder::default();
    let alerting = Alerting::new(config(text), parts(&recorder, &simulated)).unwrap();
    let (sender, receiver) = bounded("rules_to_alerting", 4, WhenFull::DropOldest);
    let mut tasks = Tasks::new();
    alerting.spawn(receiver, &mut tasks);

    recorder.script([Ending::Hangs]);
    sender.send(batch(&[alert(&[("alertname", "A")], 1_000)]));
    until(&simulated, || recorder.count() == 1).await;
    sender.send(batch(&[alert(&[("alertname", "B")], 1_000)]));
    until(&simulated, || recorder.count() == 2).await;
    let lines: Vec<String> = recorder.take().iter().map(line).collect();
    assert_eq!(lines, ["firing: A|", "firing: B|"]);

    let sent = || !alerting.groups()[1].is_delivering;
    until(&simulated, sent).await;
    let groups = alerting.groups();
    assert_eq!((groups.len(), groups[0].is_delivering, groups[1].is_delivering), (2, true, false));
    assert_eq!(alerting.alerts()[1].receivers, ["quick"]);
    recorder.script([Ending::Fails { retryable: false, retry_after: None }]);
    // The one that hangs is given up when its group's next notification is due.
    until(&simulated, || alerting.receivers()[0].integrations[0].last.error.is_some()).await;
    let metrics = &alerting.0.metrics;
    let families = metrics.gather();
    let value = |name: &str| {
        let family = families.iter().find(|family| family.name == name).unwrap();
        family.points[0].value.clone()
    };
    assert_eq!(value("alertmanager_alerts"), PointValue::Number(2.0));
    assert_eq!(value("alertmanager_notifications_failed_total"), PointValue::Number(1.0));
}

#[tokio::test]
async fn a_configuration_with_an_unknown_notifier_is_refused() {
    let recorder = Recorder::default();
    let alerting = Alerting::new(Config::default(), parts(&recorder, &SimulatedClock::at(0)));
    let alerting = alerting.unwrap();
    let good = "route: { receiver: r }\nreceivers: [{ name: r, webhook_configs: [{ url: a }] }]";
    let prepared = alerting.prepare(config(good), &recorder).unwrap();
    alerting.commit(prepared);
    assert_eq!(alerting.receivers()[0].integrations[0].plugin, "webhook");
    let error =
        alerting.prepare(config(&good.replace("webhook", "webook")), &recorder).unwrap_err();
    assert!(
        error.to_string().starts_with(
            r#"receiver "r": there is no notifier plugin "webook" for webook_configs"#
        )
    );
}

#[tokio::test]
async fn an_end_by_the_clock_that_one_receiver_has_heard_of_is_no_news_after_a_restart() {
    let text = "
route: { receiver: r, group_wait: 1s, group_interval: 1m }
receivers: [{ name: r, webhook_configs: [{ url: a }, { url: b }] }]
global: { resolve_timeout: 5m }
";
    let simulated = SimulatedClock::at(1_000);
    let recorder = Recorder::default();
    let state = StateStore::in_memory().unwrap();
    let open = || {
        let parts = Parts { state: state.clone(), ..parts(&recorder, &simulated) };
        let alerting = Alerting::new(config(text), parts).unwrap();
        let (_, receiver) = bounded("rules_to_alerting", 4, WhenFull::DropOldest);
        let mut tasks = Tasks::new();
        alerting.spawn(receiver, &mut tasks);
        (alerting, tasks)
    };
    let (alerting, tasks) = open();
    let fires = narthex_model::Alert {
        ends_at: Timestamp::from_millis(121_000),
        is_end_guessed: false,
        ..alert(&[("alertname", "A")], 1_000)
    };
    alerting.submit(batch(&[fires]));
    until(&simulated, || recorder.count() == 2).await;
    recorder.take();
    // One of both takes the end, the other one refuses it for good.
    recorder.script([Ending::Fails { retryable: false, retry_after: None }]);
    until(&simulated, || recorder.count() == 2).await;
    assert!(recorder.take().iter().all(|it| line(it) == "resolved: |A"));
    let failed = || alerting.receivers()[0].integrations.iter().any(|it| it.last.error.is_some());
    until(&simulated, failed).await;
    tasks.run_until(std::future::ready(())).await.unwrap();
    drop(alerting);

    let (_alerting, _tasks) = open();
    until(&simulated, || recorder.count() == 1).await;
    let lines: Vec<String> = recorder.take().iter().map(line).collect();
    assert_eq!(lines, ["resolved: |A"], "to the one that has not heard of it");
}

#[tokio::test]
async fn labels_of_a_route_are_shown_as_they_are_rendered_about_the_group() {
    let text = "
route:
  receiver: r
  group_by: [alertname]
  labels: { plain: x, of: '{{ .GroupLabels.alertname }} for {{ routeLabels \"plain\" }}', bad: '{{ .No.Such }}' }
receivers: [{ name: r, webhook_configs: [{ url: a }] }]
";
    let simulated = SimulatedClock::at(1_000);
    let recorder = Recorder::default();
    let alerting = Alerting::new(config(text), parts(&recorder, &simulated)).unwrap();
    let (sender, receiver) = bounded("rules_to_alerting", 4, WhenFull::DropOldest);
    let mut tasks = Tasks::new();
    alerting.spawn(receiver, &mut tasks);
    sender.send(batch(&[alert(&[("alertname", "A")], 1_000)]));
    until(&simulated, || !alerting.groups().is_empty()).await;
    let labels = alerting.groups().remove(0).route_labels;
    let labels: Vec<(&str, &str)> =
        labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(labels, [("of", "A for x"), ("plain", "x")]);
}
