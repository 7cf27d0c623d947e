//! The host's own metrics beside those of a Prometheus: dashboards and alerts written for one find what they look for.

use std::collections::BTreeMap;

use narthex_harness::{
    FakeTarget, Host, Peer, SECONDS, TempFolder, WebhookReceiver, http, peer, wait_until,
};

use crate::prometheus::Prometheus;

/// What a Prometheus has and the host has not, by the beginnings of names, and why.
const MISSING: &[(&[&str], &str)] = &[
    (&["go_"], "there is no Go runtime"),
    (&["net_conntrack_"], "connections are not counted by their job"),
    (&["promhttp_"], "/metrics is counted as every path: prometheus_http_*"),
    (
        &["prometheus_api_notification_updates_"],
        "who follows notifications is counted, not what it was told",
    ),
    (&["prometheus_remote_"], "remote_write and remote_read are refused"),
    (
        &[
            "prometheus_sd_dns_",
            "prometheus_sd_http_",
            "prometheus_sd_kubernetes_",
            "prometheus_sd_linode_",
            "prometheus_treecache_",
        ],
        "discovery is done by plugins: narthex_plugin_calls_total",
    ),
    (&["prometheus_sd_file_scan_duration_seconds"], "files are watched and not scanned"),
    (
        &[
            "prometheus_target_scrape_pool_symboltable_items",
            "prometheus_tsdb_symbol_table_size_bytes",
            "prometheus_tsdb_isolation_",
            "prometheus_tsdb_head_active_appenders",
            "prometheus_tsdb_compaction_chunk_",
            "prometheus_tsdb_compaction_populating_block",
            "prometheus_tsdb_compactions_skipped_total",
            "prometheus_tsdb_checkpoint_deletions_",
            "prometheus_tsdb_head_chunks_storage_size_bytes",
            "prometheus_tsdb_head_series_not_found_total",
            "prometheus_tsdb_head_truncations_failed_total",
            "prometheus_tsdb_mmap_chunk_corruptions_total",
            "prometheus_tsdb_snapshot_replay_error_total",
            "prometheus_tsdb_clean_start",
            "prometheus_tsdb_wal_completed_pages_total",
            "prometheus_tsdb_wal_page_flushes_total",
            "prometheus_tsdb_wal_record_",
            "prometheus_tsdb_wal_segment_current",
            "prometheus_tsdb_wal_truncations_",
        ],
        "the store is built otherwise and has no such part",
    ),
];

const RULES: &str = "
groups:
- name: g
  rules:
  - { alert: Up, expr: up == 1, annotations: { summary: '{{ $labels.job }} is up' } }
";

/// The kind of each family.
fn families(server: &str) -> BTreeMap<String, String> {
    let metrics = http::send("GET", &format!("{server}/metrics"), &[], b"").expect("it answers");
    let text = metrics.text();
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    kinds
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| (name.into(), kind.into()))
        .collect()
}

#[test]
fn metrics_of_a_prometheus_are_there_or_have_a_reason() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let target = FakeTarget::start();
    let alerts = WebhookReceiver::start();
    let folder = TempFolder::new();
    let rules = folder.write("rules.yml", RULES);
    let configuration = format!(
        "
global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}
rule_files: ['{}']
alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{}'] }}] }}] }}
scrape_configs: [{{ job_name: app, static_configs: [{{ targets: ['{}'] }}] }}]
",
        rules.display(),
        alerts.address(),
        target.address()
    );
    let theirs = Prometheus::start(&program, &configuration, &[]);
    let ours = Host::with_config(&format!("plugins: {{ dir: plugins }}\n{configuration}"))
        .file("plugins/.keep", "")
        .start();
    let servers = [format!("http://{}", theirs.address()), ours.url("")];
    for server in &servers {
        wait_until("an alert fires", 60 * SECONDS, || {
            let alerts = format!("{server}/api/v1/query?query=ALERTS");
            let asked = http::send("GET", &alerts, &[], b"");
            asked.is_ok_and(|answer| answer.text().contains("\"app\""))
        });
    }
    let [theirs, ours_has] = servers.each_ref().map(|server| families(server));
    let mut reasons = MISSING.to_vec();
    let mut wrong = Vec::new();
    let mut met = Vec::new();
    for (name, kind) in &theirs {
        let reason =
            reasons.iter_mut().find(|(names, _)| names.iter().any(|it| name.starts_with(it)));
        match (ours_has.get(name), reason) {
            (Some(ours), None) if ours == kind => {}
            (None, Some((_, reason))) => met.push(*reason),
            (found, reason) => {
                wrong.push(format!("{name}: {kind} there, {found:?} here, {reason:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    for (_, reason) in MISSING {
        assert!(met.contains(reason), "this explains nothing: {reason}");
    }
    ours.stop();
}

#[test]
fn requests_are_counted_by_their_handlers() {
    let host = Host::with_config("plugins: { dir: plugins }\n").file("plugins/.keep", "").start();
    let ask = |path: &str| http::send("GET", &host.url(path), &[], b"").expect("it answers");
    ask("/api/v1/label/job/values").expect_success();
    ask("/api/v1/query?query=1%2B1").expect_success();
    assert_eq!(ask("/api/v1/query?query=no%20query").status, 400);
    ask("/federate?match[]=up").expect_success();
    let shown = ask("/metrics").text();
    for line in [
        "prometheus_http_requests_total{code=\"200\",handler=\"/api/v1/label/:name/values\"} 1",
        "prometheus_http_requests_total{code=\"400\",handler=\"/api/v1/query\"} 1",
        "prometheus_http_request_duration_seconds_count{handler=\"/api/v1/query\"} 2",
        "prometheus_http_response_size_bytes_count{handler=\"/federate\"} 1",
        "prometheus_ready 1",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line}\n{shown}");
    }
    // An answer of a query has some bytes, and is not of a kilobyte.
    let small =
        "prometheus_http_response_size_bytes_bucket{handler=\"/api/v1/query\",le=\"1000\"} 2";
    let none = "prometheus_http_response_size_bytes_sum{handler=\"/api/v1/query\"} 0";
    assert!(shown.contains(small) && !shown.contains(none), "{shown}");
    host.stop();
}
