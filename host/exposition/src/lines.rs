//! The text formats: one line after another, in one walk over the bytes.

use std::borrow::Cow;

use narthex_model::{MetricType, Timestamp};

use crate::entry::{Entry, Reading, Sample};
use crate::error::ParseError;
use crate::exemplar::{Exemplar, Exemplars, Written};
use crate::number::{parse_float, parse_float_prefix};
use crate::options::Options;
use crate::parts::{Kind, Syntax, plain_name, quoted_name, scan};
use crate::series::{self, Context, SeriesText};
use crate::text::unescape;

mod created;

use self::created::Created;

/// Found bytes longer than this are cut in messages.
const FOUND_MAX: usize = 24;

/// Reads lines. After an error or the end it only repeats that.
#[derive(Clone, Debug)]
pub(crate) struct Lines<'a> {
    body: &'a [u8],
    syntax: Syntax,
    /// Where the next line begins, or the walk stands in it.
    at: usize,
    /// As the last `TYPE` line said.
    family: Cow<'a, str>,
    context: Context<'a>,
    /// As the last `UNIT` line said.
    unit: (Cow<'a, str>, &'a str),
    created: Option<Created>,
    /// `# EOF` was read, or the text ended.
    ended: bool,
    failed: Option<Box<ParseError>>,
}

type Step<T> = Result<T, &'static str>;

impl<'a> Lines<'a> {
    /// A reader at the start of `body`.
    pub(crate) fn new(body: &'a [u8], syntax: Syntax, options: Options) -> Self {
        let says_starts = options.start_times && syntax == Syntax::OpenMetrics;
        Self {
            body,
            syntax,
            at: 0,
            family: Cow::Borrowed(""),
            context: Context::new(MetricType::Unknown, options.type_and_unit.then_some("")),
            unit: (Cow::Borrowed(""), ""),
            created: says_starts.then(Created::default),
            ended: false,
            failed: None,
        }
    }

    /// A reader of some lines of OpenMetrics, which ends with an error.
    pub(crate) fn within(lines: &'a [u8]) -> Self {
        Self::new(lines, Syntax::OpenMetrics, Options::default())
    }

    /// The family that the last `TYPE` line named, and its kind.
    pub(crate) fn family(&self) -> (&str, MetricType) {
        (&self.family, self.context.metric_type)
    }

    /// Where the next line begins.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The lines from one place to another.
    pub(crate) fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.body.get(start..end).unwrap_or(&[])
    }

    pub(crate) const fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The next entry; `None` behind the last. Comments and, in the text format, empty lines are
    /// passed over.
    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry<'a>>, ParseError> {
        if let Some(failed) = &self.failed {
            return Err(*failed.clone());
        }
        loop {
            if self.ended {
                return Ok(None);
            }
            match self.line() {
                Ok(Some(entry)) => return Ok(Some(entry)),
                Ok(None) => {}
                Err(expected) => {
                    let error = self.error(expected);
                    self.failed = Some(Box::new(error.clone()));
                    return Err(error);
                }
            }
        }
    }

    /// How many lines were read.
    pub(crate) fn lines_read(&self) -> usize {
        let read = self.body.get(..self.at).unwrap_or(self.body);
        memchr::memchr_iter(b'\n', read).count()
    }

    /// Reads the next line when it is a sample of the series with this key, whose text has this
    /// length.
    pub(crate) fn known_sample(&mut self, text_len: usize, key: u128) -> Option<Sample<'a>> {
        let start = self.at;
        let end = start.checked_add(text_len)?;
        // A series is followed by a space; without it, the known name may be the start of another.
        let is_likely = self.body.get(end) == Some(&b' ')
            && self.body.get(start) != Some(&b'#')
            && self.failed.is_none();
        let bytes = self.body.get(start..end).filter(|_| is_likely && text_len > 0)?;
        if self.context.key(bytes) != key {
            return None;
        }
        self.at = end;
        let Ok(reading) = self.reading(bytes) else {
            self.at = start;
            return None;
        };
        Some(Sample { series: self.series(bytes), reading })
    }

    const fn series(&self, bytes: &'a [u8]) -> SeriesText<'a> {
        let written = series::Written::Line { bytes, syntax: self.syntax, is_custom: false };
        SeriesText { written, context: self.context }
    }

    fn line(&mut self) -> Step<Option<Entry<'a>>> {
        if self.syntax == Syntax::Text {
            self.skip_spaces();
        }
        match (self.peek(), self.syntax) {
            (None, Syntax::Text) => {
                self.ended = true;
                Ok(None)
            }
            (None, Syntax::OpenMetrics) => Err("# EOF at the end"),
            (Some(b'\n'), Syntax::Text) => {
                self.at += 1;
                Ok(None)
            }
            (Some(b'#'), Syntax::Text) => self.text_comment(),
            (Some(b'#'), Syntax::OpenMetrics) => self.openmetrics_comment(),
            (Some(_), _) => self.sample(),
        }
    }

    fn sample(&mut self) -> Step<Option<Entry<'a>>> {
        let rest = self.rest();
        let len = match scan(rest, self.syntax, Kind::Series) {
            Ok(len) => len,
            Err((at, expected)) => {
                self.at += at;
                return Err(expected);
            }
        };
        let bytes = rest.get(..len).unwrap_or(&[]);
        self.at += len;
        let reading = self.reading(bytes)?;
        if self.created.is_some() && created::says_start(bytes, self.context.metric_type) {
            return Ok(None);
        }
        Ok(Some(Entry::Sample(Sample { series: self.series(bytes), reading })))
    }

    /// What stands behind the series, through the end of the line.
    fn reading(&mut self, series: &[u8]) -> Step<Reading<'a>> {
        match self.syntax {
            Syntax::Text => self.text_reading(),
            Syntax::OpenMetrics => {
                let mut reading = self.openmetrics_reading()?;
                if let Some(created) = &mut self.created {
                    let family = (&*self.family, self.context.metric_type);
                    reading.start = created.start(series, family, self.body, self.at);
                }
                Ok(reading)
            }
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
        Ok(Reading { value, at, start: None, exemplars: Exemplars::default() })
    }

    fn openmetrics_reading(&mut self) -> Step<Reading<'a>> {
        self.space()?;
        let value = self.value()?;
        let exemplars = Exemplars::default();
        let mut reading = Reading { value, at: None, start: None, exemplars };
        if self.peek() == Some(b' ') && !self.rest().starts_with(b" # {") {
            self.at += 1;
            reading.at = Some(self.seconds()?);
        }
        if self.rest().starts_with(b" # {") {
            self.at += 3;
            reading.exemplars = Exemplars::one(Some(self.exemplar()?));
        }
        self.end_of_line("the end of the line")?;
        Ok(reading)
    }

    fn exemplar(&mut self) -> Step<Exemplar<'a>> {
        let rest = self.rest();
        match scan(rest, Syntax::OpenMetrics, Kind::Exemplar) {
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
                Ok(Exemplar { labels: Written::Braces(braces), value, at })
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
            Some(b'\t') if self.syntax == Syntax::Text => {}
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
            matches!(byte, b' ' | b'\n') || (*byte == b'\t' && self.syntax == Syntax::Text)
        };
        let len = rest.iter().position(is_end).unwrap_or(rest.len());
        rest.get(..len).unwrap_or(rest)
    }

    fn text_comment(&mut self) -> Step<Option<Entry<'a>>> {
        let line_end = self.line_end();
        let line = self.body.get(self.at + 1..line_end).unwrap_or(&[]);
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let words = line.get(blanks..).unwrap_or(&[]);
        let keyword = words.get(..4).filter(|_| words.len() < line.len());
        let spaced = matches!(words.get(4), Some(b' ' | b'\t'));
        let keyword = keyword.filter(|keyword| spaced && matches!(*keyword, b"HELP" | b"TYPE"));
        let Some(keyword) = keyword else {
            self.at = (line_end + 1).min(self.body.len());
            return Ok(None);
        };
        self.at = line_end - words.len() + keyword.len();
        self.skip_spaces();
        let family = self.family_name()?;
        // A quoted name may hold line ends.
        let line_end = self.line_end();
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
                self.begin(family.clone(), metric_type);
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
        let family = self.family_name()?;
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
                let metric_type = metric_type.ok_or("a metric type")?;
                self.begin(family.clone(), metric_type);
                Entry::Type { family, metric_type }
            }
            _ => {
                let unit = unit(&family, text)?;
                self.unit = (family.clone(), unit);
                self.set_context(self.context.metric_type);
                Entry::Unit { unit, family }
            }
        };
        self.at = line_end + 1;
        Ok(Some(entry))
    }

    /// What follows is of this family.
    fn begin(&mut self, family: Cow<'a, str>, metric_type: MetricType) {
        self.family = family;
        if let Some(created) = &mut self.created {
            *created = Created::default();
        }
        self.set_context(metric_type);
    }

    /// A unit counts for its own family only.
    fn set_context(&mut self, metric_type: MetricType) {
        let (family, unit) = &self.unit;
        let unit = if *family == self.family { unit } else { "" };
        self.context = Context::new(metric_type, self.context.unit.map(|_| unit));
    }

    /// A family's name, plain or quoted.
    fn family_name(&mut self) -> Step<Cow<'a, str>> {
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

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
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
        match (self.peek(), self.syntax) {
            (Some(b'\n'), _) => {
                self.at += 1;
                Ok(())
            }
            (None, Syntax::Text) => Ok(()),
            (None, Syntax::OpenMetrics) => Err("# EOF at the end"),
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
        ParseError::Line {
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
