//! Base64 with padding, as RFC 4648 writes it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as text.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(group >> (18 - 6 * place) & 63).unwrap_or_default();
            let is_filled = place <= chunk.len();
            let digit = if is_filled { ALPHABET.get(digit) } else { None };
            text.push(char::from(digit.copied().unwrap_or(b'=')));
        }
    }
    text
}

/// The bytes of a text; none for one that is not Base64. Padding may be missing.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for chunk in digits.chunks(4) {
        let mut group = 0_u32;
        for digit in chunk {
            let place = ALPHABET.iter().position(|known| known == digit)?;
            group = group << 6 | u32::try_from(place).ok()?;
        }
        let bits = 6 * chunk.len();
        let whole = (group << (24 - bits)).to_be_bytes();
        bytes.extend_from_slice(whole.get(1..1 + bits / 8)?);
    }
    (digits.len() % 4 != 1).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn bytes_are_written_and_read_as_rfc_4648_says() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("\u{ff}\u{3f}", "w78/"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text, "{bytes:?}");
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(decode("Zg").as_deref(), Some(&b"f"[..]));
        for bad in ["Z", "Zm9vY", "Zm 9", "Zm9v-"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
