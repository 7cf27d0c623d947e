//! The part of a line before its value: a name and labels.
//!
//! The same walk serves twice: [`scan`] finds where the part ends and checks it, once for each line
//! that is not known yet; [`SeriesText::labels`] walks it again to take the labels out.

use std::borrow::Cow;

use narthex_model::{
    BUCKET_LABEL, Labels, LabelsBuilder, METRIC_NAME, MetricType, QUANTILE_LABEL, Timestamp,
};

use crate::Format;
use crate::number::{format_openmetrics_float, parse_float};
use crate::text::unescape;

/// What a sample line says besides the series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading<'a> {
    /// The value; never a staleness marker.
    pub value: f64,
    /// The time, where the line has one.
    pub at: Option<Timestamp>,
    /// The exemplar, where the line has one.
    pub exemplar: Option<Exemplar<'a>>,
}

/// An example that stands behind a value, usually a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar<'a> {
    pub(crate) braces: &'a [u8],
    /// The observed value.
    pub value: f64,
    /// When it was observed.
    pub at: Option<Timestamp>,
}

impl Exemplar<'_> {
    /// The exemplar's labels.
    ///
    /// # Errors
    /// When a label stands twice.
    pub fn labels(&self) -> Result<Labels, LabelsError> {
        let mut labels = LabelsBuilder::default();
        let mut parts = Parts::new(self.braces, Format::OpenMetrics, Kind::Exemplar);
        while let Ok(Some(part)) = parts.next() {
            if let Part::Label { name, value } = part {
                add(&mut labels, &name, &value)?;
            }
        }
        Ok(labels.finish())
    }
}

/// The bytes of a series: `name{label="value"}` as the target wrote them, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesText<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) format: Format,
    pub(crate) metric_type: MetricType,
}

/// Why well-formed bytes are no series.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelsError {
    /// A label stands twice.
    #[error("label {0:?} stands twice in one series")]
    Duplicate(String),
}

impl<'a> SeriesText<'a> {
    /// The bytes: a key for the series within its target.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The type that the exposition gave last before this line.
    #[must_use]
    pub const fn metric_type(&self) -> MetricType {
        self.metric_type
    }

    /// Whether the line names the label, be it with an empty value: [`Self::labels`] does not tell
    /// an empty label from none.
    #[must_use]
    pub fn names_label(&self, wanted: &str) -> bool {
        let mut parts = Parts::new(self.bytes, self.format, Kind::Series);
        while let Ok(Some(part)) = parts.next() {
            if matches!(part, Part::Label { name, .. } if name == wanted) {
                return true;
            }
        }
        false
    }

    /// The labels, the name among them. `le` of histograms and `quantile` of summaries are written
    /// as OpenMetrics writes numbers, so that `1` and `1.0` are one series.
    ///
    /// # Errors
    /// When a label stands twice.
    pub fn labels(&self) -> Result<Labels, LabelsError> {
        let mut labels = LabelsBuilder::default();
        let mut parts = Parts::new(self.bytes, self.format, Kind::Series);
        while let Ok(Some(part)) = parts.next() {
            match part {
                Part::Name(name) => add(&mut labels, METRIC_NAME, &name)?,
                Part::Label { name, value } => {
                    let value = normalize(self.metric_type, &name, value);
                    add(&mut labels, &name, &value)?;
                }
            }
        }
        Ok(labels.finish())
    }
}

fn add(labels: &mut LabelsBuilder, name: &str, value: &str) -> Result<(), LabelsError> {
    if labels.get(name).is_some() {
        return Err(LabelsError::Duplicate(name.to_owned()));
    }
    labels.set(name, value);
    Ok(())
}

fn normalize<'a>(metric_type: MetricType, name: &str, value: Cow<'a, str>) -> Cow<'a, str> {
    let is_number = (metric_type == MetricType::Histogram && name == BUCKET_LABEL)
        || (metric_type == MetricType::Summary && name == QUANTILE_LABEL);
    match parse_float(value.as_bytes()) {
        Some(number) if is_number => {
            let mut text = String::new();
            format_openmetrics_float(number, &mut text);
            Cow::Owned(text)
        }
        _ => value,
    }
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
    format: Format,
    kind: Kind,
    state: State,
    has_name: bool,
    /// How far the walk has come, in bytes.
    pub(crate) at: usize,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(bytes: &'a [u8], format: Format, kind: Kind) -> Self {
        Self { bytes, format, kind, state: State::Start, has_name: false, at: 0 }
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
        if self.take(b',') || self.format == Format::Text004 || self.peek() == Some(b'}') {
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
        let value = self.quoted(self.format == Format::Text004)?;
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
        if self.format == Format::Text004 {
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
pub(crate) fn scan(bytes: &[u8], format: Format, kind: Kind) -> Result<usize, (usize, Expected)> {
    let mut parts = Parts::new(bytes, format, kind);
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
    let mut parts = Parts::new(bytes, Format::OpenMetrics, Kind::Series);
    let name = parts.quoted(false)?;
    if name.is_empty() { Err("a metric name") } else { Ok((name, parts.at)) }
}

/// The unquoted name at the start of `bytes`, or nothing.
pub(crate) fn plain_name(bytes: &[u8]) -> &str {
    Parts::new(bytes, Format::OpenMetrics, Kind::Series).identifier(true)
}
