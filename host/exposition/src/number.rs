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

/// A count as a value.
#[expect(clippy::cast_precision_loss, reason = "a count beyond 2^53 may lose its last bit")]
pub(crate) const fn to_float(count: u64) -> f64 {
    count as f64
}

/// Powers of ten that a double holds exactly, as far as they are needed.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
const SHORT_DIGITS_MAX: usize = 15;

/// Reads plain decimals of up to 15 digits, as nearly all samples are, when a space or the line's
/// end follows. Digits and divisor are exact in a double then, so that one division rounds right.
#[expect(clippy::cast_precision_loss, reason = "15 digits are less than 2^53")]
fn parse_short_decimal(text: &[u8]) -> Option<(f64, usize)> {
    let is_negative = text.first() == Some(&b'-');
    let mut len = usize::from(is_negative);
    let mut mantissa: u64 = 0;
    let mut digits = 0;
    let mut digits_before_point = None;
    let end = loop {
        match *text.get(len)? {
            digit @ b'0'..=b'9' => {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
                digits += 1;
            }
            b'.' if digits_before_point.is_none() => digits_before_point = Some(digits),
            end => break end,
        }
        len += 1;
    };
    if !matches!(end, b'\n' | b' ') || digits == 0 || digits > SHORT_DIGITS_MAX {
        return None;
    }
    let scale = POWERS.get(digits - digits_before_point.unwrap_or(digits))?;
    let value = mantissa as f64 / scale;
    Some((if is_negative { -value } else { value }, len))
}

/// Reads as much of the start of `text` as is a number, with its length in bytes.
pub(crate) fn parse_float_prefix(text: &[u8]) -> Option<(f64, usize)> {
    if let Some(short) = parse_short_decimal(text) {
        return Some(short);
    }
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_decimals_are_read_as_all_others(text in "-?[0-9]{0,16}(\\.[0-9]{0,16})?[ \n]") {
            let bytes = text.as_bytes();
            let word = &bytes[..bytes.len() - 1];
            let expected = fast_float2::parse::<f64, _>(word).ok();
            if let Some((value, len)) = parse_short_decimal(bytes) {
                prop_assert_eq!(Some(value.to_bits()), expected.map(f64::to_bits));
                prop_assert_eq!(len, word.len());
            }
            let prefix = parse_float_prefix(bytes).filter(|(_, len)| *len == word.len());
            prop_assert_eq!(prefix.map(|(value, _)| value.to_bits()), expected.map(f64::to_bits));
        }
    }

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
