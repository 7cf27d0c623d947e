//! The host binary.

use std::path::PathBuf;

use crate::fingerprint::{Fingerprint, Stamp};
use crate::process::Tool;
use crate::suite;
use crate::workspace::Workspace;

const STEP: &str = "host";

/// Everything that the binary is made of; `host` includes the built UI.
const INPUTS: &[&str] = &["Cargo.toml", "Cargo.lock", ".cargo", "host", "wit"];

/// Where cargo puts the binary.
pub(crate) fn binary(workspace: &Workspace) -> PathBuf {
    workspace.target.join("debug/narthex")
}

/// Builds the host unless it is fresh. Asking cargo costs half a second, hashing the sources a few milliseconds.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let binary = binary(workspace);
    let stamp = Stamp::new(workspace.notes().join("host.stamp"));
    let inputs = inputs(workspace)?;
    if stamp.matches(&with_output(&inputs, &binary)) && binary.is_file() {
        workspace.steps.say(STEP, "is fresh");
        return Ok(binary);
    }
    // The same selection of packages as for tests: cargo unites features over the selection, and another selection
    // would build the WebAssembly engine a second time.
    let selection = suite::native_packages(workspace)?;
    workspace.steps.timed(
        STEP,
        "cargo build (the first time about a quarter of an hour)",
        || Tool::cargo(workspace).arg("build").args(selection).args(["--bin", "narthex"]).run(),
    )?;
    stamp.write(&with_output(&inputs, &binary))?;
    Ok(binary)
}

fn inputs(workspace: &Workspace) -> anyhow::Result<String> {
    let mut inputs = Fingerprint::new();
    inputs.add_rust();
    for path in INPUTS {
        inputs.add(&workspace.root.join(path), &[])?;
    }
    Ok(inputs.finish())
}

fn with_output(inputs: &str, binary: &std::path::Path) -> String {
    let mut output = Fingerprint::new();
    output.add_outline(binary);
    format!("{inputs} {}", output.finish())
}
