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
    /// A duration of nothing.
    #[error("{what} duration must be greater than 0")]
    Zero {
        /// What would hold for so long.
        what: &'static str,
    },
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

/// A duration as Go writes it, with fractions as in `1.5h`, or as Prometheus does, as in `1d`.
///
/// # Errors
/// When it is neither.
pub fn parse_any_duration(text: &str) -> Result<Duration, ArgumentError> {
    parse_duration(text).or_else(|error| go_duration(text).ok_or_else(|| error.into()))
}

fn go_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("μs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
    ];
    let is_of_number = |byte: char| byte.is_ascii_digit() || byte == '.';
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|byte| !is_of_number(byte))?);
        let (unit, after) = after.split_at(after.find(is_of_number).unwrap_or(after.len()));
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * unit;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(seconds).ok())?
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

/// How long something holds.
pub(crate) fn length(what: &'static str, text: &str) -> Result<Duration, ArgumentError> {
    let duration = parse_duration(text)?;
    if duration.is_zero() {
        return Err(ArgumentError::Zero { what });
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
    fn durations_are_those_of_go_and_of_prometheus() {
        for (text, millis) in [
            ("1.5h", 5_400_000),
            ("1h0.5m", 3_630_000),
            (".5s", 500),
            ("2.s", 2_000),
            ("1500us", 1),
            ("1500µs", 1),
            ("1d", 86_400_000),
            ("0", 0),
        ] {
            assert_eq!(parse_any_duration(text).unwrap().as_millis(), millis, "{text}");
        }
        for text in ["", "1.5", "1.5d", "h", ".h", "1.2.3s", "1.5h3", "-1.5h", "1.5 h", "9e9h"] {
            assert!(parse_any_duration(text).is_err(), "{text}");
        }
        assert!(parse_any_duration(&format!("{}.0h", "9".repeat(300))).is_err());
    }

    #[test]
    fn nothing_holds_for_no_time() {
        assert_eq!(length("silence", "1h").unwrap(), Duration::from_secs(3600));
        for what in ["silence", "acknowledgement"] {
            let error = length(what, "0s").unwrap_err().to_string();
            assert_eq!(error, format!("{what} duration must be greater than 0"));
        }
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
