//! Chunks that were made of the log wait in a file, so that an import takes no more memory than the
//! open chunk of each series.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, DiskFile, FileBytes};

/// Few writes, and little memory.
const BUFFER_BYTES: usize = 1 << 20;

/// A file in the making. It needs no sync: an import that does not end begins again.
pub(super) struct Spill {
    path: Utf8PathBuf,
    file: Box<dyn DiskFile>,
    written: usize,
    buffer: Vec<u8>,
}

impl Spill {
    pub(super) fn create(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<Self> {
        let path = folder.join("log").join("import.chunks");
        remove(disk, &path)?;
        let file = disk.create(&path)?;
        Ok(Self { path, file, written: 0, buffer: Vec::new() })
    }

    /// Answers where the bytes will stand.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = self.written + self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.write()?;
        }
        Ok(start)
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.append(&self.buffer)?;
        self.written += self.buffer.len();
        self.buffer.clear();
        Ok(())
    }

    /// All that was pushed. The file has no name any more and is gone when the bytes are.
    pub(super) fn finish(mut self, disk: &dyn Disk) -> io::Result<FileBytes> {
        self.write()?;
        let bytes = disk.map(&self.path)?;
        remove(disk, &self.path)?;
        Ok(bytes)
    }
}

fn remove(disk: &dyn Disk, path: &Utf8Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
