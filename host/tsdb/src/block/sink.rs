//! A file that is written once, from front to back, through a buffer.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, DiskFile};

use super::error::BlockWriteError;

/// Large enough that system calls do not show, small enough for two files at a time.
const BUFFER_BYTES: usize = 256 << 10;

pub(super) struct Sink {
    file: Box<dyn DiskFile>,
    path: Utf8PathBuf,
    buffer: Vec<u8>,
    position: u64,
    sum: u32,
}

impl Sink {
    pub(super) fn create(disk: &dyn Disk, path: &Utf8Path) -> Result<Self, BlockWriteError> {
        let file = disk.create(path).map_err(BlockWriteError::io("create", path))?;
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        Ok(Self { file, path: path.to_owned(), buffer, position: 0, sum: 0 })
    }

    pub(super) fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// How many bytes were written.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), BlockWriteError> {
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
        }
        self.sum = crc32c::crc32c_append(self.sum, bytes);
        self.position += bytes.len() as u64;
        if bytes.len() >= BUFFER_BYTES {
            return self.file.append(bytes).map_err(self.failed("write"));
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn write_u32(&mut self, value: u32) -> Result<(), BlockWriteError> {
        self.write(&value.to_be_bytes())
    }

    /// Zeros up to the next multiple of `align`, at most 16.
    pub(super) fn pad(&mut self, align: u64) -> Result<(), BlockWriteError> {
        let missing = self.position.next_multiple_of(align) - self.position;
        let zeros = usize::try_from(missing).ok().and_then(|missing| [0; 16].get(..missing));
        self.write(zeros.expect("alignments are at most 16"))
    }

    /// The checksum of what comes starts here.
    pub(super) fn start_sum(&mut self) {
        self.sum = 0;
    }

    /// Writes the checksum of what came since `start_sum`.
    pub(super) fn write_sum(&mut self) -> Result<(), BlockWriteError> {
        self.write(&self.sum.to_be_bytes())
    }

    /// Hands everything to the system, so that it can be read back.
    pub(super) fn flush(&mut self) -> Result<(), BlockWriteError> {
        if !self.buffer.is_empty() {
            self.file.append(&self.buffer).map_err(self.failed("write"))?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Makes the file durable and says how long it is.
    pub(super) fn finish(mut self) -> Result<u64, BlockWriteError> {
        self.flush()?;
        self.file.sync().map_err(self.failed("sync"))?;
        Ok(self.position)
    }

    fn failed(&self, step: &'static str) -> impl FnOnce(io::Error) -> BlockWriteError + use<> {
        BlockWriteError::io(step, &self.path)
    }
}
