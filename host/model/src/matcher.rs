//! Conditions on one label.

use std::fmt;

mod anchored;
mod expand;
mod shape;

pub use self::anchored::AnchoredRegex;
pub use self::expand::expand_match;

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

    /// The regular expression, of the two kinds that have one.
    #[must_use]
    pub fn regex(&self) -> Option<&AnchoredRegex> {
        self.regex.as_ref()
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
