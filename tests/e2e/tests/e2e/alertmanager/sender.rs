//! A real Prometheus sends its alerts to the host.

use std::collections::BTreeSet;

use narthex_harness::{FakeTarget, Peer, Request, SECONDS, TempFolder, WebhookReceiver, peer};
use serde_json::{Value, json};

use super::{ask, routing_host};
use crate::prometheus::Prometheus;

const RULES: &str = "
groups:
- name: databases
  rules:
  - alert: DatabaseDown
    expr: database_up == 0
    labels: { severity: page }
    annotations: { summary: '{{ $labels.host }} is down: {{ $value }}' }
";

/// Hosts of which a notification says this.
fn hosts(told: &Value, status: &str) -> BTreeSet<String> {
    let alerts = told["alerts"].as_array().into_iter().flatten();
    let such = alerts.filter(|alert| alert["status"] == status);
    such.map(|alert| alert["labels"]["host"].as_str().unwrap_or("").to_owned()).collect()
}

#[test]
fn alerts_of_a_prometheus_are_told_and_end_with_it() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let (target, receiver) = (FakeTarget::start(), WebhookReceiver::start());
    target
        .serve("database_up{host=\"a\"} 0\ndatabase_up{host=\"b\"} 0\ndatabase_up{host=\"c\"} 1\n");
    let host = routing_host(&format!(
        "route: {{ receiver: team, group_by: [alertname], group_wait: 3s, group_interval: 1s }}\n\
         receivers: [{{ name: team, webhook_configs: [{{ url: '{}' }}] }}]\n",
        receiver.url()
    ));
    let folder = TempFolder::new();
    let rules = folder.write("rules.yml", RULES);
    let config = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 2s, external_labels: {{ zone: z }} }}\n\
         rule_files: ['{}']\n\
         alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{}'] }}] }}] }}\n\
         scrape_configs: [{{ job_name: db, static_configs: [{{ targets: ['{}'] }}] }}]\n",
        rules.display(),
        host.address(),
        target.address()
    );
    let flags = ["--rules.alert.resend-delay=1s", "--web.external-url=http://prometheus.example/"];
    let prometheus = Prometheus::start(&program, &config, &flags);

    let told = |firing: &[&str], over: &[&str]| {
        let set = |hosts: &[&str]| -> BTreeSet<String> {
            hosts.iter().map(|&host| host.to_owned()).collect()
        };
        receiver.wait_for_notification(60 * SECONDS, |it| {
            hosts(it, "firing") == set(firing) && hosts(it, "resolved") == set(over)
        })
    };
    let first = told(&["a", "b"], &[]);
    assert_eq!(first["groupLabels"], json!({ "alertname": "DatabaseDown" }));
    let common = json!({
        "alertname": "DatabaseDown", "instance": target.address().to_string(), "job": "db",
        "severity": "page", "zone": "z",
    });
    assert_eq!(first["commonLabels"], common);
    let alert = &first["alerts"][0];
    assert_eq!(alert["annotations"], json!({ "summary": "a is down: 0" }));
    let url = alert["generatorURL"].as_str().unwrap_or_default();
    assert!(url.starts_with("http://prometheus.example/graph?g0.expr=database_up"), "{url}");
    let (_, known) = ask("GET", &host.url("/api/v2/alerts"), "");
    assert_eq!(known.as_array().map(Vec::len), Some(2), "{known}");

    target.serve("database_up{host=\"a\"} 1\ndatabase_up{host=\"b\"} 0\n");
    let second = told(&["b"], &["a"]);
    assert_eq!(second["status"], "firing");

    // Nobody says that it is over: its own end, which Prometheus moves on as long as it fires, has come.
    drop(prometheus);
    let last = told(&[], &["b"]);
    assert_eq!(last["status"], "resolved");
    assert_eq!(last["alerts"][0]["startsAt"], first["alerts"][1]["startsAt"]);
    let all: Vec<Value> = receiver.requests().iter().map(Request::json).collect();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "nothing is told twice: {all:#?}");
    host.stop();
}
