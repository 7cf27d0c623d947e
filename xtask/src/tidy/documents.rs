//! Rules about documents: the code map tells the truth, links lead somewhere, decisions are numbered.

use std::collections::BTreeMap;

use super::{Finding, Rule, SourceFile, Tree};

pub(super) const RULES: &[Rule] =
    &[the_code_map_is_true, links_lead_somewhere, decisions_are_numbered, documents_exist];

const CODE_MAP: &str = "ARCHITECTURE.md";

/// More is not read.
const CODE_MAP_LINES_MAX: usize = 300;

/// Folders whose paths in the code map must exist.
const MAPPED: &[&str] =
    &["host/", "sdk/", "plugins/", "wit/", "config/", "tests/", "docs/", "xtask/"];

/// Built, not tracked, and rightly named by documents.
const BUILT: &[&str] = &["plugins/dist", "host/web/ui/dist"];

fn documents_exist(tree: &Tree, findings: &mut Vec<Finding>) {
    for name in ["README.md", CODE_MAP, "GLOSSARY.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"]
    {
        if tree.file(name).is_none() {
            findings.push(Finding::new(name, "is missing"));
        }
    }
}

/// Every crate is in the code map, and every path in it exists.
fn the_code_map_is_true(tree: &Tree, findings: &mut Vec<Finding>) {
    let Some(map) = tree.file(CODE_MAP) else { return };
    let length = map.text.lines().count();
    if length > CODE_MAP_LINES_MAX {
        findings.push(Finding::new(
            CODE_MAP,
            format!("{length} lines; more than {CODE_MAP_LINES_MAX} are not read"),
        ));
    }
    let named: Vec<(usize, &str)> = code_spans(map).collect();
    for package in &tree.packages {
        // Guests of tests are shown as one folder.
        let folder = if package.is_guest() { "tests/guests" } else { &package.folder };
        let inside = format!("{folder}/");
        let shown = |(_, path): &(usize, &str)| {
            path.trim_end_matches('/') == folder || path.starts_with(&inside)
        };
        if !named.iter().any(shown) {
            findings.push(Finding::new(CODE_MAP, format!("does not show `{folder}`")));
        }
    }
    for (line, path) in named {
        let is_path = MAPPED.iter().any(|folder| path.starts_with(folder))
            && path
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.'));
        let built = BUILT.iter().any(|built| path.starts_with(built));
        if is_path && !built && !tree.has(path.trim_end_matches('/')) {
            findings.push(Finding::new(
                format!("{CODE_MAP}:{line}"),
                format!("`{path}` does not exist"),
            ));
        }
    }
}

/// What stands between backticks, with the number of its line.
fn code_spans(file: &SourceFile) -> impl Iterator<Item = (usize, &str)> {
    file.text.lines().enumerate().flat_map(|(index, line)| {
        line.split('`').skip(1).step_by(2).map(move |span| (index + 1, span))
    })
}

/// Relative links in documents lead to tracked files or folders.
fn links_lead_somewhere(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (line, link) in links(&file.text) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            match resolve(&file.path, path) {
                Some(path) if path.is_empty() || tree.has(&path) => {}
                _ => findings.push(Finding::new(
                    format!("{}:{line}", file.path),
                    format!("link to `{link}` leads nowhere"),
                )),
            }
        }
    }
}

/// The targets of `[text](target)` outside of code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for prose in line.split('`').step_by(2) {
            let targets = prose.split("](").skip(1);
            found.extend(
                targets
                    .filter_map(|rest| rest.split_once(')'))
                    .map(|(target, _)| (index + 1, target.trim())),
            );
        }
    }
    found
}

/// Resolves a relative path against the folder of a file; `None` when it leaves the checkout.
fn resolve(file: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// `docs/decisions/NNNN-title.md`, each number once.
fn decisions_are_numbered(tree: &Tree, findings: &mut Vec<Finding>) {
    let mut numbers = BTreeMap::new();
    for path in tree.paths.iter().filter(|path| path.starts_with("docs/decisions/")) {
        let name = path.trim_start_matches("docs/decisions/");
        let number = name.split('-').next().unwrap_or_default();
        if number.len() != 4
            || !number.bytes().all(|byte| byte.is_ascii_digit())
            || !name.ends_with(".md")
        {
            findings.push(Finding::new(path, "a decision is named `NNNN-title.md`"));
        } else if let Some(other) = numbers.insert(number, path) {
            findings.push(Finding::new(path, format!("has the number of {other}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_outside_of_code_are_found() {
        let text = "See [the map](ARCHITECTURE.md#tasks) and `[no](link)`.\n```\n[nor](this)\n```\n[b](docs/)\n";
        assert_eq!(links(text), [(1, "ARCHITECTURE.md#tasks"), (5, "docs/")]);
    }

    #[test]
    fn links_resolve_against_their_document() {
        assert_eq!(
            resolve("docs/decisions/0001-a.md", "../guide/x.md").as_deref(),
            Some("docs/guide/x.md")
        );
        assert_eq!(resolve("README.md", "./docs/").as_deref(), Some("docs"));
        assert_eq!(resolve("README.md", "../secret"), None);
    }
}
