//! The symbol table of an index: every name and value once, ascending.
//!
//! Series refer to a symbol by its number, or in version 1 by its place in the file. Offsets of
//! every 32nd symbol are in memory; from there one walks.

use super::super::error::Fault;
use super::super::frame;
use super::SAMPLED_EVERY;
use crate::encoding::Damage;
use crate::encoding::varint::Cursor;

#[derive(Debug)]
pub(crate) struct Symbols {
    /// Where the section begins.
    offset: u64,
    len: usize,
    /// Within the section's content.
    sampled: Box<[u32]>,
    by_place: bool,
}

/// The section's content begins behind its length.
const LENGTH_BYTES: u64 = 4;

impl Symbols {
    pub(crate) fn read(bytes: &[u8], offset: u64, by_place: bool) -> Result<Self, Fault> {
        let content = frame::section(bytes, offset, "the symbol table's checksum is wrong")?;
        let (len, sampled) = sample(content)
            .map_err(|_| Fault::new(offset, "the symbol table does not hold what it counts"))?;
        Ok(Self { offset, len, sampled, by_place })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The text a series refers to.
    pub(crate) fn get<'a>(&self, bytes: &'a [u8], symbol: u32) -> Result<&'a str, Fault> {
        let unknown = Fault::new(self.offset, "a series refers to a symbol that is not there");
        let text = if self.by_place {
            let place = usize::try_from(symbol).ok().and_then(|place| bytes.get(place..));
            Cursor::new(place.ok_or(unknown)?).text()
        } else {
            let number = usize::try_from(symbol).map_err(|_| unknown)?;
            if number >= self.len {
                return Err(unknown);
            }
            let mut cursor = self.at(bytes, number / SAMPLED_EVERY)?;
            (0..number % SAMPLED_EVERY)
                .try_for_each(|_| cursor.bytes().map(drop))
                .and_then(|()| cursor.text())
        };
        text.map_err(|_| Fault::new(self.offset, "a symbol is cut or no UTF-8"))
    }

    /// What series refer to a text by.
    pub(crate) fn find(&self, bytes: &[u8], text: &str) -> Result<Option<u32>, Fault> {
        let cut = |_| Fault::new(self.offset, "a symbol is cut");
        let mut outcome = Ok(());
        // The number of the first sample above the text; the text stands behind the one before.
        let above = partition(self.sampled.len(), |sample| {
            match self.at(bytes, sample).and_then(|mut cursor| cursor.bytes().map_err(cut)) {
                Ok(symbol) => symbol <= text.as_bytes(),
                Err(fault) => {
                    outcome = Err(fault);
                    false
                }
            }
        });
        outcome?;
        let Some(sample) = above.checked_sub(1) else { return Ok(None) };
        let content_len = self.content(bytes)?.len();
        let mut cursor = self.at(bytes, sample)?;
        let first = sample * SAMPLED_EVERY;
        for number in first..self.len.min(first + SAMPLED_EVERY) {
            let place = content_len - cursor.remaining();
            if cursor.bytes().map_err(cut)? == text.as_bytes() {
                let reference = if self.by_place {
                    self.offset + LENGTH_BYTES + place as u64
                } else {
                    number as u64
                };
                return Ok(u32::try_from(reference).ok());
            }
        }
        Ok(None)
    }

    /// All texts, ascending.
    pub(crate) fn iter<'a>(
        &self,
        bytes: &'a [u8],
    ) -> impl Iterator<Item = Result<&'a str, Fault>> + use<'a> {
        let offset = self.offset;
        let mut cursor = self.at(bytes, 0).unwrap_or(Cursor::new(&[]));
        (0..self.len).map(move |_| {
            cursor.text().map_err(|_| Fault::new(offset, "a symbol is cut or no UTF-8"))
        })
    }

    /// The content; its checksum was looked at when the table was read.
    fn content<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        frame::section_unchecked(bytes, self.offset)
    }

    fn at<'a>(&self, bytes: &'a [u8], sample: usize) -> Result<Cursor<'a>, Fault> {
        let start = self.sampled.get(sample).and_then(|start| usize::try_from(*start).ok());
        let rest = start.and_then(|start| self.content(bytes).ok()?.get(start..));
        rest.map(Cursor::new).ok_or(Fault::new(self.offset, "the symbol table is cut"))
    }
}

/// The count and the offset of every 32nd symbol.
fn sample(content: &[u8]) -> Result<(usize, Box<[u32]>), Damage> {
    let mut cursor = Cursor::new(content);
    let len = usize::try_from(u32::from_be_bytes(cursor.array()?)).map_err(|_| Damage)?;
    // Each takes a byte at least.
    if len > cursor.remaining() {
        return Err(Damage);
    }
    let mut sampled = Vec::with_capacity(len.div_ceil(SAMPLED_EVERY));
    for number in 0..len {
        if number % SAMPLED_EVERY == 0 {
            let place = content.len() - cursor.remaining();
            sampled.push(u32::try_from(place).map_err(|_| Damage)?);
        }
        cursor.bytes()?;
    }
    Ok((len, sampled.into_boxed_slice()))
}

/// How many of `0..len` satisfy a condition that holds for a first part of them only.
pub(super) fn partition(len: usize, mut holds: impl FnMut(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
