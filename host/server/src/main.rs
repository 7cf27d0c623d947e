//! The binary `narthex`: reads the command line and serves, or works on files.
//!
//! Open `serve.rs` for how the rooms are wired, `reload.rs` for how they change together.

mod check;
mod control;
mod features;
mod flags;
mod logging;
mod memory;
mod process;
mod queries;
mod reload;
mod serve;
mod tsdb;

use std::process::ExitCode;

use clap::Parser;

use crate::flags::{Check, Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    memory::refuse_huge_pages();
    let cli = Cli::parse();
    let outcome = match cli.command {
        Some(Command::Check(Check::Config { files })) => check::config(&files),
        Some(Command::Tsdb(command)) => tsdb::run(&command),
        None => logging::start(&cli.serve.log_level, cli.serve.log_format)
            .and_then(|()| serve::serve(cli.serve)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a program that does not start")]
fn complain(error: &anyhow::Error) {
    eprintln!("narthex: {error:#}");
}
