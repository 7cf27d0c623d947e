//! Checkpoints: the head as it is, in one file, so that the log before it can go.
//!
//! A checkpoint is written while commits go on. It begins with a new segment `n`: all that older
//! segments hold is in the head by then. What it saves of later commits is in segment `n` too and
//! is skipped there when it is replayed, because it is not newer than what the series has.
//!
//! Invariant: a checkpoint gets its name only after everything that it may hold is durable in the
//! log, and the old segments go only after its name is durable.

use std::io;
use std::sync::atomic::Ordering;

use camino::{Utf8Path, Utf8PathBuf};
use hashbrown::HashSet;
use narthex_model::{Exemplar, Metadata};
use narthex_platform::{Disk, DiskFile};

use super::{MaintenanceError, Shared, Tsdb};
use crate::encoding::Damage;
use crate::head::series::{Series, SeriesId, Slot};
use crate::log::contents::{Contents, SavedChunk};
use crate::log::exemplars::{RECORD_EXEMPLARS_MAX, push_exemplars};
use crate::log::frame::{self, FileId, RESTART_MARK, RecordKind};
use crate::log::header::{FileKind, Header, Previous};
use crate::log::record::{CheckpointEnd, push_floor, push_metadata, push_series};
use crate::log::writer::WriteError;
use crate::log::{LogFile, checkpoint_path};

/// Slots saved under one hold of the locks.
const STEP_SLOTS: Slot = 256;
/// Bytes of chunks in a record: a record has a bound, and histograms may be large. Small in tests, so
/// that they see records of all sizes.
const CONTENTS_BYTES_MAX: usize = if cfg!(test) { 1 << 10 } else { 64 << 20 };
/// So much is collected before it is written.
const WRITE_BYTES: usize = 1 << 20;
/// So many full segments are worth a checkpoint, if the last one was not larger still.
const SEGMENTS_MIN: u64 = 4;
/// A record of metadata ends with the family that reaches so many bytes.
const RECORD_METADATA_BYTES: usize = 1 << 20;

impl Tsdb {
    /// Whether the log since the last checkpoint is long enough, or a failure wants one. Waiting
    /// until the log is as long as the checkpoint bounds what is written to twice the samples.
    #[must_use]
    pub fn checkpoint_is_due(&self) -> bool {
        let shared = &self.0;
        if !shared.is_replayed() {
            return false;
        }
        let due = shared.config.segment_bytes().saturating_mul(SEGMENTS_MIN);
        let due = due.max(shared.maintenance.lock().checkpoint_bytes);
        shared.uncovered_bytes.load(Ordering::Relaxed) >= due
            || shared.writer.lock().log.wants_checkpoint()
    }

    /// Saves the head and removes the log before it.
    ///
    /// # Errors
    /// When the disk refuses; the log is then as complete as before. Until the log is replayed.
    pub fn checkpoint(&self) -> Result<(), MaintenanceError> {
        let shared = &self.0;
        shared.check_replayed()?;
        let mut maintenance = shared.maintenance.lock();
        shared.observed.checkpoints.increment();
        let begun = shared.clock.monotonic();
        let outcome = shared.checkpoint(&|| {});
        shared.observed.checkpoint_seconds.observe_duration(shared.clock.monotonic() - begun);
        match &outcome {
            Ok(bytes) => maintenance.checkpoint_bytes = *bytes,
            Err(_) => shared.observed.checkpoints_failed.increment(),
        }
        outcome.map(|_| ())
    }
}

impl Shared {
    /// `between` is called when the series are saved: what tests do beside a checkpoint.
    pub(crate) fn checkpoint(&self, between: &dyn Fn()) -> Result<u64, MaintenanceError> {
        let (number, uncovered, losses) = {
            let mut writer = self.writer.lock();
            writer.log.begin_segment().map_err(|error| MaintenanceError::Rotate {
                reason: match error {
                    WriteError::Failed(error) => error.to_string(),
                    WriteError::Poisoned(reason) => reason,
                },
            })?;
            // What was lost before is in the head, all of it.
            let losses = writer.log.losses();
            (writer.log.segment(), self.uncovered_bytes.load(Ordering::Relaxed), losses)
        };
        let path = checkpoint_path(&self.log_folder, number);
        let failed = |source| MaintenanceError::Checkpoint { path: path.clone(), source };
        let temp = Utf8PathBuf::from(format!("{path}.tmp"));
        let mut bytes = self.write_checkpoint(&temp, number, between).map_err(failed);
        if bytes.is_ok() {
            // What was saved of commits under way must be durable in the log first. A sync of a
            // later segment, or of the same one after an error, says nothing of it.
            let synced = self.sync_segment();
            let is_lost = self.writer.lock().log.losses() != losses;
            if let Err(error) = synced {
                bytes = Err(error);
            } else if is_lost {
                let source = io::Error::other("a sync failed while the head was saved");
                bytes = Err(MaintenanceError::Sync { source });
            }
        }
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                self.disk.remove(&temp).ok();
                return Err(error);
            }
        };
        let name = self.disk.rename(&temp, &path);
        name.and_then(|()| self.disk.sync_folder(&self.log_folder)).map_err(failed)?;
        self.uncovered_bytes.fetch_sub(uncovered, Ordering::Relaxed);
        self.writer.lock().log.mended(losses);
        self.inherited.lock().forget();
        remove_covered(&*self.disk, &self.log_folder, number).map_err(failed)?;
        tracing::info!(%path, bytes, "saved the head");
        Ok(bytes)
    }

    fn write_checkpoint(
        &self,
        path: &Utf8Path,
        number: u32,
        between: &dyn Fn(),
    ) -> io::Result<u64> {
        match self.disk.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut out = CheckpointFile::create(&*self.disk, path, number)?;
        let floor = self.head.floor();
        if floor != i64::MIN {
            // First: what follows is to be read with it.
            out.push(RecordKind::Floor, |out| push_floor(out, floor))?;
        }
        let named = self.head.exemplars.read().series_ids();
        let mut saved = Saved { floor, named, end: CheckpointEnd::default() };
        let slots_end = self.head.index.read().slots_end();
        for start in (0..slots_end).step_by(STEP_SLOTS as usize) {
            self.save_slots(start..slots_end.min(start + STEP_SLOTS), &mut out, &mut saved)?;
        }
        between();
        self.save_exemplars(&mut out)?;
        self.save_metadata(&mut out)?;
        let mut end = saved.end;
        end.next_id = self.head.index.read().next_id;
        out.push(RecordKind::End, |out| end.push(out))?;
        out.finish()
    }

    /// Texts of help have no bound of their own, a record has.
    fn save_metadata(&self, out: &mut CheckpointFile) -> io::Result<()> {
        let all: Vec<(String, Metadata)> = self
            .head
            .metadata
            .read()
            .iter()
            .map(|(name, what)| (name.clone(), what.clone()))
            .collect();
        let mut bytes = 0;
        let parts = all.chunk_by(|(name, what), _| {
            bytes += name.len() + what.help.len() + what.unit.len();
            let goes_on = bytes < RECORD_METADATA_BYTES;
            if !goes_on {
                bytes = 0;
            }
            goes_on
        });
        for part in parts {
            out.push(RecordKind::Metadata, |out| {
                push_metadata(out, part.iter().map(|(name, what)| (name.as_str(), what)));
            })?;
        }
        Ok(())
    }

    /// After the series, which they name.
    fn save_exemplars(&self, out: &mut CheckpointFile) -> io::Result<()> {
        let kept = self.head.exemplars.read();
        let all: Vec<(SeriesId, Exemplar)> =
            kept.iter().map(|(id, exemplar)| (id, exemplar.clone())).collect();
        drop(kept);
        for part in all.chunks(RECORD_EXEMPLARS_MAX) {
            out.push(RecordKind::Exemplars, |out| {
                push_exemplars(out, part.iter().map(|(id, exemplar)| (*id, exemplar)));
            })?;
        }
        Ok(())
    }

    fn save_slots(
        &self,
        slots: std::ops::Range<Slot>,
        out: &mut CheckpointFile,
        saved: &mut Saved,
    ) -> io::Result<()> {
        let (mut series, mut chunks, mut count) = (Vec::new(), Vec::new(), 0);
        let index = self.head.index.read();
        let mut slab = self.head.slab.reader();
        for slot in slots.clone() {
            let Some(found) = slab.get(slot) else { continue };
            if found.is_empty() && !saved.named.contains(&found.id) {
                continue;
            }
            series.push((found.id, index.labels(&found.labels)));
            if found.is_empty() {
                continue;
            }
            let is_kept = |last_at: i64| last_at >= saved.floor;
            let sealed = found.sealed.iter().filter(|chunk| is_kept(chunk.last_at));
            let sealed = sealed.map(|chunk| {
                // The log before this still holds what a damaged chunk held, so it must stay.
                let bytes = chunk.bytes().map_err(|Damage| DamagedChunk::of(found))?;
                let (encoding, first_at, last_at) = (chunk.encoding, chunk.first_at, chunk.last_at);
                Ok(SavedChunk { encoding, first_at, last_at, bytes })
            });
            let open = found.open.span().filter(|(_, last)| is_kept(*last));
            let open = open.map(|(first_at, last_at)| {
                let (encoding, bytes) = found.open.bytes();
                SavedChunk { encoding, first_at, last_at, bytes }
            });
            let late = found.out_of_order().map_or(Vec::new(), |kept| kept.chunks());
            let out_of_order = late.iter().map(|chunk| SavedChunk {
                encoding: chunk.encoding,
                first_at: chunk.first_at,
                last_at: chunk.last_at,
                bytes: &chunk.bytes,
            });
            let sealed = sealed.collect::<io::Result<_>>()?;
            let out_of_order = out_of_order.collect();
            let contents = Contents { id: found.id, sealed, open, out_of_order };
            count += contents.chunks() as u64;
            contents.push(&mut chunks);
            if chunks.len() > CONTENTS_BYTES_MAX && slots.len() > 1 {
                break;
            }
        }
        drop(slab);
        drop(index);
        if chunks.len() > CONTENTS_BYTES_MAX && slots.len() > 1 {
            let middle = slots.start + (slots.end - slots.start) / 2;
            self.save_slots(slots.start..middle, out, saved)?;
            return self.save_slots(middle..slots.end, out, saved);
        }
        if series.is_empty() {
            return Ok(());
        }
        saved.end.series += series.len() as u64;
        saved.end.chunks += count;
        out.push(RecordKind::Series, |out| push_series(out, &series))?;
        out.push(RecordKind::Contents, |out| out.extend_from_slice(&chunks))
    }
}

/// A full chunk that left memory is not what was written.
#[derive(Debug, thiserror::Error)]
#[error("the chunk at byte {offset} of {path} is damaged; a restart takes it from the log again")]
struct DamagedChunk {
    path: String,
    offset: u64,
}

impl DamagedChunk {
    fn of(series: &Series) -> io::Error {
        let (path, offset) = series.damaged_place();
        io::Error::new(io::ErrorKind::InvalidData, Self { path, offset })
    }
}

/// What a checkpoint saves of series.
struct Saved {
    /// Chunks in order that end before it are in blocks.
    floor: i64,
    /// Series that exemplars name: they are defined also without samples.
    named: HashSet<SeriesId>,
    end: CheckpointEnd,
}

/// A checkpoint in the making.
struct CheckpointFile {
    file: Box<dyn DiskFile>,
    id: FileId,
    /// Bytes in the file.
    len: u64,
    /// Bytes to come.
    out: Vec<u8>,
}

impl CheckpointFile {
    fn create(disk: &dyn Disk, path: &Utf8Path, number: u32) -> io::Result<Self> {
        let file = disk.create(path)?;
        let (kind, previous) = (FileKind::Checkpoint, Previous::NONE);
        // Which ids it holds is said at its end.
        let out = Header { kind, number, previous, ids_end: Some(0) }.to_bytes().to_vec();
        Ok(Self { file, id: FileId { kind, number }, len: 0, out })
    }

    fn push(&mut self, kind: RecordKind, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        frame::push(&mut self.out, self.id, self.len, kind, write)?;
        if self.out.len() >= WRITE_BYTES {
            // A place at which reading can go on after damage.
            let mark = |out: &mut Vec<u8>| out.extend_from_slice(&RESTART_MARK);
            frame::push(&mut self.out, self.id, self.len, RecordKind::Restart, mark)?;
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.append(&self.out)?;
        self.len += self.out.len() as u64;
        self.out.clear();
        Ok(())
    }

    /// Makes it durable; answers its length.
    fn finish(mut self) -> io::Result<u64> {
        self.write()?;
        self.file.sync()?;
        Ok(self.len)
    }
}

/// Removes segments and checkpoints that checkpoint `number` covers.
fn remove_covered(disk: &dyn Disk, folder: &Utf8Path, number: u32) -> io::Result<()> {
    for info in disk.list(folder)? {
        let is_covered = match LogFile::from_name(&info.name) {
            Some(LogFile::Segment(older) | LogFile::Checkpoint(older)) => older < number,
            Some(LogFile::Unfinished) => true,
            None => false,
        };
        if is_covered {
            disk.remove(&folder.join(&info.name))?;
        }
    }
    disk.sync_folder(folder)
}
