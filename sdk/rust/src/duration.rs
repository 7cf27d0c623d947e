//! Durations as Prometheus writes them: `30s`, `1h30m`, `250ms`.
//!
//! Use it on a field of a configuration: `#[serde(with = "narthex_sdk::duration")]`, or `narthex_sdk::duration::positive`
//! where `0s` makes no sense.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

/// Units, largest first, in milliseconds. A duration names each at most once and in this order.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads a duration; none when it is not one. `0` needs no unit.
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total_ms = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(letters)?;
        let (_, unit_ms) = units.find(|(name, _)| *name == unit)?;
        total_ms = total_ms.checked_add(number.parse::<u64>().ok()?.checked_mul(*unit_ms)?)?;
        rest = tail;
    }
    Some(Duration::from_millis(total_ms))
}

/// Whole milliseconds, as calls of the host take them; at most 49 days.
pub fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// For serde.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text)
        .ok_or_else(|| D::Error::custom(format!("not a duration such as 30s or 1h30m: {text:?}")))
}

/// For serde, where `0s` is refused.
pub mod positive {
    use std::time::Duration;

    use serde::{Deserializer, de::Error as _};

    /// For serde.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let duration = super::deserialize(deserializer)?;
        if duration.is_zero() {
            return Err(D::Error::custom("must be longer than 0"));
        }
        Ok(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[track_caller]
    fn check(text: &str, ms: Option<u128>) {
        assert_eq!(parse(text).map(|duration| duration.as_millis()), ms, "{text}");
    }

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        check("30s", Some(30_000));
        check("1h30m", Some(5_400_000));
        check("250ms", Some(250));
        check("1m5ms", Some(60_005));
        check("0", Some(0));
        for bad in ["", "30", "s", "1s1s", "1s1m", "1.5s", "-1s", "1 s", "99999999999999y"] {
            check(bad, None);
        }
    }

    #[test]
    fn a_key_may_refuse_nothing() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only whether it is read matters")]
        struct Config {
            #[serde(with = "super::positive")]
            every: std::time::Duration,
        }
        let read = crate::config::parse::<Config>;
        assert!(read(r#"{"every":"1ms"}"#).is_ok());
        assert_eq!(read(r#"{"every":"0s"}"#).unwrap_err().message, "every: must be longer than 0");
    }
}
