//! Files under the roots that the operator granted.

use crate::{Error, host};

pub use crate::bindings::host::narthex::plugin::files::{Entry, EntryKind, FsUsage};

/// Kernel files are small; a file beyond this is not one of them.
const FILE_BYTES_MAX: u32 = 4 << 20;

/// Far more than any directory of `/proc` or `/sys` that is worth listing.
const ENTRIES_MAX: u32 = 10_000;

/// Reads a file of at most 4 MiB.
pub fn read(root: &str, path: &str) -> Result<Vec<u8>, Error> {
    host::files::read(root, path, FILE_BYTES_MAX)
}

/// Reads a file of at most `bytes_max` bytes.
pub fn read_up_to(root: &str, path: &str, bytes_max: u32) -> Result<Vec<u8>, Error> {
    host::files::read(root, path, bytes_max)
}

/// Reads a text of at most 4 MiB. What is not UTF-8 is replaced.
pub fn read_string(root: &str, path: &str) -> Result<String, Error> {
    let bytes = read(root, path)?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Reads a text without the white space around it: the usual shape of a file in `/sys`.
pub fn read_trimmed(root: &str, path: &str) -> Result<String, Error> {
    Ok(read_string(root, path)?.trim().to_owned())
}

/// Lists a directory, sorted by name.
pub fn list(root: &str, path: &str) -> Result<Vec<Entry>, Error> {
    host::files::list_dir(root, path, ENTRIES_MAX)
}

/// The target of a symbolic link, as it is written.
pub fn read_link(root: &str, path: &str) -> Result<String, Error> {
    host::files::read_link(root, path)
}

/// When a file's content last changed, in nanoseconds since the Unix epoch.
pub fn modified(root: &str, path: &str) -> Result<i64, Error> {
    host::files::modified(root, path)
}

/// The usage of the file system that holds `path`.
pub fn usage(root: &str, path: &str) -> Result<FsUsage, Error> {
    host::files::usage(root, path)
}
