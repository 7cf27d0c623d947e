//! URLs in attributes.

use std::fmt::Write as _;

use super::REFUSED;
use super::attribute::UrlPart;
use crate::escape;

/// Schemes that a value may choose.
const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// A value that stands in a URL of which `part` was written. A trusted one may have any scheme and
/// counts as a URL, not as a text in one. `is_query`: by the function `urlquery`.
pub(super) fn escape(text: &str, part: UrlPart, is_trusted: bool, is_query: bool) -> String {
    if part == UrlPart::Begin && !is_trusted && !has_safe_scheme(text) {
        return format!("#{REFUSED}");
    }
    match part {
        _ if is_query => escape::url_query(text),
        UrlPart::Query if !is_trusted => percent(text, false),
        UrlPart::Begin | UrlPart::Path | UrlPart::Query => percent(text, true),
    }
}

fn has_safe_scheme(url: &str) -> bool {
    match url.split_once(':') {
        Some((scheme, _)) if !scheme.contains('/') => {
            SCHEMES.iter().any(|safe| scheme.eq_ignore_ascii_case(safe))
        }
        _ => true,
    }
}

/// With codes for what a URL cannot hold and, unless it is a whole one, for what would divide it.
fn percent(text: &str, is_whole: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let keeps = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => true,
            // Not the single quote and the parentheses, which mean something in styles.
            b'!' | b'#' | b'$' | b'&' | b'*' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?'
            | b'@' | b'[' | b']' => is_whole,
            b'%' => {
                let code = bytes.get(index + 1..index + 3);
                is_whole && code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
            }
            _ => false,
        };
        if keeps {
            out.push(char::from(*byte));
        } else {
            write!(out, "%{byte:02x}").expect("writing to a string cannot fail");
        }
    }
    out
}
