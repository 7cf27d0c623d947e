//! What is there to replay, from names and headers alone: opening must not depend on the length of
//! the log.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use hashbrown::HashMap;
use narthex_platform::Disk;

use crate::head::series::SeriesId;
use crate::log::frame::{FileId, Next, RecordKind};
use crate::log::header::{FileKind, HEADER_BYTES, Header, PreviousEnd};
use crate::log::reader::{self, Files};
use crate::log::record::{CheckpointEnd, read_series};
use crate::log::{checkpoint_path, segment_path};
use crate::store::OpenError;

/// Ids that a file may have used beyond those that are found in it, when it does not say.
const IDS_MARGIN: SeriesId = 1 << 20;

/// A file to replay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planned {
    pub(crate) id: FileId,
    pub(crate) len: u64,
    /// How many bytes count, where the segment after it knows.
    pub(crate) known_end: Option<u64>,
    pub(crate) header: Option<Header>,
}

/// The log as it is found.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) checkpoint: Option<Planned>,
    /// Ascending.
    pub(crate) segments: Vec<Planned>,
    /// Segments that others say to be there, or that the checkpoint begins with, but are not.
    pub(crate) missing: Vec<u32>,
    /// Names of files that no longer count.
    pub(crate) outdated: Vec<String>,
    /// The number of the segment to begin.
    pub(crate) next_segment: u32,
    /// All ids that were ever given out are below.
    pub(crate) next_id: SeriesId,
}

impl Planned {
    pub(crate) fn path(&self, folder: &Utf8Path) -> Utf8PathBuf {
        match self.id.kind {
            FileKind::Segment => segment_path(folder, self.id.number),
            FileKind::Checkpoint => checkpoint_path(folder, self.id.number),
        }
    }

    /// A segment whose making was cut short.
    fn was_never_begun(&self) -> bool {
        self.header.is_none() && self.len <= HEADER_BYTES as u64
    }

    /// Whether it holds no record.
    fn is_empty(&self) -> bool {
        self.header.is_some_and(|header| self.len <= header.len() as u64)
    }
}

impl Plan {
    pub(crate) fn read(disk: &dyn Disk, folder: &Utf8Path) -> Result<Self, OpenError> {
        let failed = |path: Utf8PathBuf| move |source| OpenError::Read { path, source };
        let files = Files::list(disk, folder).map_err(failed(folder.to_owned()))?;
        let mut plan = Self { outdated: files.outdated, ..Self::default() };
        let look = |kind, number, len| {
            let mut file =
                Planned { id: FileId { kind, number }, len, known_end: None, header: None };
            let opened = reader::open(disk, folder, file.id).map_err(failed(file.path(folder)))?;
            file.header = opened.header;
            Ok::<_, OpenError>(file)
        };
        if let Some((number, len)) = files.checkpoint {
            plan.checkpoint = Some(look(FileKind::Checkpoint, number, len)?);
        }
        for (number, len) in files.segments {
            plan.segments.push(look(FileKind::Segment, number, len)?);
        }
        let first = files.checkpoint.map_or(1, |(number, _)| number);
        let last = plan.segments.last().map_or(0, |file| file.id.number);
        plan.next_segment = last.max(first.saturating_sub(1)) + 1;
        plan.set_ends(folder, first, files.checkpoint.is_some());
        plan.next_id = plan.find_next_id(disk, folder)?;
        Ok(plan)
    }

    /// Bytes to read.
    pub(crate) fn bytes(&self) -> u64 {
        self.files().map(|file| file.len).sum()
    }

    /// Bytes of segments.
    pub(crate) fn log_bytes(&self) -> u64 {
        self.segments.iter().map(|file| file.len).sum()
    }

    pub(crate) fn files(&self) -> impl DoubleEndedIterator<Item = &Planned> {
        self.checkpoint.iter().chain(&self.segments)
    }

    /// How far each segment counts is said by the one after it, if that knew. What none knows of,
    /// and has not even a header, does not count.
    fn set_ends(&mut self, folder: &Utf8Path, first: u32, has_checkpoint: bool) {
        let headers = self.segments.iter().filter_map(|file| file.header);
        let said: HashMap<u32, PreviousEnd> =
            headers.map(|header| (header.previous.number, header.previous.end)).collect();
        let outdated = &mut self.outdated;
        self.segments.retain(|file| {
            let is_begun = !file.was_never_begun() || said.contains_key(&file.id.number);
            if !is_begun {
                tracing::info!(path = %file.path(folder), "a segment was never begun");
                outdated.extend(file.path(folder).file_name().map(str::to_owned));
            }
            is_begun
        });
        for file in &mut self.segments {
            file.known_end = match said.get(&file.id.number) {
                Some(PreviousEnd::At(end)) => Some(*end),
                Some(PreviousEnd::Unknown) | None => None,
            };
        }
        let is_there = |number| self.segments.iter().any(|file| file.id.number == number);
        let wanted = said.keys().copied().filter(|number| *number >= first);
        let wanted = wanted.chain(Some(first).filter(|_| has_checkpoint));
        let mut missing: Vec<u32> = wanted.filter(|number| !is_there(*number)).collect();
        missing.sort_unstable();
        missing.dedup();
        self.missing = missing;
    }

    /// The newest segment with records says which ids it may use, and so for all before it. Only
    /// files that do not say so, damaged ones and those of version 1, are searched for series.
    fn find_next_id(&self, disk: &dyn Disk, folder: &Utf8Path) -> Result<SeriesId, OpenError> {
        let mut next_id = 1;
        let mut oldest = None;
        for file in self.segments.iter().rev() {
            match file.header.and_then(|header| header.ids_end) {
                // Nothing in it uses the ids that it might have.
                Some(ids_end) if file.is_empty() => oldest = Some(ids_end),
                Some(ids_end) => return Ok(next_id.max(ids_end)),
                None => {
                    oldest = None;
                    next_id = next_id.max(searched(disk, folder, file)?);
                }
            }
        }
        if let Some(ids_end) = oldest {
            return Ok(next_id.max(ids_end));
        }
        match &self.checkpoint {
            Some(file) => Ok(next_id.max(searched(disk, folder, file)?)),
            None => Ok(next_id),
        }
    }
}

/// An id beyond all that stand in a file.
fn searched(disk: &dyn Disk, folder: &Utf8Path, file: &Planned) -> Result<SeriesId, OpenError> {
    search(disk, folder, file).map_err(|source| OpenError::Read { path: file.path(folder), source })
}

fn search(disk: &dyn Disk, folder: &Utf8Path, file: &Planned) -> io::Result<SeriesId> {
    let mut next_id: SeriesId = 1;
    let mut is_damaged = file.header.is_none();
    let mut records = reader::records(reader::open(disk, folder, file.id)?, file.id, file.len)?;
    loop {
        match records.next()? {
            Next::End => break,
            Next::Damaged { .. } => is_damaged = true,
            Next::Record { kind: RecordKind::Series, payload } => {
                let series = read_series(payload).unwrap_or_default();
                let newest = series.iter().map(|(id, _)| *id).max().unwrap_or(0);
                next_id = next_id.max(newest.saturating_add(1));
            }
            Next::Record { kind: RecordKind::End, payload } => {
                let end = CheckpointEnd::read(payload).map_or(0, |end| end.next_id);
                next_id = next_id.max(end);
            }
            Next::Record { .. } => {}
        }
    }
    Ok(if is_damaged { next_id.saturating_add(IDS_MARGIN) } else { next_id })
}
