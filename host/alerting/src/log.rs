//! The notification log: what every integration was told of every group.
//!
//! Invariant: an intention to send is on disk before the first attempt, and that it was taken is
//! on disk before the delivery counts as done. So a crash between the two repeats the delivery
//! with the same idempotency key, and a crash after the second repeats nothing.
//!
//! The whole log is in memory too; when the disk fails, alerts are sent all the same and only the
//! protection against repetition after a restart is lost, which is logged and counted.

use std::collections::HashMap;
use std::ops::ControlFlow;
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

/// What is on disk could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("read what is on disk of alerts, silences and notifications")]
pub struct OpenError {
    #[from]
    source: StateError,
}

/// One integration's memory of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What was taken last; none: nothing yet.
    pub(crate) told: Option<Told>,
    /// How many notifications were taken.
    pub(crate) taken: u64,
    /// A notification was begun and is not known to be taken.
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

/// How long an entry is kept after a notification.
fn lives(repeat_interval: Duration) -> Duration {
    RETENTION.max(repeat_interval.saturating_mul(2))
}

impl NotificationLog {
    /// Reads the log; entries past their time are dropped.
    pub(crate) fn open(store: &StateStore, now: Timestamp) -> Result<Self, OpenError> {
        let tree = store.tree(TREE)?;
        let (mut entries, mut old) = (HashMap::new(), Vec::new());
        tree.visit_prefix(&[], |key, value| {
            let id = <[u8; 16]>::try_from(key).map(u128::from_be_bytes).ok();
            match (id, wire::decode(value)) {
                (Some(id), Ok(entry)) if entry.expires_at > now => {
                    entries.insert(id, entry);
                }
                (Some(_), Ok(_)) => old.push(key.to_vec()),
                (_, Err(error)) => warn!(%error, "an entry of the notification log is unreadable"),
                (None, Ok(_)) => warn!("an entry of the notification log has a strange key"),
            }
            ControlFlow::Continue(())
        })?;
        for key in old {
            tree.delete(&key)?;
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
    pub(crate) async fn taken(
        &self,
        key: u128,
        told: Told,
        repeat_interval: Duration,
    ) -> Result<(), StateError> {
        let expires_at = told.at + lives(repeat_interval);
        let taken = self.entry(key).taken.saturating_add(1);
        let told = Some(told);
        self.write(key, Entry { told, taken, is_pending: false, expires_at }).await
    }

    /// What it was told still holds at `now`: the entry must not pass away under a group that goes on
    /// and says nothing new.
    pub(crate) async fn prolong(
        &self,
        key: u128,
        now: Timestamp,
        repeat_interval: Duration,
    ) -> Result<(), StateError> {
        let (mut entry, lives) = (self.entry(key), lives(repeat_interval));
        if entry.told.is_none() || entry.expires_at > now + lives / 2 {
            return Ok(());
        }
        entry.expires_at = now + lives;
        self.write(key, entry).await
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
