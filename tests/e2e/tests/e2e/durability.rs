//! `kill -9` and orderly stops.

use narthex_harness::{FakeTarget, Host, SECONDS, wait_for};

use crate::support::config;

#[test]
fn samples_survive_kill_9() {
    let target = FakeTarget::start();
    target.serve("a 1\n");
    let mut host = Host::with_config(&config(&format!(
        "scrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    )))
    .file("plugins/.keep", "")
    .start();
    let count = |host: &Host| host.query("count_over_time(a[1h])").first().map_or(0.0, |s| s.value);
    host.wait_for_query("count_over_time(a[1h])", 20 * SECONDS, |s| {
        s.first().is_some_and(|s| s.value >= 3.0)
    });
    let before = count(&host);
    host.kill_and_restart();
    host.wait_until_replayed();
    assert!(count(&host) >= before, "what was seen before the kill is there after it");

    let before = count(&host);
    host.stop_and_restart();
    host.wait_until_replayed();
    assert!(count(&host) >= before);
    host.wait_for_query("count_over_time(a[1h])", 20 * SECONDS, |s| {
        s.first().is_some_and(|s| s.value > before)
    });
    host.stop();
}

/// Every answer in between is looked at, whether there are many or none: how long a replay takes is
/// the machine's business.
#[test]
fn a_killed_host_scrapes_and_answers_while_it_replays() {
    let target = FakeTarget::start();
    let lines: String = (0..20_000).map(|n| format!("load{{n=\"{n}\"}} {n}\n")).collect();
    target.serve(&lines);
    let mut host = Host::with_config(&config(&format!(
        "scrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    )))
    .file("plugins/.keep", "")
    .start();
    let samples = "sum(count_over_time(load[1h]))";
    let seen = |host: &Host| host.query(samples).first().map_or(0.0, |series| series.value);
    host.wait_for_query(samples, 60 * SECONDS, |found| {
        found.first().is_some_and(|series| series.value >= 100_000.0)
    });
    let before = seen(&host);
    host.kill_and_restart();
    let asked_before = target.requests().len();
    wait_for("the log is replayed", 60 * SECONDS, || {
        let state = host.json("/api/v1/status/walreplay");
        let answer = host.json("/api/v1/query?query=count(load)");
        let state = state.pointer("/data/state").and_then(|state| state.as_str()).unwrap_or("");
        let warning = answer.pointer("/warnings/0").and_then(|warning| warning.as_str());
        match (state, warning) {
            ("done", _) => Ok(()),
            ("waiting" | "in progress", None) => Err("the replay may have ended in between"),
            ("waiting" | "in progress", Some(warning)) => {
                assert!(warning.starts_with("the log is still being replayed ("), "{warning}");
                Err("it goes on")
            }
            other => panic!("{other:?}"),
        }
    });
    assert!(seen(&host) >= before, "what was seen before the kill is there after it");
    host.wait_for_query(samples, 60 * SECONDS, |found| {
        found.first().is_some_and(|series| series.value > before)
    });
    assert!(target.requests().len() > asked_before, "it was scraped again");
    let answer = host.json("/api/v1/query?query=count(load)");
    assert!(answer.pointer("/warnings").is_none(), "nothing is missing any more: {answer}");
    host.stop();
}
