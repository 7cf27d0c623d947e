//! A named tree of keys and values.

use std::ops::ControlFlow;

use tracing::warn;

use crate::envelope;
use crate::error::StateError;

/// The longest key.
pub const KEY_BYTES_MAX: usize = 4 * 1024;

/// The longest value. The store writes longer ones to files of their own, which wear it out.
pub const VALUE_BYTES_MAX: usize = 2 << 20;

/// The most entries of one scan.
pub const SCAN_MAX: usize = 100_000;

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// A named tree. Cheap to clone; safe to use from many tasks. Its steps are short and do not wait
/// for the disk, but [`StateStore::durable`](crate::StateStore::durable) does.
#[derive(Clone)]
pub struct Tree {
    name: String,
    tree: sled::Tree,
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree({})", self.name)
    }
}

impl Tree {
    pub(crate) fn new(name: &str, tree: sled::Tree) -> Self {
        Self { name: name.to_owned(), tree }
    }

    /// The value of a key.
    ///
    /// # Errors
    /// When the value is damaged or the store fails.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        check_key(key)?;
        let Some(wrapped) = self.tree.get(key).map_err(|source| self.failed("read", source))?
        else {
            return Ok(None);
        };
        let value = envelope::unwrap(key, &wrapped).ok_or_else(|| self.damaged(key))?;
        Ok(Some(value.to_vec()))
    }

    /// Sets a key.
    ///
    /// # Errors
    /// When key or value is too long or the store fails.
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StateError> {
        check_key(key)?;
        check_value(value)?;
        let wrapped = envelope::wrap(key, value);
        self.tree.insert(key, wrapped).map_err(|source| self.failed("write", source))?;
        Ok(())
    }

    /// Removes a key, damaged or not; `false` when it was not there.
    ///
    /// # Errors
    /// When the store fails.
    pub fn delete(&self, key: &[u8]) -> Result<bool, StateError> {
        check_key(key)?;
        let removed = self.tree.remove(key).map_err(|source| self.failed("remove", source))?;
        Ok(removed.is_some())
    }

    /// Replaces `old` (`None`: the key must not exist) by `new` (`None`: the key is removed) in one
    /// step. `false`: something else was there, and nothing changed.
    ///
    /// # Errors
    /// When key or value is too long or the store fails.
    pub fn compare_and_set(
        &self,
        key: &[u8],
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<bool, StateError> {
        check_key(key)?;
        new.map_or(Ok(()), check_value)?;
        let old = old.map(|old| envelope::wrap(key, old));
        let new = new.map(|new| envelope::wrap(key, new));
        let swapped = self.tree.compare_and_swap(key, old, new);
        Ok(swapped.map_err(|source| self.failed("replace", source))?.is_ok())
    }

    /// Keys and values that begin with `prefix`, ascending by key, at most `limit` (and at most
    /// [`SCAN_MAX`]). A damaged entry is logged and left out.
    ///
    /// # Errors
    /// When the store fails.
    pub fn scan_prefix(&self, prefix: &[u8], limit: usize) -> Result<Vec<Entry>, StateError> {
        let mut found = Vec::new();
        let limit = limit.min(SCAN_MAX);
        if limit > 0 {
            self.visit_prefix(prefix, |key, value| {
                found.push((key.to_vec(), value.to_vec()));
                if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
        }
        Ok(found)
    }

    /// Shows keys and values that begin with `prefix`, ascending by key, until `visit` has enough: for
    /// what need not hold them all. A damaged entry is logged and left out.
    ///
    /// # Errors
    /// When the store fails.
    pub fn visit_prefix(
        &self,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StateError> {
        for entry in self.tree.scan_prefix(prefix) {
            let (key, wrapped) = entry.map_err(|source| self.failed("scan", source))?;
            match envelope::unwrap(&key, &wrapped) {
                Some(value) if visit(&key, value).is_break() => break,
                Some(_) => {}
                None => warn!(error = %self.damaged(&key), "left out of a scan"),
            }
        }
        Ok(())
    }

    fn damaged(&self, key: &[u8]) -> StateError {
        let key = key.escape_ascii().to_string();
        StateError::Damaged { tree: self.name.clone(), key }
    }

    fn failed(&self, step: &'static str, source: sled::Error) -> StateError {
        StateError::Store { step, tree: self.name.clone(), source }
    }

    #[cfg(test)]
    pub(crate) fn put_raw(&self, key: &[u8], wrapped: &[u8]) {
        self.tree.insert(key, wrapped).unwrap();
    }
}

fn check_key(key: &[u8]) -> Result<(), StateError> {
    if key.len() <= KEY_BYTES_MAX {
        return Ok(());
    }
    Err(StateError::KeyTooLong { bytes: key.len(), max: KEY_BYTES_MAX })
}

fn check_value(value: &[u8]) -> Result<(), StateError> {
    if value.len() <= VALUE_BYTES_MAX {
        return Ok(());
    }
    Err(StateError::ValueTooLong { bytes: value.len(), max: VALUE_BYTES_MAX })
}
