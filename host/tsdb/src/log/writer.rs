//! The one writer of the log.
//!
//! A failed append is taken back by cutting the segment; then, and only if the disk was full, the
//! segment stays in use. After any other failure the segment is poisoned and the next commit tries
//! a new one. Either way the coder begins anew, since its memory may be ahead of the file.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Clock, Disk, DiskFile};

use super::batch::BatchCoder;
use super::frame::{self, FileId, RESTART_MARK, RecordKind};
use super::header::{FileKind, HEADER_BYTES, Header, Previous, PreviousEnd};
use super::segment_path;
use crate::head::series::SeriesId;

/// Damage costs at most what was written between two restarts.
const RESTART_BYTES_MIN: u64 = 1 << 20;
/// A restart costs about eight bytes a series, so with many series it comes less often.
const RESTART_BYTES_PER_SERIES: u64 = 64;
/// A segment is begun with ids for so many new series, or for as many as came in this life of the
/// store, whichever is more. Ids that are not used are gone at the next start, so the first number
/// is small: the ids last for four million starts.
const IDS_RESERVED_MIN: SeriesId = 1 << 16;
/// After a failure a new segment is tried no more often than this.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Why the log takes nothing.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// This write failed.
    Failed(io::Error),
    /// An earlier one did.
    Poisoned(String),
}

/// Which segment was being written, and a handle to sync it beside the writer.
pub(crate) struct SyncPoint {
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) segment: u32,
    pub(crate) end: u64,
}

#[derive(Debug)]
pub(crate) struct LogWriter {
    disk: Arc<dyn Disk>,
    clock: Clock,
    folder: Utf8PathBuf,
    segment_bytes_max: u64,
    segment: Segment,
    /// The segment of another process that the first of this one follows, until that one is there.
    inherited: Option<Previous>,
    /// The first id of this life of the store, and the first that is free.
    first_id: SeriesId,
    next_id: SeriesId,
    /// The records of the commit in progress.
    out: Vec<u8>,
    pub(crate) coder: BatchCoder,
    /// Counts restarts of the coder; 0 is before all.
    pub(crate) epoch: u32,
    bytes_since_restart: u64,
    poisoned: Option<Poisoned>,
    /// How often something acknowledged turned out not to be durable for certain, and not to be
    /// synced any more: what memory holds is to be saved anew.
    losses: u64,
    /// So many of them a checkpoint has made good.
    losses_mended: u64,
    /// Definitions of series may be among what is not durable: they are to be written again.
    pub(crate) wants_definitions: bool,
}

#[derive(Debug)]
struct Segment {
    number: u32,
    file: Box<dyn DiskFile>,
    /// Bytes that count: all whole records.
    len: u64,
    /// Bytes known to be durable.
    synced: u64,
    /// Ids of series in it are below: so its header says.
    ids_end: SeriesId,
}

impl Segment {
    /// Stands in for a segment that could not be begun. The writer is poisoned meanwhile.
    fn absent(number: u32, ids_end: SeriesId) -> Self {
        Self { number, file: Box::new(NoFile), len: 0, synced: 0, ids_end }
    }
}

/// No file: takes nothing and holds nothing.
#[derive(Debug)]
struct NoFile;

impl NoFile {
    fn refused<T>() -> io::Result<T> {
        Err(io::Error::other("the log has no segment yet"))
    }
}

impl DiskFile for NoFile {
    fn append(&mut self, _: &[u8]) -> io::Result<()> {
        Self::refused()
    }

    fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn truncate(&mut self, _: u64) -> io::Result<()> {
        Self::refused()
    }

    fn sync(&mut self) -> io::Result<()> {
        Self::refused()
    }

    fn sync_handle(&self) -> io::Result<Box<dyn DiskFile>> {
        Self::refused()
    }
}

#[derive(Debug)]
struct Poisoned {
    reason: String,
    retry_at: Duration,
}

/// What a writer needs to know.
#[derive(Debug)]
pub(crate) struct LogConfig {
    pub(crate) folder: Utf8PathBuf,
    pub(crate) segment_bytes_max: u64,
}

/// The first segment of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SegmentStart {
    pub(crate) number: u32,
    /// The segment before it, of another process; 0 when there is none.
    pub(crate) previous: u32,
    /// Ids below are taken.
    pub(crate) next_id: SeriesId,
}

impl LogWriter {
    /// Begins a segment behind those of another process. On a full disk the writer comes without one
    /// and refuses commits until there is room, as after any failure.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        clock: Clock,
        config: LogConfig,
        SegmentStart { number, previous, next_id }: SegmentStart,
    ) -> io::Result<Self> {
        let previous = Previous { number: previous, end: PreviousEnd::Unknown };
        let ids_end = ids_end(next_id, next_id);
        let mut poisoned = None;
        let segment = match create(&*disk, &config.folder, number, previous, ids_end) {
            Ok(segment) => segment,
            Err(NotBegun { error, .. }) if error.kind() == io::ErrorKind::StorageFull => {
                let reason = format!("begin a segment of the log: {error}");
                tracing::error!(%reason, "the log takes no writes until there is room");
                poisoned = Some(Poisoned { reason, retry_at: clock.monotonic() });
                Segment::absent(number.saturating_sub(1), ids_end)
            }
            Err(NotBegun { error, .. }) => return Err(error),
        };
        Ok(Self {
            disk,
            clock,
            folder: config.folder,
            segment_bytes_max: config.segment_bytes_max,
            segment,
            inherited: poisoned.is_some().then_some(previous),
            first_id: next_id,
            next_id,
            out: Vec::new(),
            coder: BatchCoder::default(),
            epoch: 1,
            bytes_since_restart: 0,
            poisoned,
            losses: 0,
            losses_mended: 0,
            wants_definitions: false,
        })
    }

    pub(crate) fn segment(&self) -> u32 {
        self.segment.number
    }

    /// What earlier processes wrote may not be durable: it is to be saved anew.
    pub(crate) fn lean_on_nothing(&mut self, error: &io::Error) {
        tracing::error!(%error, "cannot sync what an earlier process wrote to the log");
        self.losses += 1;
        self.wants_definitions = true;
    }

    /// Whether something acknowledged is in memory only, for all that is known.
    pub(crate) fn wants_checkpoint(&self) -> bool {
        self.losses > self.losses_mended
    }

    /// What a checkpoint that begins now makes good: see [`Self::mended`].
    pub(crate) fn losses(&self) -> u64 {
        self.losses
    }

    /// A checkpoint is durable that began when there were so many losses.
    pub(crate) fn mended(&mut self, losses: u64) {
        self.losses_mended = self.losses_mended.max(losses);
    }

    /// Bytes written to the current segment.
    pub(crate) fn segment_len(&self) -> u64 {
        self.segment.len
    }

    /// Makes ready for the records of a commit: a segment that takes them, and a restart where one
    /// is due. `next_id` is beyond the ids of all its series.
    pub(crate) fn begin(&mut self, series: u64, next_id: SeriesId) -> Result<(), WriteError> {
        self.out.clear();
        self.next_id = self.next_id.max(next_id);
        if let Some(poisoned) = &self.poisoned {
            if self.clock.monotonic() < poisoned.retry_at {
                return Err(WriteError::Poisoned(poisoned.reason.clone()));
            }
            self.replace_segment()?;
        } else if self.segment.len >= self.segment_bytes_max || self.next_id > self.segment.ids_end
        {
            self.rotate().map_err(WriteError::Failed)?;
        }
        let due = RESTART_BYTES_MIN.max(series.saturating_mul(RESTART_BYTES_PER_SERIES));
        if self.bytes_since_restart >= due {
            self.restart();
            self.push(RecordKind::Restart, |_, out| out.extend_from_slice(&RESTART_MARK))
                .map_err(WriteError::Failed)?;
        }
        Ok(())
    }

    /// Adds a record to the commit in progress.
    pub(crate) fn push(
        &mut self,
        kind: RecordKind,
        write: impl FnOnce(&mut BatchCoder, &mut Vec<u8>),
    ) -> io::Result<()> {
        let id = FileId { kind: FileKind::Segment, number: self.segment.number };
        let (out, coder) = (&mut self.out, &mut self.coder);
        frame::push(out, id, self.segment.len, kind, |out| write(coder, out))
    }

    /// Gives up the commit in progress after something in it failed before the disk was touched.
    pub(crate) fn abandon(&mut self) {
        self.out.clear();
        self.force_restart();
    }

    /// Hands the records of the commit to the operating system.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.segment.file.append(&self.out) {
            self.take_back(&error);
            return Err(error);
        }
        self.segment.len += self.out.len() as u64;
        self.bytes_since_restart += self.out.len() as u64;
        Ok(())
    }

    /// Makes the commit that was written last durable; on failure takes it back.
    pub(crate) fn sync_commit(&mut self) -> io::Result<()> {
        let Err(error) = self.segment.file.sync() else {
            self.segment.synced = self.segment.len;
            return Ok(());
        };
        self.segment.len -= self.out.len() as u64;
        // Should this fail too, the next segment's header still says where this one ends.
        self.segment.file.truncate(self.segment.len).ok();
        self.poison(format!("sync the log: {error}"));
        Err(error)
    }

    /// A handle to sync what was written so far without holding the writer, if there is anything.
    pub(crate) fn sync_point(&self) -> io::Result<Option<SyncPoint>> {
        if let Some(poisoned) = &self.poisoned {
            return Err(io::Error::other(poisoned.reason.clone()));
        }
        if self.segment.synced >= self.segment.len {
            return Ok(None);
        }
        let (segment, end) = (self.segment.number, self.segment.len);
        Ok(Some(SyncPoint { file: self.segment.file.sync_handle()?, segment, end }))
    }

    /// Notes how a sync beside the writer ended.
    pub(crate) fn synced(&mut self, point: &SyncPoint, outcome: &io::Result<()>) {
        if point.segment != self.segment.number {
            // It was closed meanwhile; that it was synced then says nothing after this failed.
            self.losses += u64::from(outcome.is_err());
            self.wants_definitions |= outcome.is_err();
            return;
        }
        match outcome {
            Ok(()) => self.segment.synced = self.segment.synced.max(point.end),
            Err(error) => self.poison(format!("sync the log: {error}")),
        }
    }

    /// Begins a new segment, whatever the state of the current one.
    pub(crate) fn begin_segment(&mut self) -> Result<(), WriteError> {
        if self.poisoned.is_some() {
            self.replace_segment()
        } else {
            self.rotate().map_err(WriteError::Failed)
        }
    }

    /// Syncs and closes the segment and begins the next.
    fn rotate(&mut self) -> io::Result<()> {
        if self.poisoned.is_none()
            && self.segment.synced < self.segment.len
            && let Err(error) = self.segment.file.sync()
        {
            self.poison(format!("sync the log: {error}"));
            return Err(error);
        }
        self.segment.synced = self.segment.len;
        self.next_segment().map_err(|NotBegun { error, is_named }| {
            if is_named {
                // Whoever finds that header reads this segment up to here only.
                self.poison(format!("begin a segment of the log: {error}"));
            }
            error
        })
    }

    /// After a failure. What was acknowledged in the old segment stays acknowledged; if it may not
    /// be durable, a checkpoint is wanted.
    fn replace_segment(&mut self) -> Result<(), WriteError> {
        match self.next_segment() {
            Ok(()) => {
                self.wants_definitions = self.wants_checkpoint();
                tracing::warn!(segment = self.segment.number, "the log goes on in a new segment");
                Ok(())
            }
            Err(NotBegun { error, .. }) => {
                let retry_at = self.clock.monotonic() + RETRY_INTERVAL;
                if let Some(poisoned) = &mut self.poisoned {
                    poisoned.retry_at = retry_at;
                }
                Err(WriteError::Failed(error))
            }
        }
    }

    fn next_segment(&mut self) -> Result<(), NotBegun> {
        let end = PreviousEnd::At(self.segment.len);
        let own = Previous { number: self.segment.number, end };
        let previous = self.inherited.unwrap_or(own);
        let ids_end = ids_end(self.first_id, self.next_id);
        let mut number = self.segment.number + 1;
        let segment = loop {
            match create(&*self.disk, &self.folder, number, previous, ids_end) {
                // Left over from a try that failed and could not be removed.
                Err(NotBegun { error, .. }) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number += 1;
                }
                outcome => break outcome?,
            }
        };
        self.segment = segment;
        self.inherited = None;
        self.poisoned = None;
        self.force_restart();
        Ok(())
    }

    /// The coder forgets all; the file says so by a restart record or by being new.
    fn restart(&mut self) {
        self.coder.restart();
        self.epoch += 1;
        self.bytes_since_restart = 0;
    }

    /// A restart whose record, unless the segment is new, goes before the next commit.
    fn force_restart(&mut self) {
        self.restart();
        if self.segment.len > HEADER_BYTES as u64 {
            self.bytes_since_restart = u64::MAX / 2;
        }
    }

    fn take_back(&mut self, error: &io::Error) {
        let cut = self.segment.file.truncate(self.segment.len);
        if cut.is_ok() && error.kind() == io::ErrorKind::StorageFull {
            self.force_restart();
        } else {
            // The next segment is another file: this is the last chance to make this one durable.
            if self.segment.file.sync().is_ok() {
                self.segment.synced = self.segment.len;
            }
            self.poison(format!("write the log: {error}"));
        }
    }

    fn poison(&mut self, reason: String) {
        tracing::error!(segment = self.segment.number, %reason, "the log takes no more writes");
        self.losses += u64::from(self.segment.synced < self.segment.len);
        // The first try may come at once: a new segment has nothing to do with the old one.
        let retry_at = self.clock.monotonic();
        self.poisoned.get_or_insert(Poisoned { reason, retry_at });
    }
}

/// The ids that a segment may hold, when `next_id` is free and this life began with `first_id`.
fn ids_end(first_id: SeriesId, next_id: SeriesId) -> SeriesId {
    next_id.saturating_add(IDS_RESERVED_MIN.max(next_id.saturating_sub(first_id)))
}

/// Why there is no new segment.
struct NotBegun {
    error: io::Error,
    /// Its header may be on disk all the same, and say where the segment before it ends.
    is_named: bool,
}

/// A segment whose header and name are durable before anything is written to it.
fn create(
    disk: &dyn Disk,
    folder: &Utf8Path,
    number: u32,
    previous: Previous,
    ids_end: SeriesId,
) -> Result<Segment, NotBegun> {
    let path = segment_path(folder, number);
    let created = disk.create(&path);
    let mut file = created.map_err(|error| NotBegun { error, is_named: false })?;
    let header = Header { kind: FileKind::Segment, number, previous, ids_end: Some(ids_end) };
    let appended = file.append(&header.to_bytes());
    // A full disk takes a part of the header at most.
    let is_named = !matches!(&appended, Err(e) if e.kind() == io::ErrorKind::StorageFull);
    let written = appended.and_then(|()| file.sync()).and_then(|()| disk.sync_folder(folder));
    if let Err(error) = written {
        // Nothing was acknowledged in it; if it stays, replay sees that it is empty.
        disk.remove(&path).ok();
        return Err(NotBegun { error, is_named });
    }
    let len = HEADER_BYTES as u64;
    Ok(Segment { number, file, len, synced: len, ids_end })
}
