//! Bytes of string literals that are no UTF-8.
//!
//! An escape such as `"\xff"` may stand for a byte that no text has. Labels hold text, so that it
//! matches none; but it has to be told from what a text may hold when it is named or printed.
//! Characters of private use, which nobody assigns a meaning, stand in for such bytes.

/// The stand-in for byte 0; bytes below 0x80 need none.
const BASE: u32 = 0x10_FF00;

/// The text of these bytes.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let stand_in = |byte: &u8| char::from_u32(BASE + u32::from(*byte));
        text.extend(chunk.invalid().iter().filter_map(stand_in));
    }
    text
}

/// The byte that a character stands for.
pub(crate) fn byte_of(c: char) -> Option<u8> {
    let byte = u32::from(c).checked_sub(BASE)?;
    u8::try_from(byte).ok().filter(|byte| *byte >= 0x80)
}

/// Whether a text has bytes that no label may have.
pub(crate) fn has_any(text: &str) -> bool {
    text.chars().any(|c| byte_of(c).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::Quoted;

    #[test]
    fn bytes_that_are_no_text_are_told_from_it() {
        let text = text_of(b"a\xc5z\xff");
        assert_eq!(text.chars().filter_map(byte_of).collect::<Vec<u8>>(), [0xc5, 0xff]);
        assert_eq!(Quoted(&text).to_string(), r#""a\xc5z\xff""#);
        assert!(has_any(&text) && !has_any("a\u{fffd}z\u{e9}"));
    }
}
