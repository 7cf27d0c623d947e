//! The parser: asked for one entry after another, it walks once over the bytes.
//!
//! A caller that knows which series the next line holds saves even the walk over it: see
//! [`Parser::known_sample`].

use crate::Format;
use crate::custom::Customs;
use crate::entry::{Entry, Sample};
use crate::error::ParseError;
use crate::lines::Lines;
use crate::options::Options;
use crate::parts::Syntax;
use crate::proto::Messages;

/// Reads a body entry by entry. After an error or the end it only repeats that.
#[derive(Clone, Debug)]
pub struct Parser<'a>(Source<'a>);

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a body, and lines are the usual")]
enum Source<'a> {
    Lines(Lines<'a>),
    Customs(Box<Customs<'a>>),
    Messages(Box<Messages<'a>>),
}

impl<'a> Parser<'a> {
    /// A parser at the start of `body`, which reads it as it is written.
    #[must_use]
    pub fn new(body: &'a [u8], format: Format) -> Self {
        Self::with_options(body, format, Options::default())
    }

    /// A parser at the start of `body`.
    #[must_use]
    pub fn with_options(body: &'a [u8], format: Format, options: Options) -> Self {
        let syntax = match format {
            Format::Text004 => Syntax::Text,
            Format::OpenMetrics => Syntax::OpenMetrics,
            Format::Protobuf => {
                return Self(Source::Messages(Box::new(Messages::new(body, options))));
            }
        };
        let lines = Lines::new(body, syntax, options);
        Self(if options.to_custom_buckets {
            Source::Customs(Box::new(Customs::new(lines, options.keep_classic)))
        } else {
            Source::Lines(lines)
        })
    }

    /// The next entry; `None` behind the last. Comments and, in the text format, empty lines are
    /// passed over.
    ///
    /// # Errors
    /// At the first line or message that is none of the format.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'a>>, ParseError> {
        match &mut self.0 {
            Source::Lines(lines) => lines.next_entry(),
            Source::Customs(customs) => customs.next_entry(),
            Source::Messages(messages) => messages.next_entry(),
        }
    }

    /// How many lines were read; none of protobuf. It is counted when it is asked for.
    #[must_use]
    pub fn lines_read(&self) -> usize {
        match &self.0 {
            Source::Lines(lines) => lines.lines_read(),
            Source::Customs(customs) => customs.lines_read(),
            Source::Messages(_) => 0,
        }
    }

    /// Reads the next line when it is a sample of one certain series, which this format's parser
    /// accepted before: `text_len` and `key` are those of its [`crate::SeriesText`]. `None`: nothing
    /// was read; ask [`Parser::next_entry`], which takes no allocation for it either.
    pub fn known_sample(&mut self, text_len: usize, key: u128) -> Option<Sample<'a>> {
        match &mut self.0 {
            Source::Lines(lines) => lines.known_sample(text_len, key),
            Source::Customs(customs) => customs.known_sample(text_len, key),
            Source::Messages(_) => None,
        }
    }

    /// Whether what was read so far ends a line: how far the walk is, for tests.
    #[cfg(test)]
    pub(crate) fn at(&self) -> usize {
        match &self.0 {
            Source::Lines(lines) => lines.at(),
            Source::Customs(_) | Source::Messages(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests;
