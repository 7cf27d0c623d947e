//! The chunk files of a block: segments of frames, read where they lie.
//!
//! Invariant: a frame's checksum is looked at each time it is read; it costs less than decoding.

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, FileBytes};

use super::error::{BlockError, Fault};
use super::frame;
use crate::encoding::varint::Cursor;
use crate::encoding::{Chunk, Encoding};

mod writer;

pub(super) use self::writer::ChunkWriter;

/// The folder's name within the block's.
pub(crate) const CHUNKS_FOLDER: &str = "chunks";
const MAGIC: u32 = 0x85BD_40DD;
const VERSION: u8 = 1;
/// Magic, version, three bytes of zero.
pub(super) const HEADER_BYTES: usize = 8;
/// The byte that names the encoding; the frame's length does not count it.
const ENCODING_BYTES: usize = 1;

/// Where a chunk lies and the time it covers; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkPlace {
    /// The number of the segment in the upper half, the byte in the segment in the lower.
    pub reference: u64,
    /// Milliseconds of the first sample.
    pub first_at: i64,
    /// Milliseconds of the last sample.
    pub last_at: i64,
}

impl ChunkPlace {
    /// Whether it may have samples between the two times, both included.
    #[must_use]
    pub fn overlaps(&self, start: i64, end: i64) -> bool {
        self.first_at <= end && start <= self.last_at
    }
}

/// A chunk whose bytes belong to someone else: to a mapped file, or to a [`Chunk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkView<'a> {
    /// How the bytes are to be read.
    pub encoding: Encoding,
    /// Milliseconds of the first sample.
    pub first_at: i64,
    /// Milliseconds of the last sample.
    pub last_at: i64,
    /// The encoded samples.
    pub bytes: &'a [u8],
}

impl ChunkView<'_> {
    /// A copy that belongs to the caller.
    #[must_use]
    pub fn to_chunk(&self) -> Chunk {
        let Self { encoding, first_at, last_at, bytes } = *self;
        Chunk { encoding, first_at, last_at, bytes: bytes.into() }
    }
}

impl<'a> From<&'a Chunk> for ChunkView<'a> {
    fn from(chunk: &'a Chunk) -> Self {
        let Chunk { encoding, first_at, last_at, bytes } = chunk;
        Self { encoding: *encoding, first_at: *first_at, last_at: *last_at, bytes }
    }
}

/// One mapped file.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: Utf8PathBuf,
    pub(super) bytes: FileBytes,
}

/// All chunk files of a block.
#[derive(Debug)]
pub(super) struct ChunkFiles {
    pub(super) segments: Vec<Segment>,
}

/// A frame as it lies in a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) encoding: u8,
    pub(super) bytes: &'a [u8],
    /// Where the next frame begins.
    pub(super) end: u64,
}

impl ChunkFiles {
    /// Maps the files whose names are numbers; the order of names says their numbers, from zero.
    pub(super) fn open(disk: &dyn Disk, block: &Utf8Path) -> Result<Self, BlockError> {
        let folder = block.join(CHUNKS_FOLDER);
        let files = disk.list(&folder).map_err(BlockError::io("list", &folder))?;
        let mut segments = Vec::new();
        for file in files {
            if file.is_folder || !is_number(&file.name) {
                continue;
            }
            let path = folder.join(&file.name);
            let bytes = disk.map(&path).map_err(BlockError::io("map", &path))?;
            check_header(&bytes).map_err(|fault| fault.of(&path))?;
            segments.push(Segment { path, bytes });
        }
        Ok(Self { segments })
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes.len() as u64).sum()
    }

    /// Where a reference leads: the segment and the byte in it.
    pub(super) fn locate(&self, reference: u64) -> Option<(&Segment, u64)> {
        let number = usize::try_from(reference >> 32).ok()?;
        Some((self.segments.get(number)?, reference & u64::from(u32::MAX)))
    }

    /// The chunk without a look at its checksum, for what is only an estimate.
    pub(super) fn peek(&self, place: &ChunkPlace) -> Option<ChunkView<'_>> {
        let (segment, offset) = self.locate(place.reference)?;
        let mut cursor = Cursor::new(segment.bytes.get(usize::try_from(offset).ok()?..)?);
        let len = usize::try_from(cursor.unsigned().ok()?).ok()?;
        let encoding = Encoding::from_number(cursor.byte().ok()?)?;
        let bytes = cursor.take(len).ok()?;
        Some(ChunkView { encoding, first_at: place.first_at, last_at: place.last_at, bytes })
    }

    pub(super) fn read(&self, place: &ChunkPlace) -> Result<ChunkView<'_>, BlockError> {
        let (segment, offset) = self.locate(place.reference).ok_or_else(|| {
            let path = self.segments.last().map_or(Utf8Path::new(CHUNKS_FOLDER), |s| &s.path);
            Fault::new(place.reference, "a series refers to a segment that is not there").of(path)
        })?;
        let view = frame_at(&segment.bytes, offset).and_then(|frame| {
            let unknown = Fault::new(offset, "the chunk's encoding is not known");
            Ok(ChunkView {
                encoding: Encoding::from_number(frame.encoding).ok_or(unknown)?,
                first_at: place.first_at,
                last_at: place.last_at,
                bytes: frame.bytes,
            })
        });
        view.map_err(|fault| fault.of(&segment.path))
    }
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn check_header(bytes: &[u8]) -> Result<(), Fault> {
    match bytes.first_chunk::<HEADER_BYTES>() {
        Some([a, b, c, d, version, ..]) if u32::from_be_bytes([*a, *b, *c, *d]) == MAGIC => {
            if *version == VERSION {
                return Ok(());
            }
            Err(Fault::new(4, "the version of the chunk file is not known"))
        }
        _ => Err(Fault::new(0, "the file does not begin as a chunk file")),
    }
}

/// The frame at `offset`, its checksum looked at.
pub(super) fn frame_at(segment: &[u8], offset: u64) -> Result<Frame<'_>, Fault> {
    if offset < HEADER_BYTES as u64 {
        return Err(Fault::new(offset, "a chunk cannot lie in the header"));
    }
    let entry = frame::entry(segment, offset, ENCODING_BYTES, "the chunk's checksum is wrong")?;
    match entry.content.split_first() {
        Some((encoding, bytes)) => Ok(Frame { encoding: *encoding, bytes, end: entry.end }),
        None => Err(Fault::new(offset, "the chunk is empty")),
    }
}

/// Where the frame at `offset` ends if its length is right, whatever is in it.
pub(super) fn end_of_frame(segment: &[u8], offset: u64) -> Option<u64> {
    let mut cursor = Cursor::new(segment.get(usize::try_from(offset).ok()?..)?);
    let available = cursor.remaining();
    let len = usize::try_from(cursor.unsigned().ok()?).ok()?;
    cursor.take(len.checked_add(ENCODING_BYTES + frame::SUM_BYTES)?).ok()?;
    Some(offset + (available - cursor.remaining()) as u64)
}

#[cfg(test)]
mod tests;
