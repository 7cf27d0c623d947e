//! Where the checkout and its build output are, and which packages it has.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::process::Tool;
use crate::steps::Steps;

/// The checkout that this program was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root Cargo.toml.
    pub(crate) root: PathBuf,
    /// Cargo's output folder, wherever `CARGO_TARGET_DIR` or a configuration file put it.
    pub(crate) target: PathBuf,
    /// Progress for the terminal.
    pub(crate) steps: Steps,
}

/// One workspace member.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Folder relative to the root, with `/`.
    pub(crate) folder: String,
    /// `cargo metadata`'s record.
    pub(crate) record: Value,
}

impl Workspace {
    /// Finds root and target folder without asking cargo, which would cost a tenth of a second.
    pub(crate) fn locate() -> anyhow::Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask lies in a workspace")?.to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => std::path::absolute(folder).context("resolve CARGO_TARGET_DIR")?,
            None => target_of_this_program().unwrap_or_else(|| root.join("target")),
        };
        Ok(Self { root, target, steps: Steps::new() })
    }

    /// The workspace members, in the order of `cargo metadata`.
    pub(crate) fn packages(&self) -> anyhow::Result<Vec<Package>> {
        let metadata = self.metadata(&["--no-deps"])?;
        let records = metadata
            .get("packages")
            .and_then(Value::as_array)
            .context("packages in cargo metadata")?;
        records.iter().map(|record| self.package(record)).collect()
    }

    /// `cargo metadata` as JSON.
    pub(crate) fn metadata(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let text = Tool::cargo(self)
            .args(["metadata", "--format-version", "1"])
            .args(arguments)
            .capture()?;
        serde_json::from_str(&text).context("parse cargo metadata")
    }

    fn package(&self, record: &Value) -> anyhow::Result<Package> {
        let text = |key: &str| {
            record
                .get(key)
                .and_then(Value::as_str)
                .with_context(|| format!("{key} in cargo metadata"))
        };
        let manifest = Path::new(text("manifest_path")?);
        let folder = manifest.parent().unwrap_or(manifest);
        let folder = folder.strip_prefix(&self.root).unwrap_or(folder);
        Ok(Package {
            name: text("name")?.to_owned(),
            folder: folder.to_string_lossy().replace('\\', "/"),
            record: record.clone(),
        })
    }

    /// A folder for our own notes about what is fresh.
    pub(crate) fn notes(&self) -> PathBuf {
        self.target.join("xtask")
    }
}

impl Package {
    /// A component of the product: `plugins/<kind>/<name>`.
    pub(crate) fn is_plugin(&self) -> bool {
        self.folder.starts_with("plugins/")
    }

    /// A component that only tests load.
    pub(crate) fn is_guest(&self) -> bool {
        self.folder == "tests/guests" || self.folder.starts_with("tests/guests/")
    }
}

/// The folder that cargo marked as its own, above the running executable.
fn target_of_this_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let marked = |folder: &&Path| folder.join("CACHEDIR.TAG").exists();
    program.ancestors().skip(1).find(marked).map(Path::to_path_buf)
}
