//! Numbers as Go reads and writes them.

/// Writes a float as Go's `strconv.FormatFloat` does. `verb` is one of `e E f F g G`; without a
/// precision as many digits as are needed to read the same number back.
#[must_use]
pub fn format_float(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    match verb {
        'e' | 'E' => with_exponent(value, precision, verb),
        'f' | 'F' => match precision {
            Some(digits) => format!("{value:.digits$}"),
            None => format!("{value}"),
        },
        _ => general(value, verb, precision),
    }
}

/// `%g`: an exponent only where the number would be long without.
fn general(value: f64, verb: char, precision: Option<usize>) -> String {
    let exponent_verb = if verb == 'G' { 'E' } else { 'e' };
    let rounded = match precision {
        Some(digits) => format!("{value:.*e}", digits.max(1) - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let all = mantissa.chars().filter(char::is_ascii_digit).collect::<String>();
    let significant = i32::try_from(all.trim_end_matches('0').len()).unwrap_or(i32::MAX).max(1);
    let threshold = match precision.map(|digits| i32::try_from(digits.max(1)).unwrap_or(i32::MAX)) {
        // The shortest form switches where %g without a precision does in C.
        None => 6,
        Some(digits) if digits > significant && significant > exponent => significant,
        Some(digits) => digits,
    };
    let decimals = |count: i32| usize::try_from(count).unwrap_or(0);
    if exponent < -4 || exponent >= threshold {
        return with_exponent(value, Some(decimals(significant - 1)), exponent_verb);
    }
    let places = decimals(significant - exponent - 1);
    // Rounded to its significant digits first, so that 0.99996 with four becomes 1, not 1.000.
    let value: f64 = rounded.parse().unwrap_or(value);
    format!("{value:.places$}")
}

/// At least two digits of exponent, with a sign.
fn with_exponent(value: f64, precision: Option<usize>, verb: char) -> String {
    let text = match precision {
        Some(digits) => format!("{value:.digits$e}"),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}{verb}{sign}{digits:0>2}")
}

/// Reads a float as Go's `strconv.ParseFloat` does, but for hexadecimal.
#[must_use]
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    text.parse().ok()
}
