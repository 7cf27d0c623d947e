//! Reading the kernel's files: the granted roots, and words as numbers.

use narthex_sdk::{Error, files};

/// `/proc`.
pub(crate) const PROC: &str = "proc";
/// `/sys`.
pub(crate) const SYS: &str = "sys";
/// `/`, for the usage of mount points and for links.
pub(crate) const ROOT: &str = "root";
/// `/run/udev/data`; optional.
pub(crate) const UDEV: &str = "udev";
/// `/usr/share/zoneinfo`; optional.
pub(crate) const ZONEINFO: &str = "zoneinfo";

/// A file of `/proc`.
pub(crate) fn proc(path: &str) -> Result<String, Error> {
    files::read_string(PROC, path)
}

/// A file of `/sys`, without the white space around it.
pub(crate) fn sys(path: &str) -> Result<String, Error> {
    files::read_trimmed(SYS, path)
}

/// A file of `/proc` that some kernels do not have.
pub(crate) fn proc_if_there(path: &str) -> Result<Option<String>, Error> {
    if_there(proc(path))
}

/// None instead of the error that says that a file is not there.
pub(crate) fn if_there<T>(read: Result<T, Error>) -> Result<Option<T>, Error> {
    match read {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A word as a number.
pub(crate) fn number(file: &str, word: Option<&str>) -> Result<f64, Error> {
    let word = word.ok_or_else(|| Error::protocol(format!("{file} is shorter than expected")))?;
    word.parse().map_err(|_| Error::protocol(format!("{file} has {word:?} where a number belongs")))
}

/// The names in a directory of `/sys` that are `prefix` and a number, by number.
pub(crate) fn numbered(path: &str, prefix: &str) -> Result<Vec<(u64, String)>, Error> {
    let entries = files::list(SYS, path)?;
    let number_of = |name: String| Some((name.strip_prefix(prefix)?.parse().ok()?, name));
    let mut found: Vec<(u64, String)> =
        entries.into_iter().filter_map(|entry| number_of(entry.name)).collect();
    found.sort();
    Ok(found)
}
