//! Packets of the MySQL protocol, and what stands in them:
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html>.
//!
//! Invariant: what is read is bounded, and no length in it is trusted.

use narthex_sdk::{Error, tcp::Connection};

/// All that a server may answer in one call: its variables are some 100 kB.
const ANSWERS_BYTES_MAX: usize = 16 << 20;

/// A packet of this length continues in the next one. Nothing that is asked here is so long.
const CONTINUED: usize = 0xff_ffff;

/// Three bytes of length and one that counts packets.
const HEADER_BYTES: usize = 4;

/// Packets in both directions.
#[derive(Debug)]
pub(crate) struct Packets {
    connection: Connection,
    /// What came and was not read yet, from `at` on.
    buffer: Vec<u8>,
    at: usize,
    /// What may still come.
    left: usize,
    /// The number of the next packet in either direction, since the last command.
    number: u8,
}

impl Packets {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, buffer: Vec::new(), at: 0, left: ANSWERS_BYTES_MAX, number: 0 }
    }

    /// Speaks TLS from now on. What the server sent before in the clear is not believed.
    pub(crate) fn start_tls(&mut self, profile: &str) -> Result<(), Error> {
        if self.at < self.buffer.len() {
            return Err(Error::protocol("the server said something between the clear and TLS"));
        }
        self.connection.start_tls(profile, None)
    }

    /// Begins a command: packets are counted anew.
    pub(crate) fn begin(&mut self) {
        self.number = 0;
    }

    /// Writes one packet.
    pub(crate) fn write(&mut self, payload: &[u8]) -> Result<(), Error> {
        let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() < CONTINUED);
        let length = length.ok_or_else(|| Error::config("the user or the password is too long"))?;
        let [a, b, c, _] = length.to_le_bytes();
        let mut bytes = vec![a, b, c, self.number];
        bytes.extend_from_slice(payload);
        self.number = self.number.wrapping_add(1);
        self.connection.write_all(&bytes)
    }

    /// Reads one packet.
    pub(crate) fn read(&mut self) -> Result<Vec<u8>, Error> {
        let &[a, b, c, number] = self.take(HEADER_BYTES)? else {
            return Err(Error::internal("a packet without a header"));
        };
        let length = u32::from_le_bytes([a, b, c, 0]);
        let length = usize::try_from(length).ok().filter(|length| *length < CONTINUED);
        let length = length.ok_or_else(too_long)?;
        if number != self.number {
            return Err(Error::protocol("the other side does not speak the protocol of MySQL"));
        }
        self.number = self.number.wrapping_add(1);
        Ok(self.take(length)?.to_vec())
    }

    /// The next bytes, so many.
    fn take(&mut self, count: usize) -> Result<&[u8], Error> {
        while self.buffer.len() - self.at < count {
            let Some(bytes) = self.connection.read()? else {
                return Err(Error::unreachable("the server closed the connection"));
            };
            self.left = self.left.checked_sub(bytes.len()).ok_or_else(too_long)?;
            self.buffer.drain(..self.at);
            self.at = 0;
            self.buffer.extend_from_slice(&bytes);
        }
        let from = self.at;
        self.at += count;
        Ok(self.buffer.get(from..self.at).unwrap_or_default())
    }
}

/// What is left to read of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Error> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or_else(cut)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or_else(cut)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A text up to a byte of 0, or to the end of the packet.
    pub(crate) fn text(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at_checked(end).unwrap_or((self.0, &[]));
        self.0 = rest.get(1..).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    /// A number of one to nine bytes.
    pub(crate) fn number(&mut self) -> Result<u64, Error> {
        match self.byte()? {
            small @ 0..=0xfa => Ok(small.into()),
            0xfc => Ok(u16::from_le_bytes(self.array()?).into()),
            0xfd => {
                let [a, b, c] = self.array()?;
                Ok(u32::from_le_bytes([a, b, c, 0]).into())
            }
            0xfe => Ok(u64::from_le_bytes(self.array()?)),
            _ => Err(Error::protocol("the server answered something else where a number belongs")),
        }
    }

    /// A text that begins with its length; what is not UTF-8 is replaced.
    pub(crate) fn counted_text(&mut self) -> Result<String, Error> {
        let length = usize::try_from(self.number()?).map_err(|_| cut())?;
        Ok(String::from_utf8_lossy(self.bytes(length)?).into_owned())
    }

    /// The same, or none for `NULL`.
    pub(crate) fn value(&mut self) -> Result<Option<String>, Error> {
        if self.0.first() == Some(&0xfb) {
            self.byte()?;
            return Ok(None);
        }
        self.counted_text().map(Some)
    }
}

fn cut() -> Error {
    Error::protocol("the server's packet ends before what it holds")
}

fn too_long() -> Error {
    Error::exhausted(format!("the server answered more than {} MiB", ANSWERS_BYTES_MAX >> 20))
}
