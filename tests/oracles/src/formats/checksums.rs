//! Makes the checksums of a block's files right, whatever the bytes: random changes would never
//! come by them. Where lengths lead nowhere, the rest stays as it is.

/// The table of contents: six offsets, then a checksum.
const TOC_BYTES: usize = 52;

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*field)).ok()
}

/// Puts the checksum of `from..to` at `to`.
fn put(bytes: &mut [u8], from: usize, to: usize) -> Option<()> {
    let sum = crc32c::crc32c(bytes.get(from..to)?).to_be_bytes();
    *bytes.get_mut(to..)?.first_chunk_mut::<4>()? = sum;
    Some(())
}

/// A section that begins with its length in four bytes; answers where it ends.
fn section(bytes: &mut [u8], at: usize) -> Option<usize> {
    let from = at.checked_add(4)?;
    let to = from.checked_add(u32_at(bytes, at)?)?;
    put(bytes, from, to)?;
    to.checked_add(4)
}

fn varint(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for (place, byte) in bytes.get(at..)?.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, at + place + 1));
        }
    }
    None
}

/// An index file.
pub(super) fn index(bytes: &mut [u8]) {
    index_sections(bytes);
}

fn index_sections(bytes: &mut [u8]) -> Option<()> {
    let toc = bytes.len().checked_sub(TOC_BYTES)?;
    put(bytes, toc, toc + TOC_BYTES - 4)?;
    let offset = |bytes: &[u8], number: usize| {
        let field = bytes.get(toc + 8 * number..)?.first_chunk::<8>()?;
        usize::try_from(u64::from_be_bytes(*field)).ok()
    };
    let places: Vec<usize> = (0..6).filter_map(|number| offset(bytes, number)).collect();
    let [symbols, series, lists, list_table, postings, postings_table] = places.as_slice() else {
        return None;
    };
    for at in [*symbols, *list_table, *postings_table] {
        section(bytes, at);
    }
    for (start, end) in
        [(*lists, *postings), (*postings, *list_table), (*postings, *postings_table)]
    {
        let mut at = start;
        while at < end.min(toc) {
            let Some(next) = section(bytes, at) else { break };
            at = next.next_multiple_of(4);
        }
    }
    let mut at = *series;
    while at < (*lists).min(toc) {
        let aligned = at.next_multiple_of(16);
        let Some((len, from)) = varint(bytes, aligned) else { break };
        let Some(to) = from.checked_add(len) else { break };
        if len == 0 || put(bytes, from, to).is_none() {
            break;
        }
        at = to + 4;
    }
    Some(())
}

/// A file of chunks: magic, version, padding, then length, encoding, data and checksum of each.
pub(super) fn chunks(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some((len, from)) = varint(bytes, at) {
        let Some(to) = from.checked_add(1).and_then(|data| data.checked_add(len)) else { return };
        if put(bytes, from, to).is_none() {
            return;
        }
        at = to + 4;
    }
}

/// Tombstones: magic, version, entries, and a checksum of the entries.
pub(super) fn tombstones(bytes: &mut [u8]) {
    if let Some(to) = bytes.len().checked_sub(4) {
        put(bytes, 5, to);
    }
}
