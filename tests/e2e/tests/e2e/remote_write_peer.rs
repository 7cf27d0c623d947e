//! A real Prometheus as the sender of remote write: what it scrapes, it and the host answer alike,
//! also over a `kill -9` of the host.

use std::path::Path;

use narthex_harness::{Answer, FakeTarget, Host, Peer, SECONDS, http, peer, wait_for};
use narthex_platform::Clock;
use narthex_remote::encode::{delimited, double, number, zigzag};
use serde_json::Value as Json;

use crate::prometheus::Prometheus;
use crate::samples::{compare, of_folder, of_matrix};
use crate::support::config;

const ROUNDS: u32 = 12;

#[test]
fn what_prometheus_sends_is_answered_as_it_answers() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    // What is sent again after the kill may be there already, and the sender ends as it likes.
    let mut host = Host::with_config(&config(""))
        .file("plugins/.keep", "")
        .flag("--web.enable-remote-write-receiver")
        .expect_log("remote write: a request is ")
        .start();
    let (text, native) = (FakeTarget::start(), FakeTarget::start());
    let sender = Sender::start(&program, &host, &text, &native);
    for round in 1..=ROUNDS {
        serve(&text, &native, round);
        if round == ROUNDS / 2 {
            host.kill_and_restart();
        }
        sender.wait_for(&format!("rounds_total == {round} and on() (native_round == {round})"));
    }
    // From here on nothing changes any more.
    text.answer_with(Answer::status(503, "over"));
    native.answer_with(Answer::status(503, "over"));
    sender.wait_for("sum(up{job=~\"text|native\"}) == 0");
    let everything = "{job=~\"text|native\",__name__!~\"up|scrape_.*\"}[1h]";
    let at = Clock::real().now_millis() / 1000 + 1;
    let all = of_matrix(&sender.ask("query", &[("query", everything), ("time", &at.to_string())]));
    let has_native = all.keys().any(|labels| labels.starts_with("__name__=native;"));
    assert!(all.len() > 15 && has_native, "{:?}", all.keys());
    host.wait_until_replayed();
    // One queue keeps the order: what was scraped before has come.
    host.wait_for_query("sum(up{job=~\"text|native\"})", 60 * SECONDS, |found| {
        found.first().is_some_and(|series| series.value == 0.0)
    });
    for (path, query) in [
        ("query", everything),
        ("query", "sum by (job) (count_over_time({__name__=~\"temp|native\"}[1h]))"),
        ("query", "max_over_time(temp[1h])"),
        ("query", "increase(rounds_total[1h])"),
        ("query", "histogram_quantile(0.9, max_over_time(latency_bucket[1h]))"),
        ("query", "histogram_quantile(0.9, last_over_time(native[1h]))"),
        ("query", "last_over_time(native[1h])"),
        ("query_exemplars", "rounds_total"),
    ] {
        let mut parameters = vec![("query", query)];
        let (at, start) = (at.to_string(), (at - 3600).to_string());
        match path {
            "query" => parameters.push(("time", &at)),
            _ => parameters.extend([("start", start.as_str()), ("end", at.as_str())]),
        }
        let ours = ask(&host.url("/api/v1/"), path, &parameters);
        assert_eq!(sorted(&ours), sorted(&sender.ask(path, &parameters)), "{query}");
    }
    for family in ["rounds", "temp", "latency", "native"] {
        let path = format!("/api/v1/metadata?metric={family}");
        let theirs = sender.metadata(family);
        wait_for("the host knows the family", 30 * SECONDS, || {
            let ours = host.json(&path)["data"][family][0].clone();
            if ours == theirs { Ok(()) } else { Err(format!("{ours}, wanted {theirs}")) }
        });
    }
    drop(sender);
    host.process().kill();
    let mut found = of_folder(&host.folder().path().join("data"));
    found.retain(|labels, _| all.contains_key(labels));
    compare(&found, &all);
}

/// Counters with exemplars, gauges and a classic histogram by OpenMetrics, a native one by protobuf.
fn serve(text: &FakeTarget, native: &FakeTarget, round: u32) {
    let mut lines = format!(
        "# HELP rounds Rounds of the test.\n# TYPE rounds counter\n\
         rounds_total {round} # {{trace_id=\"t{round}\"}} 0.{round}\n\
         # HELP temp A gauge.\n# TYPE temp gauge\n"
    );
    for room in 0..10 {
        lines.push_str(&format!("temp{{room=\"{room}\"}} {}\n", f64::from(round * room).sin()));
    }
    lines.push_str(&format!(
        "# HELP latency A histogram.\n# TYPE latency histogram\nlatency_bucket{{le=\"0.1\"}} {round}\n\
         latency_bucket{{le=\"+Inf\"}} {}\nlatency_sum {}\nlatency_count {}\n# EOF\n",
        round * 3,
        f64::from(round) * 0.7,
        round * 3,
    ));
    text.serve_open_metrics(&lines);
    let kind = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    native.answer_with(Answer::ok(kind, families(round)));
}

/// A native histogram and a gauge as `io.prometheus.client.MetricFamily`.
fn families(round: u32) -> Vec<u8> {
    let (low, high) = (u64::from(round), u64::from(round) * 2);
    let mut span = Vec::new();
    number(1, zigzag(-1), &mut span);
    number(2, 2, &mut span);
    let mut histogram = Vec::new();
    number(1, low + high + 1, &mut histogram);
    double(2, f64::from(round) * 1.5, &mut histogram);
    number(5, zigzag(2), &mut histogram);
    double(6, 0.001, &mut histogram);
    number(7, 1, &mut histogram);
    delimited(12, &span, &mut histogram);
    number(13, zigzag(low.cast_signed()), &mut histogram);
    number(13, zigzag((high - low).cast_signed()), &mut histogram);
    let mut gauge = Vec::new();
    double(1, f64::from(round), &mut gauge);
    let mut out = family("native", 4, 7, &histogram);
    out.extend(family("native_round", 1, 2, &gauge));
    out
}

/// A family of one metric, with its length before it.
fn family(name: &str, kind: u64, field: u64, value: &[u8]) -> Vec<u8> {
    let mut metric = Vec::new();
    delimited(field, value, &mut metric);
    let mut family = Vec::new();
    delimited(1, name.as_bytes(), &mut family);
    delimited(2, b"Says it.", &mut family);
    number(3, kind, &mut family);
    delimited(4, &metric, &mut family);
    // As the content of a field, without its tag of one byte.
    let mut out = Vec::new();
    delimited(1, &family, &mut out);
    out.split_off(1)
}

/// What it scrapes, it sends to the host.
struct Sender(Prometheus);

impl Sender {
    #[track_caller]
    fn start(program: &Path, host: &Host, text: &FakeTarget, native: &FakeTarget) -> Self {
        let config = format!(
            "global: {{ scrape_interval: 200ms, scrape_timeout: 200ms }}\n\
             scrape_configs:\n\
             - {{ job_name: text, static_configs: [{{ targets: ['{}'] }}] }}\n\
             - {{ job_name: native, scrape_protocols: [PrometheusProto], static_configs: [{{ targets: ['{}'] }}] }}\n\
             remote_write:\n\
             - url: {}\n  \
               send_exemplars: true\n  \
               send_native_histograms: true\n  \
               metadata_config: {{ send: true, send_interval: 1s }}\n  \
               queue_config: {{ max_shards: 1, batch_send_deadline: 100ms, min_backoff: 30ms, max_backoff: 200ms }}\n",
            text.address(),
            native.address(),
            host.url("/api/v1/write"),
        );
        let flags = ["--enable-feature=native-histograms,exemplar-storage"];
        Self(Prometheus::start(program, &config, &flags))
    }

    #[track_caller]
    fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Json {
        ask(&format!("http://{}/api/v1/", self.0.address()), path, parameters)
    }

    #[track_caller]
    fn wait_for(&self, expression: &str) {
        wait_for(&format!("`{expression}` holds"), 60 * SECONDS, || {
            let answer = self.ask("query", &[("query", expression)]);
            let holds = answer["data"]["result"].as_array().is_some_and(|found| !found.is_empty());
            if holds { Ok(()) } else { Err(answer.to_string()) }
        });
    }

    #[track_caller]
    fn metadata(&self, family: &str) -> Json {
        self.ask("metadata", &[("metric", family)])["data"][family][0].clone()
    }
}

#[track_caller]
fn ask(base: &str, path: &str, parameters: &[(&str, &str)]) -> Json {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", http::encode(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    http::get(&format!("{base}{path}?{query}")).expect_success().json()
}

/// The series of an answer in an order that does not depend on the server.
fn sorted(answer: &Json) -> Vec<String> {
    let data = answer.pointer("/data/result").unwrap_or(&answer["data"]);
    let series = data.as_array().expect("a list of series");
    let mut texts: Vec<String> = series.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}
