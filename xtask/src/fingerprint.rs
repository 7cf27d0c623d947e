//! What is fresh: a hash over the content of a step's inputs, noted beside its outputs.
//!
//! Content, not modification times: switching branches back and forth, or a fresh clone over an old cache, rebuilds
//! nothing. Reading a thousand source files costs about ten milliseconds.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsStr;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Folders that hold output or other people's code, never input.
const NOT_INPUT: &[&str] = &["target", "node_modules", ".git"];

/// Hashes files and whole folders, in a stable order.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    hasher: DefaultHasher,
}

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self { hasher: DefaultHasher::new() }
    }

    /// Takes a file, or all files under a folder except those under a folder named in `without`. What does not exist
    /// counts as absent, which is a state of its own.
    pub(crate) fn add(&mut self, path: &Path, without: &[&str]) -> anyhow::Result<()> {
        for file in files_under(path, without)? {
            file.strip_prefix(path).unwrap_or(&file).hash(&mut self.hasher);
            std::fs::read(&file)
                .with_context(|| format!("read {}", file.display()))?
                .hash(&mut self.hasher);
        }
        path.exists().hash(&mut self.hasher);
        Ok(())
    }

    /// Takes a large file by size and time of modification.
    pub(crate) fn add_outline(&mut self, path: &Path) {
        let outline = std::fs::metadata(path).ok().map(|data| (data.len(), data.modified().ok()));
        outline.hash(&mut self.hasher);
    }

    /// Takes what changes the output of every Rust build: the compiler, its flags, the profile's environment.
    pub(crate) fn add_rust(&mut self) {
        let mut flags: Vec<_> =
            std::env::vars_os().filter(|(name, _)| changes_builds(name)).collect();
        flags.sort();
        flags.hash(&mut self.hasher);
        if let Some(cargo) = std::env::var_os("CARGO") {
            cargo.hash(&mut self.hasher);
            self.add_outline(Path::new(&cargo));
        }
    }

    pub(crate) fn finish(&self) -> String {
        format!("{:016x}", self.hasher.finish())
    }
}

fn changes_builds(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.contains("RUSTFLAGS")
        || name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_BUILD_")
        || (name.starts_with("CARGO_TARGET_") && name != "CARGO_TARGET_DIR")
        || matches!(
            &*name,
            "NARTHEX_GUEST_TOOLCHAIN"
                | "CARGO_INCREMENTAL"
                | "RUSTC"
                | "RUSTC_WRAPPER"
                | "RUSTUP_TOOLCHAIN"
        )
}

/// All files under `path` (or `path` itself), sorted, without the folders that are never input.
pub(crate) fn files_under(path: &Path, without: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(path, without, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(path: &Path, without: &[&str], files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    if !path.is_dir() {
        return Ok(());
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("list {}", path.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("list {}", path.display()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let skipped = NOT_INPUT.contains(&&*name) || without.contains(&&*name);
        let kind =
            entry.file_type().with_context(|| format!("inspect {}", entry.path().display()))?;
        if kind.is_dir() && !skipped {
            collect(&entry.path(), without, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// A note that a step with these inputs has produced these outputs.
#[derive(Debug)]
pub(crate) struct Stamp {
    path: PathBuf,
}

impl Stamp {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn matches(&self, fingerprint: &str) -> bool {
        std::fs::read_to_string(&self.path).is_ok_and(|noted| noted == fingerprint)
    }

    pub(crate) fn write(&self, fingerprint: &str) -> anyhow::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("create {}", folder.display()))?;
        }
        std::fs::write(&self.path, fingerprint)
            .with_context(|| format!("write {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folder: &Path) -> String {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add(folder, &["dist"]).unwrap();
        fingerprint.finish()
    }

    #[test]
    fn content_counts_and_output_folders_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.rs");
        std::fs::write(&file, "one").unwrap();
        let first = of(folder.path());
        std::fs::create_dir_all(folder.path().join("dist")).unwrap();
        std::fs::write(folder.path().join("dist/out.js"), "built").unwrap();
        std::fs::write(&file, "one").unwrap();
        assert_eq!(first, of(folder.path()));
        std::fs::write(&file, "two").unwrap();
        assert_ne!(first, of(folder.path()));
    }

    #[test]
    fn a_missing_input_is_a_state_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let absent = of(&folder.path().join("sdk"));
        std::fs::create_dir(folder.path().join("sdk")).unwrap();
        assert_ne!(absent, of(&folder.path().join("sdk")));
    }

    #[test]
    fn a_stamp_matches_what_it_noted() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = Stamp::new(folder.path().join("deep/er.stamp"));
        assert!(!stamp.matches("12"));
        stamp.write("12").unwrap();
        assert!(stamp.matches("12") && !stamp.matches("13"));
    }
}
