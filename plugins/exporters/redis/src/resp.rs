//! RESP 2, the protocol of Redis: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
//!
//! Invariant: what is read is bounded in bytes, in elements and in depth, and no byte of it is trusted.

use narthex_sdk::{Error, tcp::Connection};

/// All answers of a connection together. `INFO ALL` of a server with all commands in use has some 40 kB, its histograms
/// as much.
const ANSWERS_BYTES_MAX: usize = 16 << 20;

/// Elements of all lists together, as one takes more memory than it has bytes. The histograms of a server with all commands
/// in use have some ten thousand, the masters of a large sentinel some hundred thousand.
const ELEMENTS_MAX: usize = 500_000;

/// The deepest answer that is asked for is a list in a list in a list.
const DEPTH_MAX: u32 = 8;

/// A line that begins an answer holds a number or a short text.
const LINE_BYTES_MAX: usize = 64 << 10;

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    Text(String),
    Number(i64),
    List(Vec<Reply>),
    Nothing,
    /// The server refused the command.
    Refused(String),
}

impl Reply {
    /// The text, or why there is none.
    pub(crate) fn text(self) -> Result<String, Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Refused(reason) => Err(Error::protocol(reason)),
            Self::Number(_) | Self::List(_) | Self::Nothing => {
                Err(Error::protocol("the answer is no text"))
            }
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::List(_) | Self::Nothing | Self::Refused(_) => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) | Self::List(_) | Self::Nothing | Self::Refused(_) => None,
        }
    }

    /// The elements; none of what is no list.
    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            Self::Text(_) | Self::Number(_) | Self::Nothing | Self::Refused(_) => &[],
        }
    }

    /// The elements as keys and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.list().chunks_exact(2).filter_map(|pair| match pair {
            [key, value] => Some((key.as_text()?, value)),
            _ => None,
        })
    }

    /// The value of a key among the pairs, as a text.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.pairs().find(|(own, _)| *own == key)?.1.as_text()
    }
}

/// A command as the server reads it.
pub(crate) fn encode(command: &[&str], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("*{}\r\n", command.len()).as_bytes());
    for word in command {
        out.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
}

/// Reads answers from a connection.
#[derive(Debug)]
pub(crate) struct Reader {
    /// What came and was not read yet, from `at` on.
    buffer: Vec<u8>,
    at: usize,
    /// Bytes that may still come.
    left: usize,
    /// Elements that may still come.
    elements_left: usize,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self { buffer: Vec::new(), at: 0, left: ANSWERS_BYTES_MAX, elements_left: ELEMENTS_MAX }
    }

    /// The next answer.
    pub(crate) fn reply(&mut self, connection: &Connection) -> Result<Reply, Error> {
        self.reply_at(connection, 0)
    }

    fn reply_at(&mut self, connection: &Connection, depth: u32) -> Result<Reply, Error> {
        if depth > DEPTH_MAX {
            return Err(Error::protocol("the answer is a list too deep"));
        }
        let line = self.line(connection)?;
        let mut rest = line.chars();
        let kind = rest.next();
        let rest = rest.as_str();
        match kind {
            Some('+') => Ok(Reply::Text(rest.into())),
            Some('-') => Ok(Reply::Refused(rest.into())),
            Some(':') => Ok(Reply::Number(number(rest)?)),
            Some('$') => match usize::try_from(number(rest)?) {
                Ok(length) => {
                    let text = self.take(connection, length)?;
                    self.take(connection, 2)?;
                    Ok(Reply::Text(text))
                }
                Err(_) => Ok(Reply::Nothing),
            },
            Some('*') => {
                let Ok(length) = usize::try_from(number(rest)?) else { return Ok(Reply::Nothing) };
                let elements_left = self.elements_left.checked_sub(length).ok_or_else(|| {
                    Error::exhausted(format!(
                        "the server answered more than {ELEMENTS_MAX} elements"
                    ))
                })?;
                self.elements_left = elements_left;
                // Not reserved: the length is the server's word, the elements are its bytes.
                let mut list = Vec::new();
                for _ in 0..length {
                    list.push(self.reply_at(connection, depth + 1)?);
                }
                Ok(Reply::List(list))
            }
            _ => Err(Error::protocol("the other side does not speak the protocol of Redis")),
        }
    }

    /// Up to the next end of a line, without it.
    fn line(&mut self, connection: &Connection) -> Result<String, Error> {
        let mut looked_at = 0;
        loop {
            let unread = self.buffer.get(self.at..).unwrap_or_default();
            let found = unread.iter().skip(looked_at).position(|byte| *byte == b'\n');
            if let Some(end) = found {
                let line = self.take(connection, looked_at + end + 1)?;
                return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
            }
            looked_at = unread.len();
            if looked_at > LINE_BYTES_MAX {
                return Err(Error::protocol("the other side does not speak the protocol of Redis"));
            }
            self.read(connection)?;
        }
    }

    /// So many bytes; what is not UTF-8 is replaced.
    fn take(&mut self, connection: &Connection, count: usize) -> Result<String, Error> {
        if count > ANSWERS_BYTES_MAX {
            return Err(too_long());
        }
        loop {
            if let Some(bytes) = self.buffer.get(self.at..self.at.saturating_add(count)) {
                let text = String::from_utf8_lossy(bytes).into_owned();
                self.at += count;
                return Ok(text);
            }
            self.read(connection)?;
        }
    }

    fn read(&mut self, connection: &Connection) -> Result<(), Error> {
        let Some(bytes) = connection.read()? else {
            return Err(Error::unreachable("the server closed the connection"));
        };
        self.left = self.left.checked_sub(bytes.len()).ok_or_else(too_long)?;
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(&bytes);
        Ok(())
    }
}

fn number(text: &str) -> Result<i64, Error> {
    text.parse()
        .map_err(|_| Error::protocol("the answer has something else where a number belongs"))
}

fn too_long() -> Error {
    Error::exhausted(format!("the server answered more than {} MiB", ANSWERS_BYTES_MAX >> 20))
}
