//! `narthex test rules`: unit tests of rules, in the files and the words of `promtool test rules`.
//!
//! Open `file.rs` for what a file holds, `group.rs` for how one group of tests runs.

mod alerts;
mod arguments;
mod data;
mod diff;
mod expressions;
mod file;
mod group;
mod junit;
mod text;

use std::io;

use camino::Utf8Path;
use narthex_model::{AnchoredRegex, parse_duration};
use narthex_platform::{Disk, RealDisk, read_to_string};
use narthex_promql::Features;
use narthex_rules::{Reading, RuleFiles};

pub(crate) use self::arguments::TestCommand;

use self::arguments::{RulesArguments, Subject};
use self::file::TestFile;
use self::group::{Group, Settings};
use self::junit::{Junit, Suite};
use crate::features;

/// Test files and rule files are written by hand.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Runs the tests; whether all of them passed.
///
/// # Errors
/// When the arguments make no sense, or the results could not be written.
pub(crate) fn run(command: &TestCommand) -> anyhow::Result<bool> {
    let Subject::Rules(arguments) = &command.subject;
    let disk = RealDisk::shared();
    let run = match arguments.run.as_slice() {
        [] => None,
        patterns => Some(AnchoredRegex::new(&format!(".*(?:{}).*", patterns.join("|")))?),
    };
    let runner =
        Runner { disk: &*disk, arguments, features: features::of_command(&command.features), run };
    let mut junit = Junit::default();
    let mut passed = true;
    for file in &arguments.files {
        passed &= runner.file(file, junit.suite(file.as_str()));
    }
    if let Some(path) = &command.junit {
        narthex_platform::replace(&*disk, path, junit.text().as_bytes())?;
    }
    Ok(passed)
}

struct Runner<'a> {
    disk: &'a dyn Disk,
    arguments: &'a RulesArguments,
    features: Features,
    run: Option<AnchoredRegex>,
}

impl Runner<'_> {
    /// Runs one file and says how it went.
    fn file(&self, path: &Utf8Path, suite: &mut Suite) -> bool {
        let outcome = self.tests(path, suite);
        let failures = outcome.unwrap_or_else(|error| {
            suite.abort(&error);
            vec![error]
        });
        if failures.is_empty() {
            text::say("  SUCCESS");
        } else {
            text::complain("  FAILED:");
            for failure in &failures {
                text::complain(failure);
                text::say("");
            }
        }
        text::say("");
        failures.is_empty()
    }

    /// The failures of all tests of a file; an error when there could be no tests.
    fn tests(&self, path: &Utf8Path, suite: &mut Suite) -> Result<Vec<String>, String> {
        let text = read_to_string(self.disk, path, FILE_BYTES_MAX)
            .map_err(|error| format!("read {path}: {error}"))?;
        let file = TestFile::read(path, &text)?;
        let rule_files = self.rule_files(path, &file)?;
        suite.start();
        let mut repeated = file.group_eval_order.iter().enumerate();
        let repeated = repeated
            .find(|(index, name)| file.group_eval_order.iter().take(*index).any(|n| n == *name));
        if let Some((_, name)) = repeated {
            return Err(format!("group name repeated in evaluation order: {name}"));
        }
        let mut failures = Vec::new();
        for (index, tests) in file.tests.iter().enumerate() {
            if self.run.as_ref().is_some_and(|run| !run.is_match(&tests.name)) {
                continue;
            }
            let name = match tests.name.as_str() {
                "" => format!("unnamed#{index}"),
                name => name.to_owned(),
            };
            suite.case(&name);
            let settings = Settings {
                features: self.features,
                interval: file.evaluation_interval,
                is_fuzzy: file.fuzzy_compare,
                with_diff: self.arguments.diff,
            };
            let rules = rule_files.clone().map_err(|error| vec![error]);
            let found = rules.map_or_else(
                |errors| errors,
                |rules| self.group(&name, Group::new(tests, rules, &file, settings)),
            );
            found.iter().for_each(|failure| suite.fail(failure));
            failures.extend(found);
        }
        Ok(failures)
    }

    fn group(&self, name: &str, group: Result<Group<'_>, String>) -> Vec<String> {
        let clock = narthex_platform::Clock::real();
        let started = clock.monotonic();
        if self.arguments.debug {
            text::complain(&format!("DEBUG: Starting test {name}"));
        }
        let failures = match group {
            Err(error) => vec![error],
            Ok(mut group) => {
                let failures = group.run();
                if self.arguments.debug {
                    text::complain(&group.dump());
                }
                failures
            }
        };
        if self.arguments.debug {
            let took = clock.monotonic().saturating_sub(started);
            text::complain(&format!("DEBUG: Test {name} finished, took {took:?}"));
        }
        failures
    }

    /// The rule files that the patterns of a test file name. What is wrong in them fails each test.
    fn rule_files(
        &self,
        path: &Utf8Path,
        file: &TestFile,
    ) -> Result<Result<RuleFiles, String>, String> {
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        let mut texts = Vec::new();
        for pattern in &file.rule_files {
            let pattern = folder.join(pattern);
            let found = narthex_platform::expand_pattern(self.disk, &pattern)
                .map_err(|error| format!("find {pattern}: {error}"))?;
            let before = texts.len();
            for path in found {
                match read_to_string(self.disk, &path, FILE_BYTES_MAX) {
                    Ok(text) => texts.push((path.into_string(), text)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Ok(Err(format!("read {path}: {error}"))),
                }
            }
            if texts.len() == before {
                text::complain(&format!("  WARNING: no file match pattern {pattern}"));
            }
        }
        let reading = Reading {
            features: self.features,
            ignores_unknown_keys: self.arguments.ignore_unknown_fields,
        };
        Ok(RuleFiles::read_with(texts, reading).map_err(|errors| errors.to_string()))
    }
}

/// A duration in a test file, in milliseconds.
fn duration_millis(text: &str) -> Result<i64, String> {
    let duration = parse_duration(text).map_err(|error| error.to_string())?;
    i64::try_from(duration.as_millis()).map_err(|error| error.to_string())
}
