//! Arguments that are matchers, labels, times and durations.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use narthex_alerting::{MatcherTextError, parse_matcher};
use narthex_model::{DurationError, Labels, MatchOp, Matcher, Quoted, parse_duration};

/// Why an argument is refused.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentError {
    /// A matcher, or a label, which is written as one.
    #[error(transparent)]
    Matcher(#[from] MatcherTextError),
    /// A label or an annotation that is no pair.
    #[error("{what} must be specified as key=value pairs, not {text:?}")]
    NoPair {
        /// Labels or annotations.
        what: &'static str,
        /// What is there.
        text: String,
    },
    /// A time.
    #[error("{flag}: {text:?} is no time; write it as 2006-01-02T15:04:05-07:00")]
    Time {
        /// The flag.
        flag: &'static str,
        /// What is there.
        text: String,
        /// What is wrong.
        source: jiff::Error,
    },
    /// A duration.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// What is missing or does not go together.
    #[error("{0}")]
    Sense(&'static str),
}

/// The words that choose, or make a silence: the first may be the name of an alert alone.
pub(crate) fn matchers(texts: &[String]) -> Result<Vec<Matcher>, ArgumentError> {
    let read = |(place, text): (usize, &String)| match parse_matcher(text) {
        Err(_) if place == 0 => Ok(Matcher::equal("alertname", text)),
        matcher => Ok(matcher?),
    };
    texts.iter().enumerate().map(read).collect()
}

/// The same as a server reads them.
pub(crate) fn filters(texts: &[String]) -> Vec<String> {
    let mut filters = texts.to_vec();
    if let Some(first) = filters.first_mut().filter(|text| parse_matcher(text).is_err()) {
        *first = format!("alertname={}", Quoted(first));
    }
    filters
}

/// Pairs with an equals sign between; of two with one name the last counts.
pub(crate) fn pairs(
    what: &'static str,
    texts: &[String],
) -> Result<BTreeMap<String, String>, ArgumentError> {
    let pair = |text: &String| {
        let matcher = parse_matcher(text)?;
        if matcher.op() != MatchOp::Equal {
            return Err(ArgumentError::NoPair { what, text: text.clone() });
        }
        Ok((matcher.name().to_owned(), matcher.value().to_owned()))
    };
    texts.iter().map(pair).collect()
}

/// Labels of an alert that is tried.
///
/// # Errors
/// When a text is no pair.
pub fn parse_labels(texts: &[String]) -> Result<Labels, ArgumentError> {
    Ok(Labels::from_pairs(pairs("labels", texts)?))
}

pub(crate) fn time(
    flag: &'static str,
    text: Option<&str>,
) -> Result<Option<Timestamp>, ArgumentError> {
    let read = |text: &str| {
        let wrong = |source| ArgumentError::Time { flag, text: text.to_owned(), source };
        text.parse().map_err(wrong)
    };
    text.filter(|text| !text.is_empty()).map(read).transpose()
}

/// The length of a silence.
pub(crate) fn length(text: &str) -> Result<Duration, ArgumentError> {
    let duration = parse_duration(text)?;
    if duration.is_zero() {
        return Err(ArgumentError::Sense("silence duration must be greater than 0"));
    }
    Ok(duration)
}

/// The time after a duration, held at the end of all calendars.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// As servers write times.
pub(crate) fn time_text(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use narthex_alerting::matchers_text;

    use super::*;

    #[test]
    fn the_first_word_may_be_a_name() {
        let words =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (texts, expected) in [
            (&["foo", "node=bar"][..], r#"{alertname="foo",node="bar"}"#),
            (&["a \"b\""], r#"{alertname="a \"b\""}"#),
            (&["alertname=~foo.*"], r#"{alertname=~"foo.*"}"#),
        ] {
            let read = matchers(&words(texts)).unwrap();
            assert_eq!(matchers_text(&read), expected, "{texts:?}");
        }
        assert_eq!(filters(&words(&["a \"b\"", "x=y z"])), [r#"alertname="a \"b\"""#, "x=y z"]);
        assert!(matchers(&words(&["a=b", "foo"])).is_err());
        assert!(pairs("labels", &words(&["a!=b"])).is_err());
    }

    #[test]
    fn times_are_those_of_rfc_3339() {
        let read = |text| time("--start", Some(text)).map(|at| at.map(time_text));
        let expected = Some("2026-01-01T10:00:00.000Z".to_owned());
        assert_eq!(read("2026-01-01T12:00:00+02:00").unwrap(), expected);
        assert_eq!(read("").unwrap(), None);
        let error = read("tomorrow").unwrap_err().to_string();
        assert!(error.starts_with("--start: \"tomorrow\" is no time"), "{error}");
    }
}
