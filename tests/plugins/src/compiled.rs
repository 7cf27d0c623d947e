//! Compiled code that tests share, so that a guest is compiled once and not once a test.
//!
//! A host's folder of compiled code stays its own: it begins with links to what others compiled, and
//! what it compiled itself is linked for the others when it ends.

use std::fs;
use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};

use crate::guests::target_folder;

/// The folder of compiled code of one host; shared when dropped.
#[derive(Debug)]
pub(crate) struct Compiled {
    own: Utf8PathBuf,
}

impl Compiled {
    /// The folder as it is, or nothing.
    pub(crate) fn cold(own: Utf8PathBuf) -> Self {
        Self { own }
    }

    /// The folder with what others compiled.
    pub(crate) fn seeded(own: Utf8PathBuf) -> Self {
        use std::os::unix::fs::DirBuilderExt;
        let made = fs::DirBuilder::new().mode(0o700).create(&own);
        made.expect("a folder for compiled code");
        link_all(&shared(), own.as_std_path());
        Self { own }
    }

    pub(crate) fn folder(&self) -> &Utf8Path {
        &self.own
    }
}

impl Drop for Compiled {
    fn drop(&mut self) {
        if fs::create_dir_all(shared()).is_ok() {
            link_all(self.own.as_std_path(), &shared());
        }
    }
}

fn shared() -> PathBuf {
    target_folder().join("compiled-guests")
}

/// Links code before sums: a reader takes code for whole only when the sum is there. What cannot be
/// linked is compiled.
fn link_all(from: &Path, to: &Path) {
    for suffix in ["cwasm", "sum"] {
        let Ok(files) = fs::read_dir(from) else { return };
        for file in files.flatten().map(|entry| entry.path()) {
            if let (true, Some(name)) =
                (file.extension().is_some_and(|own| own == suffix), file.file_name())
            {
                fs::hard_link(&file, to.join(name)).ok();
            }
        }
    }
}
