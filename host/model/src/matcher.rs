//! Conditions on one label.

use std::fmt;

use regex::Regex;

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// As it is written in PromQL.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// Why a matcher could not be made.
#[derive(Clone, Debug, thiserror::Error)]
#[error("invalid regular expression {pattern:?}")]
pub struct MatcherError {
    pattern: String,
    source: regex::Error,
}

/// A regular expression that must match the whole text, in RE2's syntax; a dot matches newlines.
#[derive(Clone, Debug)]
pub struct AnchoredRegex {
    pattern: String,
    regex: Regex,
}

impl AnchoredRegex {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// When the pattern is no regular expression or compiles to more than 10 MiB.
    pub fn new(pattern: &str) -> Result<Self, MatcherError> {
        match Regex::new(&format!("^(?s:{pattern})$")) {
            Ok(regex) => Ok(Self { pattern: pattern.to_owned(), regex }),
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
        self.regex.is_match(text)
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

/// A condition on one label; a label that is not there counts as empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
    regex: Option<AnchoredRegex>,
}

impl Matcher {
    /// Makes a matcher.
    ///
    /// # Errors
    /// When `op` wants a regular expression and `value` is none.
    pub fn new(
        op: MatchOp,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, MatcherError> {
        let value = value.into();
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(AnchoredRegex::new(&value)?),
        };
        Ok(Self { name: name.into(), op, value, regex })
    }

    /// `name="value"`.
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: value.into(), regex: None }
    }

    /// The label's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    #[must_use]
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The value or pattern as written.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the label value (empty when the label is not there) satisfies the condition.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let regex_matches = || self.regex.as_ref().is_some_and(|regex| regex.is_match(value));
        match self.op {
            MatchOp::Equal => self.value == value,
            MatchOp::NotEqual => self.value != value,
            MatchOp::Regex => regex_matches(),
            MatchOp::NotRegex => !regex_matches(),
        }
    }

    /// Whether a series without the label satisfies the condition.
    #[must_use]
    pub fn matches_empty(&self) -> bool {
        self.matches("")
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, op, value) = (&self.name, self.op.symbol(), &self.value);
        if crate::is_label_name(name) {
            write!(f, "{name}{op}{value:?}")
        } else {
            write!(f, "{name:?}{op}{value:?}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regex_matches_the_whole_value_across_newlines() {
        let matcher = Matcher::new(MatchOp::Regex, "a", "x.*|y").unwrap();
        assert!(matcher.matches("x\nz") && matcher.matches("y"));
        assert!(!matcher.matches("yy") && !matcher.matches(""));
        assert!(!matcher.matches_empty());
        let negated = Matcher::new(MatchOp::NotRegex, "a", "x").unwrap();
        assert!(negated.matches_empty());
    }

    #[test]
    fn a_bad_pattern_is_an_error_that_shows_it() {
        let error = Matcher::new(MatchOp::Regex, "a", "(").unwrap_err();
        assert_eq!(error.to_string(), r#"invalid regular expression "(""#);
    }
}
