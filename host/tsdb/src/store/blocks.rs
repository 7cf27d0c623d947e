//! The blocks of the data folder: which are open, and which are in the way.
//!
//! The folder decides: [`Blocks::reload`] brings the list in line with it, so that blocks which
//! others put there are found, and what a crash left behind is cleared up by the same steps as what
//! was just compacted.
//!
//! Invariant: a block goes only when it was replaced by one that is open, says itself that nothing is
//! in it, or is named by its caller. One that cannot be opened is reported and left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::Disk;
use parking_lot::{Mutex, RwLock};
use ulid::Ulid;

use crate::block::{Block, BlockError, BlockMeta, FROM_OUT_OF_ORDER, UNFINISHED, id_of_name};

/// What the names of folders end with that are no blocks yet, or no longer.
const ABANDONED: [&str; 2] = [UNFINISHED, ".tmp"];
const DOOMED: &str = ".tmp-for-deletion";

/// A block that cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableBlock {
    /// The file that is to blame.
    pub path: Utf8PathBuf,
    /// The first byte that does not fit, if it is one.
    pub offset: Option<u64>,
    /// What it means.
    pub what: String,
}

/// The blocks of a data folder.
#[derive(Debug)]
pub(crate) struct Blocks {
    disk: Arc<dyn Disk>,
    folder: Utf8PathBuf,
    /// Guards which blocks are read, ascending by start; held for moments.
    open: RwLock<Arc<[Block]>>,
    /// Guards what could not be opened.
    unreadable: Mutex<BTreeMap<Ulid, UnreadableBlock>>,
}

/// The folders of a data folder, by what their names say.
#[derive(Debug, Default)]
struct Folders {
    blocks: Vec<Ulid>,
    unfinished: Vec<String>,
    doomed: Vec<String>,
}

impl Folders {
    fn list(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<Self> {
        let mut folders = Self::default();
        for file in disk.list(folder)?.into_iter().filter(|file| file.is_folder) {
            let stem = |end: &str| file.name.strip_suffix(end).and_then(id_of_name);
            if let Some(id) = id_of_name(&file.name) {
                folders.blocks.push(id);
            } else if stem(DOOMED).is_some() {
                folders.doomed.push(file.name);
            } else if ABANDONED.iter().any(|end| stem(end).is_some()) {
                folders.unfinished.push(file.name);
            }
        }
        Ok(folders)
    }
}

impl Blocks {
    /// Opens all blocks, after what was never finished is removed.
    pub(crate) fn open(disk: Arc<dyn Disk>, folder: Utf8PathBuf) -> io::Result<Self> {
        for name in Folders::list(&*disk, &folder)?.unfinished {
            let path = folder.join(name);
            tracing::info!(%path, "removes a block that was never finished");
            disk.remove_folder(&path)?;
        }
        let blocks = Self {
            disk,
            folder,
            open: RwLock::new(Arc::from([])),
            unreadable: Mutex::new(BTreeMap::new()),
        };
        blocks.reload()?;
        Ok(blocks)
    }

    /// The open blocks, ascending by start. They stay readable as long as the answer lives.
    pub(crate) fn list(&self) -> Arc<[Block]> {
        Arc::clone(&self.open.read())
    }

    /// What cannot be served.
    pub(crate) fn unreadable(&self) -> Vec<UnreadableBlock> {
        self.unreadable.lock().values().cloned().collect()
    }

    /// Bytes of all open blocks.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.list().iter().map(Block::size_bytes).sum()
    }

    /// Where blocks of samples in order end.
    pub(crate) fn in_order_end(&self) -> i64 {
        let is_late =
            |meta: &BlockMeta| meta.compaction.hints.iter().any(|hint| hint == FROM_OUT_OF_ORDER);
        let blocks = self.list();
        let metas = blocks.iter().map(Block::meta).filter(|meta| !is_late(meta));
        metas.map(|meta| meta.max_time).max().unwrap_or(i64::MIN)
    }

    /// Brings the list in line with the folder: opens what is new, forgets what is gone, removes what
    /// was replaced or is empty. Only one thread at a time may do this.
    pub(crate) fn reload(&self) -> io::Result<()> {
        let folders = Folders::list(&*self.disk, &self.folder)?;
        let known = self.list();
        let mut blocks = Vec::with_capacity(folders.blocks.len());
        let mut unreadable = BTreeMap::new();
        for id in folders.blocks {
            let open = known.iter().find(|block| block.meta().ulid == id);
            match open.map_or_else(|| self.open_one(id), |block| Ok(block.clone())) {
                Ok(block) => blocks.push(block),
                Err(error) => {
                    unreadable.insert(id, describe(&error));
                }
            }
        }
        let obsolete = obsolete(&blocks);
        unreadable.retain(|id, _| !obsolete.contains(id));
        self.report(unreadable);
        blocks.retain(|block| !obsolete.contains(&block.meta().ulid));
        self.swap(blocks);
        self.clear(&obsolete, &folders.doomed);
        Ok(())
    }

    /// Opens a block again whose files were changed.
    pub(crate) fn refresh(&self, id: Ulid) -> Result<(), BlockError> {
        let fresh = self.open_one(id)?;
        let mut blocks = self.list().to_vec();
        blocks.retain(|block| block.meta().ulid != id);
        blocks.push(fresh);
        self.swap(blocks);
        Ok(())
    }

    /// Removes blocks for good. Readers that have them open read on.
    pub(crate) fn remove(&self, ids: &BTreeSet<Ulid>) {
        if !ids.is_empty() {
            let kept = self.list();
            let kept = kept.iter().filter(|block| !ids.contains(&block.meta().ulid));
            self.swap(kept.cloned().collect());
            self.clear(ids, &[]);
        }
    }

    fn swap(&self, mut blocks: Vec<Block>) {
        blocks.sort_by_key(|block| (block.meta().min_time, block.meta().ulid));
        *self.open.write() = blocks.into();
    }

    fn open_one(&self, id: Ulid) -> Result<Block, BlockError> {
        Block::open(&self.disk, &self.folder.join(id.to_string()))
    }

    /// Removes folders; what cannot be removed now is tried again with the next reload.
    fn clear(&self, obsolete: &BTreeSet<Ulid>, doomed: &[String]) {
        let doomed = doomed.iter().map(|name| self.folder.join(name));
        let outcome = doomed.map(|path| (self.disk.remove_folder(&path), path));
        let failed: Vec<_> =
            outcome.filter_map(|(outcome, path)| Some((outcome.err()?, path))).collect();
        let obsolete = obsolete.iter().filter_map(|id| Some((self.remove_one(*id).err()?, *id)));
        let obsolete = obsolete.map(|(error, id)| (error, self.folder.join(id.to_string())));
        for (error, path) in failed.into_iter().chain(obsolete) {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, %path, "cannot remove an obsolete block");
            }
        }
    }

    /// The folder loses its name at once, so that no part of it is ever taken for a block.
    fn remove_one(&self, id: Ulid) -> io::Result<()> {
        let folder = self.folder.join(id.to_string());
        let doomed = self.folder.join(format!("{id}{DOOMED}"));
        self.disk.rename(&folder, &doomed)?;
        self.disk.sync_folder(&self.folder)?;
        self.disk.remove_folder(&doomed)
    }

    /// Keeps what cannot be served, and says of what is new there.
    fn report(&self, found: BTreeMap<Ulid, UnreadableBlock>) {
        let mut known = self.unreadable.lock();
        for (id, unreadable) in &found {
            if known.get(id) != Some(unreadable) {
                let UnreadableBlock { path, offset, what } = unreadable;
                tracing::error!(%path, offset, what, "a block cannot be read and is left alone");
            }
        }
        *known = found;
    }
}

/// Blocks that were replaced by another one that is open, or that say that nothing is in them.
fn obsolete(blocks: &[Block]) -> BTreeSet<Ulid> {
    let mut obsolete = BTreeSet::new();
    for meta in blocks.iter().map(Block::meta) {
        let parents = meta.compaction.parents.iter().map(|parent| parent.ulid);
        obsolete.extend(parents.filter(|parent| *parent != meta.ulid));
        if meta.compaction.deletable {
            obsolete.insert(meta.ulid);
        }
    }
    obsolete
}

fn describe(error: &BlockError) -> UnreadableBlock {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    UnreadableBlock {
        path: error.path().to_owned(),
        offset: error.offset(),
        what: format!("{error}{}", cause.unwrap_or_default()),
    }
}

#[cfg(test)]
pub(in crate::store) mod tests;
