//! The bytes of a file, read by the system when they are looked at.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use memmap2::Mmap;

/// A whole file as bytes. Clones share them.
///
/// Of a real file these are a mapping: pages come from the system's cache and go back to it. Who
/// maps a file keeps it from being cut: whoever looks at a page that is gone is killed.
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
        // SAFETY: files that are mapped are only ever replaced or appended to by this process, which
        // holds the lock of their folder; `Disk::map` tells its callers so.
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
