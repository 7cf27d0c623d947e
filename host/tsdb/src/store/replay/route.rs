//! From what was read to the workers that own the series.
//!
//! Invariant: all that concerns a series goes to one worker, in the order of the log.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use camino::Utf8Path;

use super::id_map::IdMap;
use super::parallel::WORKERS_MAX;
use super::work::{Routed, SavedAs, Target, Work, Worker};
use super::{Progress, ReplayError};
use crate::encoding::Damage;
use crate::encoding::varint::Cursor;
use crate::head::Head;
use crate::head::restore::Restored;
use crate::head::sample::Value;
use crate::head::series::{SHARDS, SeriesId, Slot, shard_of};
use crate::log::batch::{BatchDecoder, Decoded};
use crate::log::contents::Contents;
use crate::log::definitions::Definitions;
use crate::log::record::read_chunks;

/// Samples of one message: 96 KiB, so a queue of them is nothing beside the series.
const SAMPLES_MAX: usize = 4096;
/// What stands for a lane whose series is not known.
const UNKNOWN: u32 = u32::MAX;

/// Where work goes.
pub(crate) enum Outlet {
    /// It is done at once.
    Direct(Worker),
    /// To threads. Memory for samples comes back.
    Threads { queues: Vec<SyncSender<Work>>, returned: Receiver<Vec<Routed>> },
}

impl Outlet {
    fn workers(&self) -> usize {
        match self {
            Self::Direct(_) => 1,
            Self::Threads { queues, .. } => queues.len(),
        }
    }

    fn give(&mut self, worker: usize, work: Work) -> Result<(), ReplayError> {
        match self {
            Self::Direct(worker) => {
                worker.apply(work);
                Ok(())
            }
            Self::Threads { queues, .. } => {
                let queue = queues.get(worker).ok_or(ReplayError::Stopped)?;
                // A worker that panicked takes nothing; its panic goes on where it is joined.
                queue.send(work).map_err(|_| ReplayError::Stopped)
            }
        }
    }

    fn memory(&self) -> Vec<Routed> {
        match self {
            Self::Direct(_) => Vec::new(),
            Self::Threads { returned, .. } => {
                returned.try_recv().unwrap_or_else(|_| Vec::with_capacity(SAMPLES_MAX))
            }
        }
    }
}

/// Knows where each series lives.
pub(crate) struct Router {
    head: Arc<Head>,
    /// The target of each series of the log.
    targets: IdMap,
    /// The same by lane.
    lanes: Vec<u32>,
    /// Samples that wait for their message to be full, by worker.
    waiting: Vec<Vec<Routed>>,
    may_be_late: bool,
}

impl Router {
    pub(crate) fn new(head: Arc<Head>) -> Self {
        Self {
            head,
            targets: IdMap::default(),
            lanes: Vec::new(),
            waiting: Vec::new(),
            may_be_late: false,
        }
    }

    /// From here on samples may lie before those of an earlier process.
    pub(crate) fn expect_late(&mut self) {
        self.may_be_late = true;
    }

    /// Restores the series of a record.
    pub(crate) fn series(&mut self, payload: &[u8]) -> Result<(), Damage> {
        for Restored { id, slot, lives_as } in
            self.head.restore_series(&Definitions::read(payload)?)
        {
            let is_own = lives_as != id && self.targets.get(lives_as).is_none();
            self.targets.insert(id, Target::new(slot, is_own).number());
        }
        Ok(())
    }

    /// Where a series of the log lives.
    pub(crate) fn slot(&mut self, id: SeriesId) -> Option<Slot> {
        self.targets.get(id).map(|number| Target::from_number(number).slot())
    }

    /// Sends a whole batch on its way; answers how many samples have no series.
    pub(crate) fn samples(
        &mut self,
        batch: &[Decoded],
        decoder: &BatchDecoder,
        out: &mut Outlet,
    ) -> Result<u64, ReplayError> {
        let workers = out.workers();
        self.waiting.resize_with(workers, Vec::new);
        let mut orphans = 0;
        for sample in batch {
            let Some(target) = self.target(decoder, sample.lane) else {
                orphans += 1;
                continue;
            };
            let worker = worker_of(target.slot(), workers);
            let Some(waiting) = self.waiting.get_mut(worker) else { continue };
            waiting.push(Routed { target, at: sample.at, bits: sample.bits });
            if waiting.len() >= SAMPLES_MAX {
                self.flush(worker, out)?;
            }
        }
        if orphans > 0 {
            // Their ids must not be given to other series.
            let ids = batch.iter().filter_map(|sample| decoder.id(sample.lane));
            self.head.reserve_ids(ids.max().unwrap_or(0));
        }
        if matches!(out, Outlet::Direct(_)) {
            self.flush_all(out)?;
        }
        Ok(orphans)
    }

    /// Sends histograms, or samples out of order, on their way, behind the floats before them;
    /// answers how many have no series.
    pub(crate) fn values(
        &mut self,
        samples: Vec<(SeriesId, i64, Value)>,
        in_order: bool,
        out: &mut Outlet,
    ) -> Result<u64, ReplayError> {
        let workers = out.workers();
        let mut parts: Vec<Vec<(Target, i64, Value)>> = vec![Vec::new(); workers];
        let mut orphans = 0;
        for (id, at, value) in samples {
            let Some(target) = self.targets.get(id).map(Target::from_number) else {
                // Its id must not be given to another series.
                self.head.reserve_ids(id);
                orphans += 1;
                continue;
            };
            if let Some(part) = parts.get_mut(worker_of(target.slot(), workers)) {
                part.push((target, at, value));
            }
        }
        self.flush_all(out)?;
        let may_be_late = self.may_be_late;
        for (worker, samples) in parts.into_iter().enumerate().filter(|(_, p)| !p.is_empty()) {
            out.give(worker, Work::Values { samples, in_order, may_be_late })?;
        }
        Ok(orphans)
    }

    /// Sends the series of a record of chunks on their way.
    pub(crate) fn chunks(
        &mut self,
        payload: &[u8],
        saved_as: SavedAs,
        (path, offset): (&Utf8Path, u64),
        progress: &Progress,
        out: &mut Outlet,
    ) -> Result<(), ReplayError> {
        let workers = out.workers();
        let mut places: Vec<Vec<(Target, usize)>> = vec![Vec::new(); workers];
        let mut cursor = Cursor::new(payload);
        loop {
            let at = payload.len() - cursor.remaining();
            let id = match saved_as {
                SavedAs::Chunks => read_chunks(&mut cursor).map(|one| one.map(|one| one.id)),
                SavedAs::Contents => Contents::read(&mut cursor).map(|one| one.map(|one| one.id)),
            };
            let id = match id {
                Ok(Some(id)) => id,
                Ok(None) => break,
                Err(Damage) => {
                    progress.report(path.to_owned(), offset, "the content of a record");
                    break;
                }
            };
            let Some(target) = self.targets.get(id).map(Target::from_number) else {
                progress.report(path.to_owned(), offset, "chunks of a series without labels");
                continue;
            };
            if let Some(places) = places.get_mut(worker_of(target.slot(), workers)) {
                places.push((target, at));
            }
        }
        let payload: Arc<[u8]> = payload.into();
        for (worker, places) in places.into_iter().enumerate().filter(|(_, p)| !p.is_empty()) {
            let (payload, path) = (Arc::clone(&payload), path.to_owned());
            out.give(worker, Work::Chunks { payload, saved_as, places, path, offset })?;
        }
        Ok(())
    }

    /// Sends what waits.
    pub(crate) fn flush_all(&mut self, out: &mut Outlet) -> Result<(), ReplayError> {
        (0..self.waiting.len()).try_for_each(|worker| self.flush(worker, out))
    }

    fn flush(&mut self, worker: usize, out: &mut Outlet) -> Result<(), ReplayError> {
        let may_be_late = self.may_be_late;
        match self.waiting.get_mut(worker) {
            Some(waiting) if !waiting.is_empty() => {
                let samples = std::mem::replace(waiting, out.memory());
                out.give(worker, Work::Samples { samples, may_be_late })
            }
            _ => Ok(()),
        }
    }

    /// The target of a lane, looked up once it is known.
    fn target(&mut self, decoder: &BatchDecoder, lane: u32) -> Option<Target> {
        let index = lane as usize;
        if self.lanes.len() <= index {
            self.lanes.resize(index + 1, UNKNOWN);
        }
        let known = self.lanes.get_mut(index)?;
        if *known == UNKNOWN {
            let id: SeriesId = decoder.id(lane)?;
            *known = self.targets.get(id)?;
        }
        Some(Target::from_number(*known))
    }
}

const fn worker_of(slot: Slot, workers: usize) -> usize {
    const { assert!(SHARDS >= WORKERS_MAX, "there are shards for all workers") };
    shard_of(slot) % workers
}
