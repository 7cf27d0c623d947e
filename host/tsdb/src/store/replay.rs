//! Start-up: the newest checkpoint, then the segments after it, into an empty head.
//!
//! Damage never stops it. A record that does not prove itself is skipped and reported; records of
//! samples after it wait for the next restart of the coder, since they lean on what was lost;
//! records that stand by themselves count at once. A tail that nothing follows is what a crash
//! leaves: it is cut off.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use hashbrown::HashMap;
use narthex_platform::Disk;

use super::{OpenError, ReplayProgress};
use crate::encoding::Damage;
use crate::encoding::varint::Cursor;
use crate::encoding::xor::{self, XorChunk};
use crate::head::Head;
use crate::head::series::{SealedChunk, SeriesId, Slot};
use crate::log::batch::{BatchDecoder, Decoded, Lane};
use crate::log::exemplars::read_exemplars;
use crate::log::frame::{FileId, FrameReader, Next, RecordKind};
use crate::log::header::{FileKind, HEADER_BYTES, Header, Previous};
use crate::log::reader::{self, Files, OpenedFile};
use crate::log::record::{CheckpointEnd, SeriesChunks, read_chunks, read_metadata, read_series};
use crate::log::{checkpoint_path, segment_path};
use crate::observed::Observed;

/// A place on disk that is not what was written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The file.
    pub path: Utf8PathBuf,
    /// The first byte that does not fit.
    pub offset: u64,
    /// What it means.
    pub what: String,
    /// Whether it is the torn end that a crash leaves, in which nothing durable was lost.
    pub is_torn_tail: bool,
}

/// What a replay found.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) progress: ReplayProgress,
    pub(crate) damaged: Vec<Damaged>,
    pub(crate) segments: usize,
    pub(crate) log_bytes: u64,
    pub(crate) checkpoint_bytes: u64,
    pub(crate) next_segment: u32,
    pub(crate) previous: Previous,
}

struct Replay<'a> {
    disk: &'a dyn Disk,
    folder: &'a Utf8Path,
    head: &'a Head,
    observed: &'a Observed,
    decoder: BatchDecoder,
    slots: HashMap<SeriesId, Slot>,
    lane_slots: Vec<Option<Slot>>,
    /// Samples of a batch whose last record is still to come.
    batch: Vec<Decoded>,
    /// Damage came since the last restart: samples cannot be decoded.
    is_lost: bool,
    samples_skipped: u64,
    records_skipped: u64,
    found: Replayed,
}

/// Reads the log in `folder` into `head`.
pub(crate) fn replay(
    disk: &dyn Disk,
    folder: &Utf8Path,
    head: &Head,
    observed: &Observed,
) -> Result<Replayed, OpenError> {
    let read_error = |path: Utf8PathBuf| move |source| OpenError::Read { path, source };
    let files = Files::list(disk, folder).map_err(read_error(folder.to_owned()))?;
    for name in &files.outdated {
        // What a crash kept from being removed; if it stays, the next start tries again.
        disk.remove(&folder.join(name)).ok();
    }
    let mut replay = Replay {
        disk,
        folder,
        head,
        observed,
        decoder: BatchDecoder::default(),
        slots: HashMap::new(),
        lane_slots: Vec::new(),
        batch: Vec::new(),
        is_lost: false,
        samples_skipped: 0,
        records_skipped: 0,
        found: Replayed::default(),
    };
    let checkpoint_bytes = files.checkpoint.map_or(0, |(_, len)| len);
    let log_bytes: u64 = files.segments.iter().map(|(_, len)| len).sum();
    replay.found.checkpoint_bytes = checkpoint_bytes;
    replay.found.log_bytes = log_bytes;
    replay.found.segments = files.segments.len();
    replay.found.progress.bytes_total = checkpoint_bytes + log_bytes;
    if let Some((number, len)) = files.checkpoint {
        let path = checkpoint_path(folder, number);
        replay.checkpoint(number, len).map_err(read_error(path))?;
    }
    replay.segments(&files)?;
    observed.replay_fraction.set(1.0);
    Ok(replay.found)
}

impl Replay<'_> {
    fn report(&mut self, path: Utf8PathBuf, offset: u64, what: impl Into<String>) {
        let damaged = Damaged { path, offset, what: what.into(), is_torn_tail: false };
        tracing::warn!(path = %damaged.path, offset, what = %damaged.what, "the log is damaged");
        self.observed.damages.increment();
        self.found.damaged.push(damaged);
    }

    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    fn advance(&mut self, bytes: u64) {
        let progress = &mut self.found.progress;
        progress.bytes_done = progress.bytes_total.min(progress.bytes_done + bytes);
        let ratio = progress.bytes_done as f64 / progress.bytes_total.max(1) as f64;
        self.observed.replay_fraction.set(ratio);
    }

    fn checkpoint(&mut self, number: u32, len: u64) -> io::Result<()> {
        let id = FileId { kind: FileKind::Checkpoint, number };
        let path = checkpoint_path(self.folder, number);
        let OpenedFile { file, header } = reader::open(self.disk, self.folder, id)?;
        if header.is_none() {
            self.report(path.clone(), 0, "the checkpoint's header");
        }
        let mut records = reader::records(file, id, len);
        let mut end = None;
        loop {
            let at = records.offset();
            match records.next()? {
                Next::End => break,
                Next::Damaged { offset, .. } => {
                    self.report(path.clone(), offset, "a record of the checkpoint");
                }
                Next::Record { kind: RecordKind::End, payload } => {
                    end = CheckpointEnd::read(payload).ok();
                }
                Next::Record { kind, payload } => {
                    if self.checkpoint_record(kind, payload).is_err() {
                        self.report(path.clone(), at, "the content of a record");
                    }
                }
            }
        }
        match end {
            Some(end) => self.head.reserve_ids(end.next_id.saturating_sub(1)),
            None => self.report(path, len, "the checkpoint has no end"),
        }
        self.advance(len);
        Ok(())
    }

    fn checkpoint_record(&mut self, kind: RecordKind, payload: &[u8]) -> Result<(), Damage> {
        match kind {
            RecordKind::Series => self.series(payload),
            RecordKind::Metadata => self.metadata(payload),
            RecordKind::Exemplars => self.exemplars(payload),
            RecordKind::Chunks => {
                let mut cursor = Cursor::new(payload);
                while let Some(series) = read_chunks(&mut cursor)? {
                    self.chunks(&series)?;
                }
                Ok(())
            }
            RecordKind::Restart | RecordKind::Tombstones | RecordKind::End => Ok(()),
            RecordKind::Samples => Err(Damage),
        }
    }

    fn series(&mut self, payload: &[u8]) -> Result<(), Damage> {
        for (id, labels) in read_series(payload)? {
            if let Some(slot) = self.head.restore_series(id, &labels) {
                self.slots.insert(id, slot);
            }
        }
        Ok(())
    }

    fn metadata(&mut self, payload: &[u8]) -> Result<(), Damage> {
        self.head.metadata.write().extend(read_metadata(payload)?);
        Ok(())
    }

    /// Exemplars of series that are gone are gone too; those that are there already are not newer.
    fn exemplars(&mut self, payload: &[u8]) -> Result<(), Damage> {
        let mut kept = self.head.exemplars.write();
        for (id, exemplar) in read_exemplars(payload)? {
            if let Some(slot) = self.slots.get(&id) {
                kept.add(*slot, id, exemplar);
            }
        }
        Ok(())
    }

    fn chunks(&mut self, found: &SeriesChunks<'_>) -> Result<(), Damage> {
        let slot = self.slots.get(&found.id).ok_or(Damage)?;
        let (open, full) = found.chunks.split_last().ok_or(Damage)?;
        let open = XorChunk::from_bytes(open.2)?;
        let mut sealed = Vec::with_capacity(full.len());
        for (first_at, last_at, bytes) in full {
            if xor::count_of(bytes) == 0 || first_at > last_at {
                return Err(Damage);
            }
            let bytes: Box<[u8]> = (*bytes).into();
            sealed.push(SealedChunk { first_at: *first_at, last_at: *last_at, bytes });
        }
        let samples = sealed.iter().map(|chunk| xor::count_of(&chunk.bytes)).sum::<usize>();
        let samples = samples + open.samples();
        let mut slab = self.head.slab.writer();
        let series = slab.get(*slot).ok_or(Damage)?;
        if series.last().is_some() {
            return Err(Damage);
        }
        series.sealed = sealed;
        series.open = open;
        series.is_logged = true;
        let (oldest, newest) = (series.first_at(), series.last());
        let chunks = series.chunks() as u64;
        drop(slab);
        if let (Some(oldest), Some((newest, _))) = (oldest, newest) {
            self.head.note_samples(oldest, newest, chunks);
        }
        self.found.progress.samples += samples as u64;
        Ok(())
    }

    fn segments(&mut self, files: &Files) -> Result<(), OpenError> {
        let mut opened = Vec::new();
        for (number, len) in &files.segments {
            let path = segment_path(self.folder, *number);
            let id = FileId { kind: FileKind::Segment, number: *number };
            let file = reader::open(self.disk, self.folder, id)
                .map_err(|source| OpenError::Read { path, source })?;
            opened.push((id, *len, file));
        }
        // How far each segment counts is said by the one after it.
        let ends: HashMap<u32, u64> = opened
            .iter()
            .filter_map(|(_, _, file)| file.header.map(|Header { previous, .. }| previous))
            .map(|previous| (previous.number, previous.len))
            .collect();
        let first = files.checkpoint.map_or(1, |(number, _)| number);
        let last = opened.last().map_or(0, |(id, ..)| id.number);
        self.found.next_segment = last.max(first.saturating_sub(1)) + 1;
        self.report_gaps(first, files.checkpoint.is_some(), &opened, &ends);
        for (id, len, file) in opened {
            let path = segment_path(self.folder, id.number);
            let known_end = ends.get(&id.number).copied();
            self.segment(id, len, known_end, file)
                .map_err(|source| OpenError::Read { path, source })?;
            self.advance(len);
        }
        Ok(())
    }

    /// Segments that others say to be there, or that a checkpoint begins with, but are not.
    fn report_gaps(
        &mut self,
        first: u32,
        has_checkpoint: bool,
        opened: &[(FileId, u64, OpenedFile)],
        ends: &HashMap<u32, u64>,
    ) {
        let is_there = |number| opened.iter().any(|(id, ..)| id.number == number);
        let mut missing: Vec<u32> =
            ends.keys().copied().filter(|number| *number >= first && !is_there(*number)).collect();
        missing.extend(Some(first).filter(|first| has_checkpoint && !is_there(*first)));
        missing.sort_unstable();
        missing.dedup();
        for number in missing {
            self.report(segment_path(self.folder, number), 0, "the segment is missing");
        }
    }

    fn segment(
        &mut self,
        id: FileId,
        len: u64,
        known_end: Option<u64>,
        opened: OpenedFile,
    ) -> io::Result<()> {
        let path = segment_path(self.folder, id.number);
        let end = known_end.unwrap_or(len).min(len);
        let has_header = opened.header.is_some();
        let mut records = reader::records(opened.file, id, end);
        self.decoder.restart();
        self.is_lost = false;
        self.batch.clear();
        let whole = self.records(&path, &mut records)?;
        if !has_header {
            self.headless(&path, len, whole, known_end);
            return Ok(());
        }
        match known_end {
            Some(known_end) if known_end > len => {
                self.report(path, len, format!("{} bytes are missing", known_end - len));
            }
            Some(_) if whole < end => self.report(path, whole, "no record up to the end"),
            Some(_) => {}
            None => {
                self.found.previous = Previous { number: id.number, len: whole };
                if whole < len {
                    self.cut_tail(path, whole, len);
                }
            }
        }
        Ok(())
    }

    /// A segment whose making was cut short holds nothing; any other without a header is damaged.
    fn headless(&mut self, path: &Utf8Path, len: u64, whole: u64, known_end: Option<u64>) {
        if whole <= HEADER_BYTES as u64 && known_end.is_none() {
            tracing::info!(%path, len, "a segment was never begun");
            self.disk.remove(path).ok();
        } else {
            self.report(path.to_owned(), 0, "the segment's header");
        }
    }

    fn cut_tail(&mut self, path: Utf8PathBuf, whole: u64, len: u64) {
        tracing::warn!(%path, offset = whole, bytes = len - whole, "cut off a torn tail");
        // Should the cut fail, the next segment still says where this one ends.
        if let Ok(mut file) = self.disk.open(&path) {
            file.truncate(whole).and_then(|()| file.sync()).ok();
        }
        let what = format!("a torn tail of {} bytes", len - whole);
        self.found.damaged.push(Damaged { path, offset: whole, what, is_torn_tail: true });
    }

    /// Reads records to the end; answers where the last whole one ends.
    fn records(&mut self, path: &Utf8Path, records: &mut FrameReader) -> io::Result<u64> {
        let mut whole = records.offset();
        loop {
            let at = records.offset();
            match records.next()? {
                Next::End => break,
                Next::Damaged { offset, resumes_at } => {
                    self.is_lost = true;
                    self.batch.clear();
                    let Some(resumes_at) = resumes_at else { break };
                    let what = format!("no record; the next is at byte {resumes_at}");
                    self.report(path.to_owned(), offset, what);
                }
                Next::Record { kind, payload } => {
                    if self.record(kind, payload).is_err() {
                        self.is_lost = true;
                        self.batch.clear();
                        self.report(path.to_owned(), at, "the content of a record");
                    }
                    whole = records.offset();
                }
            }
        }
        self.batch.clear();
        if self.records_skipped > 0 || self.samples_skipped > 0 {
            let (records, samples) = (self.records_skipped, self.samples_skipped);
            let what = format!("skipped {records} records and {samples} samples after damage");
            self.report(path.to_owned(), whole, what);
            (self.records_skipped, self.samples_skipped) = (0, 0);
        }
        Ok(whole)
    }

    fn record(&mut self, kind: RecordKind, payload: &[u8]) -> Result<(), Damage> {
        match kind {
            RecordKind::Series => self.series(payload),
            RecordKind::Metadata => self.metadata(payload),
            RecordKind::Exemplars => self.exemplars(payload),
            RecordKind::Restart => {
                self.decoder.restart();
                self.is_lost = false;
                self.batch.clear();
                Ok(())
            }
            RecordKind::Samples if self.is_lost => {
                self.records_skipped += 1;
                Ok(())
            }
            RecordKind::Samples => {
                if !self.decoder.decode(payload, &mut self.batch)? {
                    self.apply();
                }
                Ok(())
            }
            RecordKind::Tombstones => Ok(()),
            RecordKind::Chunks | RecordKind::End => Err(Damage),
        }
    }

    /// Gives a whole batch to the head. Samples that a checkpoint brought already are skipped:
    /// those of a series that are not newer than its newest.
    fn apply(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let mut slab = self.head.slab.writer();
        let (mut oldest, mut newest, mut chunks, mut orphans) = (i64::MAX, i64::MIN, 0, 0);
        for sample in &batch {
            let slot = lane_slot(&mut self.lane_slots, &self.decoder, &self.slots, sample.lane);
            let Some(series) = slot.and_then(|slot| slab.get(slot)) else {
                orphans += 1;
                continue;
            };
            if series.last().is_none_or(|(last, _)| sample.at > last) {
                series.is_logged = true;
                chunks += u64::from(series.append(sample.at, sample.bits));
                oldest = oldest.min(sample.at);
                newest = newest.max(sample.at);
            }
        }
        drop(slab);
        if orphans > 0 {
            // Their ids must not be given to other series.
            let ids = batch.iter().filter_map(|sample| self.decoder.id(sample.lane));
            self.head.reserve_ids(ids.max().unwrap_or(0));
            self.samples_skipped += orphans;
        }
        self.head.note_samples(oldest, newest, chunks);
        self.found.progress.samples += batch.len() as u64 - orphans;
        self.batch = batch;
        self.batch.clear();
    }
}

/// The slot of a lane, looked up once it is known.
fn lane_slot(
    lane_slots: &mut Vec<Option<Slot>>,
    decoder: &BatchDecoder,
    slots: &HashMap<SeriesId, Slot>,
    lane: Lane,
) -> Option<Slot> {
    let index = lane as usize;
    if lane_slots.len() <= index {
        lane_slots.resize(index + 1, None);
    }
    let place = lane_slots.get_mut(index)?;
    if place.is_none() {
        *place = slots.get(&decoder.id(lane)?).copied();
    }
    *place
}
