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

/// The same, as places in the bytes.
#[derive(Clone, Copy)]
enum Place {
    Name(Text),
    Label { name: Text, value: Text },
}

/// Bytes between two places, not known to be UTF-8 yet.
#[derive(Clone, Copy)]
struct Text {
    start: usize,
    end: usize,
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

/// Begins a label's name.
const NAME: u8 = 1;
/// Begins a metric's name, but no label's.
const COLON: u8 = 2;
/// Stands in a name, but does not begin one.
const DIGIT: u8 = 4;

/// What each byte may be part of.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        #[expect(clippy::indexing_slicing, reason = "a byte is an index of 256 places")]
        let class = &mut classes[byte as usize];
        *class = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => NAME,
            b':' => COLON,
            b'0'..=b'9' => DIGIT,
            _ => 0,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

impl<'a> Parts<'a> {
    pub(crate) fn new(bytes: &'a [u8], syntax: Syntax, kind: Kind) -> Self {
        Self { bytes, syntax, kind, state: State::Start, has_name: false, at: 0 }
    }

    /// The next part; `None` behind the last.
    pub(crate) fn next(&mut self) -> Result<Option<Part<'a>>, Expected> {
        let Some(place) = self.next_place()? else { return Ok(None) };
        Ok(Some(match place {
            Place::Name(name) => Part::Name(self.text(name)?),
            Place::Label { name, value } => {
                Part::Label { name: self.text(name)?, value: self.text(value)? }
            }
        }))
    }

    fn next_place(&mut self) -> Result<Option<Place>, Expected> {
        match self.state {
            State::Start => self.start(),
            State::Braces => self.label(),
            State::AfterLabel => self.after_label(),
            State::End => Ok(None),
        }
    }

    fn text(&mut self, Text { start, end }: Text) -> Result<Cow<'a, str>, Expected> {
        let Ok(text) = str::from_utf8(self.bytes.get(start..end).unwrap_or(&[])) else {
            self.at = start;
            return Err("text in UTF-8");
        };
        Ok(unescape(text, true))
    }

    fn start(&mut self) -> Result<Option<Place>, Expected> {
        let name = self.identifier(COLON);
        if name.is_empty() {
            if !self.take(b'{') {
                return Err("a metric name");
            }
            self.state = State::Braces;
            return self.label();
        }
        self.has_name = true;
        self.skip_spaces();
        self.state = if self.take(b'{') { State::Braces } else { State::End };
        if self.state == State::End {
            self.at = name.end;
        }
        Ok(Some(Place::Name(name)))
    }

    fn after_label(&mut self) -> Result<Option<Place>, Expected> {
        self.skip_spaces();
        if self.take(b',') || self.syntax == Syntax::Text || self.peek() == Some(b'}') {
            self.state = State::Braces;
            return self.label();
        }
        Err("a comma or a closing brace")
    }

    fn label(&mut self) -> Result<Option<Place>, Expected> {
        self.skip_spaces();
        if self.take(b'}') {
            self.state = State::End;
            let complete = self.has_name || self.kind == Kind::Exemplar;
            return if complete { Ok(None) } else { Err("a metric name in the braces") };
        }
        let quoted = self.peek() == Some(b'"');
        let multiline = self.kind == Kind::Series;
        let name = if quoted { self.quoted(multiline)? } else { self.identifier(0) };
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
            return Ok(Some(Place::Name(name)));
        }
        if !self.take(b'=') {
            return Err("an equals sign");
        }
        self.skip_spaces();
        let value = self.quoted(self.syntax == Syntax::Text)?;
        Ok(Some(Place::Label { name, value }))
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
            while matches!(self.peek(), Some(b' ' | b'\t')) {
                self.at += 1;
            }
        }
    }

    /// A name without quotes; `more` is a class beyond that of labels.
    fn identifier(&mut self, more: u8) -> Text {
        let start = self.at;
        let first = NAME | more;
        let is = |byte: &u8, classes: u8| {
            CLASSES.get(usize::from(*byte)).is_some_and(|class| class & classes != 0)
        };
        let rest = self.rest();
        if rest.first().is_some_and(|byte| is(byte, first)) {
            let len = rest.iter().position(|byte| !is(byte, first | DIGIT));
            self.at += len.unwrap_or(rest.len());
        }
        Text { start, end: self.at }
    }

    /// A quoted text; `multiline`: a line end may stand in it.
    fn quoted(&mut self, multiline: bool) -> Result<Text, Expected> {
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
        let start = self.at;
        self.at += end + 1;
        Ok(Text { start, end: start + end })
    }
}

impl Text {
    const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Checks the series (or exemplar labels) at the start of `bytes`: its length, or where the walk
/// stopped and what was expected there.
pub(crate) fn scan(bytes: &[u8], syntax: Syntax, kind: Kind) -> Result<usize, (usize, Expected)> {
    let mut parts = Parts::new(bytes, syntax, kind);
    let walked = loop {
        match parts.next_place() {
            Ok(Some(_)) => {}
            Ok(None) => break bytes.get(..parts.at),
            Err(_) => break None,
        }
    };
    // What is not ASCII stands in quotes, so that all texts are UTF-8 when the whole is.
    if walked.is_some_and(|series| str::from_utf8(series).is_ok()) {
        return Ok(parts.at);
    }
    // Once more, for the place of what is wrong.
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
    let name = parts.quoted(true)?;
    let len = parts.at;
    if name.is_empty() { Err("a metric name") } else { Ok((parts.text(name)?, len)) }
}

/// The unquoted name at the start of `bytes`, or nothing.
pub(crate) fn plain_name(bytes: &[u8]) -> &str {
    let mut parts = Parts::new(bytes, Syntax::OpenMetrics, Kind::Series);
    let Text { start, end } = parts.identifier(COLON);
    bytes.get(start..end).and_then(|name| str::from_utf8(name).ok()).unwrap_or("")
}

/// Adds a label to what stands for a set of labels, whatever their order.
pub(crate) fn add_identity(sum: u128, name: &str, value: &str) -> u128 {
    let name = xxh3_64(name.as_bytes());
    sum.wrapping_add(xxh3_128_with_seed(value.as_bytes(), name))
}
