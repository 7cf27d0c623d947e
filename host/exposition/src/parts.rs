//! The walk over a name and labels as they are written before a value.
//!
//! The same walk serves twice: [`scan`] finds where the part ends and checks it, once for each line
//! that is not known yet; `SeriesText::labels` walks it again to take the labels out.

use std::borrow::Cow;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

use crate::text::unescape;

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// The classic text format; 1.0.0 differs from 0.0.4 in quoted names only, which are always
    /// understood.
    Text,
    /// OpenMetrics text 0.0.1 or 1.0.0, which read the same.
    OpenMetrics,
}

/// What the walk met.
pub(crate) enum Part<'a> {
    Name(Cow<'a, str>),
    Label { name: Cow<'a, str>, value: Cow<'a, str> },
}

/// What was expected where the walk stopped.
pub(crate) type Expected = &'static str;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Series,
    /// Only braces; a name in them is no metric name.
    Exemplar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Braces,
    AfterLabel,
    End,
}

/// A walk over a series; stops behind its last byte.
pub(crate) struct Parts<'a> {
    bytes: &'a [u8],
    syntax: Syntax,
    kind: Kind,
    state: State,
    has_name: bool,
    /// How far the walk has come, in bytes.
    pub(crate) at: usize,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(bytes: &'a [u8], syntax: Syntax, kind: Kind) -> Self {
        Self { bytes, syntax, kind, state: State::Start, has_name: false, at: 0 }
    }

    /// The next part; `None` behind the last.
    pub(crate) fn next(&mut self) -> Result<Option<Part<'a>>, Expected> {
        match self.state {
            State::Start => self.start(),
            State::Braces => self.label(),
            State::AfterLabel => self.after_label(),
            State::End => Ok(None),
        }
    }

    fn start(&mut self) -> Result<Option<Part<'a>>, Expected> {
        let name = self.identifier(true);
        if name.is_empty() {
            if !self.take(b'{') {
                return Err("a metric name");
            }
            self.state = State::Braces;
            return self.label();
        }
        self.has_name = true;
        let end = self.at;
        self.skip_spaces();
        self.state = if self.take(b'{') { State::Braces } else { State::End };
        if self.state == State::End {
            self.at = end;
        }
        Ok(Some(Part::Name(Cow::Borrowed(name))))
    }

    fn after_label(&mut self) -> Result<Option<Part<'a>>, Expected> {
        self.skip_spaces();
        if self.take(b',') || self.syntax == Syntax::Text || self.peek() == Some(b'}') {
            self.state = State::Braces;
            return self.label();
        }
        Err("a comma or a closing brace")
    }

    fn label(&mut self) -> Result<Option<Part<'a>>, Expected> {
        self.skip_spaces();
        if self.take(b'}') {
            self.state = State::End;
            let complete = self.has_name || self.kind == Kind::Exemplar;
            return if complete { Ok(None) } else { Err("a metric name in the braces") };
        }
        let quoted = self.peek() == Some(b'"');
        let name = if quoted { self.quoted(true)? } else { self.identifier(false).into() };
        if name.is_empty() {
            return Err("a label name");
        }
        self.skip_spaces();
        self.state = State::AfterLabel;
        if quoted && self.kind == Kind::Series && matches!(self.peek(), Some(b',' | b'}')) {
            if self.has_name {
                return Err("an equals sign, as the metric name is set already");
            }
            self.has_name = true;
            return Ok(Some(Part::Name(name)));
        }
        if !self.take(b'=') {
            return Err("an equals sign");
        }
        self.skip_spaces();
        let value = self.quoted(self.syntax == Syntax::Text)?;
        Ok(Some(Part::Label { name, value }))
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Only the text format has spaces between the parts.
    fn skip_spaces(&mut self) {
        if self.syntax == Syntax::Text {
            let spaces = self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
            self.at += spaces.count();
        }
    }

    fn identifier(&mut self, colons: bool) -> &'a str {
        let rest = self.rest();
        let is_letter =
            |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || (colons && byte == b':');
        if !rest.first().is_some_and(|first| is_letter(*first)) {
            return "";
        }
        let len = rest.iter().take_while(|byte| is_letter(**byte) || byte.is_ascii_digit()).count();
        self.at += len;
        rest.get(..len).and_then(|name| str::from_utf8(name).ok()).unwrap_or("")
    }

    /// A quoted text; `multiline`: a line end may stand in it.
    fn quoted(&mut self, multiline: bool) -> Result<Cow<'a, str>, Expected> {
        if !self.take(b'"') {
            return Err("a quoted label value");
        }
        let (rest, mut end) = (self.rest(), 0);
        loop {
            let tail = rest.get(end..).unwrap_or(&[]);
            let next = if multiline {
                memchr::memchr2(b'"', b'\\', tail)
            } else {
                memchr::memchr3(b'"', b'\\', b'\n', tail)
            };
            let step = next.ok_or("a closing quote")?;
            match tail.get(step) {
                Some(b'"') => {
                    end += step;
                    break;
                }
                // An escaped line end would leave the line.
                Some(b'\\') if tail.get(step + 1).is_some_and(|byte| *byte != b'\n') => {
                    end += step + 2;
                }
                _ => return Err("a closing quote"),
            }
        }
        let text = rest.get(..end).unwrap_or(&[]);
        let text = str::from_utf8(text).map_err(|_| "text in UTF-8")?;
        self.at += end + 1;
        Ok(unescape(text, true))
    }
}

/// Checks the series (or exemplar labels) at the start of `bytes`: its length, or where the walk
/// stopped and what was expected there.
pub(crate) fn scan(bytes: &[u8], syntax: Syntax, kind: Kind) -> Result<usize, (usize, Expected)> {
    let mut parts = Parts::new(bytes, syntax, kind);
    loop {
        match parts.next() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(parts.at),
            Err(expected) => return Err((parts.at, expected)),
        }
    }
}

/// The quoted name at the start of `bytes`, with its length, quotes included.
pub(crate) fn quoted_name(bytes: &[u8]) -> Result<(Cow<'_, str>, usize), Expected> {
    let mut parts = Parts::new(bytes, Syntax::OpenMetrics, Kind::Series);
    let name = parts.quoted(false)?;
    if name.is_empty() { Err("a metric name") } else { Ok((name, parts.at)) }
}

/// The unquoted name at the start of `bytes`, or nothing.
pub(crate) fn plain_name(bytes: &[u8]) -> &str {
    Parts::new(bytes, Syntax::OpenMetrics, Kind::Series).identifier(true)
}

/// Adds a label to what stands for a set of labels, whatever their order.
pub(crate) fn add_identity(sum: u128, name: &str, value: &str) -> u128 {
    let name = xxh3_64(name.as_bytes());
    sum.wrapping_add(xxh3_128_with_seed(value.as_bytes(), name))
}
