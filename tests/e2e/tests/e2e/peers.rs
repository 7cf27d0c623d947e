//! Beside Debian's Prometheus, promtool and dnsmasq.

use std::io::Write;
use std::process::{Command, Stdio};

use narthex_harness::{
    FakeTarget, Host, Peer, Process, SECONDS, TempFolder, free_port, http, peer, wait_until,
};
use serde_json::Value;

use crate::support::{config, plugin};

/// Names that promtool's lint dislikes and that are Prometheus' own, so that dashboards find them.
const NAMED_BY_PROMETHEUS: [&str; 5] = [
    "prometheus_engine_query_duration_histogram_seconds metric name should not include type 'histogram'",
    "prometheus_rule_evaluation_duration_histogram_seconds metric name should not include type 'histogram'",
    "prometheus_rule_group_duration_histogram_seconds metric name should not include type 'histogram'",
    "prometheus_target_interval_length_histogram_seconds metric name should not include type 'histogram'",
    "prometheus_target_sync_length_histogram_seconds metric name should not include type 'histogram'",
];

#[test]
fn promtool_finds_no_fault_in_our_own_metrics() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let host = Host::with_config(&config(
        "scrape_configs:\n- job_name: node\n  exporter: { plugin: node }\n  \
         static_configs: [{ targets: [localhost] }]\n",
    ))
    .copy("plugins/node.wasm", &plugin("node"))
    .start();
    host.wait_for_query("up", 30 * SECONDS, |s| s.len() == 1);
    let metrics = host.get("/metrics").text();
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts");
    check.stdin.take().expect("piped").write_all(metrics.as_bytes()).expect("promtool reads");
    let output = check.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stderr);
    let faults: Vec<&str> =
        said.lines().filter(|line| !NAMED_BY_PROMETHEUS.contains(line)).collect();
    assert!(faults.iter().all(|line| line.is_empty()), "{faults:#?}\n{metrics}");
    assert!(metrics.contains("prometheus_tsdb_head_series"), "there was something to judge");
    host.stop();
}

#[test]
fn prometheus_and_we_answer_the_same_of_the_same_target() {
    let Some(prometheus) = peer(Peer::Prometheus) else { return };
    let target = FakeTarget::start();
    target.serve(
        "# TYPE requests_total counter\n\
         requests_total{code=\"200\",path=\"/\"} 100\nrequests_total{code=\"500\",path=\"/\"} 7\n\
         # TYPE temp gauge\ntemp{room=\"a\"} 1.5\ntemp{room=\"b\"} -3\ntemp{room=\"c\"} NaN\n\
         # TYPE latency histogram\nlatency_bucket{le=\"0.1\"} 3\nlatency_bucket{le=\"1\"} 8\n\
         latency_bucket{le=\"+Inf\"} 10\nlatency_sum 6.5\nlatency_count 10\n",
    );
    let jobs = format!(
        "scrape_configs:\n- job_name: fake\n  static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    );
    let folder = TempFolder::new();
    let file = folder.write(
        "prometheus.yml",
        format!("global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n{jobs}"),
    );
    let port = free_port();
    let _peer = Process::spawn(
        Command::new(prometheus)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}")),
    );
    let host = Host::with_config(&config(&jobs)).file("plugins/.keep", "").start();
    let peer_url =
        |query: &str| format!("http://127.0.0.1:{port}/api/v1/query?query={}", http::encode(query));
    wait_until("Prometheus has scraped", 60 * SECONDS, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
            && http::get(&peer_url("temp")).text().contains("room")
    });
    host.wait_for_query("temp", 20 * SECONDS, |s| s.len() == 3);
    for query in [
        "requests_total",
        "sum by (code) (requests_total)",
        "sum(requests_total{code='500'}) / sum(requests_total)",
        "temp * 2 > 0",
        "temp",
        "histogram_quantile(0.9, latency_bucket)",
        "latency_sum / latency_count",
        "topk(1, requests_total)",
        "label_replace(temp, 'floor', 'f-$1', 'room', '(.*)')",
        "requests_total and on(path) (requests_total > 50)",
        "count_values('v', temp)",
        "-temp ^ 2",
        "absent(nosuch{a='b'})",
        "max_over_time(temp[1h])",
        "latency_bucket{le='1.0'}",
        "up",
        "scrape_samples_scraped",
    ] {
        let ours = vector(&host.json(&format!("/api/v1/query?query={}", http::encode(query))));
        let theirs = vector(&http::get(&peer_url(query)).expect_success().json());
        assert_eq!(ours, theirs, "{query}");
    }
    host.stop();
}

/// Labels and value of each series, sorted; times differ between the two.
fn vector(answer: &Value) -> Vec<(String, String)> {
    let result = answer["data"]["result"].as_array().cloned().unwrap_or_default();
    let mut series: Vec<(String, String)> =
        result.iter().map(|s| (s["metric"].to_string(), s["value"][1].to_string())).collect();
    series.sort();
    series
}

#[test]
fn targets_are_found_by_dns() {
    let Some(dnsmasq) = peer(Peer::Dnsmasq) else { return };
    let target = FakeTarget::start();
    target.serve("found_by_dns 1\n");
    let (target_host, target_port) = ("127.0.0.1", target.address().port());
    let port = free_port();
    let _dns = Process::spawn(Command::new(dnsmasq).args([
        "--no-daemon",
        "--no-resolv",
        "--no-hosts",
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        "--user=root",
        &format!("--port={port}"),
        &format!("--srv-host=_web._tcp.example.test,one.example.test,{target_port}"),
        &format!("--address=/one.example.test/{target_host}"),
    ]));
    let host = Host::with_config(
        &config(&format!(
            "scrape_configs:\n- job_name: dns\n  dns_sd_configs:\n  - names: [_web._tcp.example.test]\n    \
             refresh_interval: 1s\n  relabel_configs:\n  - source_labels: [__meta_dns_srv_record_port]\n    \
             replacement: '{target_host}:$1'\n    target_label: __address__\n  \
             - source_labels: [__meta_dns_name]\n    target_label: dns_name\n"
        ))
        .replace("dir: plugins", &format!("dir: plugins, dns_servers: ['127.0.0.1:{port}']")),
    )
    .copy("plugins/dns.wasm", &plugin("dns"))
    .expect_log("dns")
    .start();
    let found = host.wait_for_query("found_by_dns", 30 * SECONDS, |s| s.len() == 1);
    assert_eq!(found[0].label("dns_name"), "_web._tcp.example.test");
    host.stop();
}
