//! Reading the kernel's files: the granted roots, and words as numbers.

use std::cell::OnceCell;

use narthex_sdk::{
    Error,
    files::{self, Entry, EntryKind},
};

use crate::config::Config;

/// `/proc`.
pub(crate) const PROC: &str = "proc";
/// `/sys`.
pub(crate) const SYS: &str = "sys";
/// `/`, for the usage of mount points; with leave to read also for links and files of `/etc`.
pub(crate) const ROOT: &str = "root";
/// `/run/udev/data`; optional.
pub(crate) const UDEV: &str = "udev";
/// `/usr/share/zoneinfo`; optional.
pub(crate) const ZONEINFO: &str = "zoneinfo";
/// `/usr/lib`, where `os-release` is; optional.
pub(crate) const OS: &str = "os";

/// One scrape: what the operator set, and what more than one collector reads.
#[derive(Debug)]
pub(crate) struct Scrape<'a> {
    /// The configuration.
    pub(crate) config: &'a Config,
    stat: OnceCell<String>,
}

impl<'a> Scrape<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        Self { config, stat: OnceCell::new() }
    }

    /// `/proc/stat`, which the kernel adds up anew at every read.
    pub(crate) fn stat(&self) -> Result<&str, Error> {
        if self.stat.get().is_none() {
            // Nobody else has filled it meanwhile: a plugin has one thread.
            let _filled = self.stat.set(proc("stat")?);
        }
        Ok(self.stat.get().map_or("", String::as_str))
    }

    /// Whether the operator has not turned a collector off.
    pub(crate) fn has(&self, collector: &str) -> bool {
        let chosen = self.config.collectors.as_ref();
        chosen.is_none_or(|chosen| chosen.iter().any(|name| name == collector))
    }
}

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

/// A file of `/sys`; none where it is absent, not ours to read, or where the driver has nothing to say. Drivers differ in
/// how they say so.
pub(crate) fn sys_if_said(path: &str) -> Result<Option<String>, Error> {
    const SILENT: [&str; 9] = [
        "ENOENT",
        "ENOTDIR",
        "EACCES",
        "EPERM",
        "EOPNOTSUPP",
        "EINVAL",
        "ENODEV",
        "ENODATA",
        "ENXIO",
    ];
    match sys(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.errno().is_some_and(|errno| SILENT.contains(&errno)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A number from such a file.
pub(crate) fn sys_number_if_said(path: &str) -> Result<Option<f64>, Error> {
    sys_if_said(path)?.map(|text| integer(path, &text)).transpose()
}

/// A number that is a whole file of `/sys`.
pub(crate) fn sys_number(path: &str) -> Result<f64, Error> {
    integer(path, &sys(path)?)
}

/// A word as a number.
pub(crate) fn number(file: &str, word: Option<&str>) -> Result<f64, Error> {
    let word = word.ok_or_else(|| Error::protocol(format!("{file} is shorter than expected")))?;
    word.parse().map_err(|_| no_number(file, word))
}

/// A word of hexadecimal digits as a number.
pub(crate) fn hexadecimal(file: &str, word: Option<&str>) -> Result<f64, Error> {
    let word = word.ok_or_else(|| Error::protocol(format!("{file} is shorter than expected")))?;
    u64::from_str_radix(word, 16).map(|value| value as f64).map_err(|_| no_number(file, word))
}

/// An integer, decimal or `0x…`.
pub(crate) fn integer(file: &str, text: &str) -> Result<f64, Error> {
    match text.strip_prefix("0x") {
        Some(digits) => hexadecimal(file, Some(digits)),
        None => {
            // Through the integer, so that `nan` and `1e3` are refused. Counters reach beyond `i64`.
            let value = text.parse::<i64>().map(|value| value as f64);
            value
                .or_else(|_| text.parse::<u64>().map(|value| value as f64))
                .map_err(|_| no_number(file, text))
        }
    }
}

fn no_number(file: &str, word: &str) -> Error {
    Error::protocol(format!("{file} has {word:?} where a number belongs"))
}

/// The machine has nothing of this kind. The collector counts as failed, as it does for node_exporter, and the log stays
/// quiet.
pub(crate) fn no_data(what: &str) -> Error {
    Error::unreachable(format!("this machine has no {what}"))
        .retryable(false)
        .detail("errno", "ENOENT")
}

/// Whether the operator did not grant what was asked for, as opposed to the system.
pub(crate) fn is_not_granted(error: &Error) -> bool {
    error.is_denied() && error.errno().is_none()
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

/// The devices of a class: `/sys/class/<class>`, without the plain files that some classes have. No data where the kernel
/// lacks the class.
pub(crate) fn class(class: &str, what: &str) -> Result<Vec<String>, Error> {
    let entries = if_there(files::list(SYS, &format!("class/{class}")))?;
    let entries = entries.ok_or_else(|| no_data(what))?;
    Ok(entries.into_iter().filter(is_device).map(|entry| entry.name).collect())
}

fn is_device(entry: &Entry) -> bool {
    entry.kind != EntryKind::File
}

/// The names in a directory of `/sys`; none where it is absent.
pub(crate) fn sys_names(path: &str) -> Result<Vec<String>, Error> {
    let entries = if_there(files::list(SYS, path))?.unwrap_or_default();
    Ok(entries.into_iter().map(|entry| entry.name).collect())
}
