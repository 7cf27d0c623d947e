//! Texts made safe for HTML, JavaScript and URLs.

use std::fmt::Write as _;

use crate::functions::FunctionError;

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

/// What [`url_query`] was given. Bytes that are no UTF-8 are replaced.
pub(crate) fn url_query_decoded(text: &str) -> Result<String, FunctionError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let code = after.first_chunk::<2>().and_then(|[high, low]| {
                    let digit = |byte: &u8| char::from(*byte).to_digit(16);
                    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
                });
                let Some(code) = code else {
                    let shown = after.get(..2).unwrap_or(after);
                    let shown = String::from_utf8_lossy(shown);
                    return Err(FunctionError(format!("invalid URL escape \"%{shown}\"")));
                };
                bytes.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            byte => bytes.push(*byte),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
