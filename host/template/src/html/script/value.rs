//! Values as parts of scripts. Nothing here needs escaping for HTML, but for quotes and spaces.

use std::fmt::Write as _;

use crate::json;
use crate::value::Value;

/// An expression of its own: JSON, with space around what could join a word or a number.
pub(super) fn in_code(value: &Value) -> String {
    let json = if let Value::Object(object) = value
        && object.json().is_none()
        && object.items().is_none()
    {
        let mut out = String::new();
        json::quote(&object.print(), &mut out);
        Ok(out)
    } else {
        json::encode(value)
    };
    let json = match json {
        Ok(json) => json,
        // A space first: behind a slash it would be the comment of a line.
        Err(error) => return format!(" /* {} */null ", error.to_string().replace("*/", "* /")),
    };
    let joins = |c: Option<char>| c.is_some_and(super::is_in_word);
    if joins(json.chars().next()) || joins(json.chars().next_back()) {
        format!(" {json} ")
    } else {
        json
    }
}

/// Between quotes.
pub(super) fn in_string(text: &str) -> String {
    escape(text, |_| None)
}

/// Between backquotes.
pub(super) fn in_template(text: &str) -> String {
    escape(text, |c| match c {
        '$' => Some("\\u0024"),
        '{' => Some("\\u007b"),
        '}' => Some("\\u007d"),
        _ => None,
    })
}

/// In a regular expression, where it stands for itself.
pub(super) fn in_pattern(text: &str) -> String {
    if text.is_empty() {
        // Two slashes would begin a comment.
        return "(?:)".to_owned();
    }
    escape(text, |c| match c {
        '$' => Some("\\$"),
        '(' => Some("\\("),
        ')' => Some("\\)"),
        '*' => Some("\\*"),
        '-' => Some("\\-"),
        '.' => Some("\\."),
        '?' => Some("\\?"),
        '[' => Some("\\["),
        ']' => Some("\\]"),
        '^' => Some("\\^"),
        '{' => Some("\\{"),
        '|' => Some("\\|"),
        '}' => Some("\\}"),
        _ => None,
    })
}

fn escape(text: &str, more: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match (more(c), c) {
            (Some(code), _) => out.push_str(code),
            (None, '\t') => out.push_str("\\t"),
            (None, '\n') => out.push_str("\\n"),
            (None, '\u{c}') => out.push_str("\\f"),
            (None, '\r') => out.push_str("\\r"),
            (None, '/') => out.push_str("\\/"),
            (None, '\\') => out.push_str("\\\\"),
            (
                None,
                '\0' | '\u{b}' | '"' | '&' | '\'' | '+' | '<' | '>' | '`' | '\u{2028}' | '\u{2029}',
            ) => write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail"),
            (None, c) => out.push(c),
        }
    }
    out
}
