//! The notification log: what every integration was told of every group.
//!
//! Invariant: an intention to send is on disk before the first attempt, and the acknowledgement is
//! on disk before the delivery counts as done. So a crash between the two repeats the delivery
//! with the same idempotency key, and a crash after the second repeats nothing.
//!
//! The whole log is in memory too; when the disk fails, alerts are sent all the same and only the
//! protection against repetition after a restart is lost, which is logged and counted.

use std::collections::HashMap;
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_state::{StateError, StateStore, Tree};
use parking_lot::Mutex;
use tracing::warn;

use crate::dedup::Told;

mod wire;

/// The tree's name in the state store.
const TREE: &str = "notification_log";
/// How long an entry outlives the moment of its notification, at least: Alertmanager's
/// `--data.retention`.
const RETENTION: Duration = Duration::from_secs(120 * 3600);

/// The log could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("open the notification log")]
pub struct OpenLogError {
    #[from]
    source: StateError,
}

/// One integration's memory of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What was acknowledged last; none: nothing yet.
    pub(crate) told: Option<Told>,
    /// How many notifications were acknowledged.
    pub(crate) acknowledged: u64,
    /// A notification was begun and is not acknowledged.
    pub(crate) is_pending: bool,
    pub(crate) expires_at: Timestamp,
}

#[derive(Debug)]
pub(crate) struct NotificationLog {
    store: StateStore,
    tree: Tree,
    /// Guards the entries in memory; never held while the disk is waited for.
    entries: Mutex<HashMap<u128, Entry>>,
}

/// The key of a group and an integration, short however long the group's labels are.
pub(crate) fn log_key(group_key: &str, receiver: &str, plugin: &str, index: usize) -> u128 {
    let text = format!("{group_key}\0{receiver}\0{plugin}\0{index}");
    xxhash_rust::xxh3::xxh3_128(text.as_bytes())
}

impl NotificationLog {
    /// Reads the log; entries past their time are dropped.
    pub(crate) fn open(store: &StateStore, now: Timestamp) -> Result<Self, OpenLogError> {
        let tree = store.tree(TREE)?;
        let mut entries = HashMap::new();
        for (key, value) in tree.scan_prefix(&[], narthex_state::SCAN_MAX)? {
            let id = <[u8; 16]>::try_from(key.as_slice()).map(u128::from_be_bytes).ok();
            match (id, wire::decode(&value)) {
                (Some(id), Ok(entry)) if entry.expires_at > now => {
                    entries.insert(id, entry);
                }
                (Some(_), Ok(_)) => {
                    tree.delete(&key)?;
                }
                (_, Err(error)) => warn!(%error, "an entry of the notification log is unreadable"),
                (None, Ok(_)) => warn!("an entry of the notification log has a strange key"),
            }
        }
        Ok(Self { store: store.clone(), tree, entries: Mutex::new(entries) })
    }

    pub(crate) fn entry(&self, key: u128) -> Entry {
        self.entries.lock().get(&key).cloned().unwrap_or_default()
    }

    /// A notification is about to be sent.
    pub(crate) async fn begin(&self, key: u128, now: Timestamp) -> Result<(), StateError> {
        let mut entry = self.entry(key);
        if entry.is_pending {
            return Ok(()); // by an earlier attempt, perhaps of an earlier process
        }
        entry.is_pending = true;
        entry.expires_at = entry.expires_at.max(now + RETENTION);
        self.write(key, entry).await
    }

    /// The receiver has the notification.
    pub(crate) async fn acknowledge(
        &self,
        key: u128,
        told: Told,
        repeat_interval: Duration,
    ) -> Result<(), StateError> {
        let lives = RETENTION.max(repeat_interval.saturating_mul(2));
        let expires_at = told.at + lives;
        let acknowledged = self.entry(key).acknowledged.saturating_add(1);
        let told = Some(told);
        self.write(key, Entry { told, acknowledged, is_pending: false, expires_at }).await
    }

    async fn write(&self, key: u128, entry: Entry) -> Result<(), StateError> {
        let value = wire::encode(&entry);
        self.entries.lock().insert(key, entry);
        self.tree.put(&key.to_be_bytes(), &value)?;
        self.store.durable().await
    }

    /// Forgets what is past its time; returns how many entries are left.
    pub(crate) fn expire(&self, now: Timestamp) -> usize {
        let mut entries = self.entries.lock();
        let gone: Vec<u128> = entries.extract_if(|_, e| e.expires_at <= now).map(|e| e.0).collect();
        let left = entries.len();
        drop(entries);
        for key in gone {
            if let Err(error) = self.tree.delete(&key.to_be_bytes()) {
                warn!(%error, "an expired entry of the notification log could not be removed");
            }
        }
        left
    }
}

#[cfg(test)]
mod tests;
