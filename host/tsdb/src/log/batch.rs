//! The samples of a batch as columns: which series, when, how much.
//!
//! A target brings the same series in the same order again and again. So the list of series is
//! remembered as a *shape*, and the next batch with the same first series says "the same again" or
//! what changed. Values are coded against the value that their series had before in the log.
//!
//! Invariant: coder and decoder remember the same shapes and values; both forget all at a restart.

use hashbrown::HashMap;

use crate::encoding::Damage;
use crate::encoding::value::{self, Predecessor};
use crate::encoding::varint::{Cursor, push_signed, push_unsigned};
use crate::head::series::SeriesId;

/// Shorter lists cost less to write again than to remember.
const SHAPE_LEN_MIN: usize = 8;
/// The most shapes remembered: as many targets as one machine scrapes.
const SHAPES_MAX: usize = 1 << 16;
/// How far a changed list is searched for where it goes on as before.
const RESYNC_MAX: usize = 64;
/// Samples of one record; a longer batch takes several, of which all or none count.
pub(crate) const RECORD_SAMPLES_MAX: usize = 1 << 18;

const LIST_MASK: u8 = 0b11;
const LIST_NEW: u8 = 0;
const LIST_SAME: u8 = 1;
const LIST_CHANGED: u8 = 2;
const HAS_TIMES: u8 = 0b100;
/// The commit has more records, of whatever kind.
pub(crate) const GOES_ON: u8 = 0b1000;

/// Samples on their way into a record.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) ids: Vec<SeriesId>,
    pub(crate) times: Vec<i64>,
    pub(crate) nibbles: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Columns {
    pub(crate) fn clear(&mut self) {
        self.ids.clear();
        self.times.clear();
        self.nibbles.clear();
        self.payload.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }
}

/// Remembered lists of series. `T` is how a series is named: by id, or by lane in the decoder.
#[derive(Debug)]
struct Shapes<T> {
    lists: Vec<Vec<T>>,
}

impl<T> Default for Shapes<T> {
    fn default() -> Self {
        Self { lists: Vec::new() }
    }
}

impl<T> Shapes<T> {
    /// Remembers a new list where both sides agree that it is worth it; answers its number.
    fn add(&mut self, list: Vec<T>) -> Option<usize> {
        let worth_it = list.len() >= SHAPE_LEN_MIN && self.lists.len() < SHAPES_MAX;
        worth_it.then(|| {
            self.lists.push(list);
            self.lists.len() - 1
        })
    }
}

/// Writes records of samples.
#[derive(Debug, Default)]
pub(crate) struct BatchCoder {
    base_before: i64,
    shapes: Shapes<SeriesId>,
    by_first: HashMap<SeriesId, usize>,
}

impl BatchCoder {
    /// Forgets everything.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }

    /// Appends the payload of a record. `goes_on`: the batch has more records.
    pub(crate) fn encode(&mut self, columns: &Columns, goes_on: bool, out: &mut Vec<u8>) {
        assert_eq!(columns.ids.len(), columns.times.len(), "columns have one length");
        assert_eq!(columns.ids.len(), columns.nibbles.len(), "columns have one length");
        let base = columns.times.first().copied().unwrap_or(0);
        let has_times = columns.times.iter().any(|at| *at != base);
        let mut list = Vec::new();
        let kind = self.encode_list(&columns.ids, &mut list);
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        out.push(kind | flag(has_times, HAS_TIMES) | flag(goes_on, GOES_ON));
        push_signed(out, base.wrapping_sub(self.base_before));
        self.base_before = base;
        out.extend_from_slice(&list);
        if has_times {
            for pair in columns.times.windows(2) {
                if let [before, at] = pair {
                    push_signed(out, at.wrapping_sub(*before));
                }
            }
        }
        for pair in columns.nibbles.chunks(2) {
            out.push(match pair {
                [low, high] => low | high << 4,
                [low] => *low,
                _ => 0,
            });
        }
        out.extend_from_slice(&columns.payload);
    }

    fn encode_list(&mut self, ids: &[SeriesId], out: &mut Vec<u8>) -> u8 {
        let known = ids.first().and_then(|first| self.by_first.get(first)).copied();
        if let Some(number) = known
            && let Some(list) = self.shapes.lists.get_mut(number)
        {
            if list == ids {
                push_unsigned(out, number as u64);
                return LIST_SAME;
            }
            push_unsigned(out, number as u64);
            push_unsigned(out, ids.len() as u64);
            push_changes(out, list, ids);
            // A list that changed beyond recognition is written anew.
            if out.len() <= ids.len() {
                list.clear();
                list.extend_from_slice(ids);
                return LIST_CHANGED;
            }
            out.clear();
        }
        push_runs(out, ids);
        if let Some(number) = self.shapes.add(ids.to_vec())
            && let Some(first) = ids.first()
        {
            self.by_first.insert(*first, number);
        }
        LIST_NEW
    }
}

/// Count of ids, then runs of ascending ids: how far from the expected one, how many.
fn push_runs(out: &mut Vec<u8>, ids: &[SeriesId]) {
    push_unsigned(out, ids.len() as u64);
    let mut expected: SeriesId = 0;
    for run in ids.chunk_by(|a, b| *b == a.wrapping_add(1)) {
        let first = run.first().copied().unwrap_or(0);
        push_signed(out, first.wrapping_sub(expected).cast_signed());
        push_unsigned(out, run.len() as u64);
        expected = first.wrapping_add(run.len() as u64);
    }
}

/// Steps of: copy so many, leave out so many, insert so many.
fn push_changes(out: &mut Vec<u8>, old: &[SeriesId], new: &[SeriesId]) {
    let (mut old, mut new) = (old, new);
    let mut before: SeriesId = 0;
    while !new.is_empty() {
        let copied = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        before = copied.checked_sub(1).and_then(|last| new.get(last)).copied().unwrap_or(before);
        old = old.get(copied..).unwrap_or_default();
        new = new.get(copied..).unwrap_or_default();
        let find = |list: &[SeriesId], wanted: Option<&SeriesId>| {
            let wanted = wanted?;
            list.iter().take(RESYNC_MAX).position(|id| id == wanted)
        };
        let (deleted, inserted) = if new.is_empty() {
            (0, 0)
        } else if let Some(deleted) = find(old, new.first()) {
            (deleted, 0)
        } else {
            match find(new, old.first()) {
                Some(inserted) => (0, inserted),
                None => (old.len().min(1), 1),
            }
        };
        for count in [copied, deleted, inserted] {
            push_unsigned(out, count as u64);
        }
        for id in new.iter().take(inserted) {
            push_signed(out, id.wrapping_sub(before).cast_signed());
            before = *id;
        }
        old = old.get(deleted..).unwrap_or_default();
        new = new.get(inserted..).unwrap_or_default();
    }
}

/// A series as the decoder names it: dense, in the order of first appearance.
pub(crate) type Lane = u32;

/// A sample out of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) lane: Lane,
    pub(crate) at: i64,
    pub(crate) bits: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct LaneState {
    before: Option<Predecessor>,
    epoch: u32,
}

/// Reads records of samples.
#[derive(Debug, Default)]
pub(crate) struct BatchDecoder {
    base_before: i64,
    shapes: Shapes<Lane>,
    lanes: HashMap<SeriesId, Lane>,
    ids: Vec<SeriesId>,
    states: Vec<LaneState>,
    epoch: u32,
}

impl BatchDecoder {
    /// Forgets everything but the names of lanes.
    pub(crate) fn restart(&mut self) {
        self.base_before = 0;
        self.shapes = Shapes::default();
        self.epoch += 1;
    }

    /// The series of a lane.
    pub(crate) fn id(&self, lane: Lane) -> Option<SeriesId> {
        self.ids.get(lane as usize).copied()
    }

    /// Appends the samples of a record to `out`; answers whether the batch goes on. After an error
    /// the decoder knows nothing until the next restart, and `out` is to be thrown away.
    pub(crate) fn decode(
        &mut self,
        payload: &[u8],
        out: &mut Vec<Decoded>,
    ) -> Result<bool, Damage> {
        let mut cursor = Cursor::new(payload);
        let flags = cursor.byte()?;
        let base = self.base_before.wrapping_add(cursor.signed()?);
        self.base_before = base;
        let (list, number) = self.decode_list(flags & LIST_MASK, &mut cursor)?;
        let times_from = out.len();
        let mut at = base;
        for (index, lane) in list.iter().enumerate() {
            if flags & HAS_TIMES != 0 && index > 0 {
                at = at.wrapping_add(cursor.signed()?);
            }
            out.push(Decoded { lane: *lane, at, bits: 0 });
        }
        let nibbles = cursor.take(list.len().div_ceil(2))?;
        let samples = out.get_mut(times_from..).unwrap_or_default();
        for (pair, byte) in samples.chunks_mut(2).zip(nibbles) {
            for (sample, nibble) in pair.iter_mut().zip([byte & 15, byte >> 4]) {
                self.decode_value(sample, nibble, &mut cursor)?;
            }
        }
        match number {
            Some(number) => {
                *self.shapes.lists.get_mut(number).ok_or(Damage)? = list;
            }
            None => {
                self.shapes.add(list);
            }
        }
        if cursor.is_empty() { Ok(flags & GOES_ON != 0) } else { Err(Damage) }
    }

    #[inline]
    fn decode_value(
        &mut self,
        sample: &mut Decoded,
        nibble: u8,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Damage> {
        let state = self.states.get_mut(sample.lane as usize).ok_or(Damage)?;
        let before = state.before.filter(|_| state.epoch == self.epoch);
        let (bits, scale) = value::decode(before, nibble, cursor)?;
        *state = LaneState { before: Some(Predecessor { bits, scale }), epoch: self.epoch };
        sample.bits = bits;
        Ok(())
    }

    /// The list of a record, and the number of the shape that it came from.
    fn decode_list(
        &mut self,
        kind: u8,
        cursor: &mut Cursor<'_>,
    ) -> Result<(Vec<Lane>, Option<usize>), Damage> {
        if kind == LIST_NEW {
            return Ok((self.decode_runs(cursor)?, None));
        }
        let number = usize::try_from(cursor.unsigned()?).map_err(|_| Damage)?;
        let shape = std::mem::take(self.shapes.lists.get_mut(number).ok_or(Damage)?);
        match kind {
            LIST_SAME => Ok((shape, Some(number))),
            LIST_CHANGED => Ok((self.decode_changes(&shape, cursor)?, Some(number))),
            _ => Err(Damage),
        }
    }

    fn decode_runs(&mut self, cursor: &mut Cursor<'_>) -> Result<Vec<Lane>, Damage> {
        let count = samples_of_record(cursor)?;
        let mut lanes = Vec::with_capacity(count);
        let mut expected: SeriesId = 0;
        while lanes.len() < count {
            let first = expected.wrapping_add(cursor.signed()?.cast_unsigned());
            let run = usize::try_from(cursor.unsigned()?).map_err(|_| Damage)?;
            if run == 0 || run > count - lanes.len() {
                return Err(Damage);
            }
            for step in 0..run as u64 {
                lanes.push(self.lane(first.wrapping_add(step)));
            }
            expected = first.wrapping_add(run as u64);
        }
        Ok(lanes)
    }

    fn decode_changes(
        &mut self,
        shape: &[Lane],
        cursor: &mut Cursor<'_>,
    ) -> Result<Vec<Lane>, Damage> {
        let count = samples_of_record(cursor)?;
        let mut lanes = Vec::with_capacity(count);
        let (mut old, mut before) = (shape, 0);
        while lanes.len() < count {
            let mut step = || usize::try_from(cursor.unsigned()?).map_err(|_| Damage);
            let (copied, deleted, inserted) = (step()?, step()?, step()?);
            let (kept, rest) = old.split_at_checked(copied).ok_or(Damage)?;
            lanes.extend_from_slice(kept);
            if let Some(last) = kept.last() {
                before = self.id(*last).ok_or(Damage)?;
            }
            old = rest.get(deleted..).ok_or(Damage)?;
            // A step that does nothing would not come to an end.
            if copied == 0 && deleted == 0 && inserted == 0 || inserted > cursor.remaining() {
                return Err(Damage);
            }
            for _ in 0..inserted {
                before = before.wrapping_add(cursor.signed()?.cast_unsigned());
                lanes.push(self.lane(before));
            }
        }
        if lanes.len() == count { Ok(lanes) } else { Err(Damage) }
    }

    fn lane(&mut self, id: SeriesId) -> Lane {
        *self.lanes.entry(id).or_insert_with(|| {
            self.ids.push(id);
            self.states.push(LaneState::default());
            Lane::try_from(self.ids.len() - 1).expect("a record names few series, a log < 2^32")
        })
    }
}

/// Half a byte a sample follows, so a count cannot make the reader reserve much more than it read.
fn samples_of_record(cursor: &mut Cursor<'_>) -> Result<usize, Damage> {
    let count = usize::try_from(cursor.unsigned()?).map_err(|_| Damage)?;
    if count <= RECORD_SAMPLES_MAX && count / 2 <= cursor.remaining() {
        Ok(count)
    } else {
        Err(Damage)
    }
}

#[cfg(test)]
mod tests;
