//! Components: one cargo call for all plugins (and guests of tests), then each changed file renamed into place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::fingerprint::{Fingerprint, Stamp};
use crate::process::Tool;
use crate::toolchain::{self, GuestToolchain};
use crate::workspace::{Package, Workspace};

const STEP: &str = "plugins";

/// The inputs of every component besides its own folder.
const SHARED_INPUTS: &[&str] = &["Cargo.toml", "Cargo.lock", ".cargo", "sdk/rust", "wit"];

/// Which components to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// `plugins/*/*` into `plugins/dist/<folder>.wasm`.
    Plugins,
    /// `tests/guests/` into `<target>/guests/<name>.wasm`.
    Guests,
}

/// `cargo xtask plugins [--guests]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    ensure(workspace)?;
    if arguments.iter().any(|argument| argument == "--guests") {
        ensure_guests(workspace)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the plugins unless they are fresh.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<()> {
    ensure_set(workspace, Set::Plugins)
}

/// Builds the guests of tests unless they are fresh.
pub(crate) fn ensure_guests(workspace: &Workspace) -> anyhow::Result<()> {
    ensure_set(workspace, Set::Guests)
}

/// Where the guests of tests are put.
pub(crate) fn guests_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("guests")
}

fn ensure_set(workspace: &Workspace, set: Set) -> anyhow::Result<()> {
    let inputs = fingerprint(workspace, set)?;
    let stamp = Stamp::new(workspace.notes().join(set.stamp()));
    if stamp.matches(&format!("{inputs} {}", outputs(workspace, set)?)) {
        workspace.steps.say(STEP, format_args!("{} are fresh", set.noun()));
        return Ok(());
    }
    let packages: Vec<Package> =
        workspace.packages()?.into_iter().filter(|package| set.has(package)).collect();
    if packages.is_empty() {
        workspace.steps.say(STEP, format_args!("the workspace has no {}", set.noun()));
        return Ok(());
    }
    let toolchain = toolchain::ensure(workspace)?;
    let what = format!("build {} {} for {}", packages.len(), set.noun(), toolchain.target());
    let built = workspace.steps.timed(STEP, what, || build(workspace, &toolchain, &packages))?;
    let folder = set.folder(workspace);
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    for (name, file) in name_components(set, &packages, &built)? {
        let to = folder.join(format!("{name}.wasm"));
        if replace_if_changed(&file, &to)? {
            let shown = to.strip_prefix(&workspace.root).unwrap_or(&to);
            let size = std::fs::metadata(&to).map_or(0, |data| data.len());
            workspace.steps.say(STEP, format_args!("new {} ({} kB)", shown.display(), size / 1000));
        }
    }
    stamp.write(&format!("{inputs} {}", outputs(workspace, set)?))
}

impl Set {
    fn noun(self) -> &'static str {
        match self {
            Self::Plugins => "plugins",
            Self::Guests => "guests of tests",
        }
    }

    fn stamp(self) -> &'static str {
        match self {
            Self::Plugins => "plugins.stamp",
            Self::Guests => "guests.stamp",
        }
    }

    fn sources(self) -> &'static str {
        match self {
            Self::Plugins => "plugins",
            Self::Guests => "tests/guests",
        }
    }

    fn folder(self, workspace: &Workspace) -> PathBuf {
        match self {
            Self::Plugins => workspace.root.join("plugins/dist"),
            Self::Guests => guests_folder(workspace),
        }
    }

    fn has(self, package: &Package) -> bool {
        match self {
            Self::Plugins => package.is_plugin(),
            Self::Guests => package.is_guest(),
        }
    }
}

fn fingerprint(workspace: &Workspace, set: Set) -> anyhow::Result<String> {
    let mut inputs = Fingerprint::new();
    inputs.add_rust();
    for path in SHARED_INPUTS.iter().copied().chain([set.sources()]) {
        inputs.add(&workspace.root.join(path), &["dist"])?;
    }
    Ok(inputs.finish())
}

/// Notices components that were removed or overwritten by hand.
fn outputs(workspace: &Workspace, set: Set) -> anyhow::Result<String> {
    let mut outputs = Fingerprint::new();
    outputs.add(&set.folder(workspace), &[])?;
    Ok(outputs.finish())
}

/// One built component: the package, the name of its library or program, the file.
#[derive(Debug, PartialEq, Eq)]
struct Component {
    package: String,
    library: String,
    file: PathBuf,
}

fn build(
    workspace: &Workspace,
    toolchain: &GuestToolchain,
    packages: &[Package],
) -> anyhow::Result<Vec<Component>> {
    let mut cargo = toolchain.configure(Tool::cargo(workspace).arg("build")).args([
        "--profile",
        "guest",
        "--message-format",
        "json-render-diagnostics",
    ]);
    for package in packages {
        cargo = cargo.args(["--package", &package.name]);
    }
    components(&cargo.capture()?, packages)
}

/// Reads the files that cargo reports, one JSON message a line.
fn components(messages: &str, packages: &[Package]) -> anyhow::Result<Vec<Component>> {
    let mut found = Vec::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Value = serde_json::from_str(line).context("parse a message of cargo")?;
        if message.get("reason").and_then(Value::as_str) != Some("compiler-artifact") {
            continue;
        }
        let text =
            |pointer: &str| message.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let id = text("/package_id");
        let Some(package) = packages.iter().find(|package| has_id(package, id)) else { continue };
        let files = message.get("filenames").and_then(Value::as_array).into_iter().flatten();
        for file in files.filter_map(Value::as_str).filter(|file| file.ends_with(".wasm")) {
            found.push(Component {
                package: package.name.clone(),
                library: text("/target/name").to_owned(),
                file: file.into(),
            });
        }
    }
    Ok(found)
}

fn has_id(package: &Package, id: &str) -> bool {
    package.record.get("id").and_then(Value::as_str) == Some(id)
}

/// A plugin is named by its folder, a guest by its library or program: one crate may hold many guests.
fn name_components(
    set: Set,
    packages: &[Package],
    built: &[Component],
) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut named = BTreeMap::new();
    for package in packages {
        let own: Vec<&Component> =
            built.iter().filter(|component| component.package == package.name).collect();
        if own.is_empty() {
            bail!("{} built no component: is its library a `cdylib`?", package.folder);
        }
        for component in own {
            let name = match set {
                Set::Plugins => package.folder.rsplit('/').next().unwrap_or_default().to_owned(),
                Set::Guests => component.library.clone(),
            };
            if let Some(other) = named.insert(name.clone(), component.file.clone()) {
                bail!(
                    "two components are named `{name}`: {} and {}",
                    other.display(),
                    component.file.display()
                );
            }
        }
    }
    Ok(named)
}

/// Copies beside the destination and renames over it, so that a watcher never sees half a file. Answers whether the
/// content was new; an equal file is left alone, so that a running host does not reload for nothing.
fn replace_if_changed(from: &Path, to: &Path) -> anyhow::Result<bool> {
    let bytes = std::fs::read(from).with_context(|| format!("read {}", from.display()))?;
    if std::fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    let temp = to.with_extension("tmp");
    std::fs::write(&temp, bytes).with_context(|| format!("write {}", temp.display()))?;
    std::fs::rename(&temp, to)
        .with_context(|| format!("rename {} to {}", temp.display(), to.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, folder: &str) -> Package {
        Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            record: json!({ "id": format!("path+{name}") }),
        }
    }

    fn artifact(package: &str, library: &str, file: &str) -> String {
        json!({
            "reason": "compiler-artifact", "package_id": format!("path+{package}"),
            "target": { "name": library }, "filenames": [file],
        })
        .to_string()
    }

    #[test]
    fn components_of_chosen_packages_are_found_among_cargos_messages() {
        let messages = [
            artifact("serde", "serde", "libserde.rlib"),
            artifact(
                "narthex-exporter-node",
                "narthex_exporter_node",
                "/t/narthex_exporter_node.wasm",
            ),
            json!({ "reason": "build-finished", "success": true }).to_string(),
        ]
        .join("\n");
        let packages = [package("narthex-exporter-node", "plugins/exporters/node")];
        let built = components(&messages, &packages).unwrap();
        let named = name_components(Set::Plugins, &packages, &built).unwrap();
        assert_eq!(named.get("node"), Some(&PathBuf::from("/t/narthex_exporter_node.wasm")));
    }

    #[test]
    fn two_plugins_of_one_name_are_refused() {
        let packages =
            [package("a", "plugins/exporters/dns"), package("b", "plugins/discovery/dns")];
        let built = components(
            &[artifact("a", "a", "/t/a.wasm"), artifact("b", "b", "/t/b.wasm")].join("\n"),
            &packages,
        )
        .unwrap();
        let error = name_components(Set::Plugins, &packages, &built).unwrap_err().to_string();
        assert!(error.contains("two components are named `dns`"), "{error}");
    }

    #[test]
    fn a_crate_without_component_is_named() {
        let error =
            name_components(Set::Plugins, &[package("a", "plugins/exporters/a")], &[]).unwrap_err();
        assert!(error.to_string().contains("plugins/exporters/a built no component"), "{error}");
    }

    #[test]
    fn an_equal_component_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("built"), folder.path().join("node.wasm"));
        std::fs::write(&from, "one").unwrap();
        assert!(replace_if_changed(&from, &to).unwrap());
        assert!(!replace_if_changed(&from, &to).unwrap());
        std::fs::write(&from, "two").unwrap();
        assert!(replace_if_changed(&from, &to).unwrap());
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
