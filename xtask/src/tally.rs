//! Counting: what runners print becomes passed, failed and skipped.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;

/// The sum over all runners of one invocation.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    /// Test or check, and why it could not run here.
    skipped: BTreeMap<String, String>,
    /// What failed as a whole, and why.
    broken: Vec<String>,
}

impl Tally {
    /// Adds the counts of one runner.
    pub(crate) fn count(&mut self, passed: u64, failed: u64) {
        self.passed += passed;
        self.failed += failed;
    }

    /// A check or a runner failed as a whole: one failure, named at the end.
    pub(crate) fn fail(&mut self, what: &str, why: &anyhow::Error) {
        self.failed += 1;
        self.broken.push(format!("{what}: {why:#}"));
    }

    /// A check could not run here.
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        self.skipped.insert(what.to_owned(), why.to_owned());
    }

    /// Takes the tests that reported themselves skipped: their runner counted them as passed.
    pub(crate) fn take_skip_log(&mut self, path: &Path) {
        let Ok(log) = std::fs::read_to_string(path) else { return };
        for line in log.lines() {
            let (test, reason) = line.split_once('\t').unwrap_or((line, "no reason given"));
            if self.skipped.insert(test.to_owned(), reason.to_owned()).is_none() {
                self.passed = self.passed.saturating_sub(1);
            }
        }
    }

    pub(crate) fn is_green(&self) -> bool {
        self.failed == 0
    }

    /// What was skipped, by reason, and what broke as a whole.
    pub(crate) fn explanation(&self) -> String {
        let mut text = String::new();
        for (test, reason) in &self.skipped {
            text.push_str(&format!("skipped {test}: {reason}\n"));
        }
        for broken in &self.broken {
            text.push_str(&format!("failed {broken}\n"));
        }
        text
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} passed, {} failed, {} skipped",
            self.passed,
            self.failed,
            self.skipped.len()
        )
    }
}

/// `Summary [ 0.2s] 27 tests run: 25 passed (1 slow), 1 failed, 1 timed out, 0 skipped`: passed and not passed.
pub(crate) fn of_nextest(line: &str) -> Option<(u64, u64)> {
    let (_, counts) = line.trim_start().strip_prefix("Summary [")?.split_once("run:")?;
    let (mut passed, mut failed) = (0, 0);
    for item in counts.split(',') {
        let (number, what) = item.trim().split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        if what.starts_with("passed") {
            passed += number;
        } else if !what.starts_with("skipped") {
            failed += number;
        }
    }
    Some((passed, failed))
}

/// `test result: ok. 3 passed; 1 failed; 0 ignored; ...` of one test binary under cargo test.
pub(crate) fn of_cargo_test(line: &str) -> Option<(u64, u64)> {
    let (_, counts) = line.trim_start().strip_prefix("test result: ")?.split_once(". ")?;
    let number = |what: &str| {
        counts
            .split(';')
            .find_map(|item| item.trim().strip_suffix(what)?.trim().parse::<u64>().ok())
    };
    Some((number("passed")?, number("failed")?))
}

/// The JSON report of vitest.
pub(crate) fn of_vitest(report: &Value) -> Option<(u64, u64)> {
    let number = |key: &str| report.get(key).and_then(Value::as_u64);
    let failed = number("numFailedTests")?;
    // A file that does not even load fails as a suite and has no tests.
    let broken = if failed == 0 { number("numFailedTestSuites").unwrap_or(0) } else { 0 };
    Some((number("numPassedTests")?, failed + broken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_every_runner_are_read() {
        let nextest = "     Summary [   0.282s] 27 tests run: 24 passed (1 slow), 1 failed, 2 timed out, 3 skipped";
        assert_eq!(of_nextest(nextest), Some((24, 3)));
        assert_eq!(
            of_nextest("     Summary [   0.1s] 3/4 tests run: 2 passed, 1 exec failed"),
            Some((2, 1))
        );
        assert_eq!(of_nextest("        PASS [   0.008s] ( 1/27) a b"), None);
        let cargo = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(of_cargo_test(cargo), Some((3, 1)));
        let vitest = serde_json::json!({ "numPassedTests": 7, "numFailedTests": 0, "numFailedTestSuites": 1 });
        assert_eq!(of_vitest(&vitest), Some((7, 1)));
    }

    #[test]
    fn a_skipped_test_does_not_count_as_passed() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("skipped");
        std::fs::write(&log, "e2e::compare\tneeds promtool\ne2e::compare\tneeds promtool\n")
            .unwrap();
        let mut tally = Tally::default();
        tally.count(5, 0);
        tally.take_skip_log(&log);
        tally.skip("deny", "the advisory database cannot be fetched");
        assert_eq!(tally.to_string(), "4 passed, 0 failed, 2 skipped");
        assert!(tally.is_green());
        assert!(tally.explanation().contains("skipped e2e::compare: needs promtool\n"));
    }

    #[test]
    fn a_check_that_breaks_is_one_failure() {
        let mut tally = Tally::default();
        tally.fail("format", &anyhow::anyhow!("two files"));
        assert_eq!(tally.to_string(), "0 passed, 1 failed, 0 skipped");
        assert!(!tally.is_green() && tally.explanation().contains("failed format: two files"));
    }
}
