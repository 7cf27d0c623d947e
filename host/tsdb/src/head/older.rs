//! What the log brings behind samples that are already there.
//!
//! A replay appends to a series like any commit, until a commit of the new process comes. From then
//! on the series has two parts: the older one, which the replay goes on with, and the newer one. At
//! the end of the replay they are joined.
//!
//! Invariant: each part ascends in time by itself. Where they overlap (the clock went back) the
//! newer sample of a time counts, and joining puts all into order.

use narthex_storage::{Columns, merge_columns};

use crate::encoding::{self, Chunk, Damage, FloatEncoding};
use crate::head::sample::Value;
use crate::head::series::{OpenChunk, SealedChunk, Series};

/// The older part of a series.
#[derive(Debug, Default)]
pub(crate) struct Older {
    /// So many full chunks at the front of the series are older.
    pub(crate) sealed: usize,
    pub(crate) open: OpenChunk,
}

impl Series {
    /// Before the first sample of the new process: what is there is the older part. Answers whether
    /// it was the first.
    pub(crate) fn begin_newer(&mut self) -> bool {
        if self.older().is_some() {
            return false;
        }
        let open = std::mem::take(&mut self.open);
        self.set_older(Older { sealed: self.sealed.len(), open });
        true
    }

    /// The newest sample of what was replayed.
    pub(crate) fn newest_replayed(&self) -> Option<(i64, Value)> {
        self.older().map_or_else(|| self.newest(), |older| older.open.newest())
    }

    /// Adds a replayed sample that is newer than all replayed ones; answers how many chunks were
    /// begun.
    pub(crate) fn append_replayed(&mut self, at: i64, value: &Value) -> u64 {
        let Some(mut older) = self.take_older() else { return self.append(at, value) };
        let (begun, finished) = older.open.append(at, value);
        if let Some(chunk) = finished {
            self.insert_sealed(older.sealed, chunk.into());
            older.sealed += 1;
        }
        self.set_older(older);
        begun
    }

    /// Adds a replayed sample that is not newer than all replayed ones, in the place of one of the
    /// same time.
    pub(crate) fn insert_replayed(&mut self, at: i64, value: &Value) -> Result<(), Damage> {
        let mut late = Columns::default();
        value.push_to(at, &mut late);
        match self.take_older() {
            None => self.insert(late, self.sealed.len()).map(|_| ()),
            Some(mut older) => {
                std::mem::swap(&mut self.open, &mut older.open);
                let outcome = self.insert(late, older.sealed);
                std::mem::swap(&mut self.open, &mut older.open);
                if let Ok(sealed) = &outcome {
                    older.sealed = *sealed;
                }
                self.set_older(older);
                outcome.map(|_| ())
            }
        }
    }

    /// Takes over the chunks of a checkpoint, oldest first, behind what is there. It is an error
    /// when something was replayed before.
    pub(crate) fn adopt(
        &mut self,
        sealed: Vec<SealedChunk>,
        open: OpenChunk,
    ) -> Result<(), Damage> {
        if self.newest_replayed().is_some() {
            return Err(Damage);
        }
        match self.take_older() {
            None => self.open = open,
            Some(_) => self.set_older(Older { sealed: sealed.len(), open }),
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
        let Some(mut older) = self.take_older() else { return Ok(()) };
        let newer = self.part(older.sealed, self.sealed.len(), &self.open);
        let Some((_, older_last)) = older.open.span() else { return Ok(()) };
        if newer.first_at().is_none_or(|newer_first| older_last < newer_first) {
            if let Some(chunk) = older.open.cut() {
                self.insert_sealed(older.sealed, chunk.into());
            }
            return Ok(());
        }
        let mut columns = Columns::default();
        let outcome = newer.read(i64::MIN, i64::MAX, &mut columns);
        self.sealed.truncate(older.sealed);
        self.open = std::mem::take(&mut older.open);
        // The log's coder must not lean on the value that stands last now.
        self.log_has_other = true;
        self.insert(columns, older.sealed)?;
        outcome
    }

    /// Puts samples between those of the first `sealed` full chunks and the open one, in the place
    /// of those of the same times; answers how many full chunks these are afterwards.
    fn insert(&mut self, samples: Columns, sealed: usize) -> Result<usize, Damage> {
        let float = samples.times.first().copied();
        let histogram = samples.histograms.first().map(|point| point.at);
        let Some(first) = float.into_iter().chain(histogram).min() else { return Ok(sealed) };
        let chunks = self.sealed.get(..sealed).unwrap_or_default();
        let from = chunks.partition_point(|chunk| chunk.last_at < first);
        let mut there = Columns::default();
        self.part(from, sealed, &self.open).read(i64::MIN, i64::MAX, &mut there)?;
        let mut all = Columns::default();
        merge_columns(vec![samples, there], &mut all);
        let mut rebuilt: Vec<Chunk> = Vec::new();
        encoding::encode(&all, FloatEncoding::Xor, &mut rebuilt);
        let open = rebuilt.pop().ok_or(Damage)?;
        let open = OpenChunk::from_bytes(open.encoding, &open.bytes)?;
        let sealed_after = from + rebuilt.len();
        self.sealed.splice(from..sealed, rebuilt.into_iter().map(SealedChunk::from));
        self.open = open;
        Ok(sealed_after)
    }

    pub(crate) fn first_at_beside(&self, older: &Older) -> Option<i64> {
        let older_first = self.part(0, older.sealed, &older.open).first_at();
        let newer_first = self.newest_part().first_at();
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
    use crate::encoding::CHUNK_SAMPLES_MAX;

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
                        if series.newest_replayed().is_none_or(|(last, _)| at > last) {
                            series.append_replayed(at, &Value::Float(bits));
                            replayed_at = at;
                        } else {
                            series.insert_replayed(at, &Value::Float(bits)).unwrap();
                        }
                        older.insert(at, bits);
                    }
                    Event::Committed(step) => {
                        committed_at += step;
                        series.begin_newer();
                        series.append(committed_at, &Value::Float(bits));
                        newer.push((committed_at, bits));
                    }
                }
            }
            let mut all = older;
            all.extend(newer);
            let expected: Vec<(i64, u64)> = all.into_iter().collect();
            prop_assert_eq!(read(&series), expected.clone(), "while it is replayed");
            prop_assert_eq!(series.first_at(), expected.first().map(|(at, _)| *at));
            prop_assert_eq!(series.newest_at(), expected.last().map(|(at, _)| *at));
            series.join().unwrap();
            prop_assert_eq!(read(&series), expected.clone(), "joined");
            let newest = series.newest().map(|(at, value)| match value {
                Value::Float(bits) => (at, bits),
                Value::Histogram(_) => (at, 0),
            });
            prop_assert_eq!(newest, expected.last().copied());
            let counts = series.sealed.iter().map(SealedChunk::samples);
            prop_assert!(counts.max().unwrap_or(0) <= CHUNK_SAMPLES_MAX);
        }
    }
}
