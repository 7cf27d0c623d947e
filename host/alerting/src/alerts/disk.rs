//! Alerts on disk.

use std::ops::ControlFlow;
use std::sync::Arc;

use narthex_model::{Labels, fingerprint};
use narthex_state::{SharedStep, StateError, StateStore, Tree, VALUE_BYTES_MAX};
use parking_lot::Mutex;
use tracing::warn;

use super::{Changes, Record, wire};

/// The tree's name in the state store.
const TREE: &str = "alerts";

#[derive(Debug)]
pub(crate) struct AlertsOnDisk {
    store: StateStore,
    tree: Tree,
    writing: SharedStep,
    owed: Arc<Mutex<Owed>>,
}

/// What was taken and is not on disk. Held by who writes; the state of all alerts is asked meanwhile,
/// and never the other way round.
#[derive(Debug, Default)]
struct Owed {
    /// What is not put yet, as the store failed.
    changes: Changes,
    /// Something is put and not synced.
    is_unsynced: bool,
}

impl AlertsOnDisk {
    pub(crate) fn open(store: &StateStore) -> Result<Self, StateError> {
        let (store, tree) = (store.clone(), store.tree(TREE)?);
        Ok(Self { store, tree, writing: SharedStep::default(), owed: Arc::default() })
    }

    /// Shows every record. What is unreadable is logged and left out.
    pub(crate) fn read(&self, mut show: impl FnMut(Record)) -> Result<(), StateError> {
        self.tree.visit_prefix(&[], |key, value| {
            match wire::decode(value) {
                Ok(record) => show(record),
                Err(error) => {
                    let key = key.escape_ascii().to_string();
                    warn!(key, %error, "an alert on disk is unreadable");
                }
            }
            ControlFlow::Continue(())
        })
    }

    /// Writes what `changes` answers when its turn has come; returns once that, and all that was taken
    /// before, is on disk. What is taken is written even if the caller does not wait, and again if
    /// the disk failed.
    pub(crate) async fn write(
        &self,
        changes: impl FnOnce() -> Changes + Send + 'static,
    ) -> Result<(), StateError> {
        let (store, tree, owed) = (self.store.clone(), self.tree.clone(), Arc::clone(&self.owed));
        let write = move || {
            let mut owed = owed.lock();
            owed.changes.append(&mut changes());
            while let Some(change) = owed.changes.first_entry() {
                let record = change.get().as_ref().map(|kept| wire::encode(kept));
                put(&tree, change.key(), record)?;
                change.remove();
                owed.is_unsynced = true;
            }
            if owed.is_unsynced {
                store.sync()?;
                owed.is_unsynced = false;
            }
            Ok(())
        };
        self.writing.run(write).await
    }
}

fn put(tree: &Tree, labels: &Labels, record: Option<Vec<u8>>) -> Result<(), StateError> {
    // Short however long the labels are.
    let key = xxhash_rust::xxh3::xxh3_128(labels.as_bytes()).to_be_bytes();
    match record {
        Some(record) if record.len() <= VALUE_BYTES_MAX => tree.put(&key, &record),
        Some(record) => {
            let alert = format!("{:016x}", fingerprint(labels));
            warn!(alert, bytes = record.len(), "an alert is too long for the disk");
            tree.delete(&key).map(drop)
        }
        None => tree.delete(&key).map(drop),
    }
}
