//! The parser: asked for one entry after another, it walks once over the bytes.
//!
//! A caller that knows which series the next line holds saves even the walk over it: see
//! [`Parser::known_sample`].

use std::borrow::Cow;

use narthex_model::{MetricType, Timestamp};

use crate::Format;
use crate::number::{parse_float, parse_float_prefix};
use crate::series::{Exemplar, Kind, Reading, SeriesText, plain_name, quoted_name, scan};
use crate::text::unescape;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry<'a> {
    /// A value of a series.
    Sample(Sample<'a>),
    /// What a family is about.
    Help {
        /// The family's name.
        family: Cow<'a, str>,
        /// One line for people.
        help: Cow<'a, str>,
    },
    /// What kind of family it is.
    Type {
        /// The family's name.
        family: Cow<'a, str>,
        /// The kind.
        metric_type: MetricType,
    },
    /// The unit that a family is counted in; OpenMetrics only.
    Unit {
        /// The family's name.
        family: Cow<'a, str>,
        /// The unit, or empty.
        unit: &'a str,
    },
}

/// A value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a> {
    /// The series.
    pub series: SeriesText<'a>,
    /// The value, and what else the line says.
    pub reading: Reading<'a>,
}

/// Where a body is no exposition, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}, found {found}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The byte in the line, from 1.
    pub column: usize,
    /// What should stand there.
    pub expected: &'static str,
    /// What stands there, cut to a few bytes.
    pub found: String,
}

/// Found bytes longer than this are cut in messages.
const FOUND_MAX: usize = 24;

/// Reads a body entry by entry. After an error or the end it only repeats that.
#[derive(Clone, Debug)]
pub struct Parser<'a> {
    body: &'a [u8],
    format: Format,
    /// Where the next line begins, or the walk stands in it.
    at: usize,
    /// As the last `TYPE` line said.
    metric_type: MetricType,
    /// `# EOF` was read, or the text ended.
    ended: bool,
}

type Step<T> = Result<T, &'static str>;

impl<'a> Parser<'a> {
    /// A parser at the start of `body`.
    #[must_use]
    pub const fn new(body: &'a [u8], format: Format) -> Self {
        Self { body, format, at: 0, metric_type: MetricType::Unknown, ended: false }
    }

    /// The next entry; `None` behind the last. Comments and, in the text format, empty lines are
    /// passed over.
    ///
    /// # Errors
    /// At the first line that is none of the format.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'a>>, ParseError> {
        loop {
            if self.ended {
                return Ok(None);
            }
            match self.line() {
                Ok(Some(entry)) => return Ok(Some(entry)),
                Ok(None) => {}
                Err(expected) => return Err(self.error(expected)),
            }
        }
    }

    /// How many lines were read. It is counted when it is asked for.
    #[must_use]
    pub fn lines_read(&self) -> usize {
        let read = self.body.get(..self.at).unwrap_or(self.body);
        read.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Reads the next line when it is a sample of one certain series: `is_known` is shown the next
    /// `series_len` bytes and says whether they are, byte for byte, the [`SeriesText`] of a series
    /// that this format's parser accepted before. `None`: nothing was read; ask
    /// [`Parser::next_entry`].
    pub fn known_sample(
        &mut self,
        series_len: usize,
        is_known: impl FnOnce(&'a [u8]) -> bool,
    ) -> Option<Reading<'a>> {
        let start = self.at;
        let end = start.checked_add(series_len)?;
        // A series is followed by a space; without it, the known name may be the start of another.
        let is_likely = self.body.get(end) == Some(&b' ') && self.body.get(start) != Some(&b'#');
        if !is_likely || !is_known(self.body.get(start..end)?) {
            return None;
        }
        self.at = end;
        let reading = self.reading();
        if reading.is_err() {
            self.at = start;
        }
        reading.ok()
    }

    /// The series that `bytes` are, which this format's parser accepted before: for those to whom
    /// [`Parser::known_sample`] gave a reading and who need the labels after all.
    #[must_use]
    pub const fn accepted(&self, bytes: &'a [u8]) -> SeriesText<'a> {
        SeriesText { bytes, format: self.format, metric_type: self.metric_type }
    }

    fn line(&mut self) -> Step<Option<Entry<'a>>> {
        if self.format == Format::Text004 {
            self.skip_spaces();
        }
        match (self.peek(), self.format) {
            (None, Format::Text004) => {
                self.ended = true;
                Ok(None)
            }
            (None, Format::OpenMetrics) => Err("# EOF at the end"),
            (Some(b'\n'), Format::Text004) => {
                self.at += 1;
                Ok(None)
            }
            (Some(b'#'), Format::Text004) => self.text_comment(),
            (Some(b'#'), Format::OpenMetrics) => self.openmetrics_comment(),
            (Some(_), _) => self.sample().map(Some),
        }
    }

    fn sample(&mut self) -> Step<Entry<'a>> {
        let rest = self.rest();
        let len = match scan(rest, self.format, Kind::Series) {
            Ok(len) => len,
            Err((at, expected)) => {
                self.at += at;
                return Err(expected);
            }
        };
        let bytes = rest.get(..len).unwrap_or(&[]);
        let series = SeriesText { bytes, format: self.format, metric_type: self.metric_type };
        self.at += len;
        let reading = self.reading()?;
        Ok(Entry::Sample(Sample { series, reading }))
    }

    /// What stands behind the series, through the end of the line.
    fn reading(&mut self) -> Step<Reading<'a>> {
        match self.format {
            Format::Text004 => self.text_reading(),
            Format::OpenMetrics => self.openmetrics_reading(),
        }
    }

    fn text_reading(&mut self) -> Step<Reading<'a>> {
        self.skip_spaces();
        let value = self.value()?;
        self.skip_spaces();
        let mut at = None;
        if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            let len = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
            let digits = self.rest().get(..len).and_then(|digits| str::from_utf8(digits).ok());
            let millis = digits.and_then(|digits| digits.parse().ok());
            at = Some(Timestamp::from_millis(millis.ok_or("a timestamp in milliseconds")?));
            self.at += len;
            self.skip_spaces();
        }
        self.end_of_line(if at.is_some() {
            "the end of the line"
        } else {
            "a timestamp or the end of the line"
        })?;
        Ok(Reading { value, at, exemplar: None })
    }

    fn openmetrics_reading(&mut self) -> Step<Reading<'a>> {
        self.space()?;
        let value = self.value()?;
        let mut reading = Reading { value, at: None, exemplar: None };
        if self.peek() == Some(b' ') && !self.rest().starts_with(b" # {") {
            self.at += 1;
            reading.at = Some(self.seconds()?);
        }
        if self.rest().starts_with(b" # {") {
            self.at += 3;
            reading.exemplar = Some(self.exemplar()?);
        }
        self.end_of_line("the end of the line")?;
        Ok(reading)
    }

    fn exemplar(&mut self) -> Step<Exemplar<'a>> {
        let rest = self.rest();
        match scan(rest, Format::OpenMetrics, Kind::Exemplar) {
            Ok(len) => {
                let braces = rest.get(..len).unwrap_or(&[]);
                self.at += len;
                self.space()?;
                let value = self.value()?;
                let mut at = None;
                if self.peek() == Some(b' ') {
                    self.at += 1;
                    at = Some(self.seconds()?);
                }
                Ok(Exemplar { braces, value, at })
            }
            Err((at, expected)) => {
                self.at += at;
                Err(expected)
            }
        }
    }

    /// The number here; it ends at a space or the line's end.
    fn value(&mut self) -> Step<f64> {
        let (value, len) = parse_float_prefix(self.rest()).ok_or("a number")?;
        match self.body.get(self.at + len) {
            None | Some(b' ' | b'\n') => {}
            Some(b'\t') if self.format == Format::Text004 => {}
            Some(_) => return Err("a number"),
        }
        self.at += len;
        Ok(value)
    }

    /// A time in seconds since the epoch.
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is wanted")]
    fn seconds(&mut self) -> Step<Timestamp> {
        let word = self.word();
        let seconds = parse_float(word).filter(|seconds| seconds.is_finite());
        let seconds = seconds.ok_or("a timestamp in seconds")?;
        self.at += word.len();
        Ok(Timestamp::from_millis((seconds * 1000.0) as i64))
    }

    /// The bytes up to a space or the line's end.
    fn word(&self) -> &'a [u8] {
        let rest = self.rest();
        let is_end = |byte: &u8| {
            matches!(byte, b' ' | b'\n') || (*byte == b'\t' && self.format == Format::Text004)
        };
        let len = rest.iter().position(is_end).unwrap_or(rest.len());
        rest.get(..len).unwrap_or(rest)
    }

    fn text_comment(&mut self) -> Step<Option<Entry<'a>>> {
        let line_end = self.line_end();
        let line = self.body.get(self.at + 1..line_end).unwrap_or(&[]);
        let words = line.trim_ascii_start();
        let keyword = words.get(..4).filter(|_| words.len() < line.len());
        let spaced = matches!(words.get(4), Some(b' ' | b'\t'));
        let keyword = keyword.filter(|keyword| spaced && matches!(*keyword, b"HELP" | b"TYPE"));
        let Some(keyword) = keyword else {
            self.at = (line_end + 1).min(self.body.len());
            return Ok(None);
        };
        self.at = line_end - words.len() + keyword.len();
        self.skip_spaces();
        let family = self.family()?;
        // One separator belongs to the syntax, whatever follows to the text.
        self.at = (self.at + 1).min(line_end);
        let text = self.body.get(self.at..line_end).unwrap_or(&[]);
        let entry = match keyword {
            b"HELP" => Entry::Help { family, help: help(text, false)? },
            _ => {
                let metric_type = match text {
                    b"counter" => MetricType::Counter,
                    b"gauge" => MetricType::Gauge,
                    b"histogram" => MetricType::Histogram,
                    b"summary" => MetricType::Summary,
                    b"untyped" => MetricType::Unknown,
                    _ => return Err("counter, gauge, histogram, summary or untyped"),
                };
                self.metric_type = metric_type;
                Entry::Type { family, metric_type }
            }
        };
        self.at = (line_end + 1).min(self.body.len());
        Ok(Some(entry))
    }

    fn openmetrics_comment(&mut self) -> Step<Option<Entry<'a>>> {
        let rest = self.rest();
        if let Some(tail) = rest.strip_prefix(b"# EOF") {
            self.at += b"# EOF".len();
            if !matches!(tail, [] | [b'\n']) {
                return Err("nothing behind # EOF");
            }
            self.ended = true;
            return Ok(None);
        }
        let keyword = rest.get(..7).unwrap_or(&[]);
        if !matches!(keyword, b"# HELP " | b"# TYPE " | b"# UNIT ") {
            return Err("# HELP, # TYPE, # UNIT or # EOF");
        }
        self.at += keyword.len();
        let family = self.family()?;
        self.space()?;
        let line_end = self.line_end();
        if line_end == self.body.len() {
            return Err("# EOF at the end");
        }
        let text = self.body.get(self.at..line_end).unwrap_or(&[]);
        let entry = match keyword {
            b"# HELP " => Entry::Help { family, help: help(text, true)? },
            b"# TYPE " => {
                let metric_type = str::from_utf8(text).ok().filter(|name| *name != "untyped");
                let metric_type = metric_type.and_then(|name| name.parse().ok());
                self.metric_type = metric_type.ok_or("a metric type")?;
                Entry::Type { family, metric_type: self.metric_type }
            }
            _ => Entry::Unit { unit: unit(&family, text)?, family },
        };
        self.at = line_end + 1;
        Ok(Some(entry))
    }

    /// A family's name, plain or quoted.
    fn family(&mut self) -> Step<Cow<'a, str>> {
        let rest = self.rest();
        if rest.first() == Some(&b'"') {
            let (name, len) = quoted_name(rest)?;
            self.at += len;
            return Ok(name);
        }
        let name = plain_name(rest);
        self.at += name.len();
        if name.is_empty() { Err("a metric name") } else { Ok(name.into()) }
    }

    fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or(&[])
    }

    fn line_rest(&self) -> &'a [u8] {
        self.body.get(self.at..self.line_end()).unwrap_or(&[])
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn line_end(&self) -> usize {
        memchr::memchr(b'\n', self.rest()).map_or(self.body.len(), |len| self.at + len)
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn space(&mut self) -> Step<()> {
        if self.peek() != Some(b' ') {
            return Err("a space");
        }
        self.at += 1;
        Ok(())
    }

    fn end_of_line(&mut self, expected: &'static str) -> Step<()> {
        match (self.peek(), self.format) {
            (Some(b'\n'), _) => {
                self.at += 1;
                Ok(())
            }
            (None, Format::Text004) => Ok(()),
            (None, Format::OpenMetrics) => Err("# EOF at the end"),
            (Some(_), _) => Err(expected),
        }
    }

    fn error(&self, expected: &'static str) -> ParseError {
        let before = self.body.get(..self.at).unwrap_or(self.body);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let found = match self.line_rest() {
            [] if self.at >= self.body.len() => "the end".to_owned(),
            [] => "the end of the line".to_owned(),
            bytes => {
                let cut = bytes.get(..bytes.len().min(FOUND_MAX)).unwrap_or(bytes);
                format!("`{}`", String::from_utf8_lossy(cut).escape_debug())
            }
        };
        ParseError {
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            column: self.at - line_start + 1,
            expected,
            found,
        }
    }
}

fn help(text: &[u8], quotes: bool) -> Step<Cow<'_, str>> {
    str::from_utf8(text).map(|text| unescape(text, quotes)).map_err(|_| "help in UTF-8")
}

fn unit<'a>(family: &str, text: &'a [u8]) -> Step<&'a str> {
    let unit = str::from_utf8(text).map_err(|_| "a unit in UTF-8")?;
    let is_suffix = family.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_'));
    if unit.is_empty() || is_suffix {
        Ok(unit)
    } else {
        Err("the unit that the metric's name ends in")
    }
}

#[cfg(test)]
mod tests;
