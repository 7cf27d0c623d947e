//! Scripts of bodies and of what a reader finds in them.
//!
//! A script is blocks with an empty line between them. A block is one body:
//!
//! ```text
//! # What the case shows.
//! openmetrics starts
//! | # TYPE a counter
//! | a_total 1
//! | a_created 2
//! ! # EOF
//! gives
//! type a: counter
//! a_total 1 from 2000
//! ```
//!
//! The first line names the format (`text`, `openmetrics`, `protobuf`) and the options ([`Options`]):
//! `native`, `classic`, `custom`, `labels`, `starts`. A line behind `| ` is one of the body, with its
//! end; one behind `! ` has no end of its own, and its escapes (`\xff`, `\n`, `\t`, `\\`) are undone.
//! Protobuf is written as its text format, one `family { … }` after the other. What follows `gives`
//! is what comes of it, one entry a line. `differs` before the body says how Prometheus reads it
//! otherwise, and why this is right all the same.

mod message;
mod script;
mod show;

pub use narthex_exposition::{Format, Options};

/// What came of one body.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The line of the block's header, counted from 1.
    pub line: usize,
    /// The body.
    pub body: Vec<u8>,
    /// Its format.
    pub format: Format,
    /// Its options.
    pub options: Options,
    /// How Prometheus reads it otherwise.
    pub differs: Option<String>,
    /// What was expected, one entry a line.
    pub expected: Vec<String>,
    /// What there is.
    pub found: Vec<String>,
    /// Where the expected lines begin, counted from 0: behind `gives`.
    pub expected_at: usize,
}

/// Reads the bodies of a script.
///
/// # Errors
/// When the script itself is malformed: the line and what is wrong with it.
pub fn run(script: &str) -> Result<Vec<Outcome>, String> {
    let cases = script::parse(script)?.into_iter().map(|case| Outcome {
        found: show::show(&case.body, case.format, case.options),
        body: case.body,
        format: case.format,
        options: case.options,
        line: case.line,
        differs: case.differs,
        expected: case.expected,
        expected_at: case.expected_at,
    });
    Ok(cases.collect())
}

/// The script with what was found in place of what was expected.
#[must_use]
pub fn blessed(script: &str, outcomes: &[Outcome]) -> String {
    let mut lines: Vec<&str> = script.lines().collect();
    for outcome in outcomes.iter().rev() {
        let end = outcome.expected_at + outcome.expected.len();
        lines.splice(outcome.expected_at..end, outcome.found.iter().map(String::as_str));
    }
    lines.join("\n") + "\n"
}

/// One block of a script.
struct Case {
    line: usize,
    format: Format,
    options: Options,
    differs: Option<String>,
    body: Vec<u8>,
    expected: Vec<String>,
    expected_at: usize,
}
