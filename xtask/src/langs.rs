//! The SDKs of JavaScript and Python: their tools, their own tests, and their examples as components.
//!
//! Everything lands in `<target>/langs`, which outlives a checkout: what did not change is neither fetched nor built again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::fingerprint::{Fingerprint, Stamp, files_under};
use crate::process::{Tool, find_program};
use crate::tally::Tally;
use crate::workspace::Workspace;

const STEP: &str = "langs";

/// The oldest that the SDK of JavaScript runs on.
const NODE_MAJOR_MIN: u32 = 20;

/// What makes components of Python; the same as in sdk/python/pyproject.toml, which a test compares.
const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";

/// Examples by folder and module.
const JS: [&str; 3] = ["elasticsearch", "puppetdb", "ntfy"];
const PYTHON: [&str; 3] = ["memcached", "eureka", "matrix"];

/// `cargo xtask langs`.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    ensure(workspace)?;
    test(workspace, &mut tally);
    Ok(crate::suite::conclude(&tally))
}

/// Where the components of examples are put.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("langs")
}

/// Builds the examples of both languages unless they are fresh. A language whose tools cannot be had is left out, and
/// said to be.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<()> {
    for ensure in [ensure_js, ensure_python] {
        if let Err(reason) = ensure(workspace)? {
            workspace.steps.say(STEP, format_args!("left out: {reason}"));
        }
    }
    Ok(())
}

/// Runs the tests of both SDKs, those of their examples among them.
pub(crate) fn test(workspace: &Workspace, tally: &mut Tally) {
    type Prepare = fn(&Workspace) -> anyhow::Result<Result<(), String>>;
    type Run = fn(&Workspace) -> anyhow::Result<()>;
    let suites: [(&str, Prepare, Run); 2] = [
        ("tests of the SDK for JavaScript", js_tools, test_js),
        ("tests of the SDK for Python", python_tools, test_python),
    ];
    for (name, prepare, run) in suites {
        let ran = prepare(workspace).and_then(|ready| match ready {
            Ok(()) => workspace.steps.timed(STEP, name, || run(workspace)).map(Ok),
            Err(reason) => Ok(Err(reason)),
        });
        match ran {
            Ok(Ok(())) => tally.count(1, 0),
            Ok(Err(reason)) => tally.skip(name, &reason),
            Err(error) => tally.fail(name, &error),
        }
    }
}

/// Has a language's examples built by `build` unless their inputs are those of the last time.
fn examples(
    workspace: &Workspace,
    language: &str,
    names: &[&str],
    build: impl Fn(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let stamp = Stamp::new(folder(workspace).join(format!("{language}.stamp")));
    let mut inputs = Fingerprint::new();
    inputs.add(&workspace.root.join("sdk").join(language), &["test", "tests"])?;
    inputs.add(&workspace.root.join("wit"), &[])?;
    let inputs = inputs.finish();
    let made = |name: &str| folder(workspace).join(format!("{name}.wasm")).is_file();
    if stamp.matches(&inputs) && names.iter().all(|name| made(name)) {
        workspace.steps.say(STEP, format_args!("examples in {language} are fresh"));
        return Ok(());
    }
    for name in names {
        workspace.steps.timed(STEP, format!("build the example {name}"), || build(name))?;
    }
    stamp.write(&inputs)
}

// -- JavaScript --

/// A copy of the SDK with the contract and the npm packages, as `narthex plugin new` lays it out.
fn js_folder(workspace: &Workspace) -> PathBuf {
    folder(workspace).join("js")
}

fn ensure_js(workspace: &Workspace) -> anyhow::Result<Result<(), String>> {
    if let Err(reason) = js_tools(workspace)? {
        return Ok(Err(reason));
    }
    let within = js_folder(workspace);
    let built = examples(workspace, "js", &JS, |name| {
        let source = format!("examples/{name}/plugin.ts");
        let tool = Tool::new("node").args(["bin/narthex-build.mjs", &source, "--out"]);
        tool.arg(folder(workspace)).within(&within).run()
    });
    built.map(Ok)
}

fn js_tools(workspace: &Workspace) -> anyhow::Result<Result<(), String>> {
    if find_program("node").is_none() || find_program("npm").is_none() {
        return Ok(Err("Node.js with npm is not installed".to_owned()));
    }
    let version = Tool::new("node").arg("--version").capture()?;
    if crate::ui::major(&version).is_none_or(|major| major < NODE_MAJOR_MIN) {
        return Ok(Err(format!("Node.js {} is older than {NODE_MAJOR_MIN}", version.trim())));
    }
    let folder = js_folder(workspace);
    mirror(&workspace.root.join("sdk/js"), &folder)?;
    mirror(&workspace.root.join("wit"), &folder.join("wit"))?;
    let installed = Stamp::new(folder.join("node_modules/.narthex-packages"));
    let mut wanted = Fingerprint::new();
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        wanted.add(&folder.join(file), &[])?;
    }
    let wanted = wanted.finish();
    if !installed.matches(&wanted) {
        let fetched = workspace.steps.timed(STEP, "npm ci", || {
            Tool::new("npm").args(["ci", "--no-audit", "--no-fund"]).within(&folder).run()
        });
        if let Err(error) = fetched {
            return Ok(Err(format!("the packages of sdk/js cannot be had: {error:#}")));
        }
        installed.write(&wanted)?;
    }
    Ok(Ok(()))
}

fn test_js(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = js_folder(workspace);
    Tool::new("npm").args(["run", "check"]).within(&folder).run()?;
    Tool::new("npm").args(["run", "test"]).within(&folder).run()
}

/// Makes a folder hold the files of another one, and what npm put there.
fn mirror(from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in files_under(to, &["wit"])? {
        let inside = file.strip_prefix(to).unwrap_or(&file);
        if !from.join(inside).is_file() {
            std::fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
        }
    }
    for file in files_under(from, &[])? {
        let copy = to.join(file.strip_prefix(from).unwrap_or(&file));
        let folder = copy.parent().context("a file lies in a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        std::fs::copy(&file, &copy).with_context(|| format!("copy to {}", copy.display()))?;
    }
    Ok(())
}

// -- Python --

fn python(workspace: &Workspace) -> Tool {
    Tool::new(folder(workspace).join("venv/bin/python"))
        .env("PYTHONPATH", workspace.root.join("sdk/python"))
        // Compiled modules would lie among the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1")
}

fn ensure_python(workspace: &Workspace) -> anyhow::Result<Result<(), String>> {
    if let Err(reason) = python_tools(workspace)? {
        return Ok(Err(reason));
    }
    let built = examples(workspace, "python", &PYTHON, |name| {
        let source = workspace.root.join(format!("sdk/python/examples/{name}/{name}.py"));
        let tool = python(workspace).args(["-m", "narthex_sdk"]).arg(source).arg("--out");
        tool.arg(folder(workspace)).run()
    });
    built.map(Ok)
}

fn python_tools(workspace: &Workspace) -> anyhow::Result<Result<(), String>> {
    if find_program("python3").is_none() {
        return Ok(Err("python3 is not installed".to_owned()));
    }
    let is_new =
        Tool::new("python3").args(["-c", "import sys; print(sys.version_info >= (3, 11))"]);
    if is_new.capture()?.trim() != "True" {
        return Ok(Err("python3 is older than 3.11".to_owned()));
    }
    let venv = folder(workspace).join("venv");
    let installed = Stamp::new(venv.join("narthex-packages"));
    if installed.matches(COMPONENTIZE_PY) {
        return Ok(Ok(()));
    }
    let fetched = workspace.steps.timed(STEP, format!("pip install {COMPONENTIZE_PY}"), || {
        Tool::new("python3").args(["-m", "venv", "--clear"]).arg(&venv).run()?;
        let pip = Tool::new(venv.join("bin/python")).args(["-m", "pip", "install", "--quiet"]);
        pip.args(["--disable-pip-version-check", COMPONENTIZE_PY]).run()
    });
    if let Err(error) = fetched {
        return Ok(Err(format!("{COMPONENTIZE_PY} cannot be had: {error:#}")));
    }
    installed.write(COMPONENTIZE_PY)?;
    Ok(Ok(()))
}

fn test_python(workspace: &Workspace) -> anyhow::Result<()> {
    let sdk = workspace.root.join("sdk/python");
    let folders = PYTHON.map(|name| format!("examples/{name}"));
    for tests in folders.iter().map(String::as_str).chain(["tests"]) {
        python(workspace).args(["-m", "unittest", "discover", "-s", tests]).within(&sdk).run()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_of_python_wants_the_same_tool() {
        let project = include_str!("../../sdk/python/pyproject.toml");
        assert!(project.contains(&format!("\"{COMPONENTIZE_PY}\"")), "{project}");
    }

    #[test]
    fn a_mirror_holds_what_its_original_holds_and_keeps_packages() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for path in ["from/src/a.ts", "to/src/old.ts", "to/node_modules/x/y.js", "to/wit/z.wit"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "text").unwrap();
        }
        mirror(&from, &to).unwrap();
        let held = |path: &str| to.join(path).is_file();
        assert!(held("src/a.ts") && held("node_modules/x/y.js") && held("wit/z.wit"));
        assert!(!held("src/old.ts"));
    }
}
