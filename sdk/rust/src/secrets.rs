//! Secrets of the configuration. The host keeps them, hands placeholders to the plugin, and puts the values in where the
//! plugin sends a placeholder; most plugins need nothing of this module.

use crate::Error;

/// How the host's placeholders begin.
const PLACEHOLDER: &str = "narthex-secret-";

/// The value of a secret for a plugin that needs it itself, as it sends a hash or a length of it. Where the host keeps the
/// value, an error says what the operator is to write.
///
/// ```
/// let error = narthex_sdk::secrets::revealed("mysql", "password", "narthex-secret-0-5f").unwrap_err();
/// assert!(error.message.ends_with("plugins: { allow: { mysql: { reveal_secrets: true } } }"));
/// assert_eq!(narthex_sdk::secrets::revealed("mysql", "password", "guess"), Ok("guess"));
/// ```
pub fn revealed<'a>(plugin: &str, key: &str, value: &'a str) -> Result<&'a str, Error> {
    if !value.starts_with(PLACEHOLDER) {
        return Ok(value);
    }
    let reason = format!(
        "the plugin needs it itself, and the host keeps it; to reveal it: \
         plugins: {{ allow: {{ {plugin}: {{ reveal_secrets: true }} }} }}"
    );
    Err(Error::key(key, reason))
}
