//! Small durable state of the plugin.

use std::time::Duration;

use crate::{Error, host};

/// The value of a key, or none.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    host::kv::get(key)
}

/// Sets a key.
pub fn set(key: &str, value: &[u8]) -> Result<(), Error> {
    host::kv::set(key, value, None)
}

/// Sets a key that vanishes after `ttl`.
pub fn set_for(key: &str, value: &[u8], ttl: Duration) -> Result<(), Error> {
    host::kv::set(key, value, Some(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)))
}

/// Removes a key.
pub fn delete(key: &str) -> Result<(), Error> {
    host::kv::delete(key)
}

/// The first `limit` keys that begin with `prefix`, sorted.
pub fn keys(prefix: &str, limit: u32) -> Result<Vec<String>, Error> {
    host::kv::keys(prefix, limit)
}

/// Replaces `old` by `new` in one step; false when something else was there.
pub fn compare_and_set(key: &str, old: Option<&[u8]>, new: Option<&[u8]>) -> Result<bool, Error> {
    host::kv::compare_and_set(key, old, new)
}
