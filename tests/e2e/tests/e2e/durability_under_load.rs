//! `kill -9` while samples pour in: what anybody has seen stays.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use narthex_harness::{FakeTarget, Host, SECONDS, http};
use serde_json::Value;

use crate::support::config;

/// Targets, each with so many series that a kill finds the host in the middle of something.
const TARGETS: usize = 4;
const SERIES: usize = 150;
/// How often the host is killed.
const KILLS: u32 = 5;

/// Series and time, and the value there as the API writes it.
type Samples = BTreeMap<(String, String), String>;

/// Everything that the host shows of the targets.
#[track_caller]
fn seen(host: &Host) -> Samples {
    let query = http::encode("{job=\"load\"}[1h]");
    let answer = host.json(&format!("/api/v1/query?query={query}"));
    let series = answer["data"]["result"].as_array().expect("a matrix");
    let mut samples = Samples::new();
    for one in series {
        let name = one["metric"].to_string();
        for sample in one["values"].as_array().into_iter().flatten() {
            let value = sample[1].as_str().expect("a value").to_owned();
            samples.insert((name.clone(), sample[0].to_string()), value);
        }
    }
    samples
}

/// Other values, and some other series, in each round.
fn serve(targets: &[FakeTarget], round: u32) {
    for target in targets {
        let mut text = String::new();
        for series in 0..SERIES {
            writeln!(text, "load_{}{{n=\"{series}\"}} {}.25", series % 7, round * 1000)
                .expect("a string takes everything");
        }
        writeln!(text, "churn{{round=\"{round}\"}} {round}").expect("a string takes everything");
        target.serve(&text);
    }
}

#[test]
fn what_was_seen_before_a_kill_is_there_after_it() {
    let targets: Vec<FakeTarget> = (0..TARGETS).map(|_| FakeTarget::start()).collect();
    serve(&targets, 0);
    let addresses: Vec<String> =
        targets.iter().map(|target| format!("'{}'", target.address())).collect();
    let mut host = Host::with_config(&config(&format!(
        "scrape_configs:\n- job_name: load\n  scrape_interval: 50ms\n  scrape_timeout: 50ms\n  \
         static_configs: [{{ targets: [{}] }}]\n",
        addresses.join(", ")
    )))
    .file("plugins/.keep", "")
    // A kill may leave the end of the log torn, and scrapes may take longer than 50 ms.
    .expect_log("torn tail")
    .expect_log("scrape")
    .flag("--storage.tsdb.min-block-duration=2h")
    .start();
    let mut known = Samples::new();
    for round in 1..=KILLS {
        // The kill comes after another number of samples each time, and so in another moment.
        let more = SERIES * TARGETS * usize::try_from(1 + (round * 7) % 5).expect("small");
        let enough = known.len() + more;
        narthex_harness::wait_until("more samples are seen", 60 * SECONDS, || {
            let now = seen(&host);
            let is_enough = now.len() >= enough;
            known.extend(now);
            is_enough
        });
        serve(&targets, round);
        host.kill_and_restart();
        narthex_harness::wait_until("the log is replayed", 60 * SECONDS, || is_replayed(&host));
        let now = seen(&host);
        for ((series, at), value) in &known {
            let found = now.get(&(series.clone(), at.clone()));
            assert_eq!(found, Some(value), "{series} @{at} was seen before kill {round}");
        }
    }
    host.stop();
}

fn is_replayed(host: &Host) -> bool {
    let status = host.json("/api/v1/status/walreplay");
    let number = |key: &str| status["data"][key].as_i64().unwrap_or(0);
    match status["data"]["state"].as_str() {
        Some(state) => state == "done",
        None => status["data"] != Value::Null && number("current") >= number("max"),
    }
}
