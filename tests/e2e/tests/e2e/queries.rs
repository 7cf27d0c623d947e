//! Queries that take long: who hears of them, and what ends them.

use std::io::Write as _;
use std::net::TcpStream;

use narthex_harness::http::encode;
use narthex_harness::{Host, SECONDS, wait_until};

use crate::support::config;

/// Takes minutes wherever it runs: windows of millions of values, at thousands of steps.
const SLOW: &str = "deriv(deriv(vector(1)[1h:1ms])[2h:1s])";

/// Sends a query and does not wait for its answer.
fn send(host: &Host, query: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host.address()).expect("the host listens");
    let path = format!("/api/v1/query?query={}", encode(query));
    write!(stream, "GET {path} HTTP/1.1\r\nHost: narthex\r\n\r\n").expect("the host reads");
    stream
}

fn running(host: &Host) -> Vec<String> {
    let answer = host.json("/api/v1/status/active_queries");
    let queries = answer["data"].as_array().expect("a list").iter();
    queries.map(|query| query["query"].as_str().expect("a text").to_owned()).collect()
}

/// Sends the slow query, and waits until it is evaluated.
fn send_slow(host: &Host) -> TcpStream {
    let stream = send(host, SLOW);
    wait_until("the query runs", 30 * SECONDS, || running(host) == [SLOW]);
    stream
}

#[test]
fn a_query_that_ran_when_the_host_was_killed_is_named_by_the_next_start() {
    let mut host = Host::with_config(&config("")).file("plugins/.keep", "").start();
    assert_eq!(host.query("vector(1)").len(), 1);
    let stream = send_slow(&host);
    host.expect_log("a query did not finish in the last run");
    host.kill_and_restart();
    drop(stream);
    let output = host.process().output();
    let told: Vec<&str> = output.lines().filter(|line| line.contains("did not finish")).collect();
    assert_eq!(told.len(), 1, "{output}");
    assert!(told[0].contains(SLOW), "{}", told[0]);
    assert_eq!(running(&host), [""; 0]);
    // Told once.
    host.kill_and_restart();
    assert!(!host.process().output().contains("did not finish"));
    host.stop();
}

#[test]
fn a_query_ends_when_its_client_goes_away() {
    let host = Host::with_config(&config("")).file("plugins/.keep", "").start();
    let stream = send_slow(&host);
    drop(stream);
    wait_until("the query has ended", 30 * SECONDS, || running(&host).is_empty());
    host.stop();
}

#[test]
fn a_query_that_takes_too_long_is_answered_so() {
    let host = Host::with_config(&config(""))
        .file("plugins/.keep", "")
        .flag("--query.max-concurrency=1")
        .start();
    let slow = format!("/api/v1/query?query={}&timeout=100ms", encode(SLOW));
    let answer = host.get(&slow);
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["errorType"], "timeout");
    assert_eq!(answer.json()["error"], "query timed out in expression evaluation");
    let stream = send_slow(&host);
    let answer = host.get("/api/v1/query?query=vector(1)&timeout=100ms");
    assert_eq!(answer.status, 503, "there is no place for another one");
    assert_eq!(answer.json()["error"], "query timed out in query queue");
    drop(stream);
    host.stop();
}

#[test]
fn answered_queries_are_written_down_where_the_configuration_says() {
    let rules = "groups: [{ name: g, rules: [{ record: a, expr: 'vector(7)' }] }]\n";
    let logged = |path: &str| {
        let head = "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s";
        format!("{head}{path} }}\nplugins: {{ dir: plugins }}\nrule_files: [rules.yml]\n")
    };
    let mut host = Host::with_config(&logged(", query_log_file: queries.log"))
        .file("plugins/.keep", "")
        .file("rules.yml", rules)
        .flag("--web.enable-lifecycle")
        .expect_log("reload refused")
        .start();
    let lines = |host: &Host, name: &str| -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(host.folder().path().join(name)).unwrap_or_default();
        // The last line may still be written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let find = |host: &Host, name: &str, query: &str| {
        lines(host, name).into_iter().find(|line| line["params"]["query"] == query)
    };
    let path = "/api/v1/query_range?query=vector(1)&start=0&end=60&step=15";
    assert_eq!(host.get(path).status, 200);
    wait_until("both are written", 30 * SECONDS, || {
        ["vector(1)", "vector(7)"].iter().all(|query| find(&host, "queries.log", query).is_some())
    });
    let line = find(&host, "queries.log", "vector(1)").unwrap();
    assert_eq!(line["msg"], "promql query logged");
    assert_eq!(line["params"]["end"], "1970-01-01T00:01:00.000Z");
    assert_eq!(line["params"]["step"], 15);
    assert_eq!(line["httpRequest"]["clientIP"], "127.0.0.1");
    assert_eq!(line["httpRequest"]["method"], "GET");
    assert_eq!(line["httpRequest"]["path"], "/api/v1/query_range");
    assert!(line["stats"]["timings"]["execTotalTime"].is_f64(), "{line}");
    let line = find(&host, "queries.log", "vector(7)").unwrap();
    assert_eq!(line["ruleGroup"]["name"], "g");

    // A failed one, into the file that a hang-up opens after the first was moved away.
    let folder = host.folder().path().to_owned();
    std::fs::rename(folder.join("queries.log"), folder.join("queries.old")).unwrap();
    host.process().hang_up();
    let failing = "label_replace(vector(1),'a','b','c','(')";
    // Asked until the hang-up has come to the query log: lines before that go to the old file.
    wait_until("it is written to the new file", 30 * SECONDS, || {
        assert_eq!(host.get(&format!("/api/v1/query?query={}", encode(failing))).status, 422);
        find(&host, "queries.log", failing).is_some()
    });
    let line = find(&host, "queries.log", failing).unwrap();
    assert!(line["error"].as_str().unwrap().contains("label_replace"), "{line}");

    let refused = host.reload_with(&logged(", query_log_file: no/such/folder.log"));
    assert_eq!(refused.status, 500);
    assert!(refused.text().contains("global.query_log_file"), "{}", refused.text());
    assert_eq!(host.reload_with(&logged("")).status, 200);
    let metrics = host.get("/metrics").text();
    assert!(metrics.contains("\nprometheus_engine_query_log_enabled 0\n"), "{metrics}");
    host.stop();
}

#[test]
fn an_answer_says_what_it_took_when_it_is_asked_to() {
    let builder = Host::with_config(&config("")).file("plugins/.keep", "");
    let host = builder.flag("--enable-feature=promql-per-step-stats").start();
    let range = "/api/v1/query_range?query=vector(1)&start=0&end=60&step=30";
    let answer = |stats: &str| host.json(&format!("{range}&stats={stats}"));
    assert!(answer("")["data"]["stats"].is_null());
    let timings = [
        "evalTotalTime",
        "resultSortTime",
        "queryPreparationTime",
        "innerEvalTime",
        "execQueueTime",
        "execTotalTime",
    ];
    let whole = answer("true");
    let samples = &whole["data"]["stats"]["samples"];
    assert!(timings.iter().all(|name| whole["data"]["stats"]["timings"][name].is_f64()), "{whole}");
    assert_eq!(samples["totalQueryableSamples"], 0);
    assert_eq!(samples["samplesRead"], 0);
    assert!(samples["peakSamples"].is_u64());
    assert!(samples["totalQueryableSamplesPerStep"].is_null());
    let by_step = answer("all");
    let steps = &by_step["data"]["stats"]["samples"]["totalQueryableSamplesPerStep"];
    assert_eq!(*steps, serde_json::json!([[0, 0], [30, 0], [60, 0]]));
    let other = answer("yes");
    assert!(other["data"]["stats"].is_object());
    assert!(other["warnings"][0].as_str().unwrap().contains("deprecated"), "{other}");
    host.stop();
}

#[test]
fn a_query_that_would_hold_too_much_is_refused() {
    let builder = Host::with_config(&config("")).file("plugins/.keep", "");
    let host = builder.flag("--query.max-samples=100").start();
    let answer = host.get("/api/v1/query_range?query=vector(1)&start=0&end=1000&step=1");
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["errorType"], "execution");
    assert!(answer.json()["error"].as_str().unwrap().contains("too many samples"));
    host.stop();
}

#[test]
fn a_request_makes_the_time_of_a_query_shorter_and_never_longer() {
    let builder = Host::with_config(&config("")).file("plugins/.keep", "");
    let host = builder.flag("--query.timeout=200ms").start();
    for timeout in ["", "&timeout=1h"] {
        let answer = host.get(&format!("/api/v1/query?query={}{timeout}", encode(SLOW)));
        assert_eq!((answer.status, &answer.json()["errorType"]), (503, &"timeout".into()));
    }
    host.stop();
}

#[test]
fn what_queries_cost_is_added_up() {
    let host = Host::with_config(&config("")).file("plugins/.keep", "").start();
    for _ in 0..3 {
        assert_eq!(host.query("vector(1)").len(), 1);
    }
    assert_eq!(host.query("vector(2)").len(), 1);
    let data = &host.json("/api/v1/status/top_queries?sort=count&limit=1")["data"];
    assert_eq!((&data["kept"], &data["forgotten"]), (&2.into(), &0.into()), "{data}");
    let queries = data["queries"].as_array().expect("a list");
    assert_eq!(queries.len(), 1, "{data}");
    assert_eq!((&queries[0]["query"], &queries[0]["count"]), (&"vector(1)".into(), &3.into()));
    assert!(queries[0]["durationSum"].as_f64() >= queries[0]["durationMax"].as_f64(), "{data}");
    let refused = host.get("/api/v1/status/top_queries?sort=size");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("duration, slowest, count and samples"), "{}", refused.text());
    host.stop();
}
