//! Older versions of the reference write label indices, which no version reads; newer ones leave
//! them out, as we do.
#![expect(clippy::indexing_slicing, reason = "a test fails when a peer's file is not as expected")]

const TOC_BYTES: usize = 6 * 8 + 4;

/// The index as a newer version would have written it.
pub(crate) fn without_label_indices(index: &[u8]) -> Vec<u8> {
    let (body, toc) = index.split_at(index.len() - TOC_BYTES);
    let toc: Vec<usize> = toc[..48].chunks_exact(8).map(number).collect();
    let &[symbols, series, label_indices, label_table, postings, table] = toc.as_slice() else {
        panic!("six offsets");
    };
    if label_indices == postings {
        return index.to_vec();
    }
    let mut out = body[..label_indices].to_vec();
    out.resize(out.len().next_multiple_of(4), 0);
    let shift = postings.next_multiple_of(4) - out.len();
    out.extend_from_slice(&body[postings.next_multiple_of(4)..label_table]);
    let new_table = out.len();

    let len = number(&body[table..table + 4]);
    let mut lines = &body[table + 4..][..len];
    let mut content = lines[..4].to_vec();
    lines = &lines[4..];
    while !lines.is_empty() {
        let mut line = &lines[1..];
        for _ in 0..2 {
            let (len, rest) = uvarint(line);
            line = &rest[len..];
        }
        content.extend_from_slice(&lines[..lines.len() - line.len()]);
        let (offset, rest) = uvarint(line);
        push_uvarint(&mut content, offset - shift);
        lines = rest;
    }
    out.extend_from_slice(&u32::try_from(content.len()).expect("a short table").to_be_bytes());
    out.extend_from_slice(&content);
    out.extend_from_slice(&crc32c::crc32c(&content).to_be_bytes());

    let mut toc = Vec::new();
    for offset in [symbols, series, label_indices, new_table, label_indices, new_table] {
        toc.extend_from_slice(&(offset as u64).to_be_bytes());
    }
    out.extend_from_slice(&toc);
    out.extend_from_slice(&crc32c::crc32c(&toc).to_be_bytes());
    out
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn uvarint(bytes: &[u8]) -> (usize, &[u8]) {
    let len = bytes.iter().position(|byte| *byte < 0x80).expect("an end") + 1;
    let groups = bytes[..len].iter().rev();
    (groups.fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f)), &bytes[len..])
}

fn push_uvarint(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).expect("seven bits"));
}
