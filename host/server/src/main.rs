//! The binary `narthex`: reads the command line and serves, or works on files.
//!
//! Open `serve.rs` for how the rooms are wired, `reload.rs` for how they change together.

mod audience;
mod auto_reload;
mod check;
mod control;
mod features;
mod flags;
mod logging;
mod memory;
mod oncall;
mod outbound;
mod plugin;
mod process;
mod promql;
mod queries;
mod query;
mod reload;
mod serve;
mod tsdb;
mod unit_test;

use std::process::ExitCode;

use clap::Parser;

use crate::check::Verdict;
use crate::flags::{Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    memory::refuse_huge_pages();
    let cli = Cli::parse_from(oncall::server_flags_last(std::env::args_os().collect()));
    let done = |()| ExitCode::SUCCESS;
    // The command has said why.
    let judged = |good| if good { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    let outcome = match cli.command {
        Some(Command::Check(command)) => check::run(&command).map(Verdict::exit_code),
        Some(Command::Tsdb(command)) => tsdb::run(&command).map(done),
        Some(Command::Promql(command)) => promql::run(&command).map(done),
        Some(Command::Query(command)) => query::run(&command).map(judged),
        Some(Command::Plugin(command)) => plugin::run(&command),
        Some(Command::Alert(command)) => oncall::run_alert(&command).map(judged),
        Some(Command::Alertmanager(command)) => oncall::run_alertmanager(&command).map(judged),
        Some(Command::Silence(command)) => oncall::run_silence(&command).map(judged),
        Some(Command::Routes(command)) => oncall::run_routes(&command).map(judged),
        Some(Command::Template(command)) => oncall::run_template(&command).map(judged),
        Some(Command::Test(command)) => unit_test::run(&command).map(judged),
        None => logging::start(&cli.serve.log_level, cli.serve.log_format)
            .and_then(|()| serve::serve(cli.serve))
            .map(done),
    };
    outcome.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

#[expect(clippy::print_stderr, reason = "the last word of a program that does not start")]
fn complain(error: &anyhow::Error) {
    eprintln!("narthex: {error:#}");
}
