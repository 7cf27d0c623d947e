//! Values in styles.

use super::REFUSED;

/// What could end a value, a declaration or the style, or call a function.
const DIVIDERS: &[char] =
    &['\0', '"', '\'', '(', ')', '/', ';', '@', '[', '\\', ']', '`', '{', '}', '<', '>'];
/// What old browsers ran.
const RUNNABLE: [&str; 2] = ["expression", "mozbinding"];

/// A value of a style, if it is a plain one.
pub(super) fn filter(text: &str) -> &str {
    let letters = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let letters: String = letters.collect::<String>().to_ascii_lowercase().replace('-', "");
    let is_plain = !text.contains(DIVIDERS)
        && !text.contains("--")
        && !RUNNABLE.iter().any(|word| letters.contains(word));
    if is_plain { text } else { REFUSED }
}
