//! Watching folders for changes.
//!
//! Events only say "look again": the owner rescans and compares by content, so that missed,
//! doubled and renamed events (editors, Kubernetes' symlink swaps) do no harm.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecursiveMode, Watcher as _};
use tokio::sync::watch;

/// Events within this time of one another are one change.
const QUIET: Duration = Duration::from_millis(200);

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
#[error("watch {folder}")]
pub struct WatchError {
    folder: Utf8PathBuf,
    source: notify::Error,
}

/// Says when something in the watched folders changed. Dropping it ends the watch.
pub struct Watcher {
    _watcher: notify::RecommendedWatcher,
    changes: watch::Receiver<u64>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watcher(change {})", *self.changes.borrow())
    }
}

/// Watches the folders themselves, not the folders below them.
///
/// # Errors
/// When a folder does not exist or the system's watches are used up.
pub fn watch_folders(folders: &[Utf8PathBuf]) -> Result<Watcher, WatchError> {
    let (sender, changes) = watch::channel(0_u64);
    let on_event = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| is_change(event.kind)) {
            sender.send_modify(|count| *count += 1);
        }
    };
    let fail = |folder: &Utf8Path, source| WatchError { folder: folder.to_owned(), source };
    let mut watcher = notify::recommended_watcher(on_event)
        .map_err(|source| fail(Utf8Path::new("folders"), source))?;
    for folder in folders {
        watcher
            .watch(folder.as_std_path(), RecursiveMode::NonRecursive)
            .map_err(|source| fail(folder, source))?;
    }
    Ok(Watcher { _watcher: watcher, changes })
}

/// Opening and reading are no changes: a rescan that reads the files would wake itself for ever.
fn is_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

impl Watcher {
    /// Returns once something changed since the last call and a short time has been quiet.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // The watch ended; there will be no more changes.
            return std::future::pending().await;
        }
        while tokio::time::timeout(QUIET, self.changes.changed()).await.is_ok_and(|c| c.is_ok()) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the test acts as another program")]
    async fn a_rename_over_a_file_is_a_change_and_a_read_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap().to_owned();
        std::fs::write(folder.join("a"), "1").unwrap();
        let mut watcher = watch_folders(std::slice::from_ref(&folder)).unwrap();
        std::fs::read(folder.join("a")).unwrap();
        std::fs::write(folder.join("b"), "2").unwrap();
        std::fs::rename(folder.join("b"), folder.join("a")).unwrap();
        watcher.changed().await;
        std::fs::read(folder.join("a")).unwrap();
        assert!(!watcher.changes.has_changed().unwrap());
    }
}
