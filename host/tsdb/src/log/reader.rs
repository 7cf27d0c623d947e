//! Which files a log has, in the order in which they are read.

use std::io;

use camino::Utf8Path;
use narthex_platform::{Disk, DiskFile};

use super::frame::{FileId, FrameReader};
use super::header::{FileKind, HEADER_BYTES, Header};
use super::{LogFile, checkpoint_path, segment_path};

/// The files of a log.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// The newest checkpoint and its bytes.
    pub(crate) checkpoint: Option<(u32, u64)>,
    /// Segments with their bytes that the checkpoint does not cover, ascending.
    pub(crate) segments: Vec<(u32, u64)>,
    /// Names of files that no longer count.
    pub(crate) outdated: Vec<String>,
}

impl Files {
    pub(crate) fn list(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<Self> {
        let mut files = Self::default();
        let listed = disk.list(folder)?;
        let known =
            || listed.iter().filter_map(|info| Some((info, LogFile::from_name(&info.name)?)));
        for (info, kind) in known() {
            if let LogFile::Checkpoint(number) = kind {
                files.checkpoint = files.checkpoint.max(Some((number, info.len)));
            }
        }
        let first = files.checkpoint.map_or(0, |(number, _)| number);
        for (info, kind) in known() {
            match kind {
                LogFile::Segment(number) if number >= first => {
                    files.segments.push((number, info.len));
                }
                LogFile::Checkpoint(number) if number == first => {}
                LogFile::Segment(_) | LogFile::Checkpoint(_) | LogFile::Unfinished => {
                    files.outdated.push(info.name.clone());
                }
            }
        }
        files.segments.sort_unstable();
        Ok(files)
    }
}

/// Makes durable what an earlier process wrote to its segments and was killed before it synced:
/// what is written from now on leans on it, and a later sync of the newest segment promises it too.
pub(crate) fn sync_segments(disk: &dyn Disk, folder: &Utf8Path) -> io::Result<()> {
    for (number, _) in Files::list(disk, folder)?.segments {
        disk.open(&segment_path(folder, number))?.sync()?;
    }
    disk.sync_folder(folder)
}

/// An opened file of the log.
pub(crate) struct OpenedFile {
    pub(crate) file: Box<dyn DiskFile>,
    /// What its first bytes say, if they are whole.
    pub(crate) header: Option<Header>,
}

/// Opens a segment or checkpoint and reads its header.
pub(crate) fn open(disk: &dyn Disk, folder: &Utf8Path, id: FileId) -> io::Result<OpenedFile> {
    let path = match id.kind {
        FileKind::Segment => segment_path(folder, id.number),
        FileKind::Checkpoint => checkpoint_path(folder, id.number),
    };
    let file = disk.open(&path)?;
    let mut bytes = [0; HEADER_BYTES];
    let read = file.read_at(0, &mut bytes)?;
    let header = Header::from_bytes(bytes.get(..read).unwrap_or_default()).ok();
    let header = header.filter(|header| header.kind == id.kind && header.number == id.number);
    Ok(OpenedFile { file, header })
}

/// The records of a file up to `end`.
pub(crate) fn records(file: Box<dyn DiskFile>, id: FileId, end: u64) -> FrameReader {
    FrameReader::new(file, id, HEADER_BYTES as u64, end)
}
