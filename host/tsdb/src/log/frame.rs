//! The frame of a record: length, type, checksum, payload.

use std::io;

use narthex_platform::DiskFile;

use super::header::FileKind;

/// Length (4), type (1), checksum (4).
pub(crate) const FRAME_BYTES: usize = 9;
/// Records are a few megabytes at most, but for labels of absurd length.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 256 << 20;
/// What a restart record holds: no text has such bytes, so a search for it finds little else.
pub(crate) const RESTART_MARK: [u8; 8] = *b"\xff\xfeNXRST\xfd";
/// A search for the next record checks so many bytes that may be one: a second of work, and far more
/// than chance makes look like records.
const SEARCH_BYTES_MAX: u64 = 1 << 30;
/// How much is read from a file at a time.
const READ_BYTES: usize = 1 << 20;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// Series with their labels.
    Series,
    /// Samples of one batch.
    Samples,
    /// What metric families are.
    Metadata,
    /// Deleted ranges of time.
    Tombstones,
    /// The coder begins anew: nothing after it refers to anything before.
    Restart,
    /// Chunks of series, in a checkpoint.
    Chunks,
    /// The end of a checkpoint.
    End,
    /// Histograms of one batch.
    Histograms,
    /// Exemplars.
    Exemplars,
    /// Samples of one batch that are older than the newest of their series.
    OutOfOrder,
    /// What series hold, in a checkpoint: chunks of all kinds.
    Contents,
    /// Samples in order before a time are in blocks.
    Floor,
}

impl RecordKind {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Series => 1,
            Self::Samples => 2,
            Self::Metadata => 3,
            Self::Tombstones => 4,
            Self::Restart => 5,
            Self::Chunks => 6,
            Self::End => 7,
            Self::Histograms => 8,
            Self::Exemplars => 9,
            Self::OutOfOrder => 10,
            Self::Contents => 11,
            Self::Floor => 12,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Series,
            2 => Self::Samples,
            3 => Self::Metadata,
            4 => Self::Tombstones,
            5 => Self::Restart,
            6 => Self::Chunks,
            7 => Self::End,
            8 => Self::Histograms,
            9 => Self::Exemplars,
            10 => Self::OutOfOrder,
            11 => Self::Contents,
            12 => Self::Floor,
            _ => return None,
        })
    }
}

/// The file that a frame belongs to: part of its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) kind: FileKind,
    pub(crate) number: u32,
}

fn checksum(file: FileId, offset: u64, len: u32, code: u8, payload: &[u8]) -> u32 {
    let kind = match file.kind {
        FileKind::Segment => 1_u64,
        FileKind::Checkpoint => 2,
    };
    let place = [kind << 32 | u64::from(file.number), offset];
    let mut sum = 0;
    for word in place {
        sum = crc32c::crc32c_append(sum, &word.to_le_bytes());
    }
    sum = crc32c::crc32c_append(sum, &len.to_le_bytes());
    sum = crc32c::crc32c_append(sum, &[code]);
    crc32c::crc32c_append(sum, payload)
}

/// Appends a record to `out`, which will stand at `base` in its file.
///
/// # Errors
/// When the payload is too long for a record; `out` is then as before.
pub(crate) fn push(
    out: &mut Vec<u8>,
    file: FileId,
    base: u64,
    kind: RecordKind,
    write: impl FnOnce(&mut Vec<u8>),
) -> io::Result<()> {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_BYTES]);
    write(out);
    let payload = out.get(start + FRAME_BYTES..).unwrap_or_default();
    let len = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= PAYLOAD_BYTES_MAX);
    let Some(len) = len else {
        out.truncate(start);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the record is too long"));
    };
    let sum = checksum(file, base + start as u64, len, kind.code(), payload);
    let frame = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut::<FRAME_BYTES>);
    if let Some([a, b, c, d, code, e, f, g, h]) = frame {
        [*a, *b, *c, *d] = len.to_le_bytes();
        *code = kind.code();
        [*e, *f, *g, *h] = sum.to_le_bytes();
    }
    Ok(())
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    Record {
        kind: RecordKind,
        payload: &'a [u8],
    },
    /// No record stands at `offset`. The next that was found is read next, if there is one.
    Damaged {
        offset: u64,
        resumes_at: Option<u64>,
    },
    End,
}

/// Walks over the records of a file, and over damage to the next record that proves itself.
pub(crate) struct FrameReader {
    file: Box<dyn DiskFile>,
    id: FileId,
    /// Where reading ends.
    end: u64,
    /// Of the next record.
    offset: u64,
    /// A part of the file, and where it begins.
    window: Vec<u8>,
    window_at: u64,
}

impl FrameReader {
    pub(crate) fn new(file: Box<dyn DiskFile>, id: FileId, offset: u64, end: u64) -> Self {
        Self { file, id, end, offset, window: Vec::new(), window_at: offset }
    }

    /// Where the next record begins: all before it was read.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Goes on at another place.
    pub(crate) fn go_to(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// Whether a whole record stands where reading goes on.
    pub(crate) fn is_at_record(&mut self) -> io::Result<bool> {
        Ok(self.check(self.offset)?.is_some())
    }

    pub(crate) fn next(&mut self) -> io::Result<Next<'_>> {
        if self.offset >= self.end {
            return Ok(Next::End);
        }
        if let Some((kind, len)) = self.check(self.offset)? {
            let at = self.offset + FRAME_BYTES as u64;
            self.offset = at + len as u64;
            let payload = self.bytes(at, len)?.unwrap_or_default();
            return Ok(Next::Record { kind, payload });
        }
        let offset = self.offset;
        let resumes_at = self.find_next()?;
        self.offset = resumes_at.unwrap_or(self.end);
        Ok(Next::Damaged { offset, resumes_at })
    }

    /// Kind and payload length of the record at `offset`, when there is one.
    fn check(&mut self, offset: u64) -> io::Result<Option<(RecordKind, usize)>> {
        let Some((len, code, sum)) = self.frame(offset)? else { return Ok(None) };
        let (id, length) = (self.id, len as usize);
        let Some(kind) = RecordKind::from_code(code) else { return Ok(None) };
        let Some(payload) = self.bytes(offset + FRAME_BYTES as u64, length)? else {
            return Ok(None);
        };
        let is_whole = checksum(id, offset, len, code, payload) == sum;
        Ok(is_whole.then_some((kind, length)))
    }

    fn frame(&mut self, offset: u64) -> io::Result<Option<(u32, u8, u32)>> {
        let frame = self.bytes(offset, FRAME_BYTES)?.and_then(<[u8]>::first_chunk::<FRAME_BYTES>);
        let Some([a, b, c, d, code, e, f, g, h]) = frame else { return Ok(None) };
        let len = u32::from_le_bytes([*a, *b, *c, *d]);
        Ok(Some((len, *code, u32::from_le_bytes([*e, *f, *g, *h]))))
    }

    /// After damage: the record that the damaged one's length leads to, else the next that proves
    /// itself, wherever it begins. Only if there is none at all may the rest be a torn tail.
    fn find_next(&mut self) -> io::Result<Option<u64>> {
        if let Some((len, ..)) = self.frame(self.offset)? {
            let next = self.offset + FRAME_BYTES as u64 + u64::from(len);
            if next < self.end && self.check(next)?.is_some() {
                return Ok(Some(next));
            }
        }
        let mut budget = SEARCH_BYTES_MAX;
        let mut at = self.offset + 1;
        while let Some((len, code, _)) = self.frame(at)? {
            let kind = RecordKind::from_code(code);
            let cost = FRAME_BYTES as u64 + u64::from(len);
            // Restarts are short, so they are found also when the rest of the work is used up.
            let is_restart =
                kind == Some(RecordKind::Restart) && len as usize == RESTART_MARK.len();
            let may_be = kind.is_some() && len as usize <= PAYLOAD_BYTES_MAX;
            if may_be && at + cost <= self.end && (is_restart || cost <= budget) {
                if !is_restart {
                    budget -= cost;
                }
                if self.check(at)?.is_some() {
                    return Ok(Some(at));
                }
            }
            at += 1;
        }
        Ok(None)
    }

    /// `len` bytes at `offset`, or `None` when the file ends before.
    fn bytes(&mut self, offset: u64, len: usize) -> io::Result<Option<&[u8]>> {
        let end = offset.saturating_add(len as u64);
        if end > self.end {
            return Ok(None);
        }
        let window_end = self.window_at + self.window.len() as u64;
        if offset < self.window_at || end > window_end {
            let rest = usize::try_from(self.end - offset).unwrap_or(usize::MAX);
            self.window.resize(len.max(READ_BYTES).min(rest), 0);
            self.window_at = offset;
            let read = self.file.read_at(offset, &mut self.window)?;
            self.window.truncate(read);
        }
        let start = usize::try_from(offset - self.window_at).unwrap_or(usize::MAX);
        Ok(self.window.get(start..).and_then(|bytes| bytes.get(..len)))
    }
}
