//! Text in double quotes, as Prometheus writes it.

use std::fmt::{self, Write as _};

/// Shows a text in double quotes, escaped as Go's `%q` does it: what cannot be printed, and every
/// blank but the space, as an escape.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            let escape = match c {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\u{7}' => "\\a",
                '\u{8}' => "\\b",
                '\u{c}' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\u{b}' => "\\v",
                _ => {
                    write_char(c, f)?;
                    continue;
                }
            };
            f.write_str(escape)?;
        }
        f.write_char('"')
    }
}

fn write_char(c: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let code = u32::from(c);
    // Rust's own escaping knows which characters cannot be printed; a space other than the
    // plain one is not printable to Go.
    let is_plain = c == ' ' || (!c.is_whitespace() && c.escape_debug().len() == 1) || c == '\'';
    if is_plain {
        f.write_char(c)
    } else if code < 0x80 {
        write!(f, "\\x{code:02x}")
    } else if code < 0x1_0000 {
        write!(f, "\\u{code:04x}")
    } else {
        write!(f, "\\U{code:08x}")
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn what_cannot_be_printed_is_escaped() {
        let text = "a'\"\\\n\t\u{1}\u{7f}\u{a0}\u{e000}é\u{10ffff}";
        let expected = r#""a'\"\\\n\t\x01\x7f\u00a0\ue000é\U0010ffff""#;
        assert_eq!(Quoted(text).to_string(), expected);
    }
}
