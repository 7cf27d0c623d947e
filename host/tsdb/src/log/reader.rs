//! Which files a log has, in the order in which they are read.

use std::io;

use camino::Utf8Path;
use narthex_platform::{Disk, DiskFile};

use super::frame::{FileId, FrameReader};
use super::header::{FileKind, HEADER_BYTES, HEADER_BYTES_V1, Header};
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
///
/// # Errors
/// What the disk says.
pub(crate) fn records(opened: OpenedFile, id: FileId, end: u64) -> io::Result<FrameReader> {
    let mut records = match opened.header {
        Some(header) => return Ok(FrameReader::new(opened.file, id, header.len() as u64, end)),
        // The version is not known: the first record tells.
        None => FrameReader::new(opened.file, id, HEADER_BYTES as u64, end),
    };
    if !records.is_at_record()? {
        records.go_to(HEADER_BYTES_V1 as u64);
    }
    Ok(records)
}
