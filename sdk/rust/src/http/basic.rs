//! The credentials of the scheme `Basic`.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The header's value: `Basic <base64 of user:password>`.
pub(super) fn credentials(user: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{user}:{password}").as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
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

#[cfg(test)]
mod tests {
    use super::{base64, credentials};

    #[test]
    fn bytes_are_written_as_rfc_4648_writes_them() {
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
            assert_eq!(base64(bytes.as_bytes()), text, "{bytes:?}");
        }
        assert_eq!(credentials("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
