//! The classic syntax of matchers: `name op value`, where the value ends with the text.

use narthex_model::Matcher;

use super::OPS;

/// One matcher; `None`: the text is none in this syntax.
pub(super) fn matcher(text: &str) -> Option<Matcher> {
    let text = text.trim_matches(is_space);
    let name_end = text.find(|c: char| !is_name_letter(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(name_end)?;
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start_matches(is_space);
    let (op, rest) =
        OPS.iter().find_map(|(symbol, op)| rest.strip_prefix(symbol).map(|rest| (*op, rest)))?;
    Matcher::new(op, name, value(rest.trim_start_matches(is_space))?).ok()
}

/// Matchers between commas that stand in no quotes, in braces or without.
pub(super) fn matchers(text: &str) -> Option<Vec<Matcher>> {
    let text = text.strip_prefix('{').unwrap_or(text);
    let text = text.strip_suffix('}').unwrap_or(text);
    let mut parts = Vec::new();
    let (mut start, mut in_quotes, mut is_escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            ',' if !in_quotes => {
                parts.push(text.get(start..at)?);
                start = at + 1;
                continue;
            }
            '"' if !is_escaped => in_quotes = !in_quotes,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    // A comma may stand behind the last one.
    let last = text.get(start..)?.trim();
    parts.extend((!last.is_empty()).then_some(last));
    parts.into_iter().map(matcher).collect()
}

/// A value, in quotes or without: `\n`, `\"` and `\\` are escapes, another backslash is one.
fn value(text: &str) -> Option<String> {
    let inner = match text.strip_prefix('"') {
        Some(rest) => without_quote(rest)?,
        None => text,
    };
    let mut value = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('"', _) => return None,
            ('\\', Some('n')) => value.push('\n'),
            ('\\', Some(next @ ('"' | '\\'))) => value.push(*next),
            _ => {
                value.push(c);
                continue;
            }
        }
        chars.next();
    }
    Some(value)
}

/// What stands before the closing quote, which no backslash may escape.
fn without_quote(text: &str) -> Option<&str> {
    let inner = text.strip_suffix('"')?;
    let backslashes = inner.bytes().rev().take_while(|byte| *byte == b'\\').count();
    backslashes.is_multiple_of(2).then_some(inner)
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{c}' | '\r')
}

const fn is_name_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
}
