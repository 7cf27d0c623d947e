//! Numbers as Go reads and writes them, since that is what every peer does.

use std::fmt::Write as _;

/// Reads a value as Prometheus does: decimal notation, `NaN`, `Inf`, `Infinity` in any case. Hex
/// digits, underscores and values beyond the range of a double are refused. Every NaN becomes the
/// one quiet NaN, so that no target can send a staleness marker.
#[must_use]
pub fn parse_float(text: &[u8]) -> Option<f64> {
    let value: f64 = fast_float2::parse(text).ok()?;
    checked(value, text)
}

/// Reads as much of the start of `text` as is a number, with its length in bytes.
pub(crate) fn parse_float_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let (value, len): (f64, usize) = fast_float2::parse_partial(text).ok()?;
    if value.is_finite() {
        return Some((value, len));
    }
    Some((checked(value, text.get(..len)?)?, len))
}

fn checked(value: f64, text: &[u8]) -> Option<f64> {
    if value.is_nan() {
        let signed = matches!(text.first(), Some(b'+' | b'-'));
        return (!signed).then_some(f64::NAN);
    }
    let overflowed = value.is_infinite() && text.iter().any(u8::is_ascii_digit);
    (!overflowed).then_some(value)
}

/// Appends a value in the shortest form that reads back the same, in Go's notation `%g`: `1`,
/// `0.25`, `1e+06`, `1.5e-07`, `NaN`, `+Inf`.
pub fn format_float(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("NaN");
        return;
    }
    if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        return;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // `strconv.FormatFloat(value, 'g', -1, 64)` writes an exponent outside these bounds.
    let written = if (-4..6).contains(&exponent) {
        write!(out, "{value}")
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    };
    written.expect("writing to a string cannot fail");
}

/// As [`format_float`], with `.0` after whole numbers, as OpenMetrics writes `le` and `quantile`.
pub fn format_openmetrics_float(value: f64, out: &mut String) {
    let start = out.len();
    format_float(if value == 0.0 { 0.0 } else { value }, out);
    let is_whole = out
        .get(start..)
        .is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
    if is_whole {
        out.push_str(".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_go_reads_them() {
        for (text, value) in [
            ("1", 1.0),
            ("-0.5", -0.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("+1e3", 1000.0),
            ("Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("+Infinity", f64::INFINITY),
            ("9223372036854775808", 9_223_372_036_854_775_808.0),
        ] {
            assert_eq!(parse_float(text.as_bytes()), Some(value), "{text}");
            assert_eq!(parse_float_prefix(text.as_bytes()), Some((value, text.len())), "{text}");
        }
        assert_eq!(parse_float(b"nAn").map(f64::to_bits), Some(f64::NAN.to_bits()));
        for text in ["", ".", "1e", "0x1", "0x1p-3", "1_000", "1e999", "-nan", "+NaN", "1z", " 1"] {
            assert_eq!(parse_float(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn values_are_written_as_go_writes_them() {
        for (value, classic, openmetrics) in [
            (1.0, "1", "1.0"),
            (-0.0, "-0", "0.0"),
            (0.25, "0.25", "0.25"),
            (100_000.0, "100000", "100000.0"),
            (1e6, "1e+06", "1e+06"),
            (123_456_789.0, "1.23456789e+08", "1.23456789e+08"),
            (0.0001, "0.0001", "0.0001"),
            (0.000_01, "1e-05", "1e-05"),
            (1.5e-7, "1.5e-07", "1.5e-07"),
            (1e100, "1e+100", "1e+100"),
            (f64::NAN, "NaN", "NaN"),
            (f64::INFINITY, "+Inf", "+Inf"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
        ] {
            let (mut short, mut long) = (String::new(), String::new());
            format_float(value, &mut short);
            format_openmetrics_float(value, &mut long);
            assert_eq!((short.as_str(), long.as_str()), (classic, openmetrics));
        }
    }
}
