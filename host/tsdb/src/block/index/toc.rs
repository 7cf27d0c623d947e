//! The table of contents at the end of an index: where its sections begin.

use super::super::error::Fault;
use crate::encoding::Damage;
use crate::encoding::varint::Cursor;

/// Six offsets and a checksum.
pub(crate) const TOC_BYTES: usize = 6 * 8 + 4;

/// Offsets of the sections. The two of label indices are not used since version 2 of the index;
/// writers point them at the section that follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Toc {
    pub(crate) symbols: u64,
    pub(crate) series: u64,
    pub(crate) label_indices: u64,
    pub(crate) label_indices_table: u64,
    pub(crate) postings: u64,
    pub(crate) postings_table: u64,
}

impl Toc {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let start = bytes.len().saturating_sub(TOC_BYTES) as u64;
        let fault = Fault::new(start, "the table of contents is damaged");
        let (content, sum) = bytes
            .last_chunk::<TOC_BYTES>()
            .and_then(|toc| toc.split_last_chunk::<4>())
            .ok_or(fault)?;
        if crc32c::crc32c(content).to_be_bytes() != *sum {
            return Err(fault);
        }
        Self::parse(content).map_err(|_| fault)
    }

    fn parse(content: &[u8]) -> Result<Self, Damage> {
        let mut cursor = Cursor::new(content);
        let mut next = || cursor.array().map(u64::from_be_bytes);
        Ok(Self {
            symbols: next()?,
            series: next()?,
            label_indices: next()?,
            label_indices_table: next()?,
            postings: next()?,
            postings_table: next()?,
        })
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(TOC_BYTES);
        for offset in [
            self.symbols,
            self.series,
            self.label_indices,
            self.label_indices_table,
            self.postings,
            self.postings_table,
        ] {
            out.extend_from_slice(&offset.to_be_bytes());
        }
        let sum = crc32c::crc32c(&out);
        out.extend_from_slice(&sum.to_be_bytes());
        out
    }
}
