//! A record of series as it stands in the log: each text once, and series that name them by number.
//!
//! Who restores many series at a time looks each text up once, not once for each label.

use std::ops::Range;

use narthex_model::Labels;

use crate::encoding::Damage;
use crate::encoding::varint::Cursor;
use crate::head::series::SeriesId;

/// The content of a record of series.
#[derive(Debug)]
pub(crate) struct Definitions<'a> {
    pub(crate) texts: Vec<&'a str>,
    /// Numbers of names and values, series after series.
    pairs: Vec<(usize, usize)>,
    series: Vec<(SeriesId, Range<usize>)>,
}

impl<'a> Definitions<'a> {
    /// Reads what [`push_series`](super::record::push_series) wrote.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, Damage> {
        let mut cursor = Cursor::new(payload);
        let texts = cursor.count(1)?;
        let texts: Vec<&str> = (0..texts).map(|_| cursor.text()).collect::<Result<_, _>>()?;
        let number = |number: u64| {
            usize::try_from(number).ok().filter(|number| *number < texts.len()).ok_or(Damage)
        };
        let count = cursor.count(2)?;
        let mut series = Vec::with_capacity(count);
        let mut pairs = Vec::new();
        let mut id: SeriesId = 0;
        for _ in 0..count {
            id = id.wrapping_add(cursor.unsigned()?);
            let first = pairs.len();
            let mut before: Option<&str> = None;
            for _ in 0..cursor.count(2)? {
                let (name, value) = (number(cursor.unsigned()?)?, number(cursor.unsigned()?)?);
                let text = texts.get(name).copied().ok_or(Damage)?;
                if before.is_some_and(|before| before >= text) {
                    return Err(Damage);
                }
                before = Some(text);
                // A label without a value is none.
                if texts.get(value).is_some_and(|value| !value.is_empty()) {
                    pairs.push((name, value));
                }
            }
            series.push((id, first..pairs.len()));
        }
        if cursor.is_empty() { Ok(Self { texts, pairs, series }) } else { Err(Damage) }
    }

    /// Ids, and the numbers of names and values.
    pub(crate) fn series(&self) -> impl Iterator<Item = (SeriesId, &[(usize, usize)])> {
        self.series
            .iter()
            .map(|(id, range)| (*id, self.pairs.get(range.clone()).unwrap_or_default()))
    }

    pub(crate) fn labels(&self, pairs: &[(usize, usize)]) -> Labels {
        let text = |number: usize| self.texts.get(number).copied().unwrap_or_default();
        Labels::from_sorted(pairs.iter().map(|(name, value)| (text(*name), text(*value))))
    }
}
