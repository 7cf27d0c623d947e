//! How promtool writes what it compares.

use narthex_model::Labels;

use crate::tsdb::notation;

/// Labels within braces.
pub(super) fn labels(labels: &Labels) -> String {
    notation::labels(labels, ", ")
}

/// A number with one digit before the point and an exponent of two: `1.5E+00`.
pub(super) fn exponential(value: f64) -> String {
    if !value.is_finite() {
        return narthex_model::Shortest(value).to_string();
    }
    let text = format!("{value:E}");
    let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}E{sign}{digits:0>2}")
}

/// A duration as the files write it.
pub(super) fn duration(millis: i64) -> String {
    let size = std::time::Duration::from_millis(millis.unsigned_abs());
    narthex_model::format_duration(size)
}

/// Every line but the first moved in.
pub(super) fn indented(text: &str, indent: &str) -> String {
    text.replace('\n', &format!("\n{indent}"))
}

#[expect(clippy::print_stdout, reason = "the answer to a command")]
pub(super) fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "failures go where promtool writes them")]
pub(super) fn complain(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::exponential;

    #[test]
    fn numbers_have_one_digit_before_the_point() {
        let check = |value: f64, expected: &str| assert_eq!(exponential(value), expected);
        check(0.0, "0E+00");
        check(1.0, "1E+00");
        check(-0.015, "-1.5E-02");
        check(1e100, "1E+100");
        check(f64::NAN, "NaN");
        check(f64::INFINITY, "+Inf");
    }
}
