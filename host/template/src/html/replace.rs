//! Characters that HTML takes for something else, replaced.

use std::fmt::Write as _;

/// The beginning of the declaration of a document's type, which is no tag.
const DOCTYPE: &str = "<!doctype";

/// For between tags and for values in quotes. Trusted HTML keeps its entities.
pub(super) fn markup(text: &str, keeps_entities: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}'),
            '&' if !keeps_entities => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' | '\'' | '+' => push_code(c, &mut out),
            c => out.push(c),
        }
    }
    out
}

/// For values without quotes, which must not be empty.
pub(super) fn unquoted(text: &str, keeps_entities: bool) -> String {
    if text.is_empty() {
        return super::REFUSED.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push_str("&#xfffd;"),
            '&' if !keeps_entities => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' | '\'' | '+' | '=' | '`' | ' ' | '\t'..='\r' => push_code(c, &mut out),
            c => out.push(c),
        }
    }
    out
}

fn push_code(c: char, out: &mut String) {
    write!(out, "&#{};", u32::from(c)).expect("writing to a string cannot fail");
}

/// A literal text that holds no tags: what looks like the beginning of one is replaced.
pub(super) fn stray_brackets(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((before, after)) = rest.find('<').and_then(|at| rest.split_at_checked(at)) {
        out.push_str(before);
        let begin = after.get(..DOCTYPE.len()).unwrap_or("");
        out.push_str(if begin.eq_ignore_ascii_case(DOCTYPE) { "<" } else { "&lt;" });
        rest = after.strip_prefix('<').unwrap_or("");
    }
    out.push_str(rest);
}
