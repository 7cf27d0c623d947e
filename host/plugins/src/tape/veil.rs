//! Hides the secrets of one call in what a tape keeps, and makes alike what differs only in them.

use crate::redact::Redactor;
use crate::schema::SECRET;
use crate::secrets::CallSecrets;

/// Headers whose values are never kept.
const SECRET_HEADERS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-amz-security-token",
];

/// What is hidden of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Veil {
    pub(super) redactor: Redactor,
    /// Placeholders are of one call; a recording holds none.
    pub(super) secrets: CallSecrets,
}

impl Veil {
    pub(super) fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    pub(super) fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let bytes = self.secrets.without_placeholders(bytes);
        self.redactor.hide_bytes(&bytes).into_owned()
    }

    pub(super) fn headers(&self, headers: Vec<(String, String)>) -> Vec<(String, String)> {
        let is_secret =
            |name: &str| SECRET_HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
        let hide = |(name, value): (String, String)| {
            let value = if is_secret(&name) { SECRET.to_owned() } else { self.text(&value) };
            (name, value)
        };
        headers.into_iter().map(hide).collect()
    }
}
