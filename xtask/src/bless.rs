//! `cargo xtask bless`: data-driven tests write what they got as what they expect; the diff is for review.

use std::process::ExitCode;

use crate::process::{Tool, find_program};
use crate::suite;
use crate::workspace::Workspace;

/// Runs the Rust tests with `UPDATE_EXPECT=1`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let verb: &[&str] = if find_program("cargo-nextest").is_some() {
        &["nextest", "run", "--no-fail-fast"]
    } else {
        &["test", "--no-fail-fast"]
    };
    let filters = arguments.iter().filter(|argument| *argument != "--");
    workspace.steps.timed("bless", "run the Rust tests with UPDATE_EXPECT=1", || {
        Tool::cargo(workspace)
            .env("UPDATE_EXPECT", "1")
            .args(verb)
            .args(suite::native_packages(workspace)?)
            .args(filters)
            .run()
    })?;
    Ok(ExitCode::SUCCESS)
}
