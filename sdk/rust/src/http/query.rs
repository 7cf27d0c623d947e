//! Query strings.

use std::fmt;

/// The parameters of a URL, in the order in which they were added. Shown as `?a=1&b=2`, or as nothing when there are
/// none.
///
/// ```
/// use narthex_sdk::http::Query;
///
/// let query = Query::new().add("tag", "a b").add("tag", "c&d").flag("stale");
/// assert_eq!(query.to_string(), "?tag=a%20b&tag=c%26d&stale=");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Query(String);

impl Query {
    /// Without parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter; a name may occur more than once.
    #[must_use]
    pub fn add(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(&encode(name));
        self.0.push('=');
        self.0.push_str(&encode(&value.to_string()));
        self
    }

    /// Adds a parameter unless its value is empty.
    #[must_use]
    pub fn add_if_set(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.add(name, value) }
    }

    /// Adds a parameter that has no value.
    #[must_use]
    pub fn flag(self, name: &str) -> Self {
        self.add(name, "")
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text as one part of a path or of a query: every byte but letters, digits and `-._~` as `%XX`.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The opposite of [`encode`]; what is no `%XX` stays as it is.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digits = (ahead.next().and_then(hex_digit), ahead.next().and_then(hex_digit));
        if let (b'%', (Some(high), Some(low))) = (byte, digits) {
            bytes.push(high << 4 | low);
            rest = ahead;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn what_is_encoded_is_decoded_again() {
        for (text, encoded) in [
            ("plain-._~09", "plain-._~09"),
            ("/var/run/docker.sock", "%2Fvar%2Frun%2Fdocker.sock"),
            ("a b&c=ü", "a%20b%26c%3D%C3%BC"),
        ] {
            assert_eq!(encode(text), encoded);
            assert_eq!(decode(encoded), text);
        }
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
