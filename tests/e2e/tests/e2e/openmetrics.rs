//! The test cases of the OpenMetrics project, each scraped by a Prometheus and by us: the same are refused, and of the
//! others the same series are stored.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read;
use std::path::PathBuf;

use narthex_harness::{Answer, Peer, Replies, SECONDS, peer, repository, skip, wait_for};
use serde_json::Value;

use crate::prometheus::Both;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Cases of which both make something else, each with the reason. There is none.
const DIFFERENCES: [(&str, &str); 0] = [];

/// What became of a case: why it was refused, or its series.
#[derive(Debug)]
struct Judged {
    error: Option<String>,
    series: BTreeSet<String>,
}

/// The cases' texts by name; nothing after the test was reported as skipped.
fn cases() -> BTreeMap<String, Vec<u8>> {
    let suite = std::env::var_os("NARTHEX_CONFORMANCE").map(PathBuf::from);
    let suite = suite.unwrap_or_else(|| repository().join("../shared/conformance"));
    let Ok(folders) = suite.join("openmetrics").read_dir() else {
        skip("needs the folder openmetrics of what `NARTHEX_CONFORMANCE` names");
        return BTreeMap::new();
    };
    let folders = folders.map(|entry| entry.expect("a folder can be listed").path());
    let case = |folder: PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some((name, read(folder.join("metrics")).ok()?))
    };
    folders.filter_map(case).collect()
}

/// What one server made of the cases; `None` while one was not scraped yet.
fn judged(targets: &Value, series: &[Value]) -> Option<BTreeMap<String, Judged>> {
    let mut judged = BTreeMap::new();
    for target in targets["data"]["activeTargets"].as_array()? {
        let error = match target["health"].as_str()? {
            "up" => None,
            "down" => Some(target["lastError"].to_string()),
            _ => return None,
        };
        let name = target["labels"]["case"].as_str()?.to_owned();
        judged.insert(name, Judged { error, series: BTreeSet::new() });
    }
    for one in series {
        let value =
            if one["histogram"].is_array() { &one["histogram"][1] } else { &one["value"][1] };
        let case = judged.get_mut(one["metric"]["case"].as_str()?)?;
        case.series.insert(format!("{} {value}", one["metric"]));
    }
    Some(judged)
}

#[test]
fn a_prometheus_and_we_judge_the_cases_of_openmetrics_alike() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let cases = cases();
    if cases.is_empty() {
        return;
    }
    let target = Replies::start();
    let mut job = "- job_name: cases\n  honor_timestamps: false\n  scrape_interval: 5s\n  scrape_timeout: 5s\n  static_configs:\n".to_owned();
    for (name, text) in &cases {
        let path = format!("/{name}");
        target.answer(&path, Answer::ok(OPEN_METRICS, text.as_slice()));
        job.push_str(&format!(
            "  - {{ targets: ['{}'], labels: {{ case: '{name}', __metrics_path__: '{path}' }} }}\n",
            target.address()
        ));
    }
    let mut both = Both::start(&program, &job, &[]);
    // Of a series that stands in a body twice the second sample is refused.
    both.ours.expect_log("samples are refused");
    let [ours, theirs] = wait_for("both have scraped every case", 120 * SECONDS, || {
        let targets = both.json("/api/v1/targets?state=active");
        // What the report adds is the same for all, but for the time that a scrape took.
        let series = both.vectors("{case!='',__name__!~'up|scrape_.*'}");
        let [ours, theirs] = [0, 1].map(|who| judged(&targets[who], &series[who]));
        match (ours, theirs) {
            (Some(ours), Some(theirs))
                if ours.len() == cases.len() && theirs.len() == cases.len() =>
            {
                Ok([ours, theirs])
            }
            _ => Err("one of them has not"),
        }
    });
    let mut wrong = Vec::new();
    for (name, ours) in &ours {
        let theirs = &theirs[name];
        let is_same =
            ours.error.is_some() == theirs.error.is_some() && ours.series == theirs.series;
        let known = DIFFERENCES.iter().find(|(known, _)| known == name);
        match (is_same, known) {
            (true, Some((_, reason))) => wrong.push(format!("{name}: differs no more: {reason}")),
            (false, None) => wrong.push(format!("{name}: ours {ours:#?}, theirs {theirs:#?}")),
            (true, None) | (false, Some(_)) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let taken = ours.values().filter(|case| case.error.is_none()).count();
    assert!(taken > 20 && ours.len() - taken > 20, "{taken} of {} were taken", ours.len());
    let series: usize = ours.values().map(|case| case.series.len()).sum();
    assert!(series > 100, "{series} series were compared");
    both.ours.stop();
}
