//! Real exporters, scraped by a Prometheus and by us: the same series, of the same types.

use std::collections::BTreeSet;
use std::process::Command;

use narthex_harness::{
    Peer, Process, SECONDS, TempFolder, free_port, http, peer, python_client, wait_for,
};
use serde_json::Value;

use crate::prometheus::{Both, IDLE, Prometheus};

/// Metrics of every type, with what must be escaped in them.
const PYTHON: &str = r#"
import sys, threading
from prometheus_client import Counter, Enum, Gauge, Histogram, Info, Summary, start_http_server

requests = Counter('own_requests', 'Requests, with a "word", a \\ and a\nline.', ['path'])
requests.labels('/a "b"\\c\nd').inc(3, exemplar={'trace_id': 'abc'})
requests.labels('').inc(0.5)
Gauge('own_not_a_number', 'None.').set(float('nan'))
Gauge('own_infinite', 'Much.').set(float('-inf'))
Gauge('own_temperature_celsius', 'With a unit.', unit='celsius').set(-1.5e-9)
latency = Histogram('own_latency', 'In buckets.', ['path'], buckets=(0.1, 1, 10))
latency.labels('é').observe(0.5, {'trace_id': 'def'})
latency.labels('é').observe(50)
Summary('own_sizes', 'Count and sum.').observe(7)
Info('own_build', 'Texts.').info({'version': '1.2', 'branch': 'main'})
Enum('own_state', 'One of some.', states=['starting', 'running']).state('running')
start_http_server(int(sys.argv[1]), addr='127.0.0.1')
threading.Event().wait()
"#;

/// Labels of each series, and values where they are to stand still.
fn shown(series: &[Value], with_value: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let one = |series: &Value| {
        let labels = &series["metric"];
        let is_still = with_value(labels["__name__"].as_str().unwrap_or_default());
        if is_still { format!("{labels} {}", series["value"][1]) } else { labels.to_string() }
    };
    series.iter().map(one).collect()
}

/// The lines that only one of both has.
fn difference(ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Vec<String> {
    let more = ours.difference(theirs).map(|line| format!("ours: {line}"));
    more.chain(theirs.difference(ours).map(|line| format!("theirs: {line}"))).collect()
}

/// What is known of families, a line for each.
fn families(answer: &Value) -> BTreeSet<String> {
    let families = answer["data"].as_object().cloned().unwrap_or_default();
    families.iter().map(|(name, known)| format!("{name}: {known}")).collect()
}

/// Waits until both have the same of a target that has this series, as series come and go while a program runs.
#[track_caller]
fn check(
    address: &str,
    has: &str,
    series_min: usize,
    with_value: &dyn Fn(&str) -> bool,
) -> Option<Both> {
    let program = peer(Peer::Prometheus)?;
    let job = format!("- job_name: peer\n  static_configs: [{{ targets: ['{address}'] }}]\n");
    let both = Both::start(&program, &job, &["--enable-feature=exemplar-storage"]);
    wait_for("both have the same series of it", 60 * SECONDS, || {
        let [ours, theirs] = both.vectors("{job='peer'}").map(|all| shown(&all, with_value));
        let difference = difference(&ours, &theirs);
        let is_there = ours.iter().any(|series| series.contains(has)) && ours.len() >= series_min;
        if is_there && difference.is_empty() {
            Ok(())
        } else {
            Err(format!("{} of ours; {difference:#?}", ours.len()))
        }
    });
    let [ours, theirs] = both.json("/api/v1/metadata").map(|answer| families(&answer));
    let difference = difference(&ours, &theirs);
    assert!(difference.is_empty() && ours.len() > 5, "{difference:#?}");
    Some(both)
}

#[test]
fn node_exporter_has_the_same_series_for_us() {
    let Some(exporter) = peer(Peer::NodeExporter) else { return };
    let address = format!("127.0.0.1:{}", free_port());
    let _peer =
        Process::spawn(Command::new(exporter).arg(format!("--web.listen-address={address}")));
    let is_still = |name: &str| {
        matches!(name, "node_boot_time_seconds" | "node_uname_info" | "node_memory_MemTotal_bytes")
    };
    check(&address, "node_boot_time_seconds", 200, &is_still);
}

#[test]
fn a_prometheus_has_the_same_series_for_us() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let scraped = Prometheus::start(&program, IDLE, &[]);
    let is_still =
        |name: &str| matches!(name, "prometheus_build_info" | "process_start_time_seconds");
    check(&scraped.address(), "prometheus_build_info", 300, &is_still);
}

#[test]
fn an_exporter_in_python_has_the_same_series_and_exemplars_for_us() {
    let Some(mut python) = python_client() else { return };
    let folder = TempFolder::new();
    let (script, port) = (folder.write("exporter.py", PYTHON), free_port());
    let _peer = Process::spawn(python.arg(script).arg(port.to_string()));
    let address = format!("127.0.0.1:{port}");
    let Some(both) = check(&address, "own_state", 40, &|name| name.starts_with("own_")) else {
        return;
    };
    let exemplars = "/api/v1/query_exemplars?start=0&end=9999999999&query=";
    for query in ["own_requests_total", "own_latency_bucket"] {
        let found = both.json(&format!("{exemplars}{}", http::encode(query)));
        let [ours, theirs] = found.map(|answer| answer["data"].clone());
        assert_eq!(ours, theirs, "{query}");
        assert!(ours[0]["exemplars"][0]["labels"]["trace_id"].is_string(), "{query}: {ours}");
    }
}
