//! Numbers as Prometheus writes them.

use std::fmt;

/// Shows a number in the fewest digits that read back the same, in Go's notation `%g`: `1`, `0.25`,
/// `1e+06`, `1.5e-07`, `NaN`, `+Inf`.
#[derive(Clone, Copy, Debug)]
pub struct Shortest(pub f64);

/// Where `%g` turns to an exponent when it writes all digits.
const PLAIN_EXPONENTS: std::ops::Range<i32> = -4..6;

impl fmt::Display for Shortest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if value.is_nan() {
            return f.write_str("NaN");
        }
        if value.is_infinite() {
            return f.write_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        }
        let scientific = format!("{value:e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        if PLAIN_EXPONENTS.contains(&exponent) {
            return write!(f, "{value}");
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(f, "{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::Shortest;

    #[test]
    fn exponents_come_where_go_writes_them() {
        let check = |value: f64, expected: &str| assert_eq!(Shortest(value).to_string(), expected);
        check(0.0, "0");
        check(-0.0, "-0");
        check(100_000.0, "100000");
        check(1_000_000.0, "1e+06");
        check(123_456_789.0, "1.23456789e+08");
        check(0.0001, "0.0001");
        check(0.000_01, "1e-05");
        check(f64::NEG_INFINITY, "-Inf");
        check(f64::INFINITY, "+Inf");
        check(f64::NAN, "NaN");
    }
}
