//! What an operator may ask for: delete series, write blocks anew without what was deleted, copy all
//! blocks as they are.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_model::Matcher;
use narthex_platform::Disk;
use narthex_storage::{Querier, ReadError, TimeRange};

use super::compact::overlapping;
use super::{MaintenanceError, Tsdb, UnreadableBlock};
use crate::block::{Block, BlockError, BlockMeta};
use crate::querier::HeadQuerier;

/// Why what an operator asked for was not done, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// A block could not be asked or changed.
    #[error("delete from block {folder}")]
    Delete {
        /// The block.
        folder: Utf8PathBuf,
        /// What is wrong.
        source: BlockError,
    },
    /// The head could not be asked.
    #[error("look for series in the head")]
    Head(#[source] ReadError),
    /// A snapshot has a name of its own within the folder of snapshots.
    #[error("{name:?} is no name for a snapshot")]
    Name {
        /// What was given.
        name: String,
    },
    /// A file could not be given its second name.
    #[error("copy {path}")]
    Copy {
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// A block could not be written.
    #[error(transparent)]
    Blocks(#[from] MaintenanceError),
}

impl Tsdb {
    /// What all open blocks say of themselves, ascending by time.
    #[must_use]
    pub fn block_metas(&self) -> Vec<BlockMeta> {
        let current = |block: &Block| {
            let mut meta = block.meta().clone();
            meta.stats.num_tombstones = block.tombstones().len() as u64;
            meta
        };
        self.0.blocks.list().iter().map(current).collect()
    }

    /// The open blocks, ascending by time. They stay readable as long as the answer lives.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        self.0.blocks.list().to_vec()
    }

    /// Blocks that are there and cannot be read.
    #[must_use]
    pub fn unreadable_blocks(&self) -> Vec<UnreadableBlock> {
        self.0.blocks.unreadable()
    }

    /// Deletes the samples in a closed range of the series that satisfy all matchers, durably. Those
    /// in the head become blocks first, so that one kind of deletion serves all.
    ///
    /// # Errors
    /// When a block cannot be asked or changed, or the head cannot be written; while the log is
    /// replayed, and until what a Prometheus left behind is imported. What was deleted before stays
    /// deleted.
    pub fn delete_series(&self, matchers: &[Matcher], range: TimeRange) -> Result<(), AdminError> {
        let shared = &self.0;
        let mut rounds = shared.blocks_lock();
        // What is still to come would come without knowing of the deletion.
        shared.check_replayed()?;
        if shared.imports.is_pending() {
            return Err(MaintenanceError::Importing.into());
        }
        let head = HeadQuerier::new(Arc::clone(&shared.head), range);
        if !head.select(matchers).map_err(AdminError::Head)?.is_empty() {
            drop(head);
            shared.flush_head(&mut rounds.head)?;
        }
        // Also what became a block a while ago and is still read in the head.
        shared.wait_for_readers(&mut rounds.head)?;
        if shared.log_has_blocks.load(Ordering::Relaxed) {
            // The log still holds it, and the next start would bring it back.
            self.checkpoint_after_blocks()?;
        }
        for block in overlapping(&shared.blocks.list(), range) {
            block.delete(matchers, range).map_err(|source| AdminError::Delete {
                folder: block.folder().to_owned(),
                source,
            })?;
        }
        Ok(())
    }

    /// Writes blocks anew of which something was deleted, so that its bytes go.
    ///
    /// # Errors
    /// When a block cannot be written; those before it are done.
    pub fn clean_tombstones(&self) -> Result<(), AdminError> {
        let shared = &self.0;
        let _rounds = shared.blocks_lock();
        let begun = shared.clock.monotonic();
        for block in shared.blocks.list().iter().filter(|block| !block.tombstones().is_empty()) {
            shared.compact(std::slice::from_ref(block))?;
        }
        let took = shared.clock.monotonic().saturating_sub(begun);
        shared.blocks_observed.cleanup_seconds.observe_duration(took);
        Ok(())
    }

    /// Copies all blocks into `snapshots/<name>` of the data folder, by second names of their files:
    /// it takes no space until they are compacted. `with_head`: the head too, as one block.
    ///
    /// # Errors
    /// When the disk refuses; what was copied so far stays there. With the head also while the log is
    /// replayed.
    pub fn snapshot(&self, name: &str, with_head: bool) -> Result<Utf8PathBuf, AdminError> {
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_name {
            return Err(AdminError::Name { name: name.to_owned() });
        }
        let shared = &self.0;
        let _rounds = shared.blocks_lock();
        if with_head {
            shared.check_replayed()?;
        }
        let folder = shared.config.folder().join("snapshots").join(name);
        let refused = |path: &Utf8Path, source| AdminError::Copy { path: path.to_owned(), source };
        shared.disk.create_folder(&folder).map_err(|source| refused(&folder, source))?;
        for block in shared.blocks.list().iter() {
            let copy = folder.join(block.meta().ulid.to_string());
            link_folder(&*shared.disk, block.folder(), &copy)
                .map_err(|source| refused(block.folder(), source))?;
        }
        if with_head {
            shared.snapshot_head(&folder)?;
        }
        // And the names of the folders above, which may be new.
        for folder in
            folder.ancestors().take_while(|above| above.starts_with(shared.config.folder()))
        {
            shared.disk.sync_folder(folder).map_err(|source| refused(folder, source))?;
        }
        Ok(folder)
    }
}

/// Gives every file below `from` a second name below `to`, durably.
fn link_folder(disk: &dyn Disk, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    disk.create_folder(to)?;
    for file in disk.list(from)? {
        let (old, new) = (from.join(&file.name), to.join(&file.name));
        if file.is_folder {
            link_folder(disk, &old, &new)?;
        } else {
            disk.hard_link(&old, &new)?;
        }
    }
    disk.sync_folder(to)
}
