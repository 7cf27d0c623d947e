//! Doors for tests of what is on disk: files of the log out of records, and back.
//!
//! A checksum keeps random bytes from ever being taken for a record. Here any payload gets the
//! checksum that lets it in, so that what reads payloads is tested too.

use std::io;

use narthex_platform::DiskFile;

use crate::log::frame::{self, FileId, FrameReader, Next, RecordKind};
use crate::log::header::{FileKind, HEADER_BYTES, Header, Previous};

/// A file of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFileKind {
    /// A segment.
    Segment,
    /// A checkpoint.
    Checkpoint,
}

impl LogFileKind {
    const fn id(self, number: u32) -> FileId {
        match self {
            Self::Segment => FileId { kind: FileKind::Segment, number },
            Self::Checkpoint => FileId { kind: FileKind::Checkpoint, number },
        }
    }
}

/// A file with these records, each a code and a payload. Unknown codes become known ones.
#[must_use]
pub fn log_file(kind: LogFileKind, number: u32, records: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let id = kind.id(number);
    // Far beyond the ids of any honest input.
    let ids_end = Some(1 << 20);
    let header = Header { kind: id.kind, number, previous: Previous::NONE, ids_end };
    let mut file = header.to_bytes().to_vec();
    for (code, payload) in records {
        let kind = RecordKind::from_code(*code).or_else(|| RecordKind::from_code(1 + code % 9));
        let kind = kind.unwrap_or(RecordKind::Samples);
        let mut record = Vec::new();
        let pushed = frame::push(&mut record, id, file.len() as u64, kind, |out| {
            out.extend_from_slice(payload);
        });
        // A payload that is too long for a record is left out.
        if pushed.is_ok() {
            file.extend_from_slice(&record);
        }
    }
    file
}

/// The records of a file of the log, each a code and a payload.
///
/// # Errors
/// When the file cannot be read.
pub fn log_records(
    kind: LogFileKind,
    number: u32,
    file: Box<dyn DiskFile>,
) -> io::Result<Vec<(u8, Vec<u8>)>> {
    let end = file.len()?;
    let mut reader = FrameReader::new(file, kind.id(number), HEADER_BYTES as u64, end);
    let mut records = Vec::new();
    loop {
        match reader.next()? {
            Next::End => return Ok(records),
            Next::Damaged { .. } => {}
            Next::Record { kind, payload } => records.push((kind.code(), payload.to_vec())),
        }
    }
}
