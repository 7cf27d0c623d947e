//! The bytes of a file, read by the system when they are looked at.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use memmap2::Mmap;

/// A whole file as bytes. Clones share them.
///
/// Of a real file these are a mapping: pages come from the system's cache and go back to it. Only
/// files that nobody cuts are mapped: whoever looks at a page that is gone is killed.
#[derive(Clone)]
pub struct FileBytes(Arc<Bytes>);

enum Bytes {
    Mapped(Mmap),
    Owned(Box<[u8]>),
}

impl FileBytes {
    /// Bytes in memory as if they were a file's.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(Arc::new(Bytes::Owned(bytes.into())))
    }

    #[expect(unsafe_code, reason = "mapping a file is unsafe: it could be cut meanwhile")]
    pub(super) fn map(file: &File) -> io::Result<Self> {
        // A mapping of nothing is refused by the system.
        if file.metadata()?.len() == 0 {
            return Ok(Self::from_bytes([]));
        }
        // SAFETY: what is mapped are files of a data folder that nobody cuts: those of blocks and the
        // head's chunks, which are written once, before they are mapped, and what Prometheus left,
        // whose files grow, and are cut only when they are young and are read instead. Processes
        // that work on the folder at the same time, with its lock or only reading, remove and replace
        // such files, which leaves a mapping as it is. Our own log is never mapped, for a failed
        // commit cuts it, nor is what users name: `Disk::map` tells its callers so. Against others
        // who cut files of a data folder nothing helps but owner and mode.
        let mapped = unsafe { Mmap::map(file) }?;
        Ok(Self(Arc::new(Bytes::Mapped(mapped))))
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &*self.0 {
            Bytes::Mapped(bytes) => bytes,
            Bytes::Owned(bytes) => bytes,
        }
    }
}

impl fmt::Debug for FileBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBytes").field("len", &self.len()).finish()
    }
}
