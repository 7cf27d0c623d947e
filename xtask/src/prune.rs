//! `cargo xtask prune`: a target folder that outlives clones must not grow without bound.
//!
//! What changes with every commit are the artefacts of our own crates; dependencies cost a quarter of an hour and
//! change rarely. So ours go first, oldest first; only when the rest alone is too large does everything go.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context as _, bail};

use crate::fingerprint::files_under;
use crate::workspace::Workspace;

const STEP: &str = "prune";
const GIB: u64 = 1 << 30;

/// Dependencies and one generation of our own artefacts take about a third of it.
const DEFAULT_GIB: u64 = 20;

/// `cargo xtask prune [GIB]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let limit = match arguments {
        [] => DEFAULT_GIB,
        [gib] => gib.parse().with_context(|| format!("`{gib}` is no number of GiB"))?,
        [_, other, ..] => bail!("unexpected argument `{other}`"),
    };
    let limit = limit.saturating_mul(GIB);
    let files = inspect(&workspace.target)?;
    let before: u64 = files.iter().map(|file| file.bytes).sum();
    let names: Vec<String> =
        workspace.packages()?.into_iter().map(|package| package.name.replace('-', "_")).collect();
    // Below the target folder only: the cache around it may be named like a crate.
    let ours =
        |path: &Path| path.strip_prefix(&workspace.target).is_ok_and(|path| is_ours(path, &names));
    let pruned = match choose(files, limit, ours) {
        Choice::Nothing => 0,
        Choice::Files(files) => {
            for file in &files {
                // A file that a running program holds, or that is gone already, is not worth a failure.
                drop(std::fs::remove_file(&file.path));
            }
            files.len()
        }
        Choice::Everything => {
            std::fs::remove_dir_all(&workspace.target)
                .with_context(|| format!("remove {}", workspace.target.display()))?;
            workspace
                .steps
                .say(STEP, "the dependencies alone were over the limit: everything removed");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let text = format!("{:.1} GiB of {:.0} GiB, {pruned} files removed", gib(before), gib(limit));
    workspace.steps.say(STEP, text);
    Ok(ExitCode::SUCCESS)
}

fn gib(bytes: u64) -> f64 {
    bytes as f64 / GIB as f64
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
}

#[derive(Debug, PartialEq, Eq)]
enum Choice {
    Nothing,
    Files(Vec<File>),
    Everything,
}

fn inspect(target: &Path) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for path in files_under(target, &[])? {
        // A file may go while a build runs elsewhere.
        let Ok(data) = std::fs::metadata(&path) else { continue };
        let modified = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        files.push(File { path, bytes: data.len(), modified });
    }
    Ok(files)
}

fn choose(files: Vec<File>, limit: u64, is_ours: impl Fn(&Path) -> bool) -> Choice {
    let mut total: u64 = files.iter().map(|file| file.bytes).sum();
    if total <= limit {
        return Choice::Nothing;
    }
    let mut ours: Vec<File> = files.into_iter().filter(|file| is_ours(&file.path)).collect();
    ours.sort_by_key(|file| file.modified);
    let mut gone = Vec::new();
    for file in ours {
        if total <= limit {
            break;
        }
        total -= file.bytes;
        gone.push(file);
    }
    if total <= limit { Choice::Files(gone) } else { Choice::Everything }
}

/// Whether a file belongs to a crate of the workspace: `libnarthex_model-<hash>.rlib`, `narthex-<hash>.d`, whatever is
/// in a folder named so, and all incremental state.
fn is_ours(path: &Path, names: &[String]) -> bool {
    path.iter().any(|part| {
        let part = part.to_string_lossy();
        let stem = part.rsplit_once('-').map_or(&*part, |(stem, _)| stem).replace('-', "_");
        part == "incremental"
            || names.iter().any(|name| stem == *name || stem.strip_prefix("lib") == Some(name))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn file(path: &str, bytes: u64, age: u64) -> File {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age);
        File { path: path.into(), bytes, modified }
    }

    #[test]
    fn our_oldest_files_go_first_and_dependencies_stay() {
        let files = vec![
            file("debug/deps/libserde-0123.rlib", 50, 9),
            file("debug/deps/libnarthex_model-4567.rlib", 30, 1),
            file("debug/deps/libnarthex_model-89ab.rlib", 30, 5),
        ];
        let ours = |path: &Path| is_ours(path, &["narthex_model".to_owned()]);
        assert_eq!(choose(files.clone(), 110, ours), Choice::Nothing);
        assert_eq!(choose(files.clone(), 80, ours), Choice::Files(vec![files[2].clone()]));
        assert_eq!(choose(files, 49, ours), Choice::Everything);
    }

    #[test]
    fn artefacts_of_our_crates_are_known_by_name() {
        let names = ["narthex".to_owned(), "narthex_model".to_owned()];
        for ours in [
            "debug/deps/narthex-01ab",
            "debug/.fingerprint/narthex-model-01ab/lib",
            "debug/incremental/x/y.o",
        ] {
            assert!(is_ours(Path::new(ours), &names), "{ours}");
        }
        assert!(!is_ours(Path::new("debug/deps/libnarthex_models-01ab.rlib"), &names));
    }
}
