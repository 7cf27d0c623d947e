//! Errors with their place in the template.

use std::fmt;
use std::sync::Arc;

/// A place in a template. Both count from 1; the column counts characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

impl Position {
    /// Where the byte `offset` of `text` stands.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        Self { line: 1, column: 1 }.after(text.get(..offset).unwrap_or(text))
    }

    /// The place that `text`, which begins here, ends at.
    pub(crate) fn after(self, text: &str) -> Self {
        text.chars().fold(self, |at, c| match c {
            '\n' => Self { line: at.line.saturating_add(1), column: 1 },
            _ => Self { line: at.line, column: at.column.saturating_add(1) },
        })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{at}: {message}")]
pub struct ParseError {
    /// The template.
    pub name: Arc<str>,
    /// Where.
    pub at: Position,
    /// What is wrong.
    pub message: String,
}

/// A template could not be rendered with this data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{at}: {message}")]
pub struct RenderError {
    /// The template in whose text the failing step stands.
    pub name: Arc<str>,
    /// Where.
    pub at: Position,
    /// What is wrong.
    pub message: String,
}

/// For a text that is parsed when it is rendered.
impl From<ParseError> for RenderError {
    fn from(error: ParseError) -> Self {
        let ParseError { name, at, message } = error;
        Self { name, at, message }
    }
}
