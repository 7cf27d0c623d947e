//! From a target to a notification.

use narthex_harness::{FakeTarget, Host, SECONDS, WebhookReceiver};
use serde_json::Value;

use crate::support::{config, plugin};

#[test]
fn a_sample_travels_from_the_target_to_the_answer() {
    let target = FakeTarget::start();
    target.serve(
        "# HELP jobs_total Jobs done.\n# TYPE jobs_total counter\n\
         jobs_total{kind=\"a b\"} 3\njobs_total{kind=\"c\"} 4\n",
    );
    let host = Host::with_config(&config(&format!(
        "scrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'], labels: {{ zone: z1 }} }}]\n",
        target.address()
    )))
    .start();
    let found = host.wait_for_query("sum by (zone) (jobs_total)", 15 * SECONDS, |s| s.len() == 1);
    assert_eq!((found[0].label("zone"), found[0].value), ("z1", 7.0));
    host.wait_for_query("up{job='fake'}", 5 * SECONDS, |s| s.len() == 1 && s[0].value == 1.0);
    host.wait_for_query("scrape_samples_scraped", 5 * SECONDS, |s| {
        s.len() == 1 && s[0].value == 2.0
    });

    let metadata = host.json("/api/v1/metadata?metric=jobs_total");
    assert_eq!(metadata["data"]["jobs_total"][0]["help"], "Jobs done.");
    let values = host.json("/api/v1/label/kind/values");
    assert_eq!(values["data"], serde_json::json!(["a b", "c"]));
    let series = host.json("/api/v1/series?match[]=jobs_total{kind=%22c%22}");
    assert_eq!(series["data"][0]["instance"], target.address().to_string());
    let targets = host.json("/api/v1/targets");
    let active = &targets["data"]["activeTargets"][0];
    assert_eq!((&active["health"], &active["scrapePool"]), (&"up".into(), &"fake".into()));
    host.stop();
}

#[test]
fn a_failing_target_is_down_with_its_reason_and_its_series_end() {
    let target = FakeTarget::start();
    target.serve("a 1\n");
    let host = Host::with_config(&config(&format!(
        "scrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    )))
    .expect_log("scrape")
    .start();
    host.wait_for_query("a", 15 * SECONDS, |s| s.len() == 1);
    target.serve("a 1\nthis is no exposition\n");
    host.wait_for_query("up", 15 * SECONDS, |s| s.len() == 1 && s[0].value == 0.0);
    host.wait_for_query("a", 5 * SECONDS, <[_]>::is_empty);
    let targets = host.json("/api/v1/targets");
    let active = &targets["data"]["activeTargets"][0];
    assert_eq!(active["health"], "down");
    let reason = active["lastError"].as_str().unwrap_or_default();
    assert!(reason.contains("line 2"), "the reason names the line: {reason}");
    host.stop();
}

#[test]
fn an_alert_fires_and_arrives_at_a_receiver_and_is_resolved() {
    let receiver = WebhookReceiver::start();
    let target = FakeTarget::start();
    target.serve("temperature{room=\"attic\"} 70\n");
    let rules = "groups:\n- name: g\n  rules:\n  - record: temperature:max\n    expr: max(temperature)\n  \
                 - alert: TooHot\n    expr: temperature > 60\n    for: 1s\n    \
                 labels: { severity: page }\n    \
                 annotations: { summary: '{{ $labels.room }} has {{ $value }} degrees' }\n";
    let host = Host::with_config(&config(&format!(
        "rule_files: [rules.yml]\n\
         scrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'] }}]\n\
         alertmanager:\n  route: {{ receiver: local, group_by: [alertname], group_wait: 1s, group_interval: 1s }}\n  \
         receivers: [{{ name: local, webhook_configs: [{{ url: '{}' }}] }}]\n",
        target.address(),
        receiver.url()
    )))
    .file("rules.yml", rules)
    .copy("plugins/webhook.wasm", &plugin("webhook"))
    .start();

    host.wait_for_query("temperature:max", 20 * SECONDS, |s| s.len() == 1 && s[0].value == 70.0);
    let firing = receiver.wait_for_notification(30 * SECONDS, |n| n["status"] == "firing");
    assert_eq!(firing["version"], "4");
    assert_eq!(firing["receiver"], "local");
    let alert = &firing["alerts"][0];
    assert_eq!(alert["labels"]["alertname"], "TooHot");
    assert_eq!(alert["labels"]["room"], "attic");
    assert_eq!(alert["annotations"]["summary"], "attic has 70 degrees");
    host.wait_for_query("ALERTS{alertstate='firing'}", 5 * SECONDS, |s| s.len() == 1);
    let alerts = host.json("/api/v1/alerts");
    assert_eq!(alerts["data"]["alerts"][0]["state"], "firing");
    let rules: Value = host.json("/api/v1/rules");
    assert_eq!(rules["data"]["groups"][0]["rules"][1]["health"], "ok");

    target.serve("temperature{room=\"attic\"} 20\n");
    let resolved = receiver.wait_for_notification(30 * SECONDS, |n| n["status"] == "resolved");
    assert_eq!(resolved["alerts"][0]["status"], "resolved");
    assert_eq!(resolved["alerts"][0]["fingerprint"], alert["fingerprint"]);
    host.stop();
}

#[test]
fn a_bad_query_is_refused_with_its_position() {
    let host = Host::with_config(&config("")).start();
    let answer = host.get("/api/v1/query?query=sum(up))");
    assert_eq!(answer.status, 400);
    let answer = answer.json();
    assert_eq!((&answer["status"], &answer["errorType"]), (&"error".into(), &"bad_data".into()));
    let message = answer["error"].as_str().unwrap_or_default();
    assert!(message.contains("1:8"), "the message names the position: {message}");
    let many = host.get("/api/v1/query_range?query=up&start=0&end=100000&step=1");
    assert_eq!(many.status, 400);
    host.stop();
}
