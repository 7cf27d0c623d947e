//! Prometheus' head chunk files: chunks that left memory before they became a block.
//!
//! Always holds: a chunk is handed out only when its checksum is right. Behind damage reading goes
//! on at the chunk that the damaged one's length leads to, else at the next that proves itself.

use narthex_platform::FileBytes;

use super::record::Ref;
use crate::encoding::varint::Cursor;
use crate::encoding::{Damage, Encoding};

const MAGIC: [u8; 4] = [0x01, 0x30, 0xbc, 0x91];
const VERSION: u8 = 1;
/// Magic (4), version (1), padding (3).
const HEADER_BYTES: usize = 8;
/// The flag of a chunk with out-of-order samples.
const OUT_OF_ORDER: u8 = 0x80;
const CHECKSUM_BYTES: usize = 4;
/// A chunk has some 120 samples, or 1 KiB of histograms; while searching behind damage nothing
/// larger is believed.
const SEARCHED_CHUNK_BYTES_MAX: usize = 1 << 20;
/// Nor that one chunk covers more than ten years.
const SEARCHED_SPAN_MAX: u64 = 10 * 366 * 24 * 3_600_000;

/// A chunk of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeadChunk {
    pub(super) series: Ref,
    pub(super) first_at: i64,
    pub(super) last_at: i64,
    pub(super) encoding: Encoding,
    pub(super) is_out_of_order: bool,
    /// Where the chunk begins: markers name this place.
    pub(super) offset: usize,
    /// Where its data stands.
    pub(super) start: usize,
    pub(super) len: usize,
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Chunk(HeadChunk),
    /// A chunk of an encoding that is not known, with a right checksum.
    Unknown {
        offset: usize,
        encoding: u8,
    },
    Damaged {
        offset: usize,
        what: &'static str,
    },
    End,
}

/// Walks over the chunks of a file.
pub(super) struct HeadChunks<'a> {
    file: &'a FileBytes,
    at: usize,
}

enum Found {
    Chunk(Next, usize),
    /// The rest of the file was reserved and never written.
    Nothing,
    /// No chunk; where it would end.
    Broken(Option<usize>),
}

impl<'a> HeadChunks<'a> {
    pub(super) const fn new(file: &'a FileBytes) -> Self {
        Self { file, at: 0 }
    }

    /// How far reading came.
    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn next(&mut self) -> Next {
        if self.at == 0 {
            self.at = HEADER_BYTES;
            // A file that was begun when the power went has nothing yet.
            if self.file.iter().take(HEADER_BYTES).all(|byte| *byte == 0) {
                self.at = self.file.len();
                return Next::End;
            }
            let is_right = self.file.starts_with(&MAGIC) && self.file.get(4) == Some(&VERSION);
            if !is_right {
                return Next::Damaged { offset: 0, what: "the header of a head chunk file" };
            }
        }
        match self.look(self.at) {
            Ok(Found::Chunk(next, end)) => {
                self.at = end;
                next
            }
            Ok(Found::Nothing) => {
                self.at = self.file.len();
                Next::End
            }
            Ok(Found::Broken(end)) => self.skip(end),
            Err(Damage) => self.skip(None),
        }
    }

    /// Goes on behind damage.
    fn skip(&mut self, end: Option<usize>) -> Next {
        let offset = self.at;
        let proves = |at: usize| matches!(self.look(at), Ok(Found::Chunk(..)));
        self.at = match end.filter(|end| *end < self.file.len() && proves(*end)) {
            Some(end) => end,
            None => self.search(offset + 1),
        };
        Next::Damaged { offset, what: "a head chunk" }
    }

    fn search(&self, from: usize) -> usize {
        let looks_right = |at: &usize| self.is_plausible(*at).unwrap_or(false);
        let proves = |at: &usize| matches!(self.look(*at), Ok(Found::Chunk(..)));
        let found = (from..self.file.len()).filter(looks_right).find(proves);
        found.unwrap_or(self.file.len())
    }

    /// Whether it is worth the price of a checksum to take `at` for the beginning of a chunk.
    fn is_plausible(&self, at: usize) -> Result<bool, Damage> {
        let mut cursor = Cursor::new(self.file.get(at..).unwrap_or_default());
        let series = u64::from_be_bytes(cursor.array()?);
        let first_at = i64::from_be_bytes(cursor.array()?);
        let last_at = i64::from_be_bytes(cursor.array()?);
        let encoding = cursor.byte()? & !OUT_OF_ORDER;
        Ok(series != 0
            && Encoding::from_number(encoding).is_some()
            && first_at <= last_at
            && last_at.abs_diff(first_at) <= SEARCHED_SPAN_MAX
            && cursor.count(1)? <= SEARCHED_CHUNK_BYTES_MAX)
    }

    fn look(&self, at: usize) -> Result<Found, Damage> {
        let rest = self.file.get(at..).unwrap_or_default();
        if rest.iter().take(24).all(|byte| *byte == 0) {
            return Ok(Found::Nothing);
        }
        let mut cursor = Cursor::new(rest);
        let series = u64::from_be_bytes(cursor.array()?);
        let first_at = i64::from_be_bytes(cursor.array()?);
        let last_at = i64::from_be_bytes(cursor.array()?);
        let number = cursor.byte()?;
        let len = cursor.count(1)?;
        let start = at + (rest.len() - cursor.remaining());
        cursor.take(len)?;
        let (body, rest) = rest.split_at_checked(start + len - at).ok_or(Damage)?;
        let sum = rest.first_chunk::<CHECKSUM_BYTES>().ok_or(Damage)?;
        let end = start + len + CHECKSUM_BYTES;
        if crc32c::crc32c(body) != u32::from_be_bytes(*sum) || first_at > last_at {
            return Ok(Found::Broken(Some(end)));
        }
        let next = match Encoding::from_number(number & !OUT_OF_ORDER) {
            Some(encoding) => Next::Chunk(HeadChunk {
                series,
                first_at,
                last_at,
                encoding,
                is_out_of_order: number & OUT_OF_ORDER != 0,
                offset: at,
                start,
                len,
            }),
            None => Next::Unknown { offset: at, encoding: number & !OUT_OF_ORDER },
        };
        Ok(Found::Chunk(next, end))
    }
}

#[cfg(test)]
pub(super) mod tests;
