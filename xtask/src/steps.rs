//! What the terminal sees: one line when a step starts, one when it ends, each with the seconds since the start.
//!
//! The only file of this program that prints. Everything goes to standard error, so that standard output stays free
//! for what a command answers.
#![expect(clippy::print_stderr, reason = "the progress of a command line program")]

use std::fmt::Display;
use std::io::Write as _;
use std::time::Instant;

/// The clock of one invocation.
#[derive(Debug)]
pub(crate) struct Steps {
    started: Instant,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now() }
    }

    /// Prints one line of progress.
    pub(crate) fn say(&self, step: &str, text: impl Display) {
        eprintln!("[{:6.1} s] {step:<8} {text}", self.started.elapsed().as_secs_f64());
    }

    /// Runs one step between two lines of progress.
    pub(crate) fn timed<T>(
        &self,
        step: &str,
        what: impl Display,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        self.say(step, what);
        let began = Instant::now();
        let result = work();
        let verdict = if result.is_ok() { "done" } else { "failed" };
        self.say(step, format_args!("{verdict} in {:.1} s", began.elapsed().as_secs_f64()));
        result
    }
}

/// Prints an error.
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}

/// Passes on one line of a child's standard error.
pub(crate) fn pass_on(line: &str) {
    eprintln!("{line}");
}

/// Prints what the command was asked for, on standard output.
pub(crate) fn answer(text: &str) {
    // A closed pipe (`cargo xtask help | head`) is no reason to fail.
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    drop(written);
}
