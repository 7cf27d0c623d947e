//! `cargo xtask test`: everything that tests need, every test, one honest line at the end.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::fingerprint::files_under;
use crate::process::{Tool, find_program};
use crate::tally::{self, Tally};
use crate::workspace::Workspace;
use crate::{host, langs, peers, plugins, steps, ui};

const STEP: &str = "test";

/// `cargo xtask test [-- FILTER...]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let filters: Vec<String> =
        arguments.iter().filter(|argument| *argument != "--").cloned().collect();
    let mut tally = Tally::default();
    everything(workspace, &filters, &mut tally)?;
    Ok(conclude(&tally))
}

/// Prints the reasons and the closing line.
pub(crate) fn conclude(tally: &Tally) -> ExitCode {
    let explanation = tally.explanation();
    if !explanation.is_empty() {
        steps::complain(explanation.trim_end());
    }
    steps::answer(&tally.to_string());
    if tally.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sets up and runs. A part that cannot be built is one failure, and the others run all the same.
pub(crate) fn everything(
    workspace: &Workspace,
    filters: &[String],
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let skip_log = workspace.notes().join("skipped.log");
    std::fs::create_dir_all(workspace.notes()).context("create the folder of notes")?;
    if skip_log.exists() {
        std::fs::remove_file(&skip_log).context("remove the old skip log")?;
    }
    peers::ensure(workspace)?;
    let mut part = |what: &str, result: anyhow::Result<()>| {
        if let Err(error) = result {
            workspace.steps.say(STEP, format_args!("{what}: {error:#}"));
            tally.fail(what, &error);
        }
    };
    part("build the plugins", plugins::ensure(workspace));
    part("build the guests", plugins::ensure_guests(workspace));
    part("build the examples in JavaScript and Python", langs::ensure(workspace));
    if filters.is_empty() {
        part("build the UI", ui::ensure(workspace).map(drop));
    }
    part("build the host", host::ensure(workspace).map(drop));
    let surroundings = Surroundings { skip_log };
    for result in [
        configurations(workspace, tally).context("configurations"),
        surroundings.rust_tests(workspace, filters, tally).context("Rust tests"),
        surroundings.doctests(workspace, filters, tally).context("doctests"),
        ui_tests(workspace, filters, tally).context("tests of the UI"),
        sdk_tests(workspace, filters, tally),
    ] {
        if let Err(error) = result {
            tally.fail("run", &error);
        }
    }
    tally.take_skip_log(&surroundings.skip_log);
    Ok(())
}

/// Every configuration that ships is one that the host takes, plugins and rule files included.
fn configurations(workspace: &Workspace, tally: &mut Tally) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = files_under(&workspace.root.join("config"), &["rules"])?
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    for file in files {
        let name = file.strip_prefix(&workspace.root).unwrap_or(&file).to_path_buf();
        let check = Tool::new(host::binary(workspace)).args(["check", "config"]).arg(&name);
        match check.within(&workspace.root).run() {
            Ok(()) => tally.count(1, 0),
            Err(error) => tally.fail(&name.to_string_lossy(), &error),
        }
    }
    Ok(())
}

/// Cargo's selection of what runs on this machine: all but the components that only a host loads.
pub(crate) fn native_packages(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut selection = vec!["--workspace".to_owned()];
    for package in workspace.packages()? {
        if package.is_guest() {
            selection.extend(["--exclude".to_owned(), package.name]);
        }
    }
    Ok(selection)
}

/// What tests are told through the environment.
#[derive(Debug)]
struct Surroundings {
    /// Where a test that cannot run here notes its reason.
    skip_log: PathBuf,
}

impl Surroundings {
    fn tell(&self, workspace: &Workspace, tool: Tool) -> Tool {
        tool.env("NARTHEX_SKIP_LOG", &self.skip_log)
            .env("NARTHEX_BIN", host::binary(workspace))
            .env("NARTHEX_GUESTS", plugins::guests_folder(workspace))
            .env("CARGO_TERM_COLOR", "never")
    }

    fn rust_tests(
        &self,
        workspace: &Workspace,
        filters: &[String],
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let nextest = find_program("cargo-nextest").is_some();
        let (what, verb): (&str, &[&str]) = if nextest {
            ("cargo nextest run", &["nextest", "run", "--no-fail-fast", "--no-tests", "pass"])
        } else {
            ("cargo test", &["test", "--no-fail-fast", "--all-targets"])
        };
        let cargo = self
            .tell(workspace, Tool::cargo(workspace))
            .args(verb)
            .args(native_packages(workspace)?)
            .args(filters);
        let count = if nextest { tally::of_nextest } else { tally::of_cargo_test };
        run_and_count(workspace, what, cargo, count, tally)
    }

    fn doctests(
        &self,
        workspace: &Workspace,
        filters: &[String],
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        if !filters.is_empty() {
            return Ok(());
        }
        let cargo = self
            .tell(workspace, Tool::cargo(workspace))
            .args(["test", "--doc", "--no-fail-fast"])
            .args(native_packages(workspace)?);
        run_and_count(workspace, "cargo test --doc", cargo, tally::of_cargo_test, tally)
    }
}

fn run_and_count(
    workspace: &Workspace,
    what: &str,
    tool: Tool,
    count: fn(&str) -> Option<(u64, u64)>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let (mut passed, mut failed) = (0, 0);
    let succeeded = workspace.steps.timed(STEP, what, || {
        tool.watch(|line| {
            if let Some((more_passed, more_failed)) = count(line) {
                passed += more_passed;
                failed += more_failed;
            }
        })
    })?;
    tally.count(passed, failed);
    if !succeeded && failed == 0 {
        bail!("{what} failed without a failed test: it does not build");
    }
    Ok(())
}

fn sdk_tests(workspace: &Workspace, filters: &[String], tally: &mut Tally) -> anyhow::Result<()> {
    if filters.is_empty() {
        langs::test(workspace, tally);
    }
    Ok(())
}

fn ui_tests(workspace: &Workspace, filters: &[String], tally: &mut Tally) -> anyhow::Result<()> {
    if !filters.is_empty() {
        return Ok(());
    }
    if let Err(reason) = ui::ensure_packages(workspace)? {
        tally.skip("tests of the UI", &reason);
        return Ok(());
    }
    let folder = ui::folder(workspace);
    let checked = workspace.steps.timed(STEP, "npm run check", || {
        Tool::new("npm").args(["run", "check"]).within(&folder).run()
    });
    match checked {
        Ok(()) => tally.count(1, 0),
        Err(error) => tally.fail("types of the UI", &error),
    }
    let report = workspace.notes().join("vitest.json");
    // The report alone decides: vitest also exits non-zero when a test failed.
    let ended = workspace.steps.timed(STEP, "vitest", || {
        Tool::new("npx")
            .args(["--no-install", "vitest", "run", "--reporter=default", "--reporter=json"])
            .arg(format!("--outputFile.json={}", report.display()))
            .within(&folder)
            .run()
    });
    let counts = std::fs::read(&report)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .and_then(|report| tally::of_vitest(&report));
    drop(std::fs::remove_file(&report));
    match (counts, ended) {
        (Some((passed, failed)), Ok(())) => tally.count(passed, failed),
        (Some((passed, failed)), Err(_)) => tally.count(passed, failed.max(1)),
        (None, ended) => {
            ended?;
            bail!("vitest wrote no report");
        }
    }
    Ok(())
}
