//! The test cases of the OpenMetrics project and our own bodies, each scraped by a Prometheus and by us: the same are
//! refused, and of the others the same series are stored.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{read, read_to_string};
use std::path::{Path, PathBuf};

use narthex_conformance::exposition::{Format, Outcome, run};
use narthex_harness::{Answer, Peer, Replies, SECONDS, peer, repository, skip, wait_for};
use serde_json::Value;

use crate::prometheus::Both;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Ends the version of Prometheus that Debian has.
const DEADLY: &[u8] = b"{A}0\n";

/// Bodies of which both make something else, each with the reason, besides those of which our scripts say so.
const DIFFERENCES: [(&[u8], &str); 2] = [(CREATED_BETWEEN, CREATED), (CREATED_LAST, CREATED)];

/// As Prometheus has it since: so they are only where start times are read.
const CREATED: &str =
    "the peer's version makes no series of `_created` where it makes custom buckets";

const CREATED_BETWEEN: &[u8] = b"# HELP a A.\n# TYPE a histogram\na_count 18\na_sum 3.5\n\
    a_created 1400000000\na_bucket{le=\"0\"} 1\na_bucket{le=\"+Inf\"} 18\n\
    a_count{b=\"c\",d=\"e\"} 9\na_sum{b=\"c\",d=\"e\"} 42\na_bucket{le=\"0\",b=\"c\",d=\"e\"} 8\n\
    a_bucket{d=\"e\",b=\"c\",le=\"+Inf\"} 9\na_created{b=\"c\",d=\"e\"} 1400000001\n\
    # TYPE g gauge\ng 1\n# EOF\n";

const CREATED_LAST: &[u8] = b"# TYPE a histogram\na_count 3 1234.568\n\
    a_bucket{le=\"-0.5\"} 1 1234.568\na_bucket{le=\"+Inf\"} 3 1234.568\na_created 1\n# EOF\n";

/// A body to scrape.
struct Body {
    name: String,
    content_type: &'static str,
    bytes: Vec<u8>,
    /// What its job says besides.
    keys: &'static str,
    /// Its script says that a Prometheus reads it otherwise; not all of that can be seen in series.
    may_differ: bool,
}

/// What became of a body: why it was refused, or its series.
#[derive(Debug)]
struct Judged {
    error: Option<String>,
    series: BTreeSet<String>,
}

/// The folder that has the cases of OpenMetrics, if it is there.
fn cases() -> Vec<Body> {
    let suite = std::env::var_os("NARTHEX_CONFORMANCE").map(PathBuf::from);
    let suite = suite.unwrap_or_else(|| repository().join("../shared/conformance"));
    let Ok(folders) = suite.join("openmetrics").read_dir() else { return Vec::new() };
    let folders = folders.map(|entry| entry.expect("a folder can be listed").path());
    let case = |folder: PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = read(folder.join("metrics")).ok()?;
        Some(Body { name, content_type: OPEN_METRICS, bytes, keys: "", may_differ: false })
    };
    folders.filter_map(case).collect()
}

/// The bodies of one of our scripts, in the formats of text.
fn bodies_of(script: &Path) -> Vec<Body> {
    let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = read_to_string(script).expect("a script can be read");
    let body = |outcome: Outcome| Body {
        name: format!("{name}:{}", outcome.line),
        content_type: match outcome.format {
            Format::OpenMetrics => OPEN_METRICS,
            Format::Text004 | Format::Protobuf => TEXT,
        },
        may_differ: outcome.differs.is_some(),
        bytes: outcome.body,
        keys: if outcome.options.to_custom_buckets { CUSTOM } else { "" },
    };
    // Broken buckets of messages end the version of Prometheus that Debian has.
    let outcomes = run(&text).expect("a script is well formed").into_iter();
    outcomes.filter(|outcome| outcome.format != Format::Protobuf).map(body).collect()
}

const CUSTOM: &str = "  convert_classic_histograms_to_nhcb: true\n";

/// What one server made of the bodies; `None` while one was not scraped yet.
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
        let kind = if one["histogram"].is_array() { "histogram" } else { "value" };
        let case = judged.get_mut(one["metric"]["case"].as_str()?)?;
        case.series.insert(format!("{} {}", one["metric"], one[kind][1]));
    }
    Some(judged)
}

/// A job for each set of keys, with a target for each of its bodies.
fn jobs(bodies: &[Body], target: &Replies) -> String {
    let mut jobs: BTreeMap<&str, String> = BTreeMap::new();
    for (number, body) in bodies.iter().enumerate() {
        let path = format!("/{number}");
        let answer = Answer::ok(body.content_type, body.bytes.as_slice());
        target.answer(&path, answer);
        let (address, name) = (target.address(), &body.name);
        jobs.entry(body.keys).or_default().push_str(&format!(
            "  - {{ targets: ['{address}'], labels: {{ case: '{name}', __metrics_path__: '{path}' }} }}\n"
        ));
    }
    let job = |(number, (keys, targets)): (usize, (&str, String))| {
        format!(
            "- job_name: '{number}'\n  honor_timestamps: false\n  scrape_interval: 5s\n  \
             scrape_timeout: 5s\n{keys}  static_configs:\n{targets}"
        )
    };
    jobs.into_iter().enumerate().map(job).collect()
}

/// Has both scrape the bodies, of which so many are to be taken, so many refused, and so many series stored.
#[track_caller]
fn check(bodies: &[Body], taken_min: usize, refused_min: usize, series_min: usize) {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let target = Replies::start();
    // Without the flag the peer stores no histogram at all.
    let flags = ["--enable-feature=native-histograms"];
    let mut both = Both::start(&program, &jobs(bodies, &target), &flags);
    // Of a series that stands in a body twice the second sample is refused.
    both.ours.expect_log("samples are refused");
    let [ours, theirs] = wait_for("both have scraped every body", 120 * SECONDS, || {
        let targets = both.json("/api/v1/targets?state=active");
        // What the report adds is the same for all, but for the time that a scrape took.
        let series = both.vectors("{case!='',__name__!~'up|scrape_.*'}");
        let [ours, theirs] = [0, 1].map(|who| judged(&targets[who], &series[who]));
        match (ours, theirs) {
            (Some(ours), Some(theirs)) if [ours.len(), theirs.len()] == [bodies.len(); 2] => {
                Ok([ours, theirs])
            }
            _ => Err("one of them has not"),
        }
    });
    let mut wrong = Vec::new();
    for body in bodies {
        let (name, ours, theirs) = (&body.name, &ours[&body.name], &theirs[&body.name]);
        let is_same =
            ours.error.is_some() == theirs.error.is_some() && ours.series == theirs.series;
        match (is_same, DIFFERENCES.iter().find(|(known, _)| *known == body.bytes)) {
            (true, Some((_, reason))) => wrong.push(format!("{name}: differs no more: {reason}")),
            (false, None) if !body.may_differ => {
                let text = body.bytes.escape_ascii();
                wrong.push(format!("{name}: b\"{text}\": ours {ours:#?}, theirs {theirs:#?}"));
            }
            (true | false, None) | (false, Some(_)) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), bodies.len(), wrong.join("\n"));
    let taken = ours.values().filter(|case| case.error.is_none()).count();
    let series: usize = ours.values().map(|case| case.series.len()).sum();
    let counts = format!("{taken} of {} are taken, with {series} series", bodies.len());
    assert!(taken >= taken_min && bodies.len() - taken >= refused_min, "{counts}");
    assert!(series >= series_min, "{counts}");
    both.ours.stop();
}

#[test]
fn a_prometheus_and_we_judge_the_cases_of_openmetrics_alike() {
    let cases = cases();
    if cases.is_empty() {
        return skip("needs the folder openmetrics of what `NARTHEX_CONFORMANCE` names");
    }
    check(&cases, 20, 20, 100);
}

#[test]
fn a_prometheus_and_we_judge_our_own_bodies_alike() {
    let folder = repository().join("tests/conformance/exposition");
    let scripts = folder.read_dir().expect("our own scripts are there");
    let scripts = scripts.map(|entry| entry.expect("a folder can be listed").path());
    let mut bodies: Vec<Body> = scripts.flat_map(|script| bodies_of(&script)).collect();
    bodies.retain(|body| body.bytes != DEADLY);
    check(&bodies, 50, 50, 100);
}
