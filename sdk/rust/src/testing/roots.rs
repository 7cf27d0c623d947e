//! Files of the fake host: a map, and behind it, if the test says so, a real directory.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use crate::{
    Error,
    files::{Entry, EntryKind, FsUsage},
};

/// One granted root.
#[derive(Default)]
pub(super) struct Root {
    files: BTreeMap<String, Vec<u8>>,
    links: BTreeMap<String, String>,
    usages: BTreeMap<String, FsUsage>,
    /// Nanoseconds since the Unix epoch.
    modified: BTreeMap<String, i64>,
    directory: Option<PathBuf>,
}

impl Root {
    pub(super) fn add_file(&mut self, path: &str, content: Vec<u8>) {
        self.files.insert(path.into(), content);
    }

    pub(super) fn add_link(&mut self, path: &str, target: &str) {
        self.links.insert(path.into(), target.into());
    }

    pub(super) fn add_usage(&mut self, path: &str, usage: FsUsage) {
        self.usages.insert(path.into(), usage);
    }

    pub(super) fn set_modified(&mut self, path: &str, at_ns: i64) {
        self.modified.insert(path.into(), at_ns);
    }

    pub(super) fn set_directory(&mut self, path: PathBuf) {
        self.directory = Some(path);
    }

    pub(super) fn read(&self, path: &str, bytes_max: u32) -> Result<Vec<u8>, Error> {
        beneath(path)?;
        let bytes = match (self.files.get(path), &self.directory) {
            (Some(bytes), _) => bytes.clone(),
            (None, Some(directory)) => read_real(&directory.join(path))?,
            (None, None) => return Err(missing(path)),
        };
        if u32::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
            Ok(bytes)
        } else {
            Err(Error::exhausted(format!("{path} is longer than {bytes_max} bytes")))
        }
    }

    pub(super) fn list(&self, path: &str, limit: u32) -> Result<Vec<Entry>, Error> {
        beneath(path)?;
        let mut entries = BTreeMap::new();
        for (known, kind) in self
            .files
            .keys()
            .map(|known| (known, EntryKind::File))
            .chain(self.links.keys().map(|known| (known, EntryKind::Symlink)))
        {
            let inside = if path.is_empty() {
                Some(known.as_str())
            } else {
                known.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'))
            };
            match inside.and_then(|inside| inside.split_once('/')) {
                Some((name, _)) => entries.insert(name.to_owned(), EntryKind::Directory),
                None => inside.and_then(|name| entries.insert(name.to_owned(), kind)),
            };
        }
        if entries.is_empty() {
            let directory = self.directory.as_ref().ok_or_else(|| missing(path))?;
            entries = list_real(&directory.join(path))?;
        }
        if entries.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(Error::exhausted(format!("{path} has more than {limit} entries")));
        }
        Ok(entries.into_iter().map(|(name, kind)| Entry { name, kind }).collect())
    }

    pub(super) fn read_link(&self, path: &str) -> Result<String, Error> {
        beneath(path)?;
        match (self.links.get(path), &self.directory) {
            (Some(target), _) => Ok(target.clone()),
            (None, Some(directory)) => {
                let target =
                    directory.join(path).read_link().map_err(|error| failed(path, &error))?;
                Ok(target.to_string_lossy().into_owned())
            }
            (None, None) => Err(missing(path)),
        }
    }

    pub(super) fn modified(&self, path: &str) -> Result<i64, Error> {
        beneath(path)?;
        match (self.files.contains_key(path), &self.directory) {
            (true, _) => Ok(self.modified.get(path).copied().unwrap_or(0)),
            (false, Some(directory)) => modified_real(&directory.join(path)),
            (false, None) => Err(missing(path)),
        }
    }

    pub(super) fn usage(&self, path: &str) -> Result<FsUsage, Error> {
        beneath(path)?;
        self.usages.get(path).copied().ok_or_else(|| missing(path))
    }
}

/// The rule of the real host: relative, and without `..`.
fn beneath(path: &str) -> Result<(), Error> {
    let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if Path::new(path).components().all(plain) {
        Ok(())
    } else {
        Err(Error::denied(format!("path {path:?} leads out of its root")))
    }
}

#[expect(clippy::disallowed_methods, reason = "tests may read the machine that they run on")]
fn read_real(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| failed(&path.to_string_lossy(), &error))
}

fn modified_real(path: &Path) -> Result<i64, Error> {
    let modified = path.metadata().and_then(|metadata| metadata.modified());
    let modified = modified.map_err(|error| failed(&path.to_string_lossy(), &error))?;
    let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

fn list_real(path: &Path) -> Result<BTreeMap<String, EntryKind>, Error> {
    let entries = path.read_dir().map_err(|error| failed(&path.to_string_lossy(), &error))?;
    Ok(entries
        .flatten()
        .filter_map(|entry| {
            let kind = match entry.file_type().ok()? {
                kind if kind.is_dir() => EntryKind::Directory,
                kind if kind.is_symlink() => EntryKind::Symlink,
                kind if kind.is_file() => EntryKind::File,
                _ => EntryKind::Other,
            };
            Some((entry.file_name().into_string().ok()?, kind))
        })
        .collect())
}

fn missing(path: &str) -> Error {
    Error::unreachable(format!("{path} does not exist")).retryable(false).detail("errno", "ENOENT")
}

fn failed(path: &str, error: &std::io::Error) -> Error {
    /// The errors of files that the host calls by their names, by their numbers on Linux.
    const NAMES: [(i32, &str); 9] = [
        (1, "EPERM"),
        (5, "EIO"),
        (6, "ENXIO"),
        (19, "ENODEV"),
        (20, "ENOTDIR"),
        (21, "EISDIR"),
        (22, "EINVAL"),
        (61, "ENODATA"),
        (95, "EOPNOTSUPP"),
    ];
    let known = NAMES.iter().find(|(number, _)| error.raw_os_error() == Some(*number));
    if error.kind() == std::io::ErrorKind::NotFound {
        missing(path)
    } else if let Some((_, name)) = known {
        Error::unreachable(format!("{path}: {error}")).detail("errno", *name)
    } else if error.kind() == std::io::ErrorKind::PermissionDenied {
        Error::denied(format!("{path}: {error}")).detail("errno", "EACCES")
    } else {
        Error::unreachable(format!("{path}: {error}"))
    }
}
