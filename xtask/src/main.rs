//! Set-up, run, test and checks of the workspace: `cargo xtask <command>`.
//!
//! Enters: a command line and the checkout. Leaves: built plugins, UI and host, a running host, or a verdict.
//! Always holds: a step that is fresh costs milliseconds; a step that works says so before it starts; whatever cannot
//! be done on this machine is reported as skipped, with the reason, and never as passed.
//! Read first: `commands.rs`, then `run.rs` and `suite.rs`.
#![expect(
    clippy::disallowed_methods,
    reason = "the bans keep the host testable on simulated disks and clocks; this program is about the real machine"
)]

mod commands;
mod steps;
mod workspace;

mod host;
mod langs;
mod plugins;
mod run;
mod toolchain;
mod ui;

mod apt;
mod bless;
mod peers;
mod suite;
mod tally;

mod bench;
mod ci;
mod deny;
mod prune;
mod tidy;
mod wit;

mod fingerprint;
mod process;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match commands::dispatch(&arguments) {
        Ok(verdict) => verdict,
        Err(error) => {
            steps::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
