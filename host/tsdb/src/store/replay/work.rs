//! What a worker does: it puts what was read into the series of its shards.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use camino::Utf8PathBuf;

use super::Progress;
use crate::encoding::varint::Cursor;
use crate::encoding::{self, Chunk, Damage, Encoding};
use crate::head::Head;
use crate::head::sample::Value;
use crate::head::series::{OpenChunk, SLOTS_MAX, SealedChunk, Series, Slot};
use crate::log::contents::{Contents, SavedChunk};
use crate::log::record::{SeriesChunks, read_chunks};

/// Where a sample goes: the slot, and whether the new process created the series before the replay
/// came to it. Then the log does not define it under the id that it has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target(u32);

/// Slots take fewer bits, so one is free to say so.
const IS_OWN: u32 = 1 << 31;
const _: () = assert!(SLOTS_MAX <= IS_OWN, "a slot leaves a bit");

impl Target {
    pub(crate) const fn new(slot: Slot, is_own: bool) -> Self {
        Self(if is_own { slot | IS_OWN } else { slot })
    }

    pub(crate) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    pub(crate) const fn slot(self) -> Slot {
        self.0 & !IS_OWN
    }

    const fn is_own(self) -> bool {
        self.0 & IS_OWN != 0
    }
}

/// A sample on its way to its series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Routed {
    pub(crate) target: Target,
    pub(crate) at: i64,
    pub(crate) bits: u64,
}

/// Something to do for one worker.
#[derive(Debug)]
pub(crate) enum Work {
    Samples {
        samples: Vec<Routed>,
        /// They may belong between samples of an earlier process. Otherwise what is not newer came
        /// with the checkpoint.
        may_be_late: bool,
    },
    /// Histograms, or samples out of order.
    Values { samples: Vec<(Target, i64, Value)>, in_order: bool, may_be_late: bool },
    /// Series of one record of chunks, by their places in it.
    Chunks {
        payload: Arc<[u8]>,
        saved_as: SavedAs,
        places: Vec<(Target, usize)>,
        path: Utf8PathBuf,
        offset: u64,
    },
}

/// How a checkpoint saved chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SavedAs {
    /// Floats in order only, as checkpoints had it at first.
    Chunks,
    Contents,
}

/// Owns some shards while the log is replayed.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) head: Arc<Head>,
    pub(crate) progress: Arc<Progress>,
}

impl Worker {
    /// Does it; gives back memory to use again.
    pub(crate) fn apply(&self, work: Work) -> Option<Vec<Routed>> {
        match work {
            Work::Samples { mut samples, may_be_late } => {
                self.samples(&samples, may_be_late);
                samples.clear();
                Some(samples)
            }
            Work::Values { samples, in_order, may_be_late } => {
                self.values(samples, in_order, may_be_late);
                None
            }
            Work::Chunks { payload, saved_as, places, path, offset } => {
                for (target, at) in places {
                    let rest = Cursor::new(payload.get(at..).unwrap_or_default());
                    if self.chunks(target, saved_as, rest).is_err() {
                        self.progress.report(path.clone(), offset, "the chunks of a series");
                    }
                }
                None
            }
        }
    }

    fn samples(&self, samples: &[Routed], may_be_late: bool) {
        let mut slab = self.head.slab.writer();
        let mut added = Added::default();
        for Routed { target, at, bits } in samples {
            let Some(series) = slab.get(target.slot()) else { continue };
            series.is_logged |= !target.is_own();
            self.in_order(series, *at, &Value::Float(*bits), may_be_late, &mut added);
        }
        drop(slab);
        self.note(&added, samples.len());
    }

    fn values(&self, samples: Vec<(Target, i64, Value)>, in_order: bool, may_be_late: bool) {
        let mut slab = self.head.slab.writer();
        let (mut added, count) = (Added::default(), samples.len());
        for (target, at, value) in samples {
            let Some(series) = slab.get(target.slot()) else { continue };
            series.is_logged |= !target.is_own();
            if in_order {
                self.in_order(series, at, &value, may_be_late, &mut added);
            } else if series.out_of_order().is_none_or(|kept| !kept.has(at)) {
                // Others came with the checkpoint.
                series.change_out_of_order(|kept| kept.insert(at, value, 0));
                added.note(at);
            }
        }
        drop(slab);
        self.note(&added, count);
    }

    fn in_order(
        &self,
        series: &mut Series,
        at: i64,
        value: &Value,
        may_be_late: bool,
        added: &mut Added,
    ) {
        match series.newest_replayed() {
            Some((newest_at, newest)) if at <= newest_at => {
                if !may_be_late || at == newest_at && newest.is_same(value) {
                    return;
                }
                let before = series.chunks() as u64;
                if series.insert_replayed(at, value).is_err() {
                    self.progress.report("memory".into(), 0, "a chunk in memory");
                }
                added.chunks += (series.chunks() as u64).saturating_sub(before);
            }
            _ => added.chunks += series.append_replayed(at, value),
        }
        added.note(at);
    }

    fn note(&self, added: &Added, samples: usize) {
        self.head.note_samples(added.oldest, added.newest, added.chunks);
        self.progress.samples.fetch_add(samples as u64, Ordering::Relaxed);
    }

    fn chunks(
        &self,
        target: Target,
        saved_as: SavedAs,
        mut cursor: Cursor<'_>,
    ) -> Result<(), Damage> {
        let contents = match saved_as {
            SavedAs::Contents => Contents::read(&mut cursor)?.ok_or(Damage)?,
            SavedAs::Chunks => {
                let SeriesChunks { id, chunks } = read_chunks(&mut cursor)?.ok_or(Damage)?;
                let floats = |(first_at, last_at, bytes)| SavedChunk {
                    encoding: Encoding::Xor,
                    first_at,
                    last_at,
                    bytes,
                };
                let mut sealed: Vec<SavedChunk<'_>> = chunks.into_iter().map(floats).collect();
                let open = sealed.pop();
                Contents { id, sealed, open, out_of_order: Vec::new() }
            }
        };
        let open = contents.open.map(|chunk| OpenChunk::from_bytes(chunk.encoding, chunk.bytes));
        let open = open.transpose()?;
        let mut samples = open.as_ref().map_or(0, OpenChunk::samples);
        let mut owned = |chunk: &SavedChunk<'_>| {
            let SavedChunk { encoding, first_at, last_at, bytes } = *chunk;
            let count = encoding::count(encoding, bytes)?;
            if count == 0 || first_at > last_at {
                return Err(Damage);
            }
            samples += count;
            Ok(Chunk { encoding, first_at, last_at, bytes: bytes.into() })
        };
        let mut sealed = Vec::with_capacity(contents.sealed.len());
        for chunk in &contents.sealed {
            sealed.push(SealedChunk::from(owned(chunk)?));
        }
        let late: Vec<Chunk> =
            contents.out_of_order.iter().map(owned).collect::<Result<_, Damage>>()?;
        let chunks = sealed.len() as u64 + u64::from(open.is_some());
        let mut added = Added { chunks, ..Added::default() };
        let spans = sealed.iter().map(|chunk| (chunk.first_at, chunk.last_at));
        let late_spans = late.iter().map(|chunk| (chunk.first_at, chunk.last_at));
        let open_span = open.as_ref().and_then(OpenChunk::span);
        for (first, last) in spans.chain(late_spans).chain(open_span) {
            added.note(first);
            added.note(last);
        }
        {
            let mut slab = self.head.slab.writer();
            let series = slab.get(target.slot()).ok_or(Damage)?;
            if let Some(open) = open {
                series.adopt(sealed, open)?;
            }
            if !late.is_empty() {
                series.change_out_of_order(|kept| {
                    late.into_iter().for_each(|chunk| kept.restore(chunk));
                });
            }
            series.is_logged |= !target.is_own();
        }
        self.note(&added, samples);
        Ok(())
    }
}

/// What came to the head.
struct Added {
    oldest: i64,
    newest: i64,
    chunks: u64,
}

impl Default for Added {
    fn default() -> Self {
        Self { oldest: i64::MAX, newest: i64::MIN, chunks: 0 }
    }
}

impl Added {
    fn note(&mut self, at: i64) {
        self.oldest = self.oldest.min(at);
        self.newest = self.newest.max(at);
    }
}
