//! `kill -9` and orderly stops.

use narthex_harness::{FakeTarget, Host, SECONDS};

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
    assert!(count(&host) >= before, "what was seen before the kill is there after it");

    let before = count(&host);
    host.stop_and_restart();
    assert!(count(&host) >= before);
    host.wait_for_query("count_over_time(a[1h])", 20 * SECONDS, |s| {
        s.first().is_some_and(|s| s.value > before)
    });
    host.stop();
}
