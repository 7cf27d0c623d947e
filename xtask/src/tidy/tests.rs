use serde_json::json;

use super::*;

/// A tree that follows every rule, to be bent by a test.
fn tidy_tree() -> Tree {
    let mut files = vec![
        ("ARCHITECTURE.md", "`host/model` and `host/scrape`\n"),
        ("host/model/Cargo.toml", "[lints]\nworkspace = true\n"),
        ("host/model/src/lib.rs", "//! Nouns.\n"),
        ("host/scrape/Cargo.toml", "[lints]\nworkspace = true\n"),
        ("host/scrape/src/lib.rs", "//! Scrapes.\nmod pool;\n"),
        ("host/scrape/src/pool.rs", "//! Pools.\n"),
    ];
    files.extend(
        ["README.md", "GLOSSARY.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"]
            .map(|name| (name, "Text.\n")),
    );
    let files: Vec<SourceFile> = files
        .into_iter()
        .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() })
        .collect();
    Tree {
        packages: vec![room("model", 0, &[]), room("scrape", 3, &["narthex-model"])],
        paths: files.iter().map(|file| file.path.clone()).collect(),
        files,
    }
}

fn room(name: &str, layer: u64, dependencies: &[&str]) -> Package {
    let folder = format!("host/{name}");
    let dependencies: Vec<_> =
        dependencies.iter().map(|name| json!({ "name": name, "kind": null })).collect();
    Package {
        name: format!("narthex-{name}"),
        record: json!({
            "manifest_path": format!("/checkout/{folder}/Cargo.toml"),
            "metadata": { "room": { "layer": layer } },
            "dependencies": dependencies,
            "targets": [{ "kind": ["lib"], "src_path": format!("/checkout/{folder}/src/lib.rs") }],
        }),
        folder,
    }
}

impl Tree {
    /// Adds or replaces a file.
    fn with(mut self, path: &str, text: &str) -> Self {
        self.files.retain(|file| file.path != path);
        self.files.push(SourceFile { path: path.to_owned(), text: text.to_owned() });
        self.paths = self.files.iter().map(|file| file.path.clone()).collect();
        self
    }
}

#[track_caller]
fn check_tree(tree: &Tree, expected: &[&str]) {
    let found: Vec<String> = findings(tree).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_tidy_tree_has_no_findings() {
    check_tree(&tidy_tree(), &[]);
}

#[test]
fn a_dependency_upwards_or_sideways_is_found() {
    let mut tree = tidy_tree();
    tree.packages = vec![room("model", 3, &["narthex-scrape"]), room("scrape", 3, &[])];
    check_tree(
        &tree,
        &[
            "host/model/Cargo.toml: layer 3 depends on narthex-scrape of layer 3: dependencies point down",
        ],
    );
}

#[test]
fn the_engine_has_one_door() {
    let mut tree = tidy_tree();
    tree.packages = vec![room("model", 0, &[]), room("scrape", 3, &["wasmtime"])];
    check_tree(
        &tree,
        &["host/scrape/Cargo.toml: depends on wasmtime, which is for host/wasm, host/plugins only"],
    );
}

#[test]
fn a_code_map_that_lags_is_found() {
    let tree = tidy_tree().with("ARCHITECTURE.md", "`host/model`, then `host/hir/src/lib.rs`\n");
    check_tree(
        &tree,
        &[
            "ARCHITECTURE.md: does not show `host/scrape`",
            "ARCHITECTURE.md:1: `host/hir/src/lib.rs` does not exist",
        ],
    );
}

#[test]
fn files_that_break_a_rule_are_found() {
    let tree = tidy_tree()
        .with("host/model/src/lib.rs", concat!("// No doc.\n// FIX", "ME: one day\n"))
        .with("host/scrape/src/orphan.rs", "//! Nobody names it.\n")
        .with("host/scrape/src/pool/mod.rs", "//! Old form.\n")
        .with("docs/guide/start.md", "[there](../nowhere.md)\n")
        .with("docs/decisions/1-short.md", "Text.\n");
    check_tree(
        &tree,
        &[
            "docs/decisions/1-short.md: a decision is named `NNNN-title.md`",
            "docs/guide/start.md:1: link to `../nowhere.md` leads nowhere",
            "host/model/src/lib.rs: a crate root starts with `//!` and says its job",
            "host/model/src/lib.rs:2: a note to fix links its issue",
            "host/scrape/src/orphan.rs: no `mod` line leads here: a dead file",
            "host/scrape/src/pool/mod.rs: no `mod` line leads here: a dead file",
            "host/scrape/src/pool/mod.rs: write `foo.rs` beside `foo/` instead",
        ],
    );
}

#[test]
fn the_workspace_is_tidy() {
    let workspace = Workspace::locate().unwrap();
    let found: Vec<String> =
        findings(&Tree::read(&workspace).unwrap()).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
