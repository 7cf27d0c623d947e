//! The credentials of the scheme `Basic`.

use crate::base64;

/// The header's value: `Basic <base64 of user:password>`.
pub(super) fn credentials(user: &str, password: &str) -> String {
    format!("Basic {}", base64::encode(format!("{user}:{password}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::credentials;

    #[test]
    fn name_and_password_are_written_together() {
        assert_eq!(credentials("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
