//! Embeds what `narthex plugin new` writes: the templates, the SDKs, the contract.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// Below the root of the repository.
const FOLDERS: [&str; 5] = ["sdk/templates", "sdk/rust", "sdk/js", "sdk/python", "wit"];

/// What tools leave behind, and what belongs to the repository alone.
const LEFT_OUT: [&str; 9] = [
    "node_modules",
    "target",
    "dist",
    "__pycache__",
    ".venv",
    "examples",
    "test",
    "tests",
    "tests.rs",
];

fn main() -> io::Result<()> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).unwrap_or_default();
    let root = variable("CARGO_MANIFEST_DIR").join("../..").canonicalize()?;
    let mut files = Vec::new();
    for folder in FOLDERS {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        if folder.is_dir() {
            gather(&folder, &mut files)?;
        }
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
        let line =
            writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display().to_string());
        line.map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    write(&variable("OUT_DIR").join("files.rs"), &table)
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if LEFT_OUT.contains(&name.as_str()) || name == ".gitignore" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a build script has no disk but the real one")]
fn write(path: &Path, text: &str) -> io::Result<()> {
    std::fs::write(path, text)
}
