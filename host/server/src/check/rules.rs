//! `narthex check rules`.

use std::fmt::Write as _;
use std::io::Read as _;

use camino::Utf8PathBuf;
use narthex_platform::{RealDisk, read_to_string};
use narthex_promql::Features;
use narthex_rules::{Reading, RuleFiles};

use super::arguments::RulesArguments;
use super::lint::RuleLints;
use super::{Verdict, complain, say};

/// Rule files are written by hand, or by a program for people.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// How rule files are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge {
    pub(super) reading: Reading,
    pub(super) lints: RuleLints,
    pub(super) lint_is_fatal: bool,
}

pub(super) fn check(arguments: &RulesArguments, features: Features) -> Verdict {
    let judge = Judge {
        reading: Reading { features, ignores_unknown_keys: arguments.ignore_unknown },
        lints: arguments.lint,
        lint_is_fatal: arguments.lint_fatal,
    };
    if arguments.files.is_empty() {
        say("Checking standard input");
        let mut text = String::new();
        let read = std::io::stdin().take(FILE_BYTES_MAX).read_to_string(&mut text);
        return match read {
            Ok(_) => judge.text("standard input", &text),
            Err(error) => failed(&format!("read standard input: {error}")),
        };
    }
    let verdicts = arguments.files.iter().map(|file| judge.file(file));
    verdicts.max().unwrap_or_default()
}

impl Judge {
    fn file(&self, path: &Utf8PathBuf) -> Verdict {
        say(&format!("Checking {path}"));
        match read_to_string(&*RealDisk::shared(), path, FILE_BYTES_MAX) {
            Ok(text) => self.text(path.as_str(), &text),
            Err(error) => failed(&format!("read {path}: {error}")),
        }
    }

    /// Judges one file, and says how it is.
    pub(super) fn text(&self, path: &str, text: &str) -> Verdict {
        let verdict = match RuleFiles::read_with([(path, text)], self.reading) {
            Err(errors) => {
                complain("  FAILED:");
                complain(&errors.to_string());
                Verdict::Bad
            }
            Ok(rules) => self.lint(&rules),
        };
        say("");
        verdict
    }

    fn lint(&self, rules: &RuleFiles) -> Verdict {
        let duplicates = if self.lints.duplicates { rules.duplicates() } else { Vec::new() };
        if duplicates.is_empty() {
            say(&format!("  SUCCESS: {} rules found", rules.rules()));
            return Verdict::Good;
        }
        let mut told = format!("lint error {} duplicate rule(s) found.\n", duplicates.len());
        for (name, labels) in duplicates {
            // Writing to a string cannot fail.
            write!(told, "Metric: {name}\nLabel(s):\n").ok();
            for (name, value) in labels {
                writeln!(told, "\t{name}: {value}").ok();
            }
        }
        told.push_str("Might cause inconsistency while recording expressions");
        complain("  FAILED:");
        complain(&told);
        if self.lint_is_fatal { Verdict::Lint } else { Verdict::Good }
    }
}

fn failed(why: &str) -> Verdict {
    complain("  FAILED:");
    complain(why);
    Verdict::Bad
}
