//! The postings offset table: for every name and value, where its list of series begins.
//!
//! Since version 2 it is sorted by name, then value, and offsets of every 32nd value of a name are
//! in memory. Version 1 is in no order: the offset of every value is in memory, sorted.

use super::super::error::Fault;
use super::super::frame;
use super::SAMPLED_EVERY;
use super::symbols::partition;
use crate::encoding::Damage;
use crate::encoding::varint::Cursor;

#[derive(Debug)]
pub(crate) struct OffsetTable {
    /// Where the section begins.
    offset: u64,
    /// Ascending by name.
    names: Vec<Name>,
    /// How many values of a name share one offset in memory.
    step: usize,
}

#[derive(Debug)]
struct Name {
    name: Box<str>,
    values: usize,
    /// Within the section's content, ascending by value.
    sampled: Vec<u32>,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    name: &'a [u8],
    value: &'a [u8],
    postings: u64,
}

/// A label's values, ascending, with where their lists begin.
pub(crate) struct Values<'a> {
    table: &'a OffsetTable,
    content: &'a [u8],
    sampled: &'a [u32],
    left: usize,
    /// Number of the next value.
    next: usize,
    cursor: Cursor<'a>,
}

impl OffsetTable {
    pub(crate) fn read(bytes: &[u8], offset: u64, scattered: bool) -> Result<Self, Fault> {
        let what = "the postings offset table's checksum is wrong";
        let content = frame::section(bytes, offset, what)?;
        let fault = Fault::new(offset, "the postings offset table does not hold what it counts");
        let step = if scattered { 1 } else { SAMPLED_EVERY };
        let mut names = collect(content, step).map_err(|_| fault)?;
        if scattered {
            sort(content, &mut names).map_err(|_| fault)?;
        }
        if !names.is_sorted_by(|a, b| a.name < b.name) {
            return Err(Fault::new(offset, "the postings offset table's names do not ascend"));
        }
        names.iter_mut().for_each(|name| name.sampled.shrink_to_fit());
        Ok(Self { offset, names, step })
    }

    /// All names, ascending; the empty one stands for all series.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &*name.name)
    }

    /// How many values a label has.
    pub(crate) fn value_count(&self, name: &str) -> usize {
        self.name(name).map_or(0, |name| name.values)
    }

    fn name(&self, name: &str) -> Option<&Name> {
        let place = self.names.binary_search_by(|known| (*known.name).cmp(name)).ok()?;
        self.names.get(place)
    }

    /// Where the list of a name and value begins.
    pub(crate) fn find(&self, bytes: &[u8], name: &str, value: &str) -> Result<Option<u64>, Fault> {
        match self.values_from(bytes, name, value)?.next() {
            Some(Ok((found, postings))) if found == value => Ok(Some(postings)),
            Some(Err(fault)) => Err(fault),
            Some(Ok(_)) | None => Ok(None),
        }
    }

    /// The values of a label from the first one not below `start`.
    pub(crate) fn values_from<'a>(
        &'a self,
        bytes: &'a [u8],
        name: &str,
        start: &str,
    ) -> Result<Values<'a>, Fault> {
        let content = frame::section_unchecked(bytes, self.offset)?;
        let nothing = Cursor::new(&[]);
        let mut values =
            Values { table: self, content, sampled: &[], left: 0, next: 0, cursor: nothing };
        let Some(name) = self.name(name) else { return Ok(values) };
        let mut outcome = Ok(());
        let above = partition(name.sampled.len(), |sample| {
            let line = name.sampled.get(sample).ok_or(Damage).and_then(|at| line_at(content, *at));
            match line {
                Ok((line, _)) => line.value <= start.as_bytes(),
                Err(damage) => {
                    outcome = Err(damage);
                    false
                }
            }
        });
        outcome.map_err(|_| self.cut())?;
        values.sampled = &name.sampled;
        values.next = above.saturating_sub(1) * self.step;
        values.left = name.values.saturating_sub(values.next);
        // Up to 31 values stand between the offset in memory and the one that is looked for.
        loop {
            let before = (values.next, values.left, values.cursor);
            match values.line().map_err(|_| self.cut())? {
                Some(line) if line.value < start.as_bytes() => {}
                Some(_) => {
                    (values.next, values.left, values.cursor) = before;
                    return Ok(values);
                }
                None => return Ok(values),
            }
        }
    }

    fn cut(&self) -> Fault {
        Fault::new(self.offset, "the postings offset table is cut or no UTF-8")
    }
}

impl<'a> Values<'a> {
    fn line(&mut self) -> Result<Option<Line<'a>>, Damage> {
        if self.left == 0 {
            return Ok(None);
        }
        if self.next.is_multiple_of(self.table.step) {
            let start = self.sampled.get(self.next / self.table.step).ok_or(Damage)?;
            let start = usize::try_from(*start).map_err(|_| Damage)?;
            self.cursor = Cursor::new(self.content.get(start..).ok_or(Damage)?);
        }
        let line = line(&mut self.cursor)?;
        self.next += 1;
        self.left -= 1;
        Ok(Some(line))
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<(&'a str, u64), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.line().and_then(|line| match line {
            Some(Line { value, postings, .. }) => {
                Ok(Some((std::str::from_utf8(value).map_err(|_| Damage)?, postings)))
            }
            None => Ok(None),
        });
        if found.is_err() {
            self.left = 0;
        }
        found.map_err(|_| self.table.cut()).transpose()
    }
}

fn line<'a>(cursor: &mut Cursor<'a>) -> Result<Line<'a>, Damage> {
    // A name and a value: the format would allow more.
    if cursor.unsigned()? != 2 {
        return Err(Damage);
    }
    Ok(Line { name: cursor.bytes()?, value: cursor.bytes()?, postings: cursor.unsigned()? })
}

/// The line at an offset, and what is left behind it.
fn line_at(content: &[u8], offset: u32) -> Result<(Line<'_>, usize), Damage> {
    let start = usize::try_from(offset).map_err(|_| Damage)?;
    let mut cursor = Cursor::new(content.get(start..).ok_or(Damage)?);
    Ok((line(&mut cursor)?, cursor.remaining()))
}

/// The names in the order of the table with the offset of each `step`th value.
fn collect(content: &[u8], step: usize) -> Result<Vec<Name>, Damage> {
    let mut cursor = Cursor::new(content);
    let count = u32::from_be_bytes(cursor.array()?);
    let mut names: Vec<Name> = Vec::new();
    for _ in 0..count {
        let offset = u32::try_from(content.len() - cursor.remaining()).map_err(|_| Damage)?;
        let line = line(&mut cursor)?;
        if names.last().is_none_or(|last| last.name.as_bytes() != line.name) {
            let name = std::str::from_utf8(line.name).map_err(|_| Damage)?;
            names.push(Name { name: name.into(), values: 0, sampled: Vec::new() });
        }
        let name = names.last_mut().ok_or(Damage)?;
        if name.values.is_multiple_of(step) {
            name.sampled.push(offset);
        }
        name.values += 1;
    }
    Ok(names)
}

/// Brings what is in no order into the order of names and values.
fn sort(content: &[u8], names: &mut Vec<Name>) -> Result<(), Damage> {
    names.sort_by(|a, b| a.name.cmp(&b.name));
    names.dedup_by(|next, first| {
        let same = next.name == first.name;
        if same {
            first.sampled.append(&mut next.sampled);
            first.values += next.values;
        }
        same
    });
    for name in names {
        let mut lines = Vec::with_capacity(name.sampled.len());
        for offset in &name.sampled {
            lines.push((line_at(content, *offset)?.0.value, *offset));
        }
        lines.sort_unstable();
        name.sampled = lines.into_iter().map(|(_, offset)| offset).collect();
    }
    Ok(())
}
