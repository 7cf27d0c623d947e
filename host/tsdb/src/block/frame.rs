//! How the files of a block frame what they hold: a length, the content, a CRC32C of the content.

use super::error::Fault;
use crate::encoding::varint::Cursor;

/// Bytes of a checksum.
pub(super) const SUM_BYTES: usize = 4;

/// Content of a section: four bytes of length, big-endian, stand before it and its checksum behind.
pub(super) fn section<'a>(
    bytes: &'a [u8],
    offset: u64,
    what: &'static str,
) -> Result<&'a [u8], Fault> {
    let fault = Fault::new(offset, what);
    let (content, sum) = parts(bytes, offset).ok_or(fault)?;
    if crc32c::crc32c(content).to_be_bytes() == sum { Ok(content) } else { Err(fault) }
}

/// The same without looking at the checksum, for what was checked when the file was opened.
pub(super) fn section_unchecked(bytes: &[u8], offset: u64) -> Result<&[u8], Fault> {
    let found = parts(bytes, offset).ok_or(Fault::new(offset, "the section ends too early"))?;
    Ok(found.0)
}

fn parts(bytes: &[u8], offset: u64) -> Option<(&[u8], [u8; SUM_BYTES])> {
    let rest = bytes.get(usize::try_from(offset).ok()?..)?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    let (content, rest) = rest.split_at_checked(len)?;
    Some((content, *rest.first_chunk()?))
}

/// A piece of a file and where the next one may begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) content: &'a [u8],
    pub(super) end: u64,
}

/// An entry whose length is a variable-length integer, as series and chunks have it. The length
/// does not count the first `extra` bytes of the content.
pub(super) fn entry<'a>(
    bytes: &'a [u8],
    offset: u64,
    extra: usize,
    what: &'static str,
) -> Result<Entry<'a>, Fault> {
    let fault = Fault::new(offset, what);
    let start = usize::try_from(offset).map_err(|_| fault)?;
    let mut cursor = Cursor::new(bytes.get(start..).ok_or(fault)?);
    let available = cursor.remaining();
    let len = cursor.unsigned().ok().and_then(|len| usize::try_from(len).ok()).ok_or(fault)?;
    let content = cursor.take(len.checked_add(extra).ok_or(fault)?).map_err(|_| fault)?;
    let sum = cursor.array::<SUM_BYTES>().map_err(|_| fault)?;
    if crc32c::crc32c(content).to_be_bytes() != sum {
        return Err(fault);
    }
    let end = offset.saturating_add((available - cursor.remaining()) as u64);
    Ok(Entry { content, end })
}

/// How many bytes a variable-length integer takes.
pub(super) const fn varint_len(value: u64) -> u64 {
    let bits = (64 - value.leading_zeros()) as u64;
    if bits == 0 { 1 } else { bits.div_ceil(7) }
}
