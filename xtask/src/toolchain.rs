//! The compiler of components: the target `wasm32-wasip2` of the installed toolchain.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::process::{Tool, find_program};
use crate::workspace::Workspace;

const STEP: &str = "rust";
const WASIP2: &str = "wasm32-wasip2";

/// What builds components on this machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GuestToolchain {
    /// The standard library of `wasm32-wasip2` is installed.
    Wasip2,
}

impl GuestToolchain {
    pub(crate) fn target(&self) -> &'static str {
        match self {
            Self::Wasip2 => WASIP2,
        }
    }

    /// Adds what a cargo call needs in order to build components.
    pub(crate) fn configure(&self, cargo: Tool) -> Tool {
        match self {
            Self::Wasip2 => cargo.args(["--target", WASIP2]),
        }
    }
}

/// Finds or installs a toolchain for components.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<GuestToolchain> {
    if has_wasip2()? {
        return Ok(GuestToolchain::Wasip2);
    }
    if find_program("rustup").is_some() {
        let added = workspace.steps.timed(STEP, format_args!("rustup target add {WASIP2}"), || {
            Tool::new("rustup").args(["target", "add", WASIP2]).within(&workspace.root).run()
        });
        match added {
            Ok(()) if has_wasip2()? => return Ok(GuestToolchain::Wasip2),
            Ok(()) => workspace.steps.say(STEP, "rustup added the target to another toolchain"),
            Err(error) => workspace.steps.say(STEP, format_args!("{error:#}")),
        }
    }
    bail!("no standard library for {WASIP2}")
}

fn has_wasip2() -> anyhow::Result<bool> {
    let sysroot =
        Tool::new(rustc()).args(["--print", "sysroot"]).capture().context("find the sysroot")?;
    Ok(PathBuf::from(sysroot.trim()).join("lib/rustlib").join(WASIP2).join("lib").is_dir())
}

fn rustc() -> std::ffi::OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}
