//! How the store fails.

use std::io;

use camino::Utf8PathBuf;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the state in {folder} is in use by another process")]
    InUse {
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// The folder cannot be read or written.
    #[error("open the state in {folder}")]
    Folder {
        /// The folder.
        folder: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is damaged, was moved aside, and a new one cannot be made either.
    #[error("begin a new state in {folder}: {message}")]
    Fresh {
        /// The folder.
        folder: Utf8PathBuf,
        /// What failed.
        message: String,
    },
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The key is longer than it may be.
    #[error("a key of {bytes} bytes is too long; {max} are allowed")]
    KeyTooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// The value is longer than it may be.
    #[error("a value of {bytes} bytes is too long; {max} are allowed")]
    ValueTooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// What is stored under the key is not what was written.
    #[error("the value of key {key} in {tree} is damaged")]
    Damaged {
        /// The tree.
        tree: String,
        /// The key, unprintable bytes escaped.
        key: String,
    },
    /// The store below failed.
    #[error("{step} in {tree}")]
    Store {
        /// What was tried.
        step: &'static str,
        /// The tree.
        tree: String,
        /// What the store says.
        source: sled::Error,
    },
    /// The bytes did not reach the disk.
    #[error("sync the state to disk")]
    Sync {
        /// What the system says.
        source: io::Error,
    },
    /// An earlier sync failed, so nothing is known of what is on disk.
    #[error("an earlier sync of the state failed; restart the server once the disk is well")]
    Unsynced,
}

impl From<tokio::task::JoinError> for StateError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Sync { source: io::Error::other(error) }
    }
}
