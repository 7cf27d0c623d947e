//! Escapes in label values, quoted names and help texts.

use std::borrow::Cow;

/// Of what a target sent, errors hold so much.
const SHORT_CHARS_MAX: usize = 50;

/// The beginning of a text that may be long, for an error.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(SHORT_CHARS_MAX).collect()
}

/// Undoes `\\`, `\n` and, when `quotes`, `\"`; any other backslash stands for itself.
pub(crate) fn unescape(text: &str, quotes: bool) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        let mut rest = chars.clone();
        let plain = match (next, rest.next()) {
            ('\\', Some('\\')) => '\\',
            ('\\', Some('n')) => '\n',
            ('\\', Some('"')) if quotes => '"',
            _ => {
                out.push(next);
                continue;
            }
        };
        out.push(plain);
        chars = rest;
    }
    Cow::Owned(out)
}

/// Appends `text` with `\` and line ends escaped, and quotes too when `quotes`.
pub(crate) fn escape(text: &str, quotes: bool, out: &mut String) {
    for part in text.chars() {
        match part {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            plain => out.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_escapes_are_undone() {
        assert_eq!(unescape(r#"a\\b\nc\"d\te\"#, true), "a\\b\nc\"d\\te\\");
        assert_eq!(unescape(r#"\\n\""#, false), "\\n\\\"");
    }

    #[test]
    fn escaping_and_undoing_is_the_same_again() {
        let text = "a\\n\n\"b\\\\";
        for quotes in [true, false] {
            let mut escaped = String::new();
            escape(text, quotes, &mut escaped);
            assert_eq!(unescape(&escaped, quotes), text);
        }
    }
}
