//! Durations as Prometheus writes them: `1h30m`, units descending, integers only.

use std::fmt::Write as _;
use std::time::Duration;

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing was written.
    #[error("empty duration; write a number with a unit, as in 30s or 1h30m")]
    Empty,
    /// Something else than numbers with descending units.
    #[error(
        "{0:?} is no duration; write whole numbers with the units y, w, d, h, m, s, ms in this order, as in 1h30m"
    )]
    Malformed(String),
    /// More than 2^63 milliseconds.
    #[error("duration {0:?} is out of range")]
    OutOfRange(String),
}

/// Reads `1h30m`, `15s`, `500ms`, `0`.
///
/// # Errors
/// When the text is empty, no duration, or longer than 292 million years.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let malformed = || DurationError::Malformed(text.to_owned());
    let out_of_range = || DurationError::OutOfRange(text.to_owned());
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(malformed)?;
        let (number, tail) = rest.split_at_checked(digits).ok_or_else(malformed)?;
        let unit_len = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit_len).ok_or_else(malformed)?;
        let (_, factor) = units.find(|(name, _)| *name == unit).ok_or_else(malformed)?;
        if number.is_empty() {
            return Err(malformed());
        }
        let number: u64 = number.parse().map_err(|_| out_of_range())?;
        millis = number
            .checked_mul(*factor)
            .and_then(|part| part.checked_add(millis))
            .filter(|sum| i64::try_from(*sum).is_ok())
            .ok_or_else(out_of_range)?;
        rest = tail;
    }
    Ok(Duration::from_millis(millis))
}

/// Writes a duration the way Prometheus does: `1h30m`, `1m15s`, `0s`. Years, weeks and days stand
/// alone only when they divide the duration. Parts below a millisecond are dropped.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (index, (unit, factor)) in UNITS.iter().enumerate() {
        let must_divide = index < 2; // years and weeks: "1w" reads well, "1w3d" does not
        if must_divide && !rest.is_multiple_of(*factor) {
            continue;
        }
        let count = rest / factor;
        if count > 0 {
            write!(text, "{count}{unit}").expect("writing to a string cannot fail");
            rest %= factor;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_survive_a_round_trip() {
        for text in ["1h30m", "15s", "500ms", "1m", "1d", "2w", "1y", "5d2h", "1s1ms"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("0"), Ok(Duration::ZERO));
        assert_eq!(format_duration(Duration::ZERO), "0s");
    }

    #[test]
    fn wrong_texts_are_refused() {
        for text in ["1", "s", "1x", "1m1h", "1m1m", "-1s", "1.5h", " 1s", "1s "] {
            assert!(matches!(parse_duration(text), Err(DurationError::Malformed(_))), "{text}");
        }
        assert_eq!(parse_duration(""), Err(DurationError::Empty));
        let long = "99999999999999y";
        assert!(matches!(parse_duration(long), Err(DurationError::OutOfRange(_))));
    }
}
