//! Tests that cannot run here: said aloud, and counted by `cargo xtask test`.
#![expect(clippy::print_stderr, reason = "standard error of a test is where its runner looks")]

use std::fs::OpenOptions;
use std::io::Write as _;

/// `cargo xtask test` names the file here in which it counts skipped tests.
const SKIP_LOG: &str = "NARTHEX_SKIP_LOG";

/// Reports the current test as skipped. The test must return right after; it then ends without a failure, and the
/// count of passed tests leaves it out.
///
/// # Panics
/// When the file named by `NARTHEX_SKIP_LOG` cannot be written: a skip must not be lost.
pub fn skip(reason: &str) {
    let reason = reason.replace(['\n', '\t'], " ");
    note(&format!("SKIPPED: {reason}"));
    let Some(path) = std::env::var_os(SKIP_LOG) else { return };
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    let current = std::thread::current();
    let line = format!("{package}::{}\t{reason}\n", current.name().unwrap_or("a test"));
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .expect("the skip log can be opened");
    // One write, so that tests running at the same time do not mix their lines.
    file.write_all(line.as_bytes()).expect("the skip log can be written");
}

/// Says something to whoever reads the output of a test.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}
