//! `narthex test rules` beside `promtool test rules`: the same files, the same verdicts.

use std::path::{Path, PathBuf};
use std::process::Command;

use narthex_harness::{Peer, TempFolder, binary, peer};

/// Files of which both programs say the same.
const SAME_WORDS: [&str; 10] = [
    "alert_life.yml",
    "passing.yml",
    "templates.yml",
    "other_words.yml",
    "ordered.yml",
    "fuzzy.yml",
    "exact.yml",
    "no_alertname.yml",
    "repeated_group.yml",
    "no_rules.yml",
];
/// Files that both refuse or fail; in what is said of YAML, queries and rules the words differ.
const SAME_VERDICTS: [&str; 6] = [
    "failing.yml",
    "rule_error.yml",
    "unknown_key.yml",
    "bad_series.yml",
    "bad_rules.yml",
    "extended.yml",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

#[derive(Debug, PartialEq)]
struct Verdict {
    passed: bool,
    said: String,
    complained: String,
    /// What is counted in all.
    counts: String,
    /// Each group of tests with the number of its failures.
    groups: Vec<(String, usize)>,
}

/// What a program says of a file.
#[track_caller]
fn judge(program: &Path, file: &str, more: &[&str]) -> Verdict {
    let results = TempFolder::new();
    let junit = results.path().join("junit.xml");
    let output = Command::new(program)
        .args(["test", "rules"])
        .arg(format!("--junit={}", junit.display()))
        .args(more)
        .arg(file)
        .current_dir(folder())
        .output()
        .expect("the program starts");
    let text = std::fs::read_to_string(&junit).expect("there are results");
    // Name, tests, failures, errors, skipped; then comes the time.
    let counts = text.split(" timestamp=").next().unwrap_or("").to_owned();
    let groups = text.split("<testcase name=\"").skip(1).map(|case| {
        let name = case.split('"').next().unwrap_or("").to_owned();
        (name, case.matches("<failure>").count() + case.matches("<error>").count())
    });
    Verdict {
        passed: output.status.success(),
        said: String::from_utf8(output.stdout).expect("text"),
        complained: String::from_utf8(output.stderr).expect("text"),
        counts,
        groups: groups.collect(),
    }
}

#[test]
fn promtool_and_we_judge_alike() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    let ours = binary();
    for file in SAME_WORDS {
        assert_eq!(judge(&ours, file, &[]), judge(&promtool, file, &[]), "{file}");
    }
    for file in SAME_VERDICTS {
        let (ours, theirs) = (judge(&ours, file, &[]), judge(&promtool, file, &[]));
        assert!(!ours.passed && !theirs.passed, "{file}: {ours:?} {theirs:?}");
        assert_eq!(ours.groups, theirs.groups, "{file}: {ours:?} {theirs:?}");
        assert_eq!(ours.counts, theirs.counts, "{file}");
        assert_eq!(ours.said, theirs.said, "{file}");
        let without_refusals = |verdict: &Verdict| -> Vec<String> {
            let lines = verdict.complained.lines().map(str::to_owned);
            lines.filter(|line| !line.contains("err") && !line.contains("line")).collect()
        };
        if file == "failing.yml" {
            assert_eq!(without_refusals(&ours), without_refusals(&theirs), "{file}");
        }
    }
}

#[test]
fn only_some_groups_run_when_asked_for() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    for more in [&["--run=right"][..], &["--run=^wrong a", "--run", "right"], &["--run=none"]] {
        let (ours, theirs) =
            (judge(&binary(), "failing.yml", more), judge(&promtool, "failing.yml", more));
        assert_eq!(ours, theirs, "{more:?}");
    }
    assert!(judge(&binary(), "failing.yml", &["--run=right"]).passed);
}

#[test]
fn keys_of_others_are_passed_over_when_asked_for() {
    assert!(judge(&binary(), "extended.yml", &["--ignore-unknown-fields"]).passed);
    let refused = judge(&binary(), "extended.yml", &[]);
    assert!(refused.complained.contains("extended_rules.yml:1:1"), "{refused:?}");
}

/// The promtool that Debian has knows no start times.
#[test]
fn tests_may_start_at_any_time() {
    let verdict = judge(&binary(), "start.yml", &[]);
    assert!(verdict.passed, "{verdict:?}");
}

/// How a difference is drawn is each program's own matter.
#[test]
fn what_differs_is_the_same_when_it_is_drawn() {
    let Some(promtool) = peer(Peer::Promtool) else { return };
    for file in ["passing.yml", "failing.yml", "other_words.yml", "exact.yml"] {
        let [ours, theirs] = [&binary(), &promtool].map(|program| {
            let verdict = judge(program, file, &["--diff"]);
            let lines = verdict.complained.lines().filter(|line| line.contains(", time: "));
            let heads: Vec<String> =
                lines.filter(|line| !line.contains("err: ")).map(str::to_owned).collect();
            (verdict.passed, verdict.groups, heads)
        });
        assert_eq!(ours, theirs, "{file}");
    }
}

#[test]
fn a_difference_and_the_data_are_shown_when_asked_for() {
    let verdict = judge(&binary(), "failing.yml", &["--diff", "--debug", "--run=wrong alert"]);
    let shown = verdict.complained;
    assert!(shown.contains("\u{1b}[31m- "), "{shown}");
    assert!(shown.contains("DEBUG: Starting test wrong alert"), "{shown}");
    assert!(
        shown.contains("{__name__=\"up\", instance=\"x\", job=\"a\"} =>\n0 @[60000]"),
        "{shown}"
    );
}

#[test]
fn a_file_that_is_not_there_fails() {
    let verdict = judge(&binary(), "nowhere.yml", &[]);
    assert!(!verdict.passed);
    assert!(verdict.complained.contains("nowhere.yml"), "{verdict:?}");
}
