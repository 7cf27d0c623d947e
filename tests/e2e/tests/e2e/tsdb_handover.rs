//! From our folder to Prometheus: what was scraped is there after `flush`, and in the copies that
//! `export` makes.

use std::path::Path;
use std::process::Command;

use narthex_harness::{
    FakeTarget, Host, Peer, Process, SECONDS, binary, free_port, http, peer, wait_until,
};
use serde_json::Value as Json;

use crate::support::config;
use crate::tsdb_commands::run;

const QUERIES: [&str; 5] = [
    "answer[5m]",
    "up[5m]",
    "count_over_time(requests_total[5m])",
    "rate(requests_total{code='200'}[10s])",
    "{__name__=~'scrape_.*',__name__!~'.*seconds'}[5m]",
];

/// A target and the section that scrapes it ten times a second.
fn target() -> (FakeTarget, String) {
    let target = FakeTarget::start();
    target.serve(
        "# TYPE requests counter\nrequests_total{code=\"200\"} 7\nrequests_total{code=\"404\"} 1\n\
         # TYPE answer gauge\nanswer 42.5\n",
    );
    let jobs = format!(
        "scrape_configs:\n- job_name: fake\n  scrape_interval: 100ms\n  scrape_timeout: 100ms\n  \
         static_configs: [{{ targets: ['{}'] }}]\n",
        target.address()
    );
    (target, jobs)
}

/// What a server answers at a time, series in the order of their labels.
#[track_caller]
fn ask(base: &str, query: &str, at: f64) -> Vec<Json> {
    let url = format!("{base}/api/v1/query?query={}&time={at}", http::encode(query));
    let answer = http::get(&url).expect_success().json();
    let mut series = answer["data"]["result"].as_array().cloned().expect("series");
    series.sort_by_key(|series| series["metric"].to_string());
    series
}

#[test]
fn prometheus_answers_the_same_on_a_folder_after_flush() {
    let Some(prometheus) = peer(Peer::Prometheus) else { return };
    let (_target, jobs) = target();
    let mut host = Host::with_config(&config(&jobs)).start();
    host.wait_for_query("count_over_time(answer[1m]) > 10", 30 * SECONDS, |s| s.len() == 1);
    // Nothing comes at or before the newest sample any more.
    let at = host.query("timestamp(answer)")[0].value;
    let base = host.url("");
    let wanted: Vec<_> = QUERIES.iter().map(|query| ask(&base, query, at)).collect();
    assert!(wanted.iter().all(|series| !series.is_empty()), "{wanted:?}");
    let status = host.process().terminate(30 * SECONDS);
    assert!(status.success(), "{status}");

    let path = host.folder().path();
    run(&binary(), path, &["tsdb", "flush", "data"]);
    host.folder().write("prometheus.yml", "");
    let port = free_port();
    let server = Process::spawn(
        Command::new(prometheus)
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(path),
    );
    let base = format!("http://127.0.0.1:{port}");
    wait_until("prometheus is ready", 60 * SECONDS, || {
        let ready = format!("{base}/-/ready");
        http::send("GET", &ready, &[], b"").is_ok_and(|answer| answer.status == 200)
    });
    for (query, wanted) in QUERIES.iter().zip(wanted) {
        assert_eq!(ask(&base, query, at), wanted, "{query}");
    }
    drop(server);
}

#[test]
fn promtool_reads_what_export_makes_of_dense_blocks() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let (_target, jobs) = target();
    let dense = format!("storage: {{ tsdb: {{ chunk_encoding: {{ floats: dense }} }} }}\n{jobs}");
    let mut host = Host::with_config(&config(&dense))
        .flag("--storage.tsdb.min-block-duration=2s")
        .flag("--storage.tsdb.block-reload-interval=1s")
        .start();
    let data = host.folder().path().join("data");
    wait_until("the head has become a block", 60 * SECONDS, || !blocks(&data).is_empty());
    let status = host.process().terminate(30 * SECONDS);
    assert!(status.success(), "{status}");

    let path = host.folder().path();
    let output = Command::new(binary())
        .args(["tsdb", "export", "data", "out"])
        .current_dir(path)
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // A block of few samples may hold no dense chunk: dense is written where it is smaller.
    let is_rewritten = |line: &str| line.contains("chunks rewritten") && !line.contains(": 0 of");
    assert!(said.lines().any(is_rewritten), "{said}");
    assert_eq!(blocks(&path.join("out")), blocks(&data));

    // It wants to see a log beside the blocks.
    std::fs::create_dir(path.join("out/wal")).expect("a folder can be made");
    let theirs = run(&promtool, path, &["tsdb", "dump", "out"]);
    let times = theirs.lines().filter_map(|line| line.rsplit(' ').next()?.parse::<i64>().ok());
    let (first, last) =
        (times.clone().min().expect("there are samples"), times.max().expect("there are samples"));
    let (first, last) = (format!("--min-time={first}"), format!("--max-time={last}"));
    let ours = run(&binary(), path, &["tsdb", "dump", &first, &last, "data"]);
    assert!(ours.contains("__name__=\"answer\"") && ours.lines().count() > 20, "{ours}");
    assert_eq!(ours, theirs);
}

/// The names of the blocks in a folder.
fn blocks(data: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(data).into_iter().flatten();
    let names = entries.map(|entry| entry.expect("the folder can be read").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.len() == 26)
        .collect();
    names.sort();
    names
}
