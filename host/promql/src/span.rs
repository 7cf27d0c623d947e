//! Where something stands in the text of a query, and what went wrong there.

use std::fmt;

/// A range of bytes of the query's text; the end does not belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of `self` to the end of `last`.
    #[must_use]
    pub const fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }

    /// Line and column of the first byte in `text`, both counted from 1, the column in bytes.
    #[must_use]
    pub fn position(self, text: &str) -> Position {
        let before = text.as_bytes().get(..self.start).unwrap_or(text.as_bytes());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Position { line, column: before.len() - line_start + 1 }
    }
}

/// A place in a text, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// In bytes, counted from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a text is no query. Shown as Prometheus does: `1:5: parse error: unexpected …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: parse error: {message}")]
pub struct ParseError {
    /// What was found and what was expected.
    pub message: String,
    /// The text at fault.
    pub span: Span,
    /// Where that text begins.
    pub position: Position,
    line: String,
}

impl ParseError {
    pub(crate) fn new(text: &str, span: Span, message: impl Into<String>) -> Self {
        let position = span.position(text);
        let line = text.lines().nth(position.line - 1).unwrap_or("").to_owned();
        Self { message: message.into(), span, position, line }
    }

    /// The line at fault with carets below the text at fault.
    ///
    /// ```
    /// let error = narthex_promql::parse("sum(up").unwrap_err();
    /// assert_eq!(error.excerpt(), "sum(up\n      ^");
    /// ```
    #[must_use]
    pub fn excerpt(&self) -> String {
        let column = self.position.column - 1;
        let width = |text: Option<&str>| text.map_or(0, |text| text.chars().count());
        let indent = self.line.get(..column).map_or(column, |text| text.chars().count());
        let end = (column + (self.span.end.saturating_sub(self.span.start))).min(self.line.len());
        let carets = width(self.line.get(column..end)).max(1);
        format!("{}\n{}{}", self.line, " ".repeat(indent), "^".repeat(carets))
    }
}
