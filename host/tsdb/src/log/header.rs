//! The first bytes of a segment and of a checkpoint.
//!
//! Version 2 is written; version 1, which knows no ids and no unknown end, is read for ever.

use crate::encoding::Damage;
use crate::encoding::varint::Cursor;
use crate::head::series::SeriesId;

const MAGIC: [u8; 4] = *b"NXTL";
const VERSION: u8 = 2;
/// Magic, version, kind, flags, number, previous number, previous length, end of ids, checksum.
pub(crate) const HEADER_BYTES: usize = 36;
/// Version 1 has neither flags nor the end of ids.
pub(crate) const HEADER_BYTES_V1: usize = 28;
/// Where the segment before ends is not known: its last whole record decides.
const PREVIOUS_END_UNKNOWN: u16 = 1;

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
    /// Ids of series in this file and in all before it are below. Unknown in version 1.
    pub(crate) ids_end: Option<SeriesId>,
}

/// The segment before, and how many of its bytes count. Number 0: there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) number: u32,
    pub(crate) end: PreviousEnd,
}

/// How many bytes of the segment before count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PreviousEnd {
    /// The process that wrote it says so: what lies behind was refused.
    At(u64),
    /// Another process wrote it, and this one began before it had read it: all whole records count.
    Unknown,
}

impl Previous {
    /// What a checkpoint's header says.
    pub(crate) const NONE: Self = Self { number: 0, end: PreviousEnd::At(0) };
}

impl Header {
    /// Bytes of the header: records begin after it.
    pub(crate) const fn len(self) -> usize {
        if self.ids_end.is_some() { HEADER_BYTES } else { HEADER_BYTES_V1 }
    }

    /// Whether a new process began the segment: what it took before it had replayed the older ones
    /// may lie before them in time.
    pub(crate) fn is_start(self) -> bool {
        self.kind == FileKind::Segment && self.previous.end == PreviousEnd::Unknown
    }

    /// The bytes of version 2.
    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let (flags, len) = match self.previous.end {
            PreviousEnd::At(len) => (0, len),
            PreviousEnd::Unknown => (PREVIOUS_END_UNKNOWN, 0),
        };
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[VERSION, self.kind.code()]);
        out.extend_from_slice(&flags.to_le_bytes());
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.previous.number.to_le_bytes());
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&self.ids_end.unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out.first_chunk().copied().expect("the parts add up to the header's length")
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Damage> {
        let mut cursor = Cursor::new(bytes);
        let (magic, [version, kind]) = (cursor.array::<4>()?, cursor.array::<2>()?);
        let flags = u16::from_le_bytes(cursor.array()?);
        let len = match version {
            1 => HEADER_BYTES_V1,
            VERSION => HEADER_BYTES,
            _ => return Err(Damage),
        };
        let number = u32::from_le_bytes(cursor.array()?);
        let previous = u32::from_le_bytes(cursor.array()?);
        let end = match u64::from_le_bytes(cursor.array()?) {
            _ if version > 1 && flags & PREVIOUS_END_UNKNOWN != 0 => PreviousEnd::Unknown,
            len => PreviousEnd::At(len),
        };
        let ids_end = match version {
            1 => None,
            _ => Some(SeriesId::from_le_bytes(cursor.array()?)),
        };
        let covered = bytes.get(..len - 4).ok_or(Damage)?;
        if magic != MAGIC || cursor.array()? != crc32c::crc32c(covered).to_le_bytes() {
            return Err(Damage);
        }
        let kind = match kind {
            1 => FileKind::Segment,
            2 => FileKind::Checkpoint,
            _ => return Err(Damage),
        };
        Ok(Self { kind, number, previous: Previous { number: previous, end }, ids_end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back() {
        for end in [PreviousEnd::At(99), PreviousEnd::Unknown] {
            let previous = Previous { number: 6, end };
            let header =
                Header { kind: FileKind::Segment, number: 7, previous, ids_end: Some(1 << 20) };
            assert_eq!(Header::from_bytes(&header.to_bytes()), Ok(header));
        }
    }

    #[test]
    fn version_1_is_read() {
        let mut bytes = b"NXTL\x01\x01\0\0".to_vec();
        bytes.extend_from_slice(&[7, 0, 0, 0, 6, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        let header = Header::from_bytes(&bytes).unwrap();
        assert_eq!((header.number, header.ids_end, header.len()), (7, None, HEADER_BYTES_V1));
        assert_eq!(header.previous, Previous { number: 6, end: PreviousEnd::At(99) });
        bytes[9] ^= 1;
        assert_eq!(Header::from_bytes(&bytes), Err(Damage));
    }
}
