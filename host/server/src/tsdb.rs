//! `narthex tsdb`: commands on a data folder, ours or Prometheus', without a server.
//!
//! Open `arguments.rs` first; each command has a file of its name.

mod analyze;
mod arguments;
mod backfill;
mod bench;
mod dump;
mod export;
mod flush;
mod histogram_chart;
mod list;
pub(crate) mod notation;
mod open;
mod openmetrics;
pub(crate) mod output;
mod rules;
mod table;
mod verify;

pub(crate) use self::arguments::TsdbCommand;

use self::arguments::{Bench, BlockSource};
use self::output::ClosedPipe;

/// Runs one command.
///
/// # Errors
/// With the step that failed and the file that it failed on.
pub(crate) fn run(command: &TsdbCommand) -> anyhow::Result<()> {
    match run_one(command) {
        Err(error) if error.is::<ClosedPipe>() => Ok(()),
        outcome => outcome,
    }
}

fn run_one(command: &TsdbCommand) -> anyhow::Result<()> {
    match command {
        TsdbCommand::Analyze(arguments) => analyze::analyze(arguments),
        TsdbCommand::List(arguments) => list::list(arguments),
        TsdbCommand::Dump(arguments) => dump::dump(arguments),
        TsdbCommand::DumpOpenMetrics(arguments) => dump::dump_openmetrics(arguments),
        TsdbCommand::CreateBlocksFrom(from) => match &from.source {
            BlockSource::OpenMetrics(arguments) => openmetrics::create(arguments, from.telling),
            BlockSource::Rules(arguments) => rules::create(arguments, from.telling),
        },
        TsdbCommand::Bench(Bench::Write(arguments)) => bench::write(arguments),
        TsdbCommand::Verify(arguments) => verify::verify(arguments),
        TsdbCommand::Flush(arguments) => flush::flush(arguments),
        TsdbCommand::Export(arguments) => export::export(arguments),
    }
}
