//! `cargo xtask ci`: what a submission must pass, cheap checks first.

use std::process::ExitCode;
use std::time::Instant;

use crate::process::Tool;
use crate::tally::Tally;
use crate::toolchain::{self, GuestToolchain};
use crate::workspace::Workspace;
use crate::{deny, steps, suite, tidy};

const STEP: &str = "ci";

/// Runs every check; a failed one does not stop the others.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    let mut durations = Vec::new();
    let mut check = |name: &'static str, work: &mut dyn FnMut(&mut Tally) -> anyhow::Result<()>| {
        let (began, before) = (Instant::now(), tally.clone());
        match workspace.steps.timed(STEP, name, || work(&mut tally)) {
            // A check that counts nothing itself counts as one.
            Ok(()) if tally == before => tally.count(1, 0),
            Ok(()) => {}
            Err(error) => {
                workspace.steps.say(STEP, format_args!("{name}: {error:#}"));
                tally.fail(name, &error);
            }
        }
        durations.push((name, began.elapsed()));
    };
    check("format", &mut |_| Tool::cargo(workspace).args(["fmt", "--all", "--check"]).run());
    check("tidy", &mut |_| tidy::check(workspace));
    check("deny", &mut |tally| deny::check(workspace, tally));
    check("clippy", &mut |_| clippy(workspace));
    check("clippy of components", &mut |tally| clippy_of_components(workspace, tally));
    check("documents", &mut |_| documents(workspace));
    check("tests", &mut |tally| suite::everything(workspace, &[], tally));
    for (name, duration) in durations {
        steps::complain(&format!("{:8.1} s  {name}", duration.as_secs_f64()));
    }
    Ok(suite::conclude(&tally))
}

fn clippy(workspace: &Workspace) -> anyhow::Result<()> {
    Tool::cargo(workspace)
        .arg("clippy")
        .args(suite::native_packages(workspace)?)
        .args(["--all-targets", "--", "-D", "warnings"])
        .run()
}

/// Plugins and guests once more for the target that they ship for.
fn clippy_of_components(workspace: &Workspace, tally: &mut Tally) -> anyhow::Result<()> {
    let components: Vec<_> = workspace
        .packages()?
        .into_iter()
        .filter(|package| package.is_plugin() || package.is_guest())
        .collect();
    if components.is_empty() {
        return Ok(());
    }
    let toolchain = toolchain::ensure(workspace)?;
    if toolchain != GuestToolchain::Wasip2 {
        tally.skip("clippy of components", "Debian's toolchain for components has no clippy");
        return Ok(());
    }
    let mut cargo =
        toolchain.configure(Tool::cargo(workspace).arg("clippy")).args(["--profile", "guest"]);
    for component in components {
        cargo = cargo.args(["--package", &component.name]);
    }
    cargo.args(["--", "-D", "warnings"]).run()
}

fn documents(workspace: &Workspace) -> anyhow::Result<()> {
    Tool::cargo(workspace)
        .env("RUSTDOCFLAGS", "-D warnings")
        .args(["doc", "--no-deps"])
        .args(suite::native_packages(workspace)?)
        .run()
}
