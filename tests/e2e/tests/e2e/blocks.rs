//! Blocks: made by promtool, compacted and cleaned by us, read by Prometheus.

use std::path::Path;
use std::process::Command;

use narthex_harness::{
    Host, Peer, Process, SECONDS, TempFolder, free_port, http, peer, wait_until,
};
use serde_json::Value;

use crate::support::config;

const HOUR: i64 = 3600;
/// A multiple of six hours.
const BEGIN: i64 = 1_700_006_400;

/// Samples of three series of each job, as `promtool tsdb create-blocks-from openmetrics` takes them.
fn open_metrics(hours: (i64, i64), step: usize, phase: i64, jobs: &[&str]) -> (String, usize) {
    let mut text = "# TYPE m gauge\n".to_owned();
    let mut samples = 0;
    for job in jobs {
        for instance in 0..3 {
            for at in (hours.0 * HOUR + phase..hours.1 * HOUR).step_by(step) {
                let value = at % 977 + instance;
                let at = BEGIN + at;
                text.push_str(&format!(
                    "m{{job=\"{job}\",instance=\"{instance}\"}} {value} {at}\n"
                ));
                samples += 1;
            }
        }
    }
    text.push_str("# EOF\n");
    (text, samples)
}

/// What `/api/v1/status/tsdb/blocks` says.
fn blocks(host: &Host) -> Vec<Value> {
    let answer = host.json("/api/v1/status/tsdb/blocks");
    let mut blocks = answer["data"]["blocks"].as_array().cloned().unwrap_or_default();
    blocks.sort_by_key(|block| block["minTime"].as_i64());
    blocks
}

fn samples(blocks: &[Value]) -> u64 {
    blocks.iter().filter_map(|block| block["stats"]["numSamples"].as_u64()).sum()
}

fn overlap(blocks: &[Value]) -> bool {
    blocks.windows(2).any(|pair| pair[1]["minTime"].as_i64() < pair[0]["maxTime"].as_i64())
}

fn admin(host: &Host, what: &str) -> http::Response {
    http::post(&host.url(&format!("/api/v1/admin/tsdb/{what}")), "text/plain", b"")
}

/// The answers to a list of queries over all the time, series in order.
fn answers(base: &str) -> Vec<(&'static str, Vec<String>)> {
    let queries = ["m", "count_over_time(m[13h])", "max_over_time(m[1h]) > 900"];
    let answer = |query| {
        let (start, end) = (BEGIN, BEGIN + 13 * HOUR);
        let encoded = http::encode(query);
        let url =
            format!("{base}/api/v1/query_range?query={encoded}&start={start}&end={end}&step=45");
        let json = http::get(&url).expect_success().json();
        let result = json["data"]["result"].as_array().cloned().unwrap_or_default();
        let mut series: Vec<String> = result.iter().map(Value::to_string).collect();
        series.sort();
        assert!(!series.is_empty(), "{query} answers something");
        (query, series)
    };
    queries.into_iter().map(answer).collect()
}

fn prometheus_answers(prometheus: &Path, data: &Path) -> Vec<(&'static str, Vec<String>)> {
    let folder = TempFolder::new();
    let file = folder.write("prometheus.yml", "global: { scrape_interval: 1h }\n");
    let port = free_port();
    let _peer = Process::spawn(
        Command::new(prometheus)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address=127.0.0.1:{port}")),
    );
    let base = format!("http://127.0.0.1:{port}");
    wait_until("Prometheus is ready", 60 * SECONDS, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
            && http::get(&format!("{base}/-/ready")).status == 200
    });
    answers(&base)
}

#[test]
fn blocks_of_promtool_are_compacted_and_prometheus_answers_the_same() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let Some(prometheus) = peer(Peer::Prometheus) else { return };
    let host = Host::with_config(&config(""))
        .file("plugins/.keep", "")
        .flag("--storage.tsdb.block-reload-interval=1s")
        .flag("--storage.tsdb.retention.time=100y")
        .flag("--web.enable-admin-api")
        .start();
    let data = host.folder().path().join("data");
    let parts = [
        open_metrics((0, 6), 15, 0, &["a", "b"]),
        open_metrics((3, 9), 20, 5, &["b", "c"]),
        open_metrics((9, 13), 15, 0, &["a", "c"]),
    ];
    // Of the times of `b` that both have every fourth of the first is one of the second.
    let twice = 3 * 3 * HOUR / 60;
    let expected: usize = parts.iter().map(|(_, samples)| samples).sum();
    let expected = expected as u64 - twice.unsigned_abs();
    for (text, _) in &parts {
        let file = host.folder().write("samples.om", text);
        let status = Command::new(&promtool)
            .args(["tsdb", "create-blocks-from", "openmetrics", "-q"])
            .args([&file, &data])
            .status()
            .expect("promtool starts");
        assert!(status.success(), "promtool makes blocks");
    }
    wait_until("blocks became one where they overlap", 60 * SECONDS, || {
        let blocks = blocks(&host);
        let is_compacted =
            blocks.iter().any(|block| block["compaction"]["level"].as_u64() > Some(1));
        is_compacted && !overlap(&blocks) && samples(&blocks) == expected
    });
    let ours = answers(&host.url(""));

    let snapshot = admin(&host, "snapshot").expect_success().json();
    let snapshot = data.join("snapshots").join(snapshot["data"]["name"].as_str().expect("a name"));
    let list = Command::new(&promtool).args(["tsdb", "list"]).arg(&snapshot).output();
    let list = String::from_utf8_lossy(&list.expect("promtool starts").stdout).into_owned();
    for block in blocks(&host) {
        let name = block["ulid"].as_str().expect("a name");
        assert!(list.contains(name), "{name} is not in\n{list}");
    }
    assert_eq!(prometheus_answers(&prometheus, &snapshot), ours);

    let matcher = http::encode("{job=\"c\"}");
    let deleted = admin(&host, &format!("delete_series?match[]={matcher}"));
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    assert!(host.query("last_over_time(m{job='c'}[10y])").is_empty());
    assert_eq!(admin(&host, "clean_tombstones").status, 204);
    assert!(blocks(&host).iter().all(|block| block["stats"]["numTombstones"].is_null()));
    assert!(samples(&blocks(&host)) < expected);
    host.stop();
}

#[test]
fn the_admin_api_is_off_unless_it_is_switched_on() {
    let host = Host::with_config(&config("")).file("plugins/.keep", "").start();
    for what in ["snapshot", "clean_tombstones", "delete_series?match[]=a"] {
        let refused = admin(&host, what);
        assert_eq!(refused.status, 500, "{what}");
        assert!(refused.text().contains("admin APIs disabled"), "{}", refused.text());
    }
    host.stop();
}

#[test]
fn retention_changes_with_a_reload() {
    let rules = "retention_rules:\n- { match: '{job=\"debug\"}', time: 2d }\n";
    let host = Host::with_config(&config(""))
        .file("plugins/.keep", "")
        .flag("--web.enable-lifecycle")
        .expect_log("reload")
        .start();
    let retention = || host.json("/api/v1/status/runtimeinfo")["data"]["storageRetention"].clone();
    assert_eq!(retention(), "15d");
    let changed = "storage: { tsdb: { retention: { time: 30d, size: 1GB } } }\n";
    assert_eq!(host.reload_with(&config(&format!("{changed}{rules}"))).status, 200);
    assert_eq!(retention(), "30d or 1GiB");
    let refused = host.reload_with(&config("storage: { tsdb: { retention: { time: 30 } } }\n"));
    assert_eq!(refused.status, 500);
    assert!(refused.text().contains("storage.tsdb.retention.time"), "{}", refused.text());
    assert_eq!(retention(), "30d or 1GiB");
    host.stop();
}
