//! Messages of DNS (RFC 1035, part 4): a query written, an answer read.
//!
//! Invariant: whatever the bytes are, nothing is read beyond them, and names end: a pointer leads back only.

use narthex_sdk::clock;

use crate::record::Record;

/// A name is not longer (RFC 1035, part 2.3.4).
const NAME_BYTES_MAX: usize = 255;

/// An answer.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) rcode: u16,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
    pub(crate) additionals: Vec<Record>,
}

/// A query with one question; `None` when the name is none.
pub(crate) fn query(name: &str, kind: u16, class: u16, wants_recursion: bool) -> Option<Vec<u8>> {
    // Who answers is known by the connection; the number tells late answers apart.
    let number = u16::try_from(clock::now_ms().rem_euclid(1 << 16)).unwrap_or_default();
    let flags: u16 = if wants_recursion { 0x0100 } else { 0 };
    let mut bytes = Vec::new();
    for word in [number, flags, 1, 0, 0, 0] {
        bytes.extend(word.to_be_bytes());
    }
    let before = bytes.len();
    for label in name.trim_end_matches('.').split('.').filter(|_| name != ".") {
        let len = u8::try_from(label.len()).ok().filter(|len| (1..64).contains(len))?;
        bytes.push(len);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    for word in [kind, class] {
        bytes.extend(word.to_be_bytes());
    }
    (bytes.len() - before <= NAME_BYTES_MAX + 4).then_some(bytes)
}

/// Reads a message from its front.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.message.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(crate) fn word(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().copied().map(u16::from_be_bytes)
    }

    pub(crate) fn long(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().copied().map(u32::from_be_bytes)
    }

    /// How far it is.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// A name with a dot at its end, as in a zone file.
    pub(crate) fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut reader = *self;
        let mut has_jumped = false;
        loop {
            let start = reader.at;
            let len = reader.byte()?;
            match len {
                0 => break,
                1..=63 => {
                    for byte in reader.take(len.into())? {
                        push(&mut name, *byte);
                    }
                    name.push('.');
                }
                0xc0.. => {
                    let low = reader.byte()?;
                    if !has_jumped {
                        self.at = reader.at;
                        has_jumped = true;
                    }
                    let to = usize::from(u16::from_be_bytes([len & 0x3f, low]));
                    if to >= start {
                        return None;
                    }
                    reader.at = to;
                }
                _ => return None,
            }
            if name.len() > NAME_BYTES_MAX * 4 {
                return None;
            }
        }
        if !has_jumped {
            self.at = reader.at;
        }
        Some(if name.is_empty() { ".".into() } else { name })
    }
}

/// A byte of a label.
fn push(name: &mut String, byte: u8) {
    match byte {
        b'.' | b' ' | b'\'' | b'@' | b';' | b'(' | b')' | b'"' | b'\\' => {
            name.extend(['\\', char::from(byte)]);
        }
        b'!'..=b'~' => name.push(char::from(byte)),
        other => name.push_str(&format!("\\{other:03}")),
    }
}

impl Message {
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { message: bytes, at: 0 };
        let _number = reader.word()?;
        let flags = reader.word()?;
        let [questions, answers, authorities, additionals] =
            [reader.word()?, reader.word()?, reader.word()?, reader.word()?];
        for _ in 0..questions {
            reader.name()?;
            reader.take(4)?;
        }
        // A cut answer has less than it says: what is there counts, and is_cut says that.
        let is_cut = flags & 0x0200 != 0;
        let mut section = |count: u16| -> Option<Vec<Record>> {
            let mut records = Vec::new();
            for _ in 0..count {
                match Record::read(&mut reader) {
                    Some(record) => records.push(record),
                    None if is_cut => break,
                    None => return None,
                }
            }
            Some(records)
        };
        Some(Self {
            rcode: flags & 0x000f,
            answers: section(answers)?,
            authorities: section(authorities)?,
            additionals: section(additionals)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use narthex_sdk::testing::FakeHost;

    use super::*;

    #[test]
    fn a_query_is_written() {
        let host = FakeHost::new();
        let bytes = host.run(|| query("a.test.", 1, 1, true)).unwrap();
        let expected = b"\x01\0\0\x01\0\0\0\0\0\0\x01a\x04test\0\0\x01\0\x01";
        assert_eq!(bytes[2..], expected[..]);
        assert_eq!(host.run(|| query(".", 2, 1, true)).unwrap()[12..], [0, 0, 2, 0, 1]);
        for no_name in ["", "a..b", &"x".repeat(64), &"abc.".repeat(70)] {
            assert_eq!(host.run(|| query(no_name, 1, 1, true)), None, "{no_name}");
        }
    }

    #[test]
    fn names_are_read_where_pointers_lead() {
        let message = b"\x01a\x04test\0\x02b.\xc0\0rest";
        let mut reader = Reader { message, at: 8 };
        assert_eq!(reader.name().as_deref(), Some("b\\..a.test."));
        assert_eq!(reader.take(4), Some(&b"rest"[..]));
        // Pointers to themselves, onward, and to nothing.
        for message in [&b"\xc0\0"[..], b"\xc0\x02\0", b"\x01a", b"\xc0", b"\x80"] {
            assert_eq!(Reader { message, at: 0 }.name(), None, "{message:?}");
        }
    }

    #[test]
    fn half_a_message_is_none() {
        let whole = b"\0\x01\x81\0\0\x01\0\x01\0\0\0\0\x01a\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01";
        let read = Message::read(whole).unwrap();
        assert_eq!(read.answers[0].text, "a.\t60\tIN\tA\t127.0.0.1");
        for len in 0..whole.len() {
            assert!(Message::read(&whole[..len]).is_none(), "{len}");
        }
        // A cut message says so, and counts as far as it goes.
        let mut cut = whole[..whole.len() - 2].to_vec();
        cut[2] |= 0x02;
        assert_eq!(Message::read(&cut).unwrap().answers.len(), 0);
    }
}
