//! What is told although it works.

use std::str::FromStr;

const ALL: &str = "all";
const NONE: &str = "none";
const DUPLICATE_RULES: &str = "duplicate-rules";
const LONG_INTERVALS: &str = "too-long-scrape-interval";

/// `--lint` of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RuleLints {
    /// Rules that write the same.
    pub(super) duplicates: bool,
}

/// `--lint` of a configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ConfigLints {
    pub(super) rules: RuleLints,
    /// Series of which a query would not find the last sample.
    pub(super) long_intervals: bool,
}

/// A word that stands for no lint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no lint; write {known}")]
pub(super) struct UnknownLint {
    found: String,
    known: &'static str,
}

impl FromStr for RuleLints {
    type Err = UnknownLint;

    fn from_str(text: &str) -> Result<Self, UnknownLint> {
        let lints: ConfigLints = text.parse()?;
        if text.split(',').any(|word| word == LONG_INTERVALS) {
            let known = "all, duplicate-rules or none";
            return Err(UnknownLint { found: LONG_INTERVALS.to_owned(), known });
        }
        Ok(lints.rules)
    }
}

impl FromStr for ConfigLints {
    type Err = UnknownLint;

    fn from_str(text: &str) -> Result<Self, UnknownLint> {
        let mut lints = Self::default();
        let mut is_none = false;
        for word in text.split(',').filter(|word| !word.is_empty()) {
            match word {
                ALL => (lints.rules.duplicates, lints.long_intervals) = (true, true),
                DUPLICATE_RULES => lints.rules.duplicates = true,
                LONG_INTERVALS => lints.long_intervals = true,
                NONE => is_none = true,
                other => {
                    let known = "all, duplicate-rules, too-long-scrape-interval or none";
                    return Err(UnknownLint { found: other.to_owned(), known });
                }
            }
        }
        Ok(if is_none { Self::default() } else { lints })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_are_named_and_none_is_stronger() {
        let all: ConfigLints = "all".parse().unwrap();
        assert!(all.rules.duplicates && all.long_intervals);
        let one: ConfigLints = "too-long-scrape-interval".parse().unwrap();
        assert!(!one.rules.duplicates && one.long_intervals);
        assert_eq!("all,none".parse(), Ok(ConfigLints::default()));
        assert!("too-long-scrape-interval".parse::<RuleLints>().is_err());
        assert!(
            "duplicates".parse::<ConfigLints>().unwrap_err().to_string().contains("is no lint")
        );
    }
}
