//! Durations as Go writes them, which `pushover_configs` takes: `90s`, `1.5m`, `1h30m`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

/// In seconds: <https://pkg.go.dev/time#ParseDuration>.
const UNITS: [(&str, f64); 7] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("\u{b5}s", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// None when it is not one, or is negative: Pushover takes no such number.
fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut seconds = 0.0;
    loop {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let (number, tail) = rest.split_at_checked(rest.find(|c| !is_number(c))?)?;
        let end = tail.find(is_number).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * length;
        if tail.is_empty() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        rest = tail;
    }
}

/// For serde.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || D::Error::custom(format!("not a duration such as 90s or 1.5m: {text:?}"));
    parse(&text).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations_are_those_of_go() {
        let millis = |text| parse(text).map(|duration| duration.as_millis());
        for (text, expected) in
            [("0", 0), ("90s", 90_000), ("1.5m", 90_000), ("1h0.5m", 3_630_000), (".25s", 250)]
        {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
        for wrong in ["", "1", "m", "1d", "-1s", "1..5s", "1.5", "s1", "1s2"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
