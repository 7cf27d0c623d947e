//! The records of one segment of a log of Prometheus: pages of 32 KiB with fragments in them.
//!
//! Always holds: a record is handed out only when each of its fragments has the right checksum and
//! they follow each other. Behind damage reading goes on at the next fragment that proves itself:
//! the one that the damaged fragment's length leads to, else the first of the next page.

use narthex_platform::FileBytes;

use super::compression::{Compression, RECORD_BYTES_MAX, decompress};

/// A torn write spoils at most one page.
const PAGE_BYTES: usize = 32 << 10;
/// Type (1), length (2), checksum (4).
const HEADER_BYTES: usize = 7;

/// What comes next in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    Record {
        /// Where its first fragment begins.
        offset: u64,
        bytes: &'a [u8],
    },
    Damaged {
        offset: u64,
        what: &'static str,
        /// It is the torn end that a crash leaves.
        is_torn_tail: bool,
    },
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Full,
    First,
    Middle,
    Last,
}

struct Fragment {
    kind: Kind,
    compression: Compression,
    start: usize,
    end: usize,
}

/// What stands at a place.
enum Found {
    Fragment(Fragment),
    /// The page has nothing more.
    Padding,
    /// Nothing that could be right; the end of the fragment, when its length could be.
    Broken {
        what: &'static str,
        end: Option<usize>,
    },
    /// The file ends within a fragment.
    Torn,
}

/// Walks over the records of a segment.
pub(super) struct Records {
    file: FileBytes,
    at: usize,
    /// Fragments of a record whose last is still to come, and where the first began.
    joined: Vec<u8>,
    begun_at: Option<usize>,
    /// Damage came: fragments without a beginning belong to the record that was lost.
    is_resuming: bool,
    record: Vec<u8>,
}

impl Records {
    pub(super) fn new(file: FileBytes) -> Self {
        Self {
            file,
            at: 0,
            joined: Vec::new(),
            begun_at: None,
            is_resuming: false,
            record: Vec::new(),
        }
    }

    /// How far reading came.
    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn next(&mut self) -> Next<'_> {
        loop {
            if self.at >= self.file.len() {
                return match self.begun_at.take() {
                    Some(begun) => torn(begun),
                    None => Next::End,
                };
            }
            let fragment = match self.look(self.at) {
                Found::Fragment(fragment) => fragment,
                Found::Padding => {
                    self.at = page_end(self.at);
                    continue;
                }
                Found::Torn => {
                    let offset = self.begun_at.take().unwrap_or(self.at);
                    self.at = self.file.len();
                    return torn(offset);
                }
                Found::Broken { what, end } => return self.skip(what, end),
            };
            let at = std::mem::replace(&mut self.at, fragment.end);
            let is_beginning = matches!(fragment.kind, Kind::Full | Kind::First);
            match (self.begun_at, is_beginning) {
                (Some(begun), true) => {
                    // Its end never came; this one is looked at again.
                    self.begun_at = None;
                    self.at = at;
                    return damaged(begun, "a record without its end");
                }
                (None, false) if self.is_resuming => continue,
                (None, false) => {
                    self.is_resuming = true;
                    return damaged(at, "a record without its beginning");
                }
                _ => {}
            }
            self.is_resuming = false;
            if is_beginning {
                self.joined.clear();
            }
            let bytes = self.file.get(fragment.start..fragment.end).unwrap_or_default();
            if self.joined.len() + bytes.len() > RECORD_BYTES_MAX {
                let offset = self.begun_at.take().unwrap_or(at);
                self.is_resuming = true;
                return damaged(offset, "a record longer than 256 MiB");
            }
            self.joined.extend_from_slice(bytes);
            if matches!(fragment.kind, Kind::Full | Kind::Last) {
                let offset = self.begun_at.take().unwrap_or(at);
                return match decompress(fragment.compression, &self.joined, &mut self.record) {
                    Ok(()) => Next::Record { offset: offset as u64, bytes: &self.record },
                    Err(_) => damaged(offset, "a record that cannot be decompressed"),
                };
            }
            self.begun_at.get_or_insert(at);
        }
    }

    /// Goes on behind damage.
    fn skip(&mut self, what: &'static str, end: Option<usize>) -> Next<'_> {
        let offset = self.begun_at.take().unwrap_or(self.at);
        self.is_resuming = true;
        let follows = end.filter(|end| match self.look(*end) {
            Found::Fragment(_) => true,
            Found::Padding | Found::Broken { .. } | Found::Torn => false,
        });
        self.at = follows.unwrap_or_else(|| page_end(self.at));
        Next::Damaged { offset: offset as u64, what, is_torn_tail: false }
    }

    /// What stands at `at`, checked.
    fn look(&self, at: usize) -> Found {
        let page = self.file.get(at..page_end(at).min(self.file.len())).unwrap_or_default();
        let ends_within = page_end(at) > self.file.len();
        let Some(first) = page.first() else { return Found::Padding };
        if first & 0b111 == 0 {
            return if page.iter().all(|byte| *byte == 0) {
                Found::Padding
            } else {
                Found::Broken { what: "bytes in the padding of a page", end: None }
            };
        }
        let short =
            |what| if ends_within { Found::Torn } else { Found::Broken { what, end: None } };
        let Some((header, rest)) = page.split_first_chunk::<HEADER_BYTES>() else {
            return short("a fragment that its page cuts off");
        };
        let [kind, a, b, sum @ ..] = *header;
        let len = usize::from(u16::from_be_bytes([a, b]));
        let Some(payload) = rest.get(..len) else {
            return short("a fragment longer than its page");
        };
        let start = at + HEADER_BYTES;
        let end = start + len;
        if crc32c::crc32c(payload) != u32::from_be_bytes(sum) {
            return Found::Broken { what: "a fragment with a wrong checksum", end: Some(end) };
        }
        let compression = match kind & 0b1_1000 {
            0 => Compression::None,
            0b1000 => Compression::Snappy,
            _ if kind & 0b1000 == 0 => Compression::Zstd,
            _ => return Found::Broken { what: "an unknown compression", end: Some(end) },
        };
        let kind = match kind & 0b111 {
            1 => Kind::Full,
            2 => Kind::First,
            3 => Kind::Middle,
            4 => Kind::Last,
            _ => return Found::Broken { what: "an unknown kind of fragment", end: Some(end) },
        };
        Found::Fragment(Fragment { kind, compression, start, end })
    }
}

const fn page_end(at: usize) -> usize {
    (at / PAGE_BYTES + 1) * PAGE_BYTES
}

const fn damaged(offset: usize, what: &'static str) -> Next<'static> {
    Next::Damaged { offset: offset as u64, what, is_torn_tail: false }
}

const fn torn(offset: usize) -> Next<'static> {
    Next::Damaged { offset: offset as u64, what: "a torn tail", is_torn_tail: true }
}

#[cfg(test)]
pub(super) mod tests;
