//! Full chunks of the head in mapped files, so that memory holds what grows and what was read lately.
//! docs/formats/head_chunks.md draws the files.
//!
//! A file is written whole, then mapped, then its chunks take the place of those in memory; it never
//! changes afterwards and goes with the last of its chunks. It is no part of what is durable: log and
//! checkpoint hold every sample, so a new process removes the files of the one before.
//!
//! Invariant: a chunk is in memory or in a file that was written without error, never in neither.

use std::fmt;
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, FileBytes};

use crate::encoding::varint::Cursor;
use crate::encoding::{Damage, Encoding};

const MAGIC: [u8; 4] = *b"NXHC";
const VERSION: u8 = 1;
/// Magic, version, three bytes of zero, number, checksum.
const HEADER_BYTES: usize = 16;
/// Bytes of a file, about: what a round holds in memory, and what goes at once.
pub(crate) const FILE_BYTES_MAX: usize = 16 << 20;

/// The folder of the files.
pub(crate) fn folder(data: &Utf8Path) -> Utf8PathBuf {
    data.join("head_chunks")
}

/// A file in the making.
#[derive(Debug)]
pub(crate) struct NewFile {
    number: u32,
    bytes: Vec<u8>,
}

/// Where a chunk stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    offset: u32,
    len: u32,
}

impl NewFile {
    pub(crate) fn new(number: u32) -> Self {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[VERSION, 0, 0, 0]);
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        Self { number, bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.len() <= HEADER_BYTES
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= FILE_BYTES_MAX
    }

    /// Adds a chunk behind its length, checksum and encoding; `None`: it is longer than a file.
    pub(crate) fn push(&mut self, encoding: Encoding, data: &[u8]) -> Option<Place> {
        let offset = u32::try_from(self.bytes.len()).ok()?;
        let len = u32::try_from(data.len()).ok()?;
        let sum = checksum(self.number, offset, encoding, data);
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(&sum.to_le_bytes());
        self.bytes.push(encoding.number());
        self.bytes.extend_from_slice(data);
        Some(Place { offset, len })
    }

    /// Writes it.
    ///
    /// # Errors
    /// What the disk says; there is no file then.
    pub(crate) fn finish(
        self,
        disk: &Arc<dyn Disk>,
        data: &Utf8Path,
    ) -> io::Result<Arc<ChunkFile>> {
        let path = folder(data).join(format!("{:08}", self.number));
        let written = disk.create(&path).and_then(|mut file| {
            let mapped = file.append(&self.bytes).and_then(|()| disk.map(&path));
            mapped.inspect_err(|_| {
                // What is left of it is removed at the next start.
                disk.remove(&path).ok();
            })
        });
        let bytes = written?;
        Ok(Arc::new(ChunkFile { disk: Arc::clone(disk), path, number: self.number, bytes }))
    }
}

fn checksum(number: u32, offset: u32, encoding: Encoding, data: &[u8]) -> u32 {
    let mut sum = crc32c::crc32c(&number.to_le_bytes());
    sum = crc32c::crc32c_append(sum, &offset.to_le_bytes());
    sum = crc32c::crc32c_append(sum, &[encoding.number()]);
    crc32c::crc32c_append(sum, data)
}

/// A file with chunks. It goes with the last who knows it.
pub(crate) struct ChunkFile {
    disk: Arc<dyn Disk>,
    path: Utf8PathBuf,
    number: u32,
    bytes: FileBytes,
}

impl fmt::Debug for ChunkFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Place {
    pub(crate) fn offset(self) -> u64 {
        u64::from(self.offset)
    }
}

impl ChunkFile {
    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The data of a chunk, checked each time: the disk may have changed it since.
    pub(crate) fn chunk(&self, place: Place, encoding: Encoding) -> Result<&[u8], Damage> {
        let read = || {
            let from = usize::try_from(place.offset).map_err(|_| Damage)?;
            let mut cursor = Cursor::new(self.bytes.get(from..).ok_or(Damage)?);
            let (len, sum) = (cursor.array::<4>()?, cursor.array::<4>()?);
            let is_it = u32::from_le_bytes(len) == place.len && cursor.byte()? == encoding.number();
            let data = cursor.take(usize::try_from(place.len).map_err(|_| Damage)?)?;
            let is_whole =
                checksum(self.number, place.offset, encoding, data) == u32::from_le_bytes(sum);
            if is_it && is_whole { Ok(data) } else { Err(Damage) }
        };
        read().inspect_err(|_| {
            let offset = place.offset;
            tracing::error!(path = %self.path, offset, "a chunk of the head is damaged");
        })
    }
}

impl Drop for ChunkFile {
    fn drop(&mut self) {
        // If it stays, the next start removes it.
        self.disk.remove(&self.path).ok();
    }
}

/// Makes the folder ready for a new process: what one before left is gone.
///
/// # Errors
/// What the disk says.
pub(crate) fn prepare(disk: &dyn Disk, data: &Utf8Path) -> io::Result<()> {
    let folder = folder(data);
    disk.create_folder(&folder)?;
    for file in disk.list(&folder)? {
        disk.remove(&folder.join(&file.name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use narthex_platform::SimulatedDisk;

    use super::*;

    fn written(chunks: &[(Encoding, &[u8])]) -> (SimulatedDisk, Arc<ChunkFile>, Vec<Place>) {
        let disk = SimulatedDisk::new(1);
        prepare(&*disk.shared(), "/data".into()).unwrap();
        let mut file = NewFile::new(7);
        let places = chunks.iter().map(|(encoding, data)| file.push(*encoding, data).unwrap());
        let places = places.collect();
        let file = file.finish(&disk.shared(), "/data".into()).unwrap();
        (disk, file, places)
    }

    #[test]
    fn chunks_come_back_and_the_file_goes_with_the_last() {
        let chunks: [(Encoding, &[u8]); 2] =
            [(Encoding::Xor, b"\0\x01abc"), (Encoding::Histogram, b"\0\x02defgh")];
        let (disk, file, places) = written(&chunks);
        for ((encoding, data), place) in chunks.iter().zip(&places) {
            assert_eq!(file.chunk(*place, *encoding), Ok(*data));
            assert_eq!(file.chunk(*place, Encoding::FloatHistogram), Err(Damage));
        }
        let list = || disk.shared().list("/data/head_chunks".into()).unwrap().len();
        assert_eq!(list(), 1);
        drop(file);
        assert_eq!(list(), 0);
    }

    #[test]
    fn a_full_disk_leaves_no_file() {
        let disk = SimulatedDisk::new(1);
        prepare(&*disk.shared(), "/data".into()).unwrap();
        disk.limit_bytes(Some(disk.used_bytes() + 20));
        let mut file = NewFile::new(1);
        file.push(Encoding::Xor, &[0; 100]).unwrap();
        assert!(file.finish(&disk.shared(), "/data".into()).is_err());
        assert!(disk.shared().list("/data/head_chunks".into()).unwrap().is_empty());
    }

    /// The example drawn in docs/formats/head_chunks.md.
    #[test]
    fn the_drawn_file_is_what_is_written() {
        let page = include_str!("../../../../docs/formats/head_chunks.md");
        let drawn = crate::drawn::example(page);
        let (disk, _file, _) = written(&[(Encoding::Xor, b"\0\x01\x02")]);
        let found = disk.shared().read("/data/head_chunks/00000007".into(), 1 << 20).unwrap();
        assert_eq!(found, drawn, "{found:02x?}");
    }
}
