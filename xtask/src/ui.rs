//! The browser UI: npm packages and the Vite build, each only when its inputs changed.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::fingerprint::{Fingerprint, Stamp};
use crate::process::{Tool, find_program};
use crate::workspace::Workspace;

const STEP: &str = "ui";

/// The oldest that Vite runs on.
const NODE_MAJOR_MIN: u32 = 20;

/// Whether the UI could be built here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ui {
    /// `host/web/ui/dist` holds the current UI.
    Built,
    /// Left out, for this reason.
    LeftOut(String),
}

/// `cargo xtask ui`.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> anyhow::Result<ExitCode> {
    Ok(match ensure(workspace)? {
        Ui::Built => ExitCode::SUCCESS,
        Ui::LeftOut(_) => ExitCode::FAILURE,
    })
}

/// The folder of the UI's sources.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("host/web/ui")
}

/// Builds the UI unless it is fresh. Without Node.js the host builds and runs all the same.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<Ui> {
    if let Err(reason) = ensure_packages(workspace)? {
        workspace.steps.say(STEP, format_args!("left out: {reason}"));
        return Ok(Ui::LeftOut(reason));
    }
    let folder = folder(workspace);
    let built = Stamp::new(folder.join("node_modules/.narthex-build"));
    let mut sources = Fingerprint::new();
    sources.add(&folder, &["dist"])?;
    let sources = sources.finish();
    if built.matches(&sources) && folder.join("dist/index.html").is_file() {
        workspace.steps.say(STEP, "is fresh");
        return Ok(Ui::Built);
    }
    workspace.steps.timed(STEP, "npm run build", || {
        Tool::new("npm").args(["run", "build"]).within(&folder).run()
    })?;
    built.write(&sources)?;
    Ok(Ui::Built)
}

/// Installs the npm packages that package-lock.json names, or says why it cannot.
pub(crate) fn ensure_packages(workspace: &Workspace) -> anyhow::Result<Result<(), String>> {
    let folder = folder(workspace);
    if !folder.join("package-lock.json").is_file() {
        return Ok(Err("host/web/ui has no package-lock.json".to_owned()));
    }
    if find_program("node").is_none() || find_program("npm").is_none() {
        return Ok(Err("Node.js with npm is not installed".to_owned()));
    }
    let installed = Stamp::new(folder.join("node_modules/.narthex-packages"));
    let mut wanted = Fingerprint::new();
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        wanted.add(&folder.join(file), &[])?;
    }
    let wanted = wanted.finish();
    if !installed.matches(&wanted) {
        let version = Tool::new("node").arg("--version").capture()?;
        if major(&version).is_none_or(|major| major < NODE_MAJOR_MIN) {
            return Ok(Err(format!("Node.js {} is older than {NODE_MAJOR_MIN}", version.trim())));
        }
        workspace.steps.timed(STEP, "npm ci", || {
            Tool::new("npm").args(["ci", "--no-audit", "--no-fund"]).within(&folder).run()
        })?;
        installed.write(&wanted)?;
    }
    Ok(Ok(()))
}

/// `v20.19.1` -> 20.
pub(crate) fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(major("v20.19.1\n"), Some(20));
        assert_eq!(major("unknown"), None);
    }
}
