//! Prometheus' own scripts, and ours, against the engine over the reference store and the head.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use narthex_conformance::promql::{Outcome, Store, run};
use narthex_promql::Features;

/// The package's folder: there cargo runs its tests. A path known when this was built may be that
/// of another checkout.
fn here() -> &'static Path {
    Path::new(".")
}

#[expect(clippy::disallowed_methods, reason = "a test reads its data and where that is")]
fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[expect(clippy::disallowed_methods, reason = "a test reads its data and where that is")]
fn shared() -> PathBuf {
    let folder = std::env::var("NARTHEX_CONFORMANCE").map(PathBuf::from);
    folder.unwrap_or_else(|_| here().join("../../../shared/conformance")).join("promqltest")
}

fn scripts(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let scripts = paths.filter(|path| path.extension().is_some_and(|ext| ext == "test"));
    let mut scripts: Vec<(String, String)> = scripts
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), read(&path)?)))
        .collect();
    scripts.sort();
    scripts
}

/// Evaluations that are known to differ: `file:line`, then the class of the reason.
fn known(list: &str) -> BTreeMap<String, String> {
    let text = read(&here().join("promql").join(list)).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs.map(|(place, reason)| (place.to_owned(), reason.to_owned())).collect()
}

/// Runs every shared script; exactly the evaluations in `gaps` must fail.
#[track_caller]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the counts are the report")]
fn check_shared(features: Features, store: Store, mut gaps: BTreeMap<String, String>) {
    let scripts = scripts(&shared());
    if scripts.is_empty() {
        eprintln!("SKIPPED: no scripts in {}", shared().display());
        return;
    }
    let mut complaints = Vec::new();
    for (file, script) in &scripts {
        let outcomes =
            run(script, features, store).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut listed: BTreeMap<String, usize> = BTreeMap::new();
        let mut failed = 0;
        for Outcome { line, query, failure } in &outcomes {
            let place = format!("{file}:{line}");
            match (failure, gaps.remove(&place)) {
                (None, None) => {}
                (Some(_), Some(reason)) => *listed.entry(reason).or_default() += 1,
                (None, Some(_)) => complaints.push(format!("{place} passes, but is listed")),
                (Some(failure), None) => {
                    failed += 1;
                    complaints.push(format!("{place} {query}\n    {failure}"));
                }
            }
        }
        let gaps: usize = listed.values().sum();
        let (all, passed) = (outcomes.len(), outcomes.len() - failed - gaps);
        println!("{file}: {all} evaluated, {passed} passed, {failed} failed, known: {listed:?}");
    }
    complaints.extend(gaps.keys().map(|place| format!("{place} is listed, but does not exist")));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_shared_scripts_give_the_expected_answers_but_for_the_known_gaps() {
    check_shared(Features::ALL, Store::Memory, known("known_gaps.txt"));
}

#[test]
fn the_shared_scripts_give_the_expected_answers_over_the_head_too() {
    check_shared(Features::ALL, Store::Head, known("known_gaps.txt"));
}

/// The scripts are written for names that are removed at the end of a query; by default they are
/// removed at once, which few of them notice.
#[test]
fn the_shared_scripts_hold_when_names_are_removed_at_once_too() {
    let features = Features { delayed_name_removal: false, ..Features::ALL };
    let mut gaps = known("known_gaps.txt");
    gaps.extend(known("known_gaps_immediate_names.txt"));
    check_shared(features, Store::Memory, gaps);
}

#[test]
fn our_own_scripts_give_the_expected_answers() {
    let (mut names, mut complaints) = (BTreeSet::new(), Vec::new());
    for (file, script) in scripts(&here().join("promql")) {
        // The head keeps no start times.
        let is_for_head = file != "start_times.test";
        let features = match file.as_str() {
            "names_at_once.test" => Features { delayed_name_removal: false, ..Features::ALL },
            _ => Features::ALL,
        };
        let stores = [Some(Store::Memory), is_for_head.then_some(Store::Head)];
        for store in stores.into_iter().flatten() {
            let outcomes =
                run(&script, features, store).unwrap_or_else(|error| panic!("{file}: {error}"));
            for Outcome { line, query, failure } in outcomes {
                let place = || format!("{store:?} {file}:{line} {query}");
                complaints.extend(failure.map(|failure| format!("{}\n    {failure}", place())));
            }
        }
        names.insert(file);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(!names.is_empty(), "there are scripts of our own");
}
