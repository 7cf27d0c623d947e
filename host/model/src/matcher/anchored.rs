//! Regular expressions that match a whole text.
//!
//! Most of those that people write are a list of texts, or begin with a text. That is found once,
//! when the expression is made; indexes look such texts up instead of trying all values.

use regex::Regex;

use super::MatcherError;
use super::shape::Shape;

/// A regular expression that must match the whole text, in RE2's syntax; a dot matches newlines.
#[derive(Clone, Debug)]
pub struct AnchoredRegex {
    pattern: String,
    regex: Regex,
    shape: Shape,
}

impl AnchoredRegex {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// When the pattern is no regular expression or compiles to more than 10 MiB.
    pub fn new(pattern: &str) -> Result<Self, MatcherError> {
        match Regex::new(&format!("^(?s:{pattern})$")) {
            Ok(regex) => Ok(Self { pattern: pattern.to_owned(), regex, shape: Shape::of(pattern) }),
            Err(source) => Err(MatcherError { pattern: pattern.to_owned(), source }),
        }
    }

    /// The pattern as it was written, without anchors.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Any => true,
            Shape::NotEmpty => !text.is_empty(),
            Shape::Set(texts) => texts.binary_search_by(|known| (**known).cmp(text)).is_ok(),
            Shape::Prefix(prefix) => text.starts_with(&**prefix) && self.regex.is_match(text),
        }
    }

    /// All texts that match, ascending, when the pattern is a list of not too many.
    #[must_use]
    pub fn set_matches(&self) -> Option<&[String]> {
        match &self.shape {
            Shape::Set(texts) => Some(texts),
            Shape::Any | Shape::NotEmpty | Shape::Prefix(_) => None,
        }
    }

    /// What every text that matches begins with; empty when there is no such thing.
    #[must_use]
    pub fn prefix(&self) -> &str {
        match &self.shape {
            Shape::Prefix(prefix) => prefix,
            Shape::Any | Shape::NotEmpty | Shape::Set(_) => "",
        }
    }

    /// Whether every text matches.
    #[must_use]
    pub fn matches_all(&self) -> bool {
        matches!(self.shape, Shape::Any)
    }

    /// Whether every text but the empty one matches, and that one does not.
    #[must_use]
    pub fn matches_all_but_empty(&self) -> bool {
        matches!(self.shape, Shape::NotEmpty)
    }

    /// The compiled, anchored expression, for captures and replacement.
    #[must_use]
    pub fn regex(&self) -> &Regex {
        &self.regex
    }
}

impl PartialEq for AnchoredRegex {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for AnchoredRegex {}
