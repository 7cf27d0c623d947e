//! What is wrong, and where.

use std::error::Error;
use std::fmt;

use crate::document::Position;

/// A configuration file does not fit: shown as `file:line:column: key: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The file.
    pub file: String,
    /// The place, if it is known.
    pub at: Option<Position>,
    /// The path of keys, as in `scrape_configs[0].job_name`; empty for the whole file.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl SettingsError {
    /// An error at a place.
    #[must_use]
    pub fn new(file: &str, at: Option<Position>, key: &str, message: &str) -> Self {
        Self { file: file.to_owned(), at, key: key.to_owned(), message: message.to_owned() }
    }
}

impl Error for SettingsError {}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(at) = self.at {
            write!(f, ":{}:{}", at.line, at.column)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// An error and its causes in one line, joined by `: `.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
