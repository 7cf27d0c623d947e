//! The first bytes of a segment and of a checkpoint.

use crate::encoding::Damage;
use crate::encoding::varint::Cursor;

const MAGIC: [u8; 4] = *b"NXTL";
const VERSION: u8 = 1;
/// Magic, version, kind, two bytes of zero, number, previous number, previous length, checksum.
pub(crate) const HEADER_BYTES: usize = 28;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Segment,
    Checkpoint,
}

impl FileKind {
    const fn code(self) -> u8 {
        match self {
            Self::Segment => 1,
            Self::Checkpoint => 2,
        }
    }
}

/// Says what the file is and where the segment before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: FileKind,
    pub(crate) number: u32,
    pub(crate) previous: Previous,
}

/// The segment before, and how many of its bytes count. Number 0: there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) number: u32,
    pub(crate) len: u64,
}

impl Header {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[VERSION, self.kind.code(), 0, 0]);
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.previous.number.to_le_bytes());
        out.extend_from_slice(&self.previous.len.to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out.first_chunk().copied().expect("the parts add up to the header's length")
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Damage> {
        let mut cursor = Cursor::new(bytes.get(..HEADER_BYTES).ok_or(Damage)?);
        let (magic, [version, kind, ..]) = (cursor.array::<4>()?, cursor.array::<4>()?);
        let number = u32::from_le_bytes(cursor.array()?);
        let previous = Previous {
            number: u32::from_le_bytes(cursor.array()?),
            len: u64::from_le_bytes(cursor.array()?),
        };
        let covered = bytes.get(..HEADER_BYTES - 4).ok_or(Damage)?;
        if magic != MAGIC || cursor.array()? != crc32c::crc32c(covered).to_le_bytes() {
            return Err(Damage);
        }
        let kind = match (version, kind) {
            (VERSION, 1) => FileKind::Segment,
            (VERSION, 2) => FileKind::Checkpoint,
            _ => return Err(Damage),
        };
        Ok(Self { kind, number, previous })
    }
}
