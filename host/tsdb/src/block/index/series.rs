//! The entry of one series: its labels as symbols, then its chunks.

use narthex_model::Labels;

use super::super::chunks::ChunkPlace;
use super::super::error::Fault;
use super::{Index, SymbolPair};
use crate::encoding::Damage;
use crate::encoding::varint::Cursor;

/// An entry whose checksum was looked at.
pub(crate) struct SeriesEntry<'a> {
    pub(super) index: &'a Index,
    pub(super) series: u32,
    pub(super) content: &'a [u8],
}

impl<'a> SeriesEntry<'a> {
    /// The labels as symbols, handed to `look` until it says no.
    pub(crate) fn pairs(&self, mut look: impl FnMut(SymbolPair) -> bool) -> Result<(), Fault> {
        let damaged = |_| self.fault("the series' labels are damaged");
        let mut cursor = Cursor::new(self.content);
        for _ in 0..cursor.count(2).map_err(damaged)? {
            if !look(pair(&mut cursor).map_err(damaged)?) {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn labels(&self, texts: &mut Texts<'a>) -> Result<Labels, Fault> {
        texts.pairs.clear();
        let mut outcome = Ok(());
        self.pairs(|(name, value)| {
            outcome = texts.push_pair(self.index, name, value);
            outcome.is_ok()
        })?;
        outcome?;
        if texts.pairs.is_sorted_by(|a, b| a.0 < b.0) {
            Ok(Labels::from_sorted(texts.pairs.iter().copied()))
        } else {
            Err(self.fault("the series' labels do not ascend"))
        }
    }

    /// Appends where the chunks of the series lie.
    pub(crate) fn chunks(&self, out: &mut Vec<ChunkPlace>) -> Result<(), Fault> {
        chunk_places(&mut Cursor::new(self.content), out)
            .map_err(|_| self.fault("the series' list of chunks is damaged"))
    }

    fn fault(&self, what: &'static str) -> Fault {
        Fault::new(self.index.series_offset(self.series), what)
    }
}

/// Texts of symbols seen lately, each at the place its number has among them: series that stand
/// together share most of theirs, and to look one up is to walk over others.
pub(crate) struct Texts<'a> {
    seen: Box<[Option<(u32, &'a str)>]>,
    /// Of the series at hand.
    pairs: Vec<(&'a str, &'a str)>,
}

/// Symbols that are remembered at once.
const SEEN: usize = 256;

impl Default for Texts<'_> {
    fn default() -> Self {
        Self { seen: vec![None; SEEN].into_boxed_slice(), pairs: Vec::new() }
    }
}

impl<'a> Texts<'a> {
    /// Remembers nothing: for a single series.
    pub(crate) fn forgetful() -> Self {
        Self { seen: Box::default(), pairs: Vec::new() }
    }

    fn push_pair(&mut self, index: &'a Index, name: u32, value: u32) -> Result<(), Fault> {
        let pair = (self.get(index, name)?, self.get(index, value)?);
        self.pairs.push(pair);
        Ok(())
    }

    fn get(&mut self, index: &'a Index, symbol: u32) -> Result<&'a str, Fault> {
        let place = usize::try_from(symbol).map_or(0, |symbol| symbol % SEEN);
        match self.seen.get_mut(place) {
            Some(Some((known, text))) if *known == symbol => Ok(text),
            Some(slot) => {
                let text = index.text(symbol)?;
                *slot = Some((symbol, text));
                Ok(text)
            }
            None => index.text(symbol),
        }
    }
}

pub(super) fn pair(cursor: &mut Cursor<'_>) -> Result<SymbolPair, Damage> {
    let symbol = |number: u64| u32::try_from(number).map_err(|_| Damage);
    Ok((symbol(cursor.unsigned()?)?, symbol(cursor.unsigned()?)?))
}

/// Walks over the labels to the chunks. Times and references are differences to the chunk before. Time
/// wraps around: so other writers say that a chunk begins before the last one ended.
fn chunk_places(cursor: &mut Cursor<'_>, out: &mut Vec<ChunkPlace>) -> Result<(), Damage> {
    for _ in 0..cursor.count(2)? {
        pair(cursor)?;
    }
    let count = cursor.count(3)?;
    out.reserve(count);
    let mut last: Option<ChunkPlace> = None;
    for _ in 0..count {
        let first_at = match last {
            None => cursor.signed()?,
            Some(last) => last.last_at.wrapping_add_unsigned(cursor.unsigned()?),
        };
        let last_at = first_at.wrapping_add_unsigned(cursor.unsigned()?);
        let reference = match last {
            None => cursor.unsigned()?,
            Some(last) => last.reference.checked_add_signed(cursor.signed()?).ok_or(Damage)?,
        };
        let place = ChunkPlace { reference, first_at, last_at };
        out.push(place);
        last = Some(place);
    }
    Ok(())
}
