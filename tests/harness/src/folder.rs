//! Folders: a fresh one that goes with its owner, and the checkout.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A new empty folder, removed on drop; kept and named in the output when the test fails.
#[derive(Debug)]
pub struct TempFolder {
    path: PathBuf,
}

impl TempFolder {
    /// Creates a folder under the system's folder for temporary files.
    ///
    /// # Panics
    /// When the folder cannot be created.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("narthex-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for temporary files can be created");
        Self { path }
    }

    /// Its absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file, creating the folders above it, and returns its path.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[track_caller]
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path.join(name);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)
                .expect("a folder inside a temporary folder can be created");
        }
        // Renamed into place: what watches the folder sees whole files only.
        let draft = file.with_extension("draft");
        std::fs::write(&draft, content).expect("a file in a temporary folder can be written");
        std::fs::rename(&draft, &file).expect("a file in a temporary folder can be renamed");
        file
    }
}

impl Default for TempFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            crate::skip::note(&format!("kept {}", self.path.display()));
            return;
        }
        // A folder that cannot be removed is left to the system's own cleaning.
        drop(std::fs::remove_dir_all(&self.path));
    }
}

/// The root of the checkout, for configuration files and fixtures.
///
/// Asked of the environment while running: what one checkout built may run in another one that
/// shares its target folder.
#[must_use]
pub fn repository() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = here.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
        root.map(Path::to_path_buf).unwrap_or(here)
    });
    &ROOT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner() {
        let folder = TempFolder::new();
        let file = folder.write("rules/up.yml", "groups: []\n");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "groups: []\n");
        let path = folder.path().to_path_buf();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn the_repository_holds_the_workspace() {
        assert!(repository().join("Cargo.lock").is_file());
    }
}
