//! What the log brings behind samples that are already there.
//!
//! A replay appends to a series like any commit, until a commit of the new process comes. From then
//! on the series has two parts: the older one, which the replay goes on with, and the newer one. At
//! the end of the replay they are joined.
//!
//! Invariant: each part ascends in time by itself. Where they overlap (the clock went back) the
//! newer sample of a time counts, and joining puts all into order.

use narthex_storage::{Columns, merge_columns};

use crate::encoding::Damage;
use crate::encoding::xor::XorChunk;
use crate::head::series::{CHUNK_SAMPLES_MAX, SealedChunk, Series};

/// The older part of a series.
#[derive(Debug, Default)]
pub(crate) struct Older {
    /// So many full chunks at the front of the series are older.
    pub(crate) sealed: usize,
    pub(crate) open: XorChunk,
}

impl Older {
    /// The newest sample of the older part: its open chunk always holds it.
    pub(crate) fn last(&self) -> Option<(i64, u64)> {
        self.open.last()
    }
}

impl Series {
    /// Before the first sample of the new process: what is there is the older part. Answers whether
    /// it was the first.
    pub(crate) fn begin_newer(&mut self) -> bool {
        if self.older.is_some() {
            return false;
        }
        let open = std::mem::take(&mut self.open);
        self.older = Some(Box::new(Older { sealed: self.sealed.len(), open }));
        true
    }

    /// The newest sample of what was replayed.
    pub(crate) fn last_replayed(&self) -> Option<(i64, u64)> {
        self.older.as_ref().map_or_else(|| self.last(), |older| older.last())
    }

    /// Adds a replayed sample that is newer than all replayed ones; answers whether a chunk was
    /// begun.
    pub(crate) fn append_replayed(&mut self, at: i64, bits: u64) -> bool {
        let Some(mut older) = self.older.take() else { return self.append(at, bits) };
        if older.open.samples() >= CHUNK_SAMPLES_MAX
            && let Some(chunk) = SealedChunk::of(&mut older.open)
        {
            self.insert_sealed(older.sealed, chunk);
            older.sealed += 1;
        }
        older.open.append(at, bits);
        let is_begun = older.open.samples() == 1;
        self.older = Some(older);
        is_begun
    }

    /// Adds a replayed sample that is not newer than all replayed ones, in the place of one of the
    /// same time.
    pub(crate) fn insert_replayed(&mut self, at: i64, bits: u64) -> Result<(), Damage> {
        let mut late = Columns::default();
        late.push(at, f64::from_bits(bits));
        match self.older.take() {
            None => self.insert(late, self.sealed.len()).map(|_| ()),
            Some(mut older) => {
                std::mem::swap(&mut self.open, &mut older.open);
                let outcome = self.insert(late, older.sealed);
                std::mem::swap(&mut self.open, &mut older.open);
                if let Ok(sealed) = &outcome {
                    older.sealed = *sealed;
                }
                self.older = Some(older);
                outcome.map(|_| ())
            }
        }
    }

    /// Takes over the chunks of a checkpoint, oldest first, behind what is there. It is an error
    /// when something was replayed before.
    pub(crate) fn adopt(&mut self, sealed: Vec<SealedChunk>, open: XorChunk) -> Result<(), Damage> {
        if self.last_replayed().is_some() {
            return Err(Damage);
        }
        match &mut self.older {
            None => self.open = open,
            Some(older) => {
                older.open = open;
                older.sealed = sealed.len();
            }
        }
        if self.sealed.is_empty() {
            self.sealed = sealed;
        } else {
            self.sealed.splice(0..0, sealed);
        }
        Ok(())
    }

    /// After the replay: one part again.
    pub(crate) fn join(&mut self) -> Result<(), Damage> {
        let Some(mut older) = self.older.take() else { return Ok(()) };
        let newer = self.part(older.sealed, self.sealed.len(), &self.open);
        let newer_first =
            newer.sealed.first().map_or(newer.open.first_at(), |chunk| chunk.first_at);
        let Some((older_last, _)) = older.last() else { return Ok(()) };
        if older_last < newer_first {
            if let Some(chunk) = SealedChunk::of(&mut older.open) {
                self.insert_sealed(older.sealed, chunk);
            }
            return Ok(());
        }
        let mut columns = Columns::default();
        let outcome = newer.read(i64::MIN, i64::MAX, &mut columns);
        self.sealed.truncate(older.sealed);
        self.open = std::mem::take(&mut older.open);
        // The log's coder must not lean on the value that stands last now.
        self.log_epoch = 0;
        self.insert(columns, older.sealed)?;
        outcome
    }

    /// Puts samples between those of the first `sealed` full chunks and the open one, in the place
    /// of those of the same times; answers how many full chunks these are afterwards.
    fn insert(&mut self, samples: Columns, sealed: usize) -> Result<usize, Damage> {
        let Some(first) = samples.times.first().copied() else { return Ok(sealed) };
        let chunks = self.sealed.get(..sealed).unwrap_or_default();
        let from = chunks.partition_point(|chunk| chunk.last_at < first);
        let mut there = Columns::default();
        self.part(from, sealed, &self.open).read(i64::MIN, i64::MAX, &mut there)?;
        let mut all = Columns::default();
        merge_columns(vec![samples, there], &mut all);
        let mut rebuilt = Vec::new();
        let mut open = XorChunk::default();
        for (at, value) in all.times.iter().zip(&all.values) {
            if open.samples() >= CHUNK_SAMPLES_MAX {
                rebuilt.extend(SealedChunk::of(&mut open));
            }
            open.append(*at, value.to_bits());
        }
        let sealed_after = from + rebuilt.len();
        self.sealed.splice(from..sealed, rebuilt);
        self.open = open;
        Ok(sealed_after)
    }

    pub(crate) fn first_at_beside(&self, older: &Older) -> Option<i64> {
        let first = |chunk: &XorChunk| chunk.last().map(|_| chunk.first_at());
        let sealed = |index: usize| self.sealed.get(index).map(|chunk| chunk.first_at);
        let older_first = sealed(0).filter(|_| older.sealed > 0).or_else(|| first(&older.open));
        let newer_first = sealed(older.sealed).or_else(|| first(&self.open));
        older_first.into_iter().chain(newer_first).min()
    }

    pub(crate) fn read_with(
        &self,
        older: &Older,
        start: i64,
        end: i64,
        out: &mut Columns,
    ) -> Result<(), Damage> {
        let (mut before, mut after) = (Columns::default(), Columns::default());
        self.part(0, older.sealed, &older.open).read(start, end, &mut before)?;
        self.newest_part().read(start, end, &mut after)?;
        merge_columns(vec![after, before], out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encoding::xor;

    fn read(series: &Series) -> Vec<(i64, u64)> {
        let mut columns = Columns::default();
        series.read(i64::MIN, i64::MAX, &mut columns).unwrap();
        columns.times.into_iter().zip(columns.values.iter().map(|value| value.to_bits())).collect()
    }

    #[derive(Clone, Copy, Debug)]
    enum Event {
        /// A sample of the log, so much after the one before; late when negative.
        Replayed(i64),
        Committed(i64),
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let step = prop_oneof![9 => 1_i64..30, 1 => -200_i64..0];
        prop_oneof![step.prop_map(Event::Replayed), (1_i64..30).prop_map(Event::Committed)]
    }

    proptest! {
        /// The newer sample of a time counts, whatever came first and wherever they overlap.
        #[test]
        fn parts_join_into_what_a_map_holds(
            newer_from in prop_oneof![0_i64..8_000, Just(1_000_000)],
            events in prop::collection::vec(any_event(), 0..900),
        ) {
            let mut series = Series::new(1, Box::default(), 0);
            let (mut older, mut newer) = (std::collections::BTreeMap::new(), Vec::new());
            let (mut replayed_at, mut committed_at) = (0, newer_from);
            for (number, event) in events.into_iter().enumerate() {
                let bits = number as u64;
                match event {
                    Event::Replayed(step) => {
                        let at = replayed_at + step;
                        if series.last_replayed().is_none_or(|(last, _)| at > last) {
                            series.append_replayed(at, bits);
                            replayed_at = at;
                        } else {
                            series.insert_replayed(at, bits).unwrap();
                        }
                        older.insert(at, bits);
                    }
                    Event::Committed(step) => {
                        committed_at += step;
                        series.begin_newer();
                        series.append(committed_at, bits);
                        newer.push((committed_at, bits));
                    }
                }
            }
            let mut all = older;
            all.extend(newer);
            let expected: Vec<(i64, u64)> = all.into_iter().collect();
            prop_assert_eq!(read(&series), expected.clone(), "while it is replayed");
            prop_assert_eq!(series.first_at(), expected.first().map(|(at, _)| *at));
            prop_assert_eq!(series.last_at(), expected.last().map(|(at, _)| *at));
            series.join().unwrap();
            prop_assert_eq!(read(&series), expected.clone(), "joined");
            prop_assert_eq!(series.last(), expected.last().copied());
            let counts = series.sealed.iter().map(|chunk| xor::count_of(&chunk.bytes));
            prop_assert!(counts.max().unwrap_or(0) <= CHUNK_SAMPLES_MAX);
        }
    }
}
