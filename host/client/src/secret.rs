//! Secrets in files, and how they are written into requests.

use reqwest::header::HeaderValue;

use crate::client::ClientOptions;
use crate::config::Text;
use crate::error::{RequestError, invalid};

/// A secret, certificate or key in a file is not longer.
pub(crate) const SECRET_BYTES_MAX: u64 = 1 << 20;

impl Text {
    pub(crate) fn read(&self, options: &ClientOptions) -> Result<String, RequestError> {
        match self {
            Self::Given(secret) => Ok(secret.expose().to_owned()),
            Self::File(file) => read_text(options, file),
        }
    }
}

/// A secret in a file, without the white space around it.
pub(crate) fn read_text(options: &ClientOptions, file: &str) -> Result<String, RequestError> {
    let path = options.folder.join(file);
    let text = narthex_platform::read_to_string(&*options.disk, &path, SECRET_BYTES_MAX);
    let text = text.map_err(|source| RequestError::SecretFile { path, source })?;
    Ok(text.trim().to_owned())
}

/// A header's value that is not shown when headers are printed.
pub(crate) fn secret_value(value: &str) -> Result<HeaderValue, RequestError> {
    let value = HeaderValue::try_from(value);
    let mut value = value.map_err(|error| invalid("header value", error))?;
    value.set_sensitive(true);
    Ok(value)
}

/// `Basic` credentials (RFC 7617).
pub(crate) fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{username}:{password}").as_bytes()))
}

/// The standard alphabet with padding (RFC 4648, part 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = encode(bytes, *b"+/");
    text.extend(std::iter::repeat_n('=', (3 - bytes.len() % 3) % 3));
    text
}

/// The alphabet for URLs without padding (RFC 4648, part 5), as in tokens.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    encode(bytes, *b"-_")
}

fn encode(bytes: &[u8], last: [u8; 2]) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for shift in [18, 12, 6, 0].into_iter().take(chunk.len() + 1) {
            let index = (bits >> shift) as usize & 63;
            let letter = LETTERS.iter().chain(&last).nth(index).copied().unwrap_or(b'A');
            out.push(char::from(letter));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_padded_but_not_in_urls() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (text, encoded) in cases {
            assert_eq!(base64(text.as_bytes()), encoded);
            assert_eq!(base64_url(text.as_bytes()), encoded.trim_end_matches('='));
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
        assert_eq!(base64_url(&[0xfb, 0xff]), "-_8");
    }
}
