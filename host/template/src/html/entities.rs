//! Entities in the values of attributes, as a browser reads them before anything else.

use std::borrow::Cow;

/// Those that matter for where a value stands, by name.
const NAMED: [(&str, char); 7] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("sol", '/'),
];
/// Those that are read without a semicolon, too.
const OPEN: [&str; 4] = ["amp", "lt", "gt", "quot"];

/// The text as it is read. `None`: it holds an entity that is not known here.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('&') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let is_number = after.starts_with('#');
        let name_begin = usize::from(is_number);
        let name = after.get(name_begin..).unwrap_or("");
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let (name, behind) = name.split_at_checked(end)?;
        let closed = behind.strip_prefix(';');
        rest = match (is_number, name) {
            (_, "") => {
                out.push('&');
                after
            }
            (true, digits) => {
                out.push(numbered(digits)?);
                closed?
            }
            (false, name) if closed.is_some() => {
                out.push(NAMED.iter().find(|(known, _)| *known == name)?.1);
                closed?
            }
            (false, name) => {
                let lower = name.to_ascii_lowercase();
                if OPEN.iter().any(|open| lower.starts_with(open)) {
                    return None;
                }
                out.push('&');
                after
            }
        };
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

fn numbered(digits: &str) -> Option<char> {
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    // Others stand for letters of an old table.
    char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace())
}
