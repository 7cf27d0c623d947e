//! What can go wrong with a block, on the way in and on the way out.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_storage::ReadError;

/// A place in a file that is not what a writer wrote. The reader of the file adds its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) offset: u64,
    pub(crate) what: &'static str,
}

impl Fault {
    pub(crate) const fn new(offset: u64, what: &'static str) -> Self {
        Self { offset, what }
    }

    pub(crate) fn of(self, path: &Utf8Path) -> BlockError {
        BlockError::Damaged { path: path.to_owned(), offset: self.offset, what: self.what }
    }
}

/// Why a block could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// The disk refused.
    #[error("{step} {path}")]
    Io {
        /// What was tried: `read`, `list`, `write`.
        step: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// The bytes are not what a writer wrote.
    #[error("{path} is damaged at byte {offset}: {what}")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// `meta.json` is no such document.
    #[error("parse {path}")]
    Meta {
        /// The file.
        path: Utf8PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// Another program's newer format.
    #[error("{path} has version {version}, which is not known here")]
    Version {
        /// The file.
        path: Utf8PathBuf,
        /// What it says.
        version: u32,
    },
}

impl BlockError {
    pub(crate) fn io(
        step: &'static str,
        path: &Utf8Path,
    ) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { step, path, source }
    }

    /// The file or folder it is about.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        match self {
            Self::Io { path, .. }
            | Self::Damaged { path, .. }
            | Self::Meta { path, .. }
            | Self::Version { path, .. } => path,
        }
    }

    /// The byte of the file it is about, where one is known.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Damaged { offset, .. } => Some(*offset),
            Self::Io { .. } | Self::Meta { .. } | Self::Version { .. } => None,
        }
    }
}

impl From<BlockError> for ReadError {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::Io { path, source, .. } => Self::Io { path: path.into_string(), source },
            BlockError::Damaged { path, offset, .. } => {
                Self::Damaged { path: path.into_string(), offset }
            }
            BlockError::Meta { path, .. } | BlockError::Version { path, .. } => {
                Self::Damaged { path: path.into_string(), offset: 0 }
            }
        }
    }
}

/// Why a block could not be written. Nothing of it is left under its final name then.
#[derive(Debug, thiserror::Error)]
pub enum BlockWriteError {
    /// The disk refused.
    #[error("{step} {path}")]
    Io {
        /// What was tried.
        step: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// Symbols came in the wrong order or twice.
    #[error("symbol {symbol:?} does not ascend")]
    SymbolOrder {
        /// The one that is not above the one before.
        symbol: String,
    },
    /// A series has a label whose name or value was not announced.
    #[error("{symbol:?} is not among the symbols of the block")]
    SymbolMissing {
        /// The name or value.
        symbol: String,
    },
    /// Series came in the wrong order or twice.
    #[error("series {labels} does not ascend")]
    SeriesOrder {
        /// The one that is not above the one before.
        labels: String,
    },
    /// Chunks of a series overlap, run backwards or have no samples.
    #[error("a chunk of series {labels} is empty, damaged or not after the one before")]
    Chunk {
        /// The series.
        labels: String,
    },
    /// The format cannot say how long it would be.
    #[error("{what} of the block would be longer than the {bytes_max} bytes its format allows")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// The most.
        bytes_max: u64,
    },
}

impl BlockWriteError {
    pub(crate) fn io(
        step: &'static str,
        path: &Utf8Path,
    ) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { step, path, source }
    }
}

impl From<BlockError> for BlockWriteError {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::Io { step, path, source } => Self::Io { step, path, source },
            BlockError::Damaged { ref path, .. }
            | BlockError::Meta { ref path, .. }
            | BlockError::Version { ref path, .. } => {
                let path = path.clone();
                Self::Io { step: "read back", path, source: io::Error::other(error) }
            }
        }
    }
}
