//! Rules about crates: layers, names, manifests, roots.

use serde_json::Value;
use toml::Table;

use super::{Finding, Rule, Tree};
use crate::workspace::Package;

pub(super) const RULES: &[Rule] = &[
    layers_point_down,
    doors_stay_narrow,
    names_follow_folders,
    manifests_inherit,
    roots_say_what_they_are,
];

/// Packages whose name is not their folder's, with the reason.
const NAMED_OTHERWISE: &[(&str, &str)] = &[
    ("host/server", "narthex"),                // the binary that users install
    ("tests/plugins", "narthex-plugin-tests"), // `narthex-plugins` is the room
    ("tests/crash", "narthex-crash-tests"),    // `narthex-crash` would read like a program
    ("sdk/rust", "narthex-sdk"), // what plugin authors depend on; the other languages have their own registries
];

/// Crates that only these folders may depend on: a door that everybody uses is no door.
const DOORS: &[(&str, &[&str])] = &[
    ("wasmtime", &["host/wasm", "host/plugins"]),
    ("wasmtime-wasi", &["host/wasm"]),
    ("sled", &["host/state"]),
    ("anyhow", &["host/server", "xtask", "tests/"]),
    ("clap", &["host/server"]),
];

/// A room depends on rooms of lower layers only; nothing that ships depends on tests; guests know the SDK alone.
fn layers_point_down(tree: &Tree, findings: &mut Vec<Finding>) {
    for package in &tree.packages {
        let place = manifest(package);
        let own = layer(package);
        if package.folder.starts_with("host/") && own.is_none() {
            findings.push(Finding::new(&place, "no `layer` under [package.metadata.room]"));
        }
        for (name, kind) in dependencies(package) {
            if kind == "dev" {
                continue;
            }
            let Some(other) = tree.packages.iter().find(|other| other.name == name) else {
                continue;
            };
            if other.folder.starts_with("tests/") && !package.folder.starts_with("tests/") {
                findings.push(Finding::new(
                    &place,
                    format!("depends on {name}, which is for tests only"),
                ));
            }
            if is_guest_side(package) && !is_guest_side(other) {
                findings.push(Finding::new(
                    &place,
                    format!("depends on {name}: a guest knows wit/ and sdk/ alone"),
                ));
            }
            if let (Some(own), Some(theirs)) = (own, layer(other))
                && theirs >= own
            {
                let text = format!(
                    "layer {own} depends on {name} of layer {theirs}: dependencies point down"
                );
                findings.push(Finding::new(&place, text));
            }
        }
    }
}

fn doors_stay_narrow(tree: &Tree, findings: &mut Vec<Finding>) {
    for package in &tree.packages {
        for (name, kind) in dependencies(package) {
            let Some((_, folders)) = DOORS.iter().find(|(door, _)| *door == name) else { continue };
            if kind != "dev" && !folders.iter().any(|folder| package.folder.starts_with(folder)) {
                let text = format!("depends on {name}, which is for {} only", folders.join(", "));
                findings.push(Finding::new(manifest(package), text));
            }
            if name == "serde" && package.folder == "host/model" {
                findings.push(Finding::new(manifest(package), "the nouns derive no serde"));
            }
        }
    }
}

fn names_follow_folders(tree: &Tree, findings: &mut Vec<Finding>) {
    for package in &tree.packages {
        let expected = name_for(&package.folder);
        if package.name != expected {
            let text = format!("package `{}` in this folder should be `{expected}`", package.name);
            findings.push(Finding::new(manifest(package), text));
        }
    }
}

/// `host/scrape` -> `narthex-scrape`, `plugins/exporters/node` -> `narthex-exporter-node`, `xtask` -> `xtask`.
fn name_for(folder: &str) -> String {
    if let Some((_, name)) = NAMED_OTHERWISE.iter().find(|(other, _)| *other == folder) {
        return (*name).to_owned();
    }
    match folder.replace('_', "-").split('/').collect::<Vec<_>>().as_slice() {
        ["plugins", kind, name] => {
            format!("narthex-{}-{name}", kind.strip_suffix('s').unwrap_or(kind))
        }
        ["tests", "guests", name] => format!("narthex-guest-{name}"),
        [_, .., name] => format!("narthex-{name}"),
        [name] => (*name).to_owned(),
        [] => String::new(),
    }
}

/// Lints, versions and dependencies are said once, in the root.
fn manifests_inherit(tree: &Tree, findings: &mut Vec<Finding>) {
    for package in &tree.packages {
        let place = manifest(package);
        let Some(file) = tree.file(&place) else { continue };
        match file.text.parse::<Table>() {
            Ok(table) => inherits(&place, &table, findings),
            Err(error) => findings.push(Finding::new(place, error.to_string())),
        }
    }
}

fn inherits(place: &str, manifest: &Table, findings: &mut Vec<Finding>) {
    if !is_inherited(manifest.get("lints")) {
        findings.push(Finding::new(place, "write `[lints] workspace = true`"));
    }
    let mut tables = vec![manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(targets.into_iter().flatten().filter_map(|(_, table)| table.as_table()));
    for table in tables {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let entries = table.get(section).and_then(toml::Value::as_table).into_iter().flatten();
            for (name, _) in entries.filter(|(_, value)| !is_inherited(Some(value))) {
                let text =
                    format!("take {name} from [workspace.dependencies]: `{name}.workspace = true`");
                findings.push(Finding::new(place, text));
            }
        }
    }
}

fn is_inherited(value: Option<&toml::Value>) -> bool {
    let flag = value.and_then(toml::Value::as_table).and_then(|table| table.get("workspace"));
    flag.and_then(toml::Value::as_bool) == Some(true)
}

/// The first line of a crate is what `cargo doc` and a newcomer read first.
fn roots_say_what_they_are(tree: &Tree, findings: &mut Vec<Finding>) {
    for package in &tree.packages {
        for root in roots(package) {
            let Some(file) = tree.file(&root) else { continue };
            if !file.text.starts_with("//!") {
                findings
                    .push(Finding::new(root, "a crate root starts with `//!` and says its job"));
            }
        }
    }
}

/// The roots of libraries and programs, relative to the workspace.
pub(super) fn roots(package: &Package) -> Vec<String> {
    let targets = package.record.get("targets").and_then(Value::as_array).into_iter().flatten();
    let shipped = targets.filter(|target| {
        let kinds = target.get("kind").and_then(Value::as_array).into_iter().flatten();
        kinds
            .filter_map(Value::as_str)
            .any(|kind| matches!(kind, "lib" | "rlib" | "cdylib" | "bin"))
    });
    shipped.filter_map(|target| within(package, target.get("src_path")?.as_str()?)).collect()
}

/// A path of `cargo metadata`, relative to the workspace.
fn within(package: &Package, path: &str) -> Option<String> {
    let base = package.record.get("manifest_path")?.as_str()?.strip_suffix("Cargo.toml")?;
    Some(format!("{}/{}", package.folder, path.strip_prefix(base)?))
}

fn manifest(package: &Package) -> String {
    format!("{}/Cargo.toml", package.folder)
}

fn layer(package: &Package) -> Option<u64> {
    package.record.pointer("/metadata/room/layer")?.as_u64()
}

/// The SDK, plugins and guests: what compiles to components.
fn is_guest_side(package: &Package) -> bool {
    package.is_plugin() || package.is_guest() || package.folder.starts_with("sdk/")
        // Crates from elsewhere are judged by `cargo xtask deny`.
        || package.folder.starts_with('/')
}

/// Name and kind (`normal`, `dev`, `build`) of each dependency.
fn dependencies(package: &Package) -> Vec<(String, String)> {
    let entries =
        package.record.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    entries
        .filter_map(|entry| {
            Some((text(entry, "name")?, text(entry, "kind").unwrap_or_else(|| "normal".to_owned())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_derived_from_folders() {
        assert_eq!(name_for("host/scrape"), "narthex-scrape");
        assert_eq!(name_for("host/server"), "narthex");
        assert_eq!(name_for("plugins/discovery/dns"), "narthex-discovery-dns");
        assert_eq!(name_for("plugins/exporters/node"), "narthex-exporter-node");
        assert_eq!(name_for("tests/guests/good_v2"), "narthex-guest-good-v2");
        assert_eq!(name_for("xtask"), "xtask");
    }

    #[test]
    fn what_a_manifest_says_by_itself_is_found() {
        let manifest = r#"
            [dependencies]
            good.workspace = true
            also = { workspace = true, features = ["x"] }
            bad = "1"
            [target.'cfg(unix)'.dev-dependencies]
            worse = { version = "1" }
        "#;
        let mut findings = Vec::new();
        inherits("a/Cargo.toml", &manifest.parse().unwrap(), &mut findings);
        let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert!(
            texts[0].contains("[lints]")
                && texts[1].contains("take bad")
                && texts[2].contains("take worse")
        );
    }
}
