//! Texts made safe for HTML, JavaScript and URLs.

use std::fmt::Write as _;

/// For text and attributes of HTML.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// For a string inside JavaScript.
pub(crate) fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => {
                out.push('\\');
                out.push(c);
            }
            '<' | '>' | '&' | '=' => push_code(&mut out, c),
            c if c.is_control() => push_code(&mut out, c),
            c => out.push(c),
        }
    }
    out
}

fn push_code(out: &mut String, c: char) {
    write!(out, "\\u{:04X}", u32::from(c)).expect("writing to a string cannot fail");
}

/// For a value in the query of a URL.
pub(crate) fn url_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => write!(out, "%{byte:02X}").expect("writing to a string cannot fail"),
        }
    }
    out
}
