//! What queries cost, as a real Prometheus counts it.

use std::fmt::Write as _;

use narthex_harness::{Host, Peer, http, peer};
use narthex_model::NativeHistogram;
use narthex_platform::Clock;
use narthex_remote::encode::TimeSeries;
use serde_json::Value as Json;

use crate::prometheus::{IDLE, Prometheus};
use crate::push::{buckets, send};
use crate::support::config;

const MINUTE: i64 = 60_000;

/// `info` and the functions behind feature flags are left out: the oldest Prometheus in use lacks
/// them.
const QUERIES: [&str; 22] = [
    "a",
    "1",
    "vector(1)",
    "a + b",
    "sum by (i) (a)",
    "topk(1, a)",
    "a offset 2m",
    "a @ end()",
    "a + (b @ start())",
    "timestamp(a)",
    "rate(a[3m])",
    "sum(rate(a[3m])) / sum(rate(b[3m]))",
    "max_over_time(a[90s] offset 1m)",
    "last_over_time(a[3m] @ end())",
    "absent_over_time(a[2m])",
    "quantile_over_time(0.5, a[5m])",
    "max_over_time(rate(a[2m])[4m:1m])",
    "max_over_time(rate(a[2m])[4m:1m] @ end())",
    "sum_over_time(max_over_time(a[2m:30s])[5m:1m])",
    "a unless b",
    "h",
    "rate(h[3m])",
];

/// Queries with an answer at one time only.
const SAMPLES: [&str; 3] = ["a[3m]", "rate(a[2m])[4m:1m]", "h[2m]"];

#[test]
fn samples_are_counted_as_prometheus_counts_them() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let flags = [
        "--web.enable-remote-write-receiver",
        "--enable-feature=native-histograms,promql-per-step-stats",
    ];
    let theirs = Prometheus::start(&program, IDLE, &flags);
    let builder = Host::with_config(&config("")).file("plugins/.keep", "");
    let host = flags.iter().fold(builder, |host, flag| host.flag(flag)).start();
    let now = Clock::real().now_millis() / MINUTE * MINUTE;
    let series: Vec<TimeSeries> = all_series(now);
    for address in [host.address(), theirs.address()] {
        assert_eq!(send(&address, &series).status, 204, "{address}");
    }
    let (start, end) = ((now - 8 * MINUTE) / 1_000, now / 1_000);
    let times = format!("start={start}&end={end}&step=60");
    let mut different = String::new();
    let mut compare = |path: &str| {
        let [ours, theirs] = [host.address(), theirs.address()].map(|address| {
            let answer = http::get(&format!("http://{address}/api/v1/{path}&stats=all"));
            samples(&answer.expect_success().json())
        });
        if ours != theirs {
            writeln!(different, "{path}\n  {ours}\n  {theirs}").unwrap();
        }
    };
    for query in QUERIES.map(http::encode) {
        compare(&format!("query_range?query={query}&{times}"));
        compare(&format!("query?query={query}&time={end}"));
    }
    for query in SAMPLES.map(http::encode) {
        compare(&format!("query?query={query}&time={end}"));
    }
    assert!(different.is_empty(), "{different}");
    host.stop();
}

/// What is counted in the same way: the samples, also by step.
fn samples(answer: &Json) -> Json {
    let samples = &answer["data"]["stats"]["samples"];
    let names = ["totalQueryableSamples", "totalQueryableSamplesPerStep"];
    names.iter().map(|name| samples[name].clone()).collect()
}

/// Counters and histograms of eleven minutes; `b` begins late.
fn all_series(now: i64) -> Vec<TimeSeries> {
    let times = |from: i64| (from..=0).map(move |index| now + index * 30_000);
    let mut all = Vec::new();
    for instance in ["0", "1", "2"] {
        for (name, from) in [("a", -22), ("b", -9)] {
            let samples: Vec<(i64, f64)> =
                times(from).zip(1_u32..).map(|(at, n)| (at, n.into())).collect();
            let series = TimeSeries::new(&[("__name__", name), ("i", instance)]);
            all.push(series.with_samples(&samples));
        }
    }
    let histograms = times(-22).zip(1_u32..).map(|(at, n)| (at, growing(n)));
    let series = TimeSeries::new(&[("__name__", "h")]);
    all.push(histograms.fold(series, |series, (at, one)| series.with_histogram(at, one)));
    all
}

fn growing(count: u32) -> NativeHistogram {
    buckets(false, [count, 2 * count, 3 * count])
}
