//! Which devices, mounts or fields are shown: regular expressions of the operator, and without any a plain function.
//!
//! A call starts afresh, so that an expression would be compiled in every scrape. What node_exporter excludes by default is
//! therefore written as code; only what the operator sets is compiled.

use narthex_sdk::Error;
use regex_lite::Regex;
use serde::Deserialize;

/// A regular expression as node_exporter's flags take it: it may match anywhere unless it says `^` and `$`. The empty one is
/// the same as none.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern(Option<Regex>);

impl TryFrom<String> for Pattern {
    type Error = regex_lite::Error;

    fn try_from(text: String) -> Result<Self, regex_lite::Error> {
        if text.is_empty() {
            Ok(Self(None))
        } else {
            Regex::new(&text).map(|regex| Self(Some(regex)))
        }
    }
}

impl Pattern {
    /// Whether the expression is there and matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// What to leave out, or what alone to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter<'a> {
    exclude: Option<&'a Pattern>,
    include: Option<&'a Pattern>,
    by_default: fn(&str) -> bool,
}

impl<'a> Filter<'a> {
    /// A filter; `by_default` says what is left out when the operator says nothing.
    pub(crate) fn new(
        exclude: Option<&'a Pattern>,
        include: Option<&'a Pattern>,
        by_default: fn(&str) -> bool,
    ) -> Self {
        Self { exclude, include, by_default }
    }

    /// Whether a name is left out.
    pub(crate) fn hides(&self, name: &str) -> bool {
        let include = self.include.and_then(|pattern| pattern.0.as_ref());
        let is_excluded = match self.exclude {
            Some(exclude) => exclude.matches(name),
            None => include.is_none() && (self.by_default)(name),
        };
        is_excluded || include.is_some_and(|include| !include.is_match(name))
    }
}

/// Nothing is left out by default.
pub(crate) fn nothing(_name: &str) -> bool {
    false
}

/// Refuses what says both what to leave out and what alone to show.
pub(crate) fn exclusive(
    collector: &str,
    subject: &str,
    exclude: Option<&Pattern>,
    include: Option<&Pattern>,
) -> Result<(), Error> {
    let is_set = |pattern: Option<&Pattern>| pattern.is_some_and(|pattern| pattern.0.is_some());
    if is_set(exclude) && is_set(include) {
        return Err(Error::config(format!(
            "{collector}: {subject}_exclude and {subject}_include exclude each other"
        ))
        .detail("key", format!("{collector}.{subject}_include")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Filter, Pattern};

    #[test]
    fn an_expression_takes_the_place_of_the_default() {
        let pattern = |text: &str| Pattern::try_from(text.to_owned()).unwrap();
        let starts_with_a: fn(&str) -> bool = |name| name.starts_with('a');
        let (b, none) = (pattern("^b"), pattern(""));
        let check =
            |exclude, include, name: &str| Filter::new(exclude, include, starts_with_a).hides(name);
        assert!(check(None, None, "ab") && !check(None, None, "ba"));
        assert!(check(Some(&b), None, "ba") && !check(Some(&b), None, "ab"));
        assert!(!check(None, Some(&b), "ba") && check(None, Some(&b), "cb"));
        assert!(!check(Some(&none), None, "ab"), "an empty expression excludes nothing");
        assert!(check(None, Some(&none), "ab"), "nor does it include anything");
        assert!(check(Some(&none), Some(&b), "cb"), "an empty one beside another");
        assert!(Pattern::try_from("(".to_owned()).is_err());
    }
}
