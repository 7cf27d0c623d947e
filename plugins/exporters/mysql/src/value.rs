//! Texts of the server as numbers.

use narthex_sdk::time;

/// A number, a switch, a state or a moment; none for another text.
pub(crate) fn number(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "primary" => return Some(1.0),
        // A replica that is connecting does not run.
        "no" | "off" | "disabled" | "connecting" | "non-primary" | "disconnected" => {
            return Some(0.0);
        }
        _ => {}
    }
    certificate_time(text).or_else(|| date_time(text)).or_else(|| text.parse().ok())
}

/// `Jan  5 08:30:00 2026 GMT`, as TLS libraries write when a certificate ends.
fn certificate_time(text: &str) -> Option<f64> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [month, day, clock, year, _zone] = words.as_slice() else { return None };
    moment(year.parse().ok()?, time::month(month)?, day.parse().ok()?, clock)
}

/// `2026-01-05 08:30:00`
fn date_time(text: &str) -> Option<f64> {
    let (date, clock) = text.split_once(' ')?;
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    moment(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?, clock)
}

/// Seconds since the Unix epoch, of a moment in UTC.
fn moment(year: i64, month: i64, day: i64, clock: &str) -> Option<f64> {
    let parts: Vec<i64> = clock.split(':').map_while(|part| part.parse().ok()).collect();
    let [hour, minute, second] = parts.as_slice() else { return None };
    let seconds = time::from_civil([year, month, day], [*hour, *minute, *second])?;
    Some(seconds as f64)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn texts_become_numbers_as_in_mysqld_exporter() {
        for (text, expected) in [
            ("42", Some(42.0)),
            ("-0.5", Some(-0.5)),
            ("ON", Some(1.0)),
            ("Yes", Some(1.0)),
            ("DISABLED", Some(0.0)),
            ("Connecting", Some(0.0)),
            ("Primary", Some(1.0)),
            ("non-Primary", Some(0.0)),
            ("Jan  1 00:00:00 1970 GMT", Some(0.0)),
            ("Feb 29 12:30:01 2024 GMT", Some(1_709_209_801.0)),
            ("2001-09-09 01:46:40", Some(1_000_000_000.0)),
            ("0000-00-00 00:00:00", None),
            ("2026-01-01 24:00:00", None),
            ("mysql-bin.000013", None),
            ("InnoDB", None),
            ("1-2-3", None),
            ("", None),
        ] {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }
}
