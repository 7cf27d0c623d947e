//! The store: opening, moving aside what cannot be opened, making writes durable.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::Disk;
use tracing::error;

use crate::error::{OpenError, StateError};
use crate::shared::SharedStep;
use crate::tree::Tree;

/// What the store caches. Its own default is a gigabyte; the state is a few megabytes, and with very
/// many alerts some hundred.
const CACHE_BYTES: u64 = 16 << 20;

/// How long a write waits in the process before it is handed to the system.
const FLUSH_EVERY_MS: u64 = 200;

/// Damaged stores that are kept aside, before opening gives up.
const ASIDE_MAX: u32 = 100;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct StateStore(Arc<Inner>);

struct Inner {
    db: sled::Db,
    /// Where it lies; `None`: in memory.
    place: Option<(Utf8PathBuf, Arc<dyn Disk>)>,
    moved_aside: Option<Utf8PathBuf>,
    syncing: SharedStep,
    /// A sync failed: what is on disk is unknown from here on.
    is_unsynced: AtomicBool,
}

impl std::fmt::Debug for StateStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0.place {
            Some((folder, _)) => write!(f, "StateStore({folder})"),
            None => f.write_str("StateStore(memory)"),
        }
    }
}

impl StateStore {
    /// Opens the store in a folder, or begins one. A damaged store is moved aside, to
    /// `<folder>.damaged-<n>`, which is logged and kept in [`StateStore::moved_aside`]. Blocks on
    /// the disk.
    ///
    /// # Errors
    /// When another process has it, or the folder cannot be read or written.
    pub fn open(folder: Utf8PathBuf, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let failed = |source: io::Error| OpenError::Folder { folder: folder.clone(), source };
        disk.create_folder(&folder).map_err(failed)?;
        let (db, moved_aside) = match open_db(&folder) {
            Ok(db) => (db, None),
            Err(Failure::InUse) => return Err(OpenError::InUse { folder }),
            Err(Failure::Io(source)) => return Err(OpenError::Folder { folder, source }),
            Err(Failure::Damaged(message)) => {
                let aside = move_aside(&folder, disk.as_ref()).map_err(failed)?;
                error!(%folder, %aside, message, "the state is damaged; it is kept aside and begins anew");
                disk.create_folder(&folder).map_err(failed)?;
                let db = open_db(&folder).map_err(|failure| OpenError::Fresh {
                    folder: folder.clone(),
                    message: failure.message(),
                })?;
                (db, Some(aside))
            }
        };
        let place = Some((folder, disk));
        Ok(Self(Arc::new(Inner::new(db, place, moved_aside))))
    }

    /// A store that ends with the process, for tests.
    ///
    /// # Errors
    /// When the store below cannot be had.
    pub fn in_memory() -> Result<Self, StateError> {
        let config = sled::Config::new().temporary(true).cache_capacity(CACHE_BYTES);
        let failed = |source| StateError::Store { step: "open", tree: "memory".to_owned(), source };
        let db = config.flush_every_ms(None).open().map_err(failed)?;
        Ok(Self(Arc::new(Inner::new(db, None, None))))
    }

    /// Where a damaged store was moved when this one was opened.
    #[must_use]
    pub fn moved_aside(&self) -> Option<&Utf8Path> {
        self.0.moved_aside.as_deref()
    }

    /// The tree of this name; the same one each time.
    ///
    /// # Errors
    /// When the store below fails.
    pub fn tree(&self, name: &str) -> Result<Tree, StateError> {
        let failed = |source| StateError::Store { step: "open", tree: name.to_owned(), source };
        Ok(Tree::new(name, self.0.db.open_tree(name).map_err(failed)?))
    }

    /// Returns once everything written before survives a power cut. Many who wait share a sync.
    ///
    /// # Errors
    /// When the disk fails; from then on always, since nothing is known of what is on disk.
    pub async fn durable(&self) -> Result<(), StateError> {
        let inner = Arc::clone(&self.0);
        self.0.syncing.run(move || inner.sync()).await
    }

    /// The same for who may block.
    ///
    /// # Errors
    /// As [`StateStore::durable`].
    pub fn sync(&self) -> Result<(), StateError> {
        self.0.sync()
    }
}

impl Inner {
    fn new(
        db: sled::Db,
        place: Option<(Utf8PathBuf, Arc<dyn Disk>)>,
        moved_aside: Option<Utf8PathBuf>,
    ) -> Self {
        let syncing = SharedStep::default();
        Self { db, place, moved_aside, syncing, is_unsynced: AtomicBool::new(false) }
    }

    fn sync(&self) -> Result<(), StateError> {
        if self.is_unsynced.load(Ordering::Acquire) {
            return Err(StateError::Unsynced);
        }
        let failed = |source| {
            self.is_unsynced.store(true, Ordering::Release);
            StateError::Sync { source }
        };
        self.db.flush().map_err(|error| failed(io::Error::other(error)))?;
        let Some((folder, disk)) = &self.place else { return Ok(()) };
        // The store's own flush starts writing on Linux and does not wait for the disk.
        sync_files(folder, disk.as_ref()).map_err(failed)
    }
}

fn sync_files(folder: &Utf8Path, disk: &dyn Disk) -> io::Result<()> {
    for file in disk.list(folder)? {
        let path = folder.join(&file.name);
        if file.is_folder {
            sync_files(&path, disk)?;
            continue;
        }
        match disk.open(&path) {
            Ok(mut open) => open.sync()?,
            // Snapshots are replaced by newer ones at any time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    disk.sync_folder(folder)
}

enum Failure {
    InUse,
    Io(io::Error),
    Damaged(String),
}

impl Failure {
    fn message(&self) -> String {
        match self {
            Self::InUse => "it is in use".to_owned(),
            Self::Io(error) => error.to_string(),
            Self::Damaged(message) => message.clone(),
        }
    }
}

fn open_db(folder: &Utf8Path) -> Result<sled::Db, Failure> {
    let config = sled::Config::new()
        .path(folder.as_std_path())
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(FLUSH_EVERY_MS));
    // Some damage makes the store panic while it opens.
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) if error.to_string().contains("could not acquire lock") => {
            Err(Failure::InUse)
        }
        Ok(Err(sled::Error::Io(error))) if is_damage(error.kind()) => {
            Err(Failure::Damaged(error.to_string()))
        }
        Ok(Err(sled::Error::Io(error))) => Err(Failure::Io(error)),
        Ok(Err(damage)) => Err(Failure::Damaged(damage.to_string())),
        Err(_) => Err(Failure::Damaged("the store panicked while it was opened".to_owned())),
    }
}

/// Errors that come of what the files say, and not of the disk.
fn is_damage(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other)
}

fn move_aside(folder: &Utf8Path, disk: &dyn Disk) -> io::Result<Utf8PathBuf> {
    let parent = folder.parent().unwrap_or(Utf8Path::new("."));
    let taken: Vec<String> = disk.list(parent)?.into_iter().map(|file| file.name).collect();
    let name = folder.file_name().unwrap_or("state");
    let free = (1..=ASIDE_MAX)
        .map(|number| format!("{name}.damaged-{number}"))
        .find(|name| !taken.contains(name))
        .ok_or_else(|| io::Error::other(format!("{ASIDE_MAX} damaged stores lie there already")))?;
    let aside = parent.join(free);
    disk.rename(folder, &aside)?;
    disk.sync_folder(parent)?;
    Ok(aside)
}

#[cfg(test)]
mod tests;
