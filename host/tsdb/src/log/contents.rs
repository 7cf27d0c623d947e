//! What series hold, as a checkpoint saves it.

use crate::encoding::varint::{Cursor, push_bytes, push_signed, push_unsigned};
use crate::encoding::{Damage, Encoding};
use crate::head::series::SeriesId;

/// A chunk within a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SavedChunk<'a> {
    pub(crate) encoding: Encoding,
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    pub(crate) bytes: &'a [u8],
}

/// All chunks of one series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents<'a> {
    pub(crate) id: SeriesId,
    /// Full chunks, ascending in time.
    pub(crate) sealed: Vec<SavedChunk<'a>>,
    /// The chunk that goes on. None: all samples are out of order.
    pub(crate) open: Option<SavedChunk<'a>>,
    pub(crate) out_of_order: Vec<SavedChunk<'a>>,
}

impl<'a> Contents<'a> {
    /// How many chunks.
    pub(crate) fn chunks(&self) -> usize {
        self.sealed.len() + usize::from(self.open.is_some()) + self.out_of_order.len()
    }

    /// Appends it to a record.
    pub(crate) fn push(&self, out: &mut Vec<u8>) {
        push_unsigned(out, self.id);
        for chunks in [&self.sealed[..], self.open.as_slice(), &self.out_of_order[..]] {
            push_unsigned(out, chunks.len() as u64);
            let mut before = 0_i64;
            for chunk in chunks {
                out.push(chunk.encoding.number());
                push_signed(out, chunk.first_at.wrapping_sub(before));
                push_signed(out, chunk.last_at.wrapping_sub(chunk.first_at));
                push_bytes(out, chunk.bytes);
                before = chunk.last_at;
            }
        }
    }

    /// The next of a record; `None` at its end.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, Damage> {
        if cursor.is_empty() {
            return Ok(None);
        }
        let id = cursor.unsigned()?;
        let sealed = read_chunks(cursor)?;
        let mut open = read_chunks(cursor)?;
        let out_of_order = read_chunks(cursor)?;
        if open.len() > 1 || !sealed.is_empty() && open.is_empty() {
            return Err(Damage);
        }
        Ok(Some(Self { id, sealed, open: open.pop(), out_of_order }))
    }
}

fn read_chunks<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<SavedChunk<'a>>, Damage> {
    let count = cursor.count(4)?;
    let mut chunks = Vec::with_capacity(count);
    let mut before = 0_i64;
    for _ in 0..count {
        let encoding = Encoding::from_number(cursor.byte()?).ok_or(Damage)?;
        let first_at = before.wrapping_add(cursor.signed()?);
        let last_at = first_at.wrapping_add(cursor.signed()?);
        let bytes = cursor.bytes()?;
        if first_at > last_at {
            return Err(Damage);
        }
        before = last_at;
        chunks.push(SavedChunk { encoding, first_at, last_at, bytes });
    }
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Raw = (usize, i64, i64, Vec<u8>);

    fn saved(raw: &[Raw]) -> Vec<SavedChunk<'_>> {
        let chunk = |raw: &'_ Raw| (Encoding::ALL[raw.0], raw.1.min(raw.2), raw.1.max(raw.2));
        let saved = raw.iter().map(|raw| {
            let ((encoding, first_at, last_at), bytes) = (chunk(raw), raw.3.as_slice());
            SavedChunk { encoding, first_at, last_at, bytes }
        });
        saved.collect()
    }

    fn any_chunks(max: usize) -> impl Strategy<Value = Vec<Raw>> {
        prop::collection::vec((0_usize..3, any::<i64>(), any::<i64>(), any::<Vec<u8>>()), 0..max)
    }

    proptest! {
        #[test]
        fn contents_come_back(id: u64, sealed in any_chunks(4), open in any_chunks(2), late in any_chunks(4)) {
            let open = saved(&open).pop();
            let sealed = if open.is_some() { saved(&sealed) } else { Vec::new() };
            let contents = Contents { id, sealed, open, out_of_order: saved(&late) };
            let mut payload = Vec::new();
            contents.push(&mut payload);
            let mut cursor = Cursor::new(&payload);
            prop_assert_eq!(Contents::read(&mut cursor), Ok(Some(contents)));
            prop_assert_eq!(Contents::read(&mut cursor), Ok(None));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(payload: Vec<u8>) {
            let mut cursor = Cursor::new(&payload);
            while let Ok(Some(_)) = Contents::read(&mut cursor) {}
        }
    }
}
