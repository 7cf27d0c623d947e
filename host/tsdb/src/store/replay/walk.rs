//! Walks over the files of the log, one record a step, and says what is damaged.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use camino::Utf8PathBuf;
use narthex_model::Metadata;
use narthex_platform::Disk;

use super::plan::{Plan, Planned};
use super::route::{Outlet, Router};
use super::work::{SavedAs, Worker};
use super::{Progress, ReplayError};
use crate::encoding::Damage;
use crate::head::Head;
use crate::head::exemplars::Exemplars;
use crate::head::sample::Value;
use crate::head::series::SeriesId;
use crate::log::batch::{BatchDecoder, Decoded, GOES_ON};
use crate::log::exemplars::read_exemplars;
use crate::log::frame::{FrameReader, Next, RecordKind};
use crate::log::header::{FileKind, Header};
use crate::log::histograms::HistogramDecoder;
use crate::log::out_of_order::read_out_of_order;
use crate::log::reader;
use crate::log::record::{CheckpointEnd, read_floor, read_metadata};
use crate::log::segment_path;

/// The replay of a log: where it is, and what it needs to go on.
pub(crate) struct Walk {
    disk: Arc<dyn Disk>,
    folder: Utf8PathBuf,
    head: Arc<Head>,
    pub(crate) progress: Arc<Progress>,
    files: VecDeque<Planned>,
    open: Option<OpenFile>,
    /// Bytes of the files before.
    bytes_before: u64,
    decoder: BatchDecoder,
    router: Router,
    histograms: HistogramDecoder,
    /// Samples of a batch whose last record is still to come, record by record.
    batch: Vec<Part>,
    /// Damage came since the last restart: samples cannot be decoded.
    is_lost: bool,
    /// What comes next may belong to a batch of which something was lost: it counts as a whole or
    /// not at all.
    is_batch_lost: bool,
    samples_skipped: u64,
    records_skipped: u64,
    /// What metric families are, as far as the log says.
    pub(crate) metadata: BTreeMap<String, Metadata>,
    /// Of the log alone: they come before those that are taken meanwhile.
    pub(crate) exemplars: Exemplars,
    /// Names of files that no longer count.
    pub(crate) outdated: Vec<String>,
}

/// The file that is read.
struct OpenFile {
    planned: Planned,
    path: Utf8PathBuf,
    records: FrameReader,
    /// Where reading ends.
    end: u64,
    /// Where the last whole record ends.
    whole: u64,
    /// What a checkpoint says at its end.
    checkpoint_end: Option<CheckpointEnd>,
}

/// What one record of a batch brings.
enum Part {
    Floats(Vec<Decoded>),
    /// Histograms, or samples out of order.
    Values {
        samples: Vec<(SeriesId, i64, Value)>,
        in_order: bool,
    },
}

/// Why a record could not be taken.
enum RecordError {
    Damage,
    Replay(ReplayError),
}

impl From<Damage> for RecordError {
    fn from(_: Damage) -> Self {
        Self::Damage
    }
}

impl From<ReplayError> for RecordError {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

/// Whether a record of samples, of whatever kind, says that its commit goes on.
fn goes_on(payload: &[u8]) -> bool {
    payload.first().is_some_and(|flags| flags & GOES_ON != 0)
}

impl Walk {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        folder: Utf8PathBuf,
        head: Arc<Head>,
        progress: Arc<Progress>,
        plan: Plan,
    ) -> Self {
        for number in &plan.missing {
            progress.report(segment_path(&folder, *number), 0, "the segment is missing");
        }
        let exemplars_max = head.exemplars.read().max();
        Self {
            disk,
            folder,
            router: Router::new(Arc::clone(&head)),
            exemplars: Exemplars::new(exemplars_max),
            head,
            progress,
            files: plan.files().copied().collect(),
            open: None,
            bytes_before: 0,
            decoder: BatchDecoder::default(),
            histograms: HistogramDecoder::default(),
            batch: Vec::new(),
            is_lost: false,
            is_batch_lost: false,
            samples_skipped: 0,
            records_skipped: 0,
            metadata: BTreeMap::new(),
            outdated: plan.outdated,
        }
    }

    pub(crate) fn worker(&self) -> Worker {
        Worker { head: Arc::clone(&self.head), progress: Arc::clone(&self.progress) }
    }

    /// An outlet that does everything at once.
    pub(crate) fn direct(&self) -> Outlet {
        Outlet::Direct(self.worker())
    }

    /// Opens the next file, or takes one record of the open one; answers whether there is more.
    pub(crate) fn step(&mut self, out: &mut Outlet) -> Result<bool, ReplayError> {
        if self.progress.is_stopped() {
            return Err(ReplayError::Stopped);
        }
        let Some(mut open) = self.open.take() else {
            let Some(planned) = self.files.pop_front() else { return Ok(false) };
            let path = planned.path(&self.folder);
            self.begin(planned).map_err(|source| ReplayError::Read { path, source })?;
            return Ok(true);
        };
        if self.take_record(&mut open, out)? {
            self.progress.advance_to(self.bytes_before + open.records.offset());
            self.open = Some(open);
        } else {
            self.router.flush_all(out)?;
            self.bytes_before += open.planned.len;
            self.progress.advance_to(self.bytes_before);
            self.end(open);
        }
        Ok(true)
    }

    fn begin(&mut self, planned: Planned) -> io::Result<()> {
        let end = planned.known_end.unwrap_or(planned.len).min(planned.len);
        let opened = reader::open(&*self.disk, &self.folder, planned.id)?;
        let records = reader::records(opened, planned.id, end)?;
        let path = planned.path(&self.folder);
        match planned.id.kind {
            FileKind::Segment => {
                self.progress.segment.store(planned.id.number, Ordering::Relaxed);
                self.decoder.restart();
                self.histograms.restart();
                self.is_lost = false;
                self.batch.clear();
                // Without its header it is not known who began it.
                if planned.header.is_none_or(Header::is_start) {
                    self.router.expect_late();
                }
            }
            FileKind::Checkpoint if planned.header.is_none() => {
                self.progress.report(path.clone(), 0, "the checkpoint's header");
            }
            FileKind::Checkpoint => {}
        }
        let whole = records.offset();
        self.open = Some(OpenFile { planned, path, records, end, whole, checkpoint_end: None });
        Ok(())
    }

    /// Answers whether there was one.
    fn take_record(&mut self, open: &mut OpenFile, out: &mut Outlet) -> Result<bool, ReplayError> {
        let at = open.records.offset();
        let next = open.records.next();
        let next = next.map_err(|source| ReplayError::Read { path: open.path.clone(), source })?;
        let outcome = match next {
            Next::End => return Ok(false),
            Next::Damaged { offset, resumes_at } => {
                self.lose();
                let is_checkpoint = open.planned.id.kind == FileKind::Checkpoint;
                match resumes_at {
                    Some(resumes_at) => {
                        let what = format!("no record; the next is at byte {resumes_at}");
                        self.progress.report(open.path.clone(), offset, what);
                        return Ok(true);
                    }
                    None if is_checkpoint => {
                        self.progress.report(open.path.clone(), offset, "no record up to the end");
                    }
                    None => {}
                }
                return Ok(false);
            }
            Next::Record { kind, payload } => match open.planned.id.kind {
                FileKind::Segment => self.segment_record(kind, payload, out),
                FileKind::Checkpoint if kind == RecordKind::End => {
                    open.checkpoint_end = CheckpointEnd::read(payload).ok();
                    Ok(())
                }
                FileKind::Checkpoint => {
                    let place = (&*open.path, at);
                    self.checkpoint_record(kind, payload, place, out)
                }
            },
        };
        match outcome {
            Ok(()) => {}
            Err(RecordError::Damage) => {
                self.lose();
                self.progress.report(open.path.clone(), at, "the content of a record");
            }
            Err(RecordError::Replay(error)) => return Err(error),
        }
        open.whole = open.records.offset();
        Ok(true)
    }

    fn checkpoint_record(
        &mut self,
        kind: RecordKind,
        payload: &[u8],
        place: (&camino::Utf8Path, u64),
        out: &mut Outlet,
    ) -> Result<(), RecordError> {
        match kind {
            RecordKind::Series => self.router.series(payload)?,
            RecordKind::Metadata => self.metadata.extend(read_metadata(payload)?),
            RecordKind::Exemplars => self.exemplars(payload)?,
            RecordKind::Floor => self.head.raise_floor(read_floor(payload)?),
            RecordKind::Chunks => {
                self.router.chunks(payload, SavedAs::Chunks, place, &self.progress, out)?;
            }
            RecordKind::Contents => {
                self.router.chunks(payload, SavedAs::Contents, place, &self.progress, out)?;
            }
            RecordKind::Restart | RecordKind::Tombstones | RecordKind::End => {}
            RecordKind::Samples | RecordKind::Histograms | RecordKind::OutOfOrder => {
                return Err(RecordError::Damage);
            }
        }
        Ok(())
    }

    fn segment_record(
        &mut self,
        kind: RecordKind,
        payload: &[u8],
        out: &mut Outlet,
    ) -> Result<(), RecordError> {
        match kind {
            RecordKind::Series => self.router.series(payload)?,
            RecordKind::Metadata => self.metadata.extend(read_metadata(payload)?),
            RecordKind::Exemplars => self.exemplars(payload)?,
            RecordKind::Floor => self.head.raise_floor(read_floor(payload)?),
            RecordKind::Restart => {
                self.decoder.restart();
                self.histograms.restart();
                self.is_lost = false;
                self.batch.clear();
            }
            RecordKind::Samples | RecordKind::Histograms if self.is_lost => {
                self.records_skipped += 1;
                self.is_batch_lost = goes_on(payload);
                self.batch.clear();
            }
            RecordKind::OutOfOrder if self.is_lost && self.is_batch_lost => {
                self.records_skipped += 1;
                self.is_batch_lost = goes_on(payload);
            }
            RecordKind::Samples => {
                let mut samples = Vec::new();
                let goes_on = self.decoder.decode(payload, &mut samples)?;
                self.part(Part::Floats(samples), goes_on, out)?;
            }
            RecordKind::Histograms => {
                let mut samples = Vec::new();
                let goes_on = self.histograms.decode(payload, &mut samples)?;
                let values = samples.into_iter();
                let values = values.map(|one| (one.id, one.at, Value::Histogram(one.histogram)));
                self.part(
                    Part::Values { samples: values.collect(), in_order: true },
                    goes_on,
                    out,
                )?;
            }
            RecordKind::OutOfOrder => {
                let mut samples = Vec::new();
                let goes_on = read_out_of_order(payload, &mut samples)?;
                self.part(Part::Values { samples, in_order: false }, goes_on, out)?;
            }
            RecordKind::Tombstones => {}
            RecordKind::Chunks | RecordKind::Contents | RecordKind::End => {
                return Err(RecordError::Damage);
            }
        }
        Ok(())
    }

    /// Damage: samples lean on what was lost, and the commit under way is not whole.
    fn lose(&mut self) {
        self.is_lost = true;
        self.is_batch_lost = true;
        self.batch.clear();
    }

    /// Sends a batch on its way once it is whole.
    fn part(&mut self, part: Part, goes_on: bool, out: &mut Outlet) -> Result<(), ReplayError> {
        self.batch.push(part);
        if goes_on {
            return Ok(());
        }
        for part in std::mem::take(&mut self.batch) {
            self.samples_skipped += match part {
                Part::Floats(samples) => self.router.samples(&samples, &self.decoder, out)?,
                Part::Values { samples, in_order } => self.router.values(samples, in_order, out)?,
            };
        }
        Ok(())
    }

    /// Exemplars of series that are gone are gone too; those that are there already are not newer.
    fn exemplars(&mut self, payload: &[u8]) -> Result<(), Damage> {
        for (id, exemplar) in read_exemplars(payload)? {
            let Some(slot) = self.router.slot(id) else { continue };
            // The series may go by another id now.
            let Some(id) = self.head.slab.with(slot, |series| series.id) else { continue };
            self.exemplars.add(slot, id, exemplar);
        }
        Ok(())
    }

    /// Says what the end of a file tells.
    fn end(&mut self, open: OpenFile) {
        self.batch.clear();
        let OpenFile { planned, path, whole, end, .. } = open;
        if self.records_skipped > 0 || self.samples_skipped > 0 {
            let (records, samples) = (self.records_skipped, self.samples_skipped);
            let what = format!("skipped {records} records and {samples} samples after damage");
            self.progress.report(path.clone(), whole, what);
            (self.records_skipped, self.samples_skipped) = (0, 0);
        }
        if planned.id.kind == FileKind::Checkpoint {
            self.is_lost = false;
            match open.checkpoint_end {
                Some(end) => self.head.reserve_ids(end.next_id.saturating_sub(1)),
                None => self.progress.report(path, planned.len, "the checkpoint has no end"),
            }
            return;
        }
        if planned.header.is_none() {
            self.progress.report(path, 0, "the segment's header");
            return;
        }
        match planned.known_end {
            Some(known_end) if known_end > planned.len => {
                let missing = known_end - planned.len;
                self.progress.report(path, planned.len, format!("{missing} bytes are missing"));
            }
            Some(_) if whole < end => self.progress.report(path, whole, "no record up to the end"),
            Some(_) => {}
            None if whole < planned.len => self.cut_tail(path, whole, planned.len),
            None => {}
        }
    }

    /// Should the cut fail, the next replay comes to the same end.
    fn cut_tail(&self, path: Utf8PathBuf, whole: u64, len: u64) {
        if let Ok(mut file) = self.disk.open(&path) {
            file.truncate(whole).and_then(|()| file.sync()).ok();
        }
        self.progress.report_torn_tail(path, whole, len);
    }
}
