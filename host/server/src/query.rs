//! `narthex query`: a server is asked, ours or Prometheus', as by `promtool query`.
//!
//! Open `server.rs` for how it is asked, `print.rs` for how answers are shown.

mod analyze;
mod arguments;
mod data;
mod print;
mod server;

use std::time::Duration;

use anyhow::Context as _;
use narthex_platform::{Clock, RealDisk};

pub(crate) use self::arguments::QueryCommand;

use self::arguments::{Ask, Range};
use self::print::Printer;
use self::server::{Failure, Server};
use crate::outbound::{client, time};

/// Times far away enough from now for everything that is stored, as promtool has them.
const ALL_MILLIS: i64 = 9999 * 3_600_000;
/// A range that names no step gets so many at least.
const STEPS: i64 = 250;

/// Asks, and prints the answer; whether there was one.
///
/// # Errors
/// When the arguments make no sense.
pub(crate) fn run(command: &QueryCommand) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    let disk = RealDisk::shared();
    let client = client(&disk, command.http_config.as_deref())?;
    let now = Clock::real().now_millis();
    let printer = Printer::new(command.format);
    let asked = async {
        match &command.ask {
            Ask::Instant { server, expr, time, headers } => {
                let at = time_or(time.as_deref(), now, "evaluation time")?;
                let server = Server::new(client, server, headers);
                printer.value(&server.instant(expr, at).await?)
            }
            Ask::Range(range) => {
                let (start, end, step) = times(range, now)?;
                let server = Server::new(client, &range.server, &range.headers);
                printer.value(&server.range(&range.expr, start, end, step).await?)
            }
            Ask::Series { server, selectors, start, end } => {
                let (start, end) = bounds(start.as_deref(), end.as_deref(), now)?;
                let server = Server::new(client, server, &[]);
                printer.series(&server.series(selectors, start, end).await?)
            }
            Ask::Labels { server, name, selectors, start, end } => {
                let (start, end) = bounds(start.as_deref(), end.as_deref(), now)?;
                let server = Server::new(client, server, &[]);
                printer.values(&server.label_values(name, selectors, start, end).await?)
            }
            Ask::Analyze(arguments) => {
                let at = time_or(arguments.time.as_deref(), now, "time")?;
                let server = Server::new(client, &arguments.server, &[]);
                analyze::analyze(&server, arguments, at).await
            }
        }
    };
    match runtime.block_on(asked) {
        Ok(()) => Ok(true),
        Err(error) if error.is::<crate::tsdb::output::ClosedPipe>() => Ok(true),
        Err(error) => match error.downcast::<Failure>() {
            Ok(failure) => {
                crate::tsdb::output::progress(&format!("query error: {failure}"));
                Ok(false)
            }
            Err(error) => Err(error),
        },
    }
}

fn time_or(text: Option<&str>, default: i64, what: &str) -> anyhow::Result<i64> {
    match text.filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => time(text).with_context(|| format!("error parsing {what}")),
    }
}

fn bounds(start: Option<&str>, end: Option<&str>, now: i64) -> anyhow::Result<(i64, i64)> {
    Ok((
        time_or(start, now.saturating_sub(ALL_MILLIS), "start time")?,
        time_or(end, now.saturating_add(ALL_MILLIS), "end time")?,
    ))
}

/// Start and end in milliseconds, and the step.
fn times(range: &Range, now: i64) -> anyhow::Result<(i64, i64, Duration)> {
    let end = time_or(range.end.as_deref(), now, "end time")?;
    let start = time_or(range.start.as_deref(), end.saturating_sub(300_000), "start time")?;
    if start >= end {
        anyhow::bail!("start time is not before end time");
    }
    let step = range.step.filter(|step| !step.is_zero()).unwrap_or_else(|| {
        let seconds = (end.saturating_sub(start) / 1000 / STEPS).max(1);
        Duration::from_secs(seconds.unsigned_abs())
    });
    Ok((start, end, step))
}
