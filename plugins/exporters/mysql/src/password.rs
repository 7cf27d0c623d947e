//! How a client shows that it knows a password, by the methods of MySQL. Neither sends it.

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The method of MySQL 5 and of MariaDB.
pub(crate) const NATIVE: &str = "mysql_native_password";
/// The method of MySQL 8.
pub(crate) const CACHING_SHA2: &str = "caching_sha2_password";

/// The answer to a challenge by a method; none for a method that is not known. No password, no answer.
pub(crate) fn answer(method: &str, password: &str, challenge: &[u8]) -> Option<Vec<u8>> {
    match method {
        _ if password.is_empty() => Some(Vec::new()),
        NATIVE => Some(native(password.as_bytes(), challenge)),
        CACHING_SHA2 => Some(caching_sha2(password.as_bytes(), challenge)),
        _ => None,
    }
}

/// `SHA1(password) XOR SHA1(challenge, SHA1(SHA1(password)))`
fn native(password: &[u8], challenge: &[u8]) -> Vec<u8> {
    let once = Sha1::digest(password);
    let mask = Sha1::new().chain_update(challenge).chain_update(Sha1::digest(once)).finalize();
    once.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect()
}

/// `SHA256(password) XOR SHA256(SHA256(SHA256(password)), challenge)`
fn caching_sha2(password: &[u8], challenge: &[u8]) -> Vec<u8> {
    let once = Sha256::digest(password);
    let mask = Sha256::new().chain_update(Sha256::digest(once)).chain_update(challenge).finalize();
    once.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect()
}

#[cfg(test)]
mod tests {
    use super::{CACHING_SHA2, NATIVE, answer};

    const CHALLENGE: [u8; 20] =
        [10, 47, 74, 111, 75, 73, 34, 48, 88, 76, 114, 74, 37, 13, 3, 80, 82, 2, 23, 21];

    #[track_caller]
    fn check(method: &str, expected: &str) {
        let answer = answer(method, "secret", &CHALLENGE).unwrap();
        let shown: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(shown, expected);
    }

    /// The expected bytes were computed by other programs.
    #[test]
    fn answers_are_those_that_servers_expect() {
        check(CACHING_SHA2, "f490e76f66d9d86665ce54d98c78d0acfe2fb0b08b423da807144873d30b312c");
        check(NATIVE, "6a149bdd80bda1ebf0fa2bd2cf2e9717fecc34bb");
        assert_eq!(answer("sha256_password", "secret", &CHALLENGE), None);
        assert_eq!(answer("whatever", "", &CHALLENGE), Some(Vec::new()));
    }
}
