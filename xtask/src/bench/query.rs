//! `cargo xtask bench query`: what asking costs, beside current peers.
//!
//! Always holds: every server has got the same samples by remote write, on a fresh folder, with its default flags; all of
//! them run while one is asked, and each query goes to one after the other, so that what else the machine does hits
//! them alike. Results are compared with those of the first, which is ours. Caches of results are off.
//! Nothing here decides a test.

mod options;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use self::options::Options;
use super::backfill::{self, Backfill};
use super::load::{free_port, to_f64, unix_now};
use super::proc::Reading;
use super::server::{Kind, Program, Server};
use super::{STEP, http, report};
use crate::process::Tool;
use crate::steps;
use crate::workspace::Workspace;

/// Off the grid of the samples: no window ends at one.
const BEFORE_THE_END: i64 = 8;
/// A server that takes less than this part of a processor has nothing left to do of the backfill.
const IDLE_CPU: f64 = 0.05;
/// For so long in a row.
const IDLE_SECONDS: usize = 5;
/// Joining blocks may go on behind the push; a server that never rests is measured as it is.
const SETTLE_SECONDS_MAX: usize = 180;
/// The servers are asked in so many slices each, one after the other, for the same reason.
const SLICES: u64 = 4;
/// Clients at once, beside the one that asks query for query.
const CLIENTS: [usize; 2] = [1, 4];
const MIB: f64 = 1024.0 * 1024.0;

/// A query's figures of one server.
struct Asked {
    /// Ascending.
    millis: Vec<f64>,
    /// Mean of a round.
    cpu_millis: f64,
    /// What was resident at most beyond what was before.
    more_mib: f64,
    /// Whether the result is the first server's.
    comparison: String,
}

/// The whole list, from so many clients at once, on one server.
struct Mixed {
    clients: usize,
    /// Ascending.
    millis: Vec<f64>,
    queries_a_second: f64,
    cpu_millis: f64,
    peak_mib: f64,
}

/// One server's figures.
struct Column {
    name: &'static str,
    version: String,
    idle_mib: f64,
    /// One a query, in the order of the list.
    asked: Vec<Asked>,
    mixed: Vec<Mixed>,
}

/// The servers, and what asks them.
struct Run {
    options: Options,
    load: PathBuf,
    servers: Vec<Server>,
    at: i64,
}

pub(super) fn run(workspace: &Workspace, words: &[String]) -> anyhow::Result<ExitCode> {
    let options = Options::read(words)?;
    if !options.is_built {
        super::build(workspace)?;
    }
    let programs = super::programs(workspace, &options.peers)?;
    let folder = workspace.target.join("bench");
    let load = workspace.target.join("release/narthex-load");
    let end = unix_now().floor();
    let mut servers = Vec::new();
    for program in &programs {
        let name = program.kind.name();
        let server =
            workspace.steps.timed(STEP, format_args!("{name} gets its samples"), || {
                filled(program, &folder, &load, &options, end)
                    .with_context(|| format!("fill {name}"))
            })?;
        servers.push(server);
    }
    workspace.steps.timed(STEP, "the servers settle", || settle(&servers))?;
    let at = format!("{end:.0}").parse::<i64>().context("the end of the samples")? - BEFORE_THE_END;
    let run = Run { options, load, servers, at };
    let names = run.names()?;
    let mut columns = run.columns(&programs)?;
    run.ask("", 1)?; // caches fill
    for name in &names {
        workspace.steps.timed(STEP, format_args!("{name}"), || run.measure(name, &mut columns))?;
    }
    for clients in CLIENTS {
        let what = format!("{clients} at once");
        workspace.steps.timed(STEP, what, || run.mix(clients, &mut columns))?;
    }
    steps::answer(&table::queries(&names, &columns));
    steps::answer("");
    steps::answer(&table::mix(&columns));
    let file = folder.join("query.json");
    let machine = report::machine(workspace);
    let json = json!({ "machine": machine, "load": run.options.json(), "servers": json(&names, &columns) });
    std::fs::write(&file, format!("{json:#}\n"))
        .with_context(|| format!("write {}", file.display()))?;
    workspace.steps.say(STEP, format_args!("figures are in {}", file.display()));
    Ok(ExitCode::SUCCESS)
}

/// A server with all samples.
fn filled(
    program: &Program,
    folder: &Path,
    load: &Path,
    options: &Options,
    end: f64,
) -> anyhow::Result<Server> {
    let folder = super::fresh(folder, &format!("{}-query", program.kind.name()))?;
    let more: &[&str] = match program.kind {
        Kind::Narthex | Kind::Prometheus => &["--web.enable-remote-write-receiver"],
        Kind::VictoriaMetrics => &[],
    };
    let mut server = program.start(&folder, backfill::QUIET, free_port()?, more)?;
    server.wait_ready()?;
    let amount =
        Backfill { targets: options.targets, series: options.series, steps: options.steps, end };
    backfill::push(load, &server, &amount)?;
    if program.kind == Kind::VictoriaMetrics {
        // What came last is hidden from queries until then.
        http::get(server.port, "/internal/force_flush")?;
    }
    Ok(server)
}

/// Until no server works on what it was given any more.
fn settle(servers: &[Server]) -> anyhow::Result<()> {
    let mut idle = 0;
    for _ in 0..SETTLE_SECONDS_MAX {
        let before = readings(servers)?;
        std::thread::sleep(Duration::from_secs(1));
        let after = readings(servers)?;
        let works =
            before.iter().zip(&after).any(|(before, after)| after.cpu - before.cpu > IDLE_CPU);
        idle = if works { 0 } else { idle + 1 };
        if idle == IDLE_SECONDS {
            break;
        }
    }
    Ok(())
}

fn readings(servers: &[Server]) -> anyhow::Result<Vec<Reading>> {
    servers.iter().map(Server::reading).collect()
}

impl Run {
    fn names(&self) -> anyhow::Result<Vec<String>> {
        let text = Tool::new(&self.load).arg("queries").capture()?;
        serde_json::from_str(&text).context("read the names of the queries")
    }

    fn columns(&self, programs: &[Program]) -> anyhow::Result<Vec<Column>> {
        let pairs = programs.iter().zip(&self.servers);
        pairs
            .map(|(program, server)| {
                Ok(Column {
                    name: program.kind.name(),
                    version: program.version(),
                    idle_mib: to_f64(server.reading()?.resident) / MIB,
                    asked: Vec::new(),
                    mixed: Vec::new(),
                })
            })
            .collect()
    }

    /// Asks one query, or all when it has no name, of each server in turn.
    fn ask(&self, name: &str, rounds: usize) -> anyhow::Result<Value> {
        let urls: Vec<String> = self.servers.iter().map(url).collect();
        let mut tool = Tool::new(&self.load).args(["query", "--servers", &urls.join(",")]).args([
            "--at",
            &self.at.to_string(),
            "--rounds",
            &rounds.to_string(),
        ]);
        if !name.is_empty() {
            tool = tool.args(["--only", name]);
        }
        serde_json::from_str(&tool.capture()?).context("read what narthex-load answers")
    }

    fn measure(&self, name: &str, columns: &mut [Column]) -> anyhow::Result<()> {
        let rounds = self.options.rounds;
        for server in &self.servers {
            server.forget_peak()?;
        }
        let before = readings(&self.servers)?;
        let answer = self.ask(name, rounds)?;
        let after = readings(&self.servers)?;
        let query = answer.pointer("/queries/0").with_context(|| format!("{name} was asked"))?;
        for (place, column) in columns.iter_mut().enumerate() {
            let (Some(before), Some(after)) = (before.get(place), after.get(place)) else {
                continue;
            };
            let millis = numbers(query.pointer(&format!("/millis/{place}")));
            let comparison = query.pointer(&format!("/comparison/{place}")).and_then(Value::as_str);
            column.asked.push(Asked {
                millis,
                cpu_millis: (after.cpu - before.cpu) * 1000.0 / to_f64(u64::try_from(rounds)?),
                more_mib: to_f64(after.peak.saturating_sub(before.resident)) / MIB,
                comparison: comparison.unwrap_or_default().to_owned(),
            });
        }
        Ok(())
    }

    fn mix(&self, clients: usize, columns: &mut [Column]) -> anyhow::Result<()> {
        for server in &self.servers {
            server.forget_peak()?;
        }
        let mut totals: Vec<Slice> = self.servers.iter().map(|_| Slice::default()).collect();
        for _ in 0..SLICES {
            for (server, total) in self.servers.iter().zip(&mut totals) {
                self.slice(server, clients, total)?;
            }
        }
        for ((server, column), mut total) in self.servers.iter().zip(columns).zip(totals) {
            let count = to_f64(u64::try_from(total.millis.len())?);
            if total.millis.is_empty() {
                bail!("{} answered nothing in time", server.kind.name());
            }
            total.millis.sort_by(f64::total_cmp);
            column.mixed.push(Mixed {
                clients,
                millis: total.millis,
                queries_a_second: count / total.seconds,
                cpu_millis: total.cpu * 1000.0 / count,
                peak_mib: to_f64(server.reading()?.peak) / MIB,
            });
        }
        Ok(())
    }

    fn slice(&self, server: &Server, clients: usize, total: &mut Slice) -> anyhow::Result<()> {
        let seconds = self.options.seconds.div_ceil(SLICES).to_string();
        let before = server.reading()?.cpu;
        let text = Tool::new(&self.load)
            .args(["mix", "--server", &url(server), "--at", &self.at.to_string()])
            .args(["--clients", &clients.to_string(), "--seconds", &seconds])
            .capture()?;
        let answer: Value = serde_json::from_str(&text).context("read the mix")?;
        total.cpu += server.reading()?.cpu - before;
        total.seconds += answer.get("seconds").and_then(Value::as_f64).context("its seconds")?;
        total.millis.extend(numbers(answer.get("millis")));
        Ok(())
    }
}

/// What came of the list in a part of its time.
#[derive(Default)]
struct Slice {
    millis: Vec<f64>,
    seconds: f64,
    cpu: f64,
}

fn url(server: &Server) -> String {
    format!("http://127.0.0.1:{}", server.port)
}

fn numbers(list: Option<&Value>) -> Vec<f64> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_f64).collect()
}

/// Every figure, for later comparison.
fn json(names: &[String], columns: &[Column]) -> Vec<Value> {
    let of_query = |(name, asked): (&String, &Asked)| {
        json!({
            "name": name,
            "millis": asked.millis,
            "cpu_millis": asked.cpu_millis,
            "more_mib": asked.more_mib,
            "comparison": asked.comparison,
        })
    };
    let of_mix = |mixed: &Mixed| {
        json!({
            "clients": mixed.clients,
            "queries_a_second": mixed.queries_a_second,
            "cpu_millis": mixed.cpu_millis,
            "peak_mib": mixed.peak_mib,
            "p50": table::quantile(&mixed.millis, 50),
            "p90": table::quantile(&mixed.millis, 90),
            "p99": table::quantile(&mixed.millis, 99),
        })
    };
    let of_column = |column: &Column| {
        json!({
            "name": column.name,
            "version": column.version,
            "idle_mib": column.idle_mib,
            "queries": names.iter().zip(&column.asked).map(of_query).collect::<Vec<_>>(),
            "mix": column.mixed.iter().map(of_mix).collect::<Vec<_>>(),
        })
    };
    columns.iter().map(of_column).collect()
}
