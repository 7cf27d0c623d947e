//! The states of all configurations: their headers, and their end.

use narthex_sdk::{Error, json, kv};

use crate::store::Header;

/// A state that nobody used for this long belongs to nobody: the host pauses for ten minutes at most, and a call takes an
/// hour at most.
const IDLE_MS: i64 = 2 * 3_600_000;

/// The same of a state whose configuration is about to have a new one, as after each start of the server: mostly it is the
/// same discovery, and its former states would fill the store. Another one of the same words that only pauses lists again.
const IDLE_OF_SAME_MS: i64 = 180_000;

/// How often states that nobody uses are looked for: those of a former process may be younger than that at its start.
const SWEEP_MS: i64 = 300_000;

/// Keys of one listing; the host's bound.
const KEYS_MAX: u32 = 10_000;

/// Whether it is time to look for states that nobody uses.
pub(crate) fn is_due(swept_ms: i64, now_ms: i64) -> bool {
    !(0..SWEEP_MS).contains(&now_ms.saturating_sub(swept_ms))
}

/// Removes the states that nobody uses. `config` is the one that looks for them.
pub(crate) fn sweep(now_ms: i64, config: u64) -> Result<(), Error> {
    for key in kv::keys("h/", KEYS_MAX)? {
        let Some(name) = key.strip_prefix("h/") else { continue };
        let is_used = header(name)?.is_some_and(|header| {
            let idle_max = if header.config == config { IDLE_OF_SAME_MS } else { IDLE_MS };
            (0..idle_max).contains(&now_ms.saturating_sub(header.used_ms))
        });
        if !is_used {
            remove(name)?;
        }
    }
    Ok(())
}

/// Takes a name that nobody has.
pub(crate) fn claim(now_ms: i64, header: &Header) -> Result<String, Error> {
    let bytes = encoded(header)?;
    // Two calls may begin in the same millisecond.
    let mut number = 0_u32;
    loop {
        let name = format!("{now_ms:x}-{number}");
        if kv::compare_and_set(&format!("h/{name}"), None, Some(&bytes))? {
            return Ok(name);
        }
        number += 1;
    }
}

pub(crate) fn header(name: &str) -> Result<Option<Header>, Error> {
    let kept = kv::get(&format!("h/{name}"))?;
    // One that cannot be read belongs to another version of this plugin, which nobody runs any more.
    Ok(kept.and_then(|kept| json::from_slice(&kept).ok()))
}

pub(crate) fn set_header(name: &str, header: &Header) -> Result<(), Error> {
    kv::set(&format!("h/{name}"), &encoded(header)?)
}

fn encoded(header: &Header) -> Result<Vec<u8>, Error> {
    json::to_vec(header).map_err(|error| Error::internal(format!("write a header: {error}")))
}

/// Removes a state; its header last, so that a removal that ends midway is done again.
pub(crate) fn remove(name: &str) -> Result<(), Error> {
    for prefix in [format!("r/{name}/"), format!("i/{name}/")] {
        loop {
            let keys = kv::keys(&prefix, KEYS_MAX)?;
            if keys.is_empty() {
                break;
            }
            keys.iter().try_for_each(|key| kv::delete(key))?;
        }
    }
    kv::delete(&format!("j/{name}"))?;
    kv::delete(&format!("h/{name}"))
}
