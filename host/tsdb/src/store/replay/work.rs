//! What a worker does: it puts what was read into the series of its shards.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use camino::Utf8PathBuf;

use super::Progress;
use crate::encoding::Damage;
use crate::encoding::varint::Cursor;
use crate::encoding::xor::{self, XorChunk};
use crate::head::Head;
use crate::head::series::{SLOTS_MAX, SealedChunk, Slot};
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
    /// Series of one record of chunks, by their places in it.
    Chunks { payload: Arc<[u8]>, places: Vec<(Target, usize)>, path: Utf8PathBuf, offset: u64 },
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
            Work::Chunks { payload, places, path, offset } => {
                for (target, at) in places {
                    let rest = payload.get(at..).unwrap_or_default();
                    if self.chunks(target, rest).is_err() {
                        self.progress.report(path.clone(), offset, "the chunks of a series");
                    }
                }
                None
            }
        }
    }

    fn samples(&self, samples: &[Routed], may_be_late: bool) {
        let mut slab = self.head.slab.writer();
        let (mut oldest, mut newest, mut chunks) = (i64::MAX, i64::MIN, 0);
        for sample in samples {
            let Some(series) = slab.get(sample.target.slot()) else { continue };
            let last = series.last_replayed();
            if last.is_none_or(|(last, _)| sample.at > last) {
                chunks += u64::from(series.append_replayed(sample.at, sample.bits));
            } else if may_be_late && last != Some((sample.at, sample.bits)) {
                let before = series.chunks() as u64;
                if series.insert_replayed(sample.at, sample.bits).is_err() {
                    self.progress.report("memory".into(), 0, "a chunk in memory");
                }
                chunks += (series.chunks() as u64).saturating_sub(before);
            }
            series.is_logged |= !sample.target.is_own();
            oldest = oldest.min(sample.at);
            newest = newest.max(sample.at);
        }
        drop(slab);
        self.head.note_samples(oldest, newest, chunks);
        self.progress.samples.fetch_add(samples.len() as u64, Ordering::Relaxed);
    }

    fn chunks(&self, target: Target, bytes: &[u8]) -> Result<(), Damage> {
        let SeriesChunks { chunks, .. } = read_chunks(&mut Cursor::new(bytes))?.ok_or(Damage)?;
        let (open, full) = chunks.split_last().ok_or(Damage)?;
        let open = XorChunk::from_bytes(open.2)?;
        let mut samples = open.samples();
        let mut sealed = Vec::with_capacity(full.len());
        for (first_at, last_at, bytes) in full {
            let count = xor::count_of(bytes);
            if count == 0 || first_at > last_at {
                return Err(Damage);
            }
            samples += count;
            let bytes: Box<[u8]> = (*bytes).into();
            sealed.push(SealedChunk { first_at: *first_at, last_at: *last_at, bytes });
        }
        let oldest = sealed.first().map_or(open.first_at(), |chunk| chunk.first_at);
        let newest = open.last().map_or(i64::MIN, |(last, _)| last);
        let count = sealed.len() as u64 + 1;
        {
            let mut slab = self.head.slab.writer();
            let series = slab.get(target.slot()).ok_or(Damage)?;
            series.adopt(sealed, open)?;
            series.is_logged |= !target.is_own();
        }
        self.head.note_samples(oldest, newest, count);
        self.progress.samples.fetch_add(samples as u64, Ordering::Relaxed);
        Ok(())
    }
}
