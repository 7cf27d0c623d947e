//! Settings as Alertmanager judges them. An empty text is a setting that is not there.

use crate::Error;

/// Refuses a setting that stands there twice: as a value, and as the file that holds it.
pub fn either(key: &str, value: &str, key_of_file: &str, file: &str) -> Result<(), Error> {
    if value.is_empty() || file.is_empty() {
        return Ok(());
    }
    Err(Error::key(key, format!("stands beside {key_of_file}; leave one of them out")))
}

/// Refuses a setting that is missing: neither a value nor a file that holds it.
pub fn chosen(key: &str, value: &str, key_of_file: &str, file: &str) -> Result<(), Error> {
    either(key, value, key_of_file, file)?;
    if value.is_empty() && file.is_empty() {
        return Err(Error::key(key, format!("missing; set it, or {key_of_file}")));
    }
    Ok(())
}

/// Refuses what is no URL of HTTP. A template is not judged: what it makes is known in the call.
pub fn url(key: &str, value: &str) -> Result<(), Error> {
    let rest = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://"));
    let names_host =
        rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
    if names_host || value.is_empty() || value.contains("{{") {
        return Ok(());
    }
    Err(Error::key(key, "must be a URL that begins with http:// or https://"))
}
