//! A place in a line, and the small things that are read there.

use crate::lex::parse_number;
use crate::span::{ParseError, Span};

use super::POINTS_MAX;

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// The `len` bytes from `start`.
    pub(super) fn since(&self, start: usize, len: usize) -> &'a str {
        self.text.get(start..start + len).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes `expected` if it stands here.
    pub(super) fn take_if(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    pub(super) fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    pub(super) fn skip_blank(&mut self) -> bool {
        !self.take_while(is_blank).is_empty()
    }

    /// A refusal of what stands from `start` up to here, at least of the character at `start`.
    pub(super) fn error(&self, start: usize, message: impl Into<String>) -> ParseError {
        let first = self.text.get(start..).and_then(|rest| rest.chars().next());
        let end = self.at.max(start + first.map_or(0, char::len_utf8));
        ParseError::new(self.text, Span::new(start, end), message)
    }

    /// A refusal of the character that stands here.
    pub(super) fn unexpected(&self, context: &str, expected: &str) -> ParseError {
        let found = self.peek().map_or("end of input".to_owned(), |c| format!("{c:?}"));
        self.error(self.at, format!("unexpected {found} in {context}, expected {expected}"))
    }

    /// A name: of a key, a hint, a value such as `stale`.
    pub(super) fn word(&mut self) -> &'a str {
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
    }

    /// A number without a sign: decimal, `Inf` or `NaN`.
    pub(super) fn number(&mut self, context: &str) -> Result<f64, ParseError> {
        let start = self.at;
        if self.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
            let word = self.word();
            return match word.to_ascii_lowercase().as_str() {
                "inf" => Ok(f64::INFINITY),
                "nan" => Ok(f64::NAN),
                _ => {
                    let message = format!("unexpected {word:?} in {context}, expected number");
                    Err(self.error(start, message))
                }
            };
        }
        let mut last = '0';
        // An `x` ends a number here, so that none can be hexadecimal.
        let text = self.take_while(|c| {
            let sign = matches!(c, '+' | '-') && matches!(last, 'e' | 'E');
            last = c;
            sign || c.is_ascii_digit() || matches!(c, '.' | '_' | 'e' | 'E')
        });
        if text.is_empty() {
            return Err(self.unexpected(context, "number"));
        }
        let value = parse_number(text);
        value.ok_or_else(|| self.error(start, format!("bad number syntax: {text:?}")))
    }

    /// A number that may have a sign.
    pub(super) fn signed_number(&mut self, context: &str) -> Result<f64, ParseError> {
        let is_negative = self.take_if("-");
        if !is_negative {
            self.take_if("+");
        }
        let value = self.number(context)?;
        Ok(if is_negative { -value } else { value })
    }

    /// A whole number that may have a sign.
    pub(super) fn int(&mut self, context: &str) -> Result<i32, ParseError> {
        let start = self.at;
        self.take_if("-");
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(self.unexpected(context, "whole number"));
        }
        let text = self.text.get(start..self.at).unwrap_or("");
        text.parse().map_err(|_| self.error(start, format!("{text} is out of range in {context}")))
    }

    /// How often something is repeated.
    pub(super) fn repeats(&mut self) -> Result<usize, ParseError> {
        let (start, context) = (self.at, "repetition in series values");
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(self.unexpected(context, "whole number"));
        }
        let count = digits.parse().ok().filter(|count| *count < POINTS_MAX);
        count.ok_or_else(|| self.too_many(start))
    }

    pub(super) fn too_many(&self, start: usize) -> ParseError {
        self.error(start, format!("a series has at most {POINTS_MAX} values"))
    }
}
