//! Numbers for people.

use crate::number::format_float;

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const LARGE_BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// Four significant digits.
pub(crate) fn four_digits(value: f64) -> String {
    format_float(value, 'g', Some(4))
}

/// With a metric prefix: `1.234k`.
pub(crate) fn metric(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return four_digits(value);
    }
    let (value, prefix) =
        if value.abs() >= 1.0 { divided(value, 1000.0, &LARGE) } else { multiplied(value) };
    format!("{}{prefix}", four_digits(value))
}

/// With a binary prefix: `1.206ki`.
pub(crate) fn binary(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return four_digits(value);
    }
    let (value, prefix) = divided(value, 1024.0, &LARGE_BINARY);
    format!("{}{prefix}", four_digits(value))
}

fn divided(value: f64, factor: f64, prefixes: &[&'static str]) -> (f64, &'static str) {
    let mut current = (value, "");
    for prefix in prefixes {
        if current.0.abs() < factor {
            break;
        }
        current = (current.0 / factor, prefix);
    }
    current
}

fn multiplied(value: f64) -> (f64, &'static str) {
    let mut current = (value, "");
    for prefix in SMALL {
        if current.0.abs() >= 1.0 {
            break;
        }
        current = (current.0 * 1000.0, prefix);
    }
    current
}

/// Seconds as `1d 2h 3m 4s`, below a minute with fractions.
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return four_digits(seconds);
    }
    if seconds == 0.0 {
        return "0s".to_owned();
    }
    if seconds.abs() < 1.0 {
        let (value, prefix) = multiplied(seconds);
        return format!("{}{prefix}s", four_digits(value));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let seconds = seconds.abs();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole seconds are wanted, and the cast saturates"
    )]
    let whole = seconds as u64;
    let (days, hours) = (whole / 86_400, whole / 3600 % 24);
    let (minutes, rest) = (whole / 60 % 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", four_digits(seconds)),
        (0, 0, _) => format!("{sign}{minutes}m {rest}s"),
        (0, _, _) => format!("{sign}{hours}h {minutes}m {rest}s"),
        (_, _, _) => format!("{sign}{days}d {hours}h {minutes}m {rest}s"),
    }
}

/// A ratio as percents.
pub(crate) fn percentage(ratio: f64) -> String {
    format!("{}%", four_digits(ratio * 100.0))
}
