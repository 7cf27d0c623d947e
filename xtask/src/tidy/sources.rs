//! Rules about source files: their form, what they must not name, and that something uses them.

use super::{Finding, Rule, SourceFile, Tree, crates};

pub(super) const RULES: &[Rule] =
    &[no_mod_rs, notes_have_an_issue, nothing_names_this_machine, no_dead_file];

fn no_mod_rs(tree: &Tree, findings: &mut Vec<Finding>) {
    for path in tree.paths.iter().filter(|path| path.ends_with("/mod.rs")) {
        findings.push(Finding::new(path, "write `foo.rs` beside `foo/` instead"));
    }
}

/// A note to fix something later is kept only where somebody will find it.
fn notes_have_an_issue(tree: &Tree, findings: &mut Vec<Finding>) {
    let note = concat!("FIX", "ME");
    for file in tree.files.iter().filter(|file| is_code(file)) {
        for (number, line) in lines(file) {
            if line.contains(note) && !line.contains("://") && !line.contains('#') {
                findings.push(Finding::new(
                    format!("{}:{number}", file.path),
                    "a note to fix links its issue",
                ));
            }
        }
    }
}

/// Split, so that this file does not find itself.
const MACHINE_NAMES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("deb.deb", "ian.org"),
    concat!("registry.npm", "js.org"),
    concat!("pypi", ".org"),
    concat!("static.cra", "tes.io"),
    concat!("index.cra", "tes.io"),
];

/// The checkout builds anywhere: it names no folder of a machine and no host of a registry.
fn nothing_names_this_machine(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in &tree.files {
        for (number, line) in lines(file) {
            if let Some(name) = MACHINE_NAMES.iter().find(|name| names(line, name)) {
                let text = format!("names `{name}`, which holds on one machine only");
                findings.push(Finding::new(format!("{}:{number}", file.path), text));
            }
        }
    }
}

/// A folder counts at the start of a path only, not inside one: `docs/work/` is nobody's machine.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !name.starts_with('/')
            || !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}'))
    })
}

/// Every source file of a crate is a root or named by a `mod` line.
fn no_dead_file(tree: &Tree, findings: &mut Vec<Finding>) {
    for package in &tree.packages {
        let sources = format!("{}/src/", package.folder);
        let roots = crates::roots(package);
        for path in
            tree.paths.iter().filter(|path| path.starts_with(&sources) && path.ends_with(".rs"))
        {
            let known = roots.contains(path)
                || parents(path, &roots).iter().any(|parent| names_module(tree, parent, path));
            if !known {
                findings.push(Finding::new(path, "no `mod` line leads here: a dead file"));
            }
        }
    }
}

/// The files that may declare this one: `a/b.rs` is declared in `a.rs`, or in a root in `a/`.
fn parents(path: &str, roots: &[String]) -> Vec<String> {
    let Some((folder, _)) = path.rsplit_once('/') else { return Vec::new() };
    let mut parents = vec![format!("{folder}.rs")];
    let in_folder = |root: &&String| root.rsplit_once('/').is_some_and(|(own, _)| own == folder);
    parents.extend(roots.iter().filter(in_folder).cloned());
    parents
}

fn names_module(tree: &Tree, parent: &str, path: &str) -> bool {
    let Some(name) = path.rsplit('/').next().and_then(|file| file.strip_suffix(".rs")) else {
        return false;
    };
    let declaration = format!("mod {name};");
    tree.file(parent)
        .is_some_and(|file| file.text.lines().any(|line| line.trim().ends_with(&declaration)))
}

fn is_code(file: &SourceFile) -> bool {
    [".rs", ".ts", ".tsx", ".wit", ".toml"].iter().any(|ending| file.path.ends_with(ending))
}

fn lines(file: &SourceFile) -> impl Iterator<Item = (usize, &str)> {
    file.text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_start_of_a_path_names_a_machine() {
        let folder = MACHINE_NAMES[0];
        assert!(names(&format!("see {folder}shared"), folder));
        assert!(!names(&format!("see docs{folder}shared"), folder));
    }

    #[test]
    fn modules_are_declared_by_the_file_above() {
        let roots = ["host/tsdb/src/lib.rs".to_owned()];
        assert_eq!(
            parents("host/tsdb/src/head.rs", &roots),
            ["host/tsdb/src.rs", "host/tsdb/src/lib.rs"]
        );
        assert_eq!(parents("host/tsdb/src/head/tests.rs", &roots), ["host/tsdb/src/head.rs"]);
    }
}
