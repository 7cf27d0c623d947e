//! The rules of the workspace that no compiler checks. `cargo xtask tidy`, and a plain test.
//!
//! Each rule is a function from the workspace to findings; a finding names a file and what would be right.

mod crates;
mod documents;
mod sources;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::fingerprint::files_under;
use crate::process::Tool;
use crate::steps;
use crate::wit;
use crate::workspace::{Package, Workspace};

const STEP: &str = "tidy";

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// Relative to the root, with `:line` where a line is to blame.
    place: String,
    /// What is wrong, and what would be right.
    text: String,
}

impl Finding {
    fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.text)
    }
}

/// What the rules look at, read once.
#[derive(Debug)]
struct Tree {
    packages: Vec<Package>,
    /// Tracked and new files with their text; those that are not text are left out.
    files: Vec<SourceFile>,
    /// Every tracked or new path, also of files that are not text.
    paths: Vec<String>,
}

/// A file of the checkout.
#[derive(Debug)]
struct SourceFile {
    path: String,
    text: String,
}

impl Tree {
    fn read(workspace: &Workspace) -> anyhow::Result<Self> {
        let paths = tracked(workspace)?;
        let mut files = Vec::new();
        for path in &paths {
            let bytes =
                std::fs::read(workspace.root.join(path)).with_context(|| format!("read {path}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(SourceFile { path: path.clone(), text });
            }
        }
        Ok(Self { packages: workspace.packages()?, files, paths })
    }

    fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.paths.iter().any(|own| own == path || own.starts_with(&folder))
    }
}

/// Files that git tracks or would track; without git, all files but output.
fn tracked(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let listed = Tool::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .within(&workspace.root)
        .capture();
    let mut paths: Vec<String> = match listed {
        Ok(text) => text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect(),
        Err(_) => files_under(&workspace.root, &["data", "dist"])?
            .iter()
            .map(|file| relative(&workspace.root, file))
            .collect(),
    };
    // Deleted in the work tree but not yet in the index.
    paths.retain(|path| workspace.root.join(path).is_file());
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn relative(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/")
}

/// `cargo xtask tidy`.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> anyhow::Result<ExitCode> {
    check(workspace)?;
    workspace.steps.say(STEP, "the workspace is tidy");
    Ok(ExitCode::SUCCESS)
}

/// Fails with all findings.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut findings = findings(&Tree::read(workspace)?);
    let contract = wit::complaints(&workspace.root)?;
    findings.extend(contract.into_iter().map(|(place, text)| Finding::new(place, text)));
    for finding in &findings {
        steps::complain(&finding.to_string());
    }
    if !findings.is_empty() {
        bail!("{} findings, listed above", findings.len());
    }
    Ok(())
}

fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in crates::RULES.iter().chain(sources::RULES).chain(documents::RULES) {
        rule(tree, &mut findings);
    }
    findings.sort();
    findings.dedup();
    findings
}

type Rule = fn(&Tree, &mut Vec<Finding>);

#[cfg(test)]
mod tests;
