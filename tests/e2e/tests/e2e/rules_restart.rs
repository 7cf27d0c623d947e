//! Rules over a `kill -9`: alerts go on where they were, and a hole is filled.

use std::process::Command;
use std::time::{Duration, Instant};

use narthex_harness::{FakeTarget, Host, HostBuilder, SECONDS, http, wait_for, wait_until};
use serde_json::Value;

use crate::support::config;

/// A host that evaluates these rules every second over what a target says.
fn host(target: &FakeTarget, rules: &str) -> Host {
    builder(target, rules).start()
}

fn builder(target: &FakeTarget, rules: &str) -> HostBuilder {
    Host::with_config(&config(&format!(
        "rule_files: [rules.yml]\nscrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    )))
    .file("rules.yml", rules)
    .file("plugins/.keep", "")
}

/// The only alert of this name.
fn alert(host: &Host, name: &str) -> Option<Value> {
    let answer = host.json("/api/v1/alerts");
    let alerts = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
    alerts.into_iter().find(|alert| alert["labels"]["alertname"] == name)
}

#[track_caller]
fn wait_for_alert(host: &Host, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    wait_for(&format!("{name} is as wanted"), 60 * SECONDS, || match alert(host, name) {
        Some(alert) if wanted(&alert) => Ok(alert),
        other => Err(format!("it is {other:?}")),
    })
}

/// A time in milliseconds, of one in seconds.
#[expect(clippy::cast_possible_truncation, reason = "a time is far below 2^53")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// The samples of a series, and their times in milliseconds.
fn samples(host: &Host, series: &str) -> Vec<(i64, f64)> {
    let query = http::encode(&format!("{series}[10m]"));
    let answer = host.json(&format!("/api/v1/query?query={query}"));
    let samples = answer["data"]["result"][0]["values"].as_array().cloned().unwrap_or_default();
    let sample = |sample: &Value| {
        Some((millis(sample[0].as_f64()?), sample[1].as_str()?.parse::<f64>().ok()?))
    };
    samples.iter().filter_map(sample).collect()
}

/// The times of a series' samples, in milliseconds.
fn times(host: &Host, series: &str) -> Vec<i64> {
    samples(host, series).into_iter().map(|(at, _)| at).collect()
}

/// Waits until the series has `more` samples than it has now, and the system has what the host wrote
/// before.
#[track_caller]
fn wait_for_samples(host: &Host, series: &str, more: usize) {
    let before = times(host, series).len();
    wait_until(&format!("{series} goes on"), 60 * SECONDS, || {
        times(host, series).len() >= before + more
    });
}

#[test]
fn alerts_go_on_after_kill_9() {
    let target = FakeTarget::start();
    target.serve("temperature{room=\"attic\"} 70\ntemperature{room=\"cellar\"} 65\n");
    let rules = "groups:\n- name: g\n  rules:\n\
                 \x20 - { alert: Held, expr: 'temperature{room=\"attic\"} > 60', keep_firing_for: 1h,\n\
                 \x20     annotations: { text: 'it has {{ $value }}' } }\n\
                 \x20 - { alert: Hot, expr: 'temperature{room=\"cellar\"} > 60', for: 2s }\n";
    let mut host = host(&target, rules);
    wait_for_alert(&host, "Held", |alert| alert["state"] == "firing");
    let hot = wait_for_alert(&host, "Hot", |alert| alert["state"] == "firing");
    target.serve("temperature{room=\"attic\"} 20\ntemperature{room=\"cellar\"} 65\n");
    let held = wait_for_alert(&host, "Held", |alert| alert["keepFiringSince"].is_string());
    // A write reaches the system within a fifth of a second; by then it has.
    wait_for_samples(&host, "ALERTS{alertname=\"Held\"}", 2);
    let pending = "ALERTS{alertname=\"Hot\",alertstate=\"pending\"}";
    let pended = times(&host, pending).len();

    host.kill_and_restart();
    host.wait_until_replayed();
    let again = wait_for_alert(&host, "Held", |_| true);
    assert_eq!(again, held, "the same in all its parts");
    wait_for_samples(&host, "ALERTS{alertname=\"Hot\",alertstate=\"firing\"}", 2);
    let again = alert(&host, "Hot").expect("it fires");
    assert_eq!((&again["state"], &again["activeAt"]), (&hot["state"], &hot["activeAt"]));
    assert_eq!(times(&host, pending).len(), pended, "it did not wait for its time again");
    host.stop();
}

#[test]
fn an_alert_waits_for_the_slowest_job_before_it_ends() {
    let target = FakeTarget::start();
    target.serve("temperature 70\n");
    let text = config(&format!(
        "rule_files: [rules.yml]\nscrape_configs:\n\
         - job_name: fast\n  static_configs: [{{ targets: ['{0}'] }}]\n\
         - job_name: slow\n  scrape_interval: 1h\n  static_configs: [{{ targets: ['{0}'] }}]\n",
        target.address()
    ));
    let rules =
        "groups: [{ name: g, rules: [{ alert: Hot, expr: 'temperature{job=\"fast\"} > 60' }] }]\n";
    let host = Host::with_config(&text).file("rules.yml", rules).file("plugins/.keep", "");
    let mut host = host.start();
    let firing = "ALERTS{alertname=\"Hot\",alertstate=\"firing\"}";
    wait_for_alert(&host, "Hot", |alert| alert["state"] == "firing");
    wait_for_samples(&host, firing, 2);

    host.kill_and_restart();
    host.wait_until_replayed();
    wait_for_samples(&host, firing, 3);
    target.serve("temperature 20\n");
    host.wait_for_query("temperature{job=\"fast\"} < 60", 60 * SECONDS, |series| series.len() == 1);
    wait_for_samples(&host, firing, 3);
    host.stop();
}

/// What the series of an alert say of its life.
#[derive(Debug)]
struct Life {
    pending: Vec<i64>,
    firing: Vec<i64>,
    /// Since when it is active as its last sample says, in whole seconds.
    active_at: Option<i64>,
}

fn life(host: &Host, alert: &str) -> Life {
    let alerts = |state: &str| {
        times(host, &format!("ALERTS{{alertname=\"{alert}\",alertstate=\"{state}\"}}"))
    };
    let since = samples(host, &format!("ALERTS_FOR_STATE{{alertname=\"{alert}\"}}"));
    let active_at = since.last().map(|(_, since)| millis(*since));
    Life { pending: alerts("pending"), firing: alerts("firing"), active_at }
}

#[test]
fn the_time_of_a_for_is_counted_over_kill_9() {
    let target = FakeTarget::start();
    target.serve("temperature 70\n");
    // Longer than all waits of this test together.
    let rules = "groups:\n\
        - { name: restored, rules: [{ alert: Restored, expr: temperature > 60, for: 1h }] }\n\
        - { name: whole, replay_missed: true, rules: [{ alert: Whole, expr: temperature > 60, for: 1h }] }\n";
    let grace = "--rules.alert.for-grace-period=2s";
    let mut host = builder(&target, rules).flag(grace).start();
    let alerts = ["Restored", "Whole"];
    wait_until("both wait for a while", 60 * SECONDS, || {
        alerts.iter().all(|alert| life(&host, alert).pending.len() >= 4)
    });
    wait_for_samples(&host, "ALERTS_FOR_STATE{alertname=\"Whole\"}", 2);
    let before = alerts.map(|alert| life(&host, alert));

    host.kill_and_restart();
    host.wait_until_replayed();
    for (alert, before) in alerts.iter().zip(&before) {
        // Not before it was read back is it written again since when it is active.
        wait_for_samples(&host, &format!("ALERTS_FOR_STATE{{alertname=\"{alert}\"}}"), 2);
        let after = life(&host, alert);
        // Both count from a time of an evaluation, so that whole seconds tell all.
        let moved = after.active_at.expect("it waits") - before.active_at.expect("it waited");
        let hole = longest_step(&after.pending);
        assert!(after.firing.is_empty(), "its time is not over: {after:?}");
        if *alert == "Whole" {
            assert_eq!((moved, hole), (0, 1000), "the outage counts: {after:?}");
        } else {
            // It is written again after the evaluation that reads it back. One that began anew would have
            // moved by the time that it waited as well.
            assert!(moved > 0 && moved < hole, "the outage alone does not: {moved}, {after:?}");
        }
    }
    host.stop();
}

/// Stops the process, waits until three evaluations were missed, and answers how to go on.
fn pause(host: &mut Host) -> impl FnOnce() {
    let id = host.process().id().to_string();
    let signal = |name: &str, id: &str| {
        let status = Command::new("kill").args([name, id]).status().expect("kill runs");
        assert!(status.success());
    };
    signal("-STOP", &id);
    let stopped = Instant::now();
    wait_until("three evaluations were missed", 60 * SECONDS, || {
        stopped.elapsed() > Duration::from_secs(4)
    });
    move || signal("-CONT", &id)
}

const TWO_GROUPS: &str = "groups:\n\
    - { name: whole, replay_missed: true, rules: [{ record: whole, expr: temperature + 1 },\n\
    \x20   { record: whole:alerts, expr: 'count(ALERTS)' }, { alert: Hot, expr: temperature > 60 }] }\n\
    - { name: holes, rules: [{ record: holes, expr: temperature + 1 }] }\n";

fn longest_step(times: &[i64]) -> i64 {
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
}

#[track_caller]
fn check_holes(host: &Host) {
    for series in ["whole", "whole:alerts", "ALERTS{alertname=\"Hot\"}"] {
        let times = times(host, series);
        assert_eq!(longest_step(&times), 1000, "{series} has no hole: {times:?}");
    }
    let holes = times(host, "holes");
    assert!(longest_step(&holes) >= 3000, "there was one to fill: {holes:?}");
}

fn replayed(host: &Host) -> f64 {
    let metrics = host.get("/metrics").text();
    let line = metrics.lines().find(|line| {
        line.starts_with("narthex_rule_group_iterations_replayed_total") && line.contains(";whole")
    });
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

#[test]
fn missed_evaluations_are_made_up_for_after_a_pause_and_after_kill_9() {
    let target = FakeTarget::start();
    target.serve("temperature 70\n");
    let mut host = host(&target, TWO_GROUPS);
    host.wait_for_query("whole:alerts", 60 * SECONDS, |series| series.len() == 1);
    wait_for_samples(&host, "holes", 2);
    let go_on = pause(&mut host);
    go_on();
    wait_for_samples(&host, "holes", 2);
    check_holes(&host);
    assert!(replayed(&host) >= 2.0);

    drop(pause(&mut host));
    host.kill_and_restart();
    host.wait_until_replayed();
    wait_for_samples(&host, "holes", 2);
    check_holes(&host);
    assert!(replayed(&host) >= 2.0, "the counter began anew");
    host.stop();
}
