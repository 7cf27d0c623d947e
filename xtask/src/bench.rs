//! `cargo xtask bench storage`: what storing and reading back costs, beside current peers, in one run; `query.rs` has
//! what asking costs, `scrape.rs` what the formats cost, `plugins.rs` what plugins cost,
//! `alerting.rs` what alerts cost.
//!
//! Always holds: every server gets the same data from the same generator, one server at a time, on a fresh folder, with
//! its default flags; what is counted are processor time, memory and bytes as the kernel counts them, and samples as
//! the server counts them. On a crowded machine these stay within a quarter; latencies and restarts are upper bounds.
//! Nothing here decides a test.

mod alerting;
mod backfill;
mod crash;
mod http;
mod load;
mod measures;
mod options;
mod plugins;
mod proc;
mod query;
mod report;
mod scrape;
mod server;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;

use self::measures::Measures;
use self::options::Options;
use self::server::{Kind, Program};
use crate::peers;
use crate::process::Tool;
use crate::steps;
use crate::workspace::Workspace;

const STEP: &str = "bench";

/// `cargo xtask bench`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let Some((subject, rest)) = arguments.split_first() else {
        bail!(
            "say what to measure: `cargo xtask bench` with `scrape`, `storage`, `query`, `plugins` or `alerting`"
        );
    };
    match subject.as_str() {
        "scrape" => scrape::run(workspace, rest),
        "storage" => storage(workspace, rest),
        "query" => query::run(workspace, rest),
        "plugins" => plugins::run(workspace, rest),
        "alerting" => alerting::run(workspace, rest),
        _ => bail!(
            "no benchmark `{subject}`; there are `scrape`, `storage`, `query`, `plugins` and `alerting`"
        ),
    }
}

fn storage(workspace: &Workspace, words: &[String]) -> anyhow::Result<ExitCode> {
    let options = Options::of_storage(words)?;
    let bench = Bench::prepare(workspace, options)?;
    let mut columns = Vec::new();
    for program in &bench.programs {
        columns.push(bench.measure(program)?);
    }
    let text = report::table(&columns);
    steps::answer(&text);
    let file = bench.folder.join("storage.json");
    let json = report::json(&bench.options, &report::machine(workspace), &columns);
    std::fs::write(&file, format!("{json:#}\n"))
        .with_context(|| format!("write {}", file.display()))?;
    workspace.steps.say(STEP, format_args!("figures are in {}", file.display()));
    Ok(ExitCode::SUCCESS)
}

/// What all phases share.
struct Bench<'a> {
    workspace: &'a Workspace,
    options: Options,
    /// Data folders of servers, their logs, and the figures.
    folder: PathBuf,
    load: PathBuf,
    programs: Vec<Program>,
    probe: Probe,
}

/// A counter that every target has, for queries that must find data.
struct Probe {
    name: String,
    /// Series of this name on one target.
    series: usize,
}

/// One server's figures.
struct Column {
    name: &'static str,
    version: String,
    measures: Measures,
}

impl<'a> Bench<'a> {
    fn prepare(workspace: &'a Workspace, options: Options) -> anyhow::Result<Self> {
        if !options.is_built {
            build(workspace)?;
        }
        let programs = programs(workspace, &options.peers)?;
        let folder = workspace.target.join("bench");
        std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let load = workspace.target.join("release/narthex-load");
        let probe = probe(&load, options.series)?;
        Ok(Self { workspace, options, folder, load, programs, probe })
    }

    fn measure(&self, program: &Program) -> anyhow::Result<Column> {
        let name = program.kind.name();
        let mut measures = Measures::default();
        self.workspace.steps.timed(STEP, format_args!("{name} is scraped"), || {
            crash::measure(self, program, &mut measures)
                .with_context(|| format!("scrape by {name}"))
        })?;
        if self.options.backfill_targets > 0 {
            self.workspace.steps.timed(STEP, format_args!("{name} gets blocks"), || {
                backfill::measure(self, program, &mut measures)
                    .with_context(|| format!("blocks of {name}"))
            })?;
        }
        Ok(Column { name, version: program.version(), measures })
    }

    fn fresh(&self, name: &str) -> anyhow::Result<PathBuf> {
        fresh(&self.folder, name)
    }
}

/// Ours, and the peers that can be had here.
fn programs(workspace: &Workspace, wanted: &[Kind]) -> anyhow::Result<Vec<Program>> {
    let path = workspace.target.join("release/narthex");
    let mut programs = vec![Program { kind: Kind::Narthex, path }];
    for &kind in wanted {
        let package = kind.package();
        match peers::benched(workspace, package)? {
            Some(path) => programs.push(Program { kind, path }),
            None => workspace
                .steps
                .say(STEP, format_args!("{package} is left out: it cannot be had here")),
        }
    }
    Ok(programs)
}

/// An empty folder for a server.
fn fresh(within: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let folder = within.join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    Ok(folder)
}

/// Both programs in one call: cargo unites features over the selection, and another selection builds them anew.
fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let what = "cargo build --release (the first time about a quarter of an hour)";
    workspace.steps.timed(STEP, what, || {
        Tool::cargo(workspace)
            .args([
                "build",
                "--quiet",
                "--release",
                "--package",
                "narthex",
                "--package",
                "narthex-load",
            ])
            .run()
    })
}

fn probe(load: &Path, series: usize) -> anyhow::Result<Probe> {
    let text = Tool::new(load).args(["probe", "--series", &series.to_string()]).capture()?;
    let answer: Value = serde_json::from_str(&text).context("read what narthex-load answers")?;
    let name = answer.get("name").and_then(Value::as_str).context("the probe's name")?;
    let series = answer.get("series").and_then(Value::as_u64).context("the probe's series")?;
    Ok(Probe { name: name.to_owned(), series: usize::try_from(series)? })
}

/// Bytes of all files under a folder.
fn bytes_under(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let entry = entry.with_context(|| format!("list {}", folder.display()))?;
        // A server that runs removes files while they are counted.
        let Ok(data) = entry.metadata() else { continue };
        bytes += if data.is_dir() { bytes_under(&entry.path()).unwrap_or(0) } else { data.len() };
    }
    Ok(bytes)
}
