//! Dashboards: files in Grafana's JSON, in a folder of the operator's, and those that come with the program.
//!
//! Enters: the folder that the configuration names, texts to be kept. Leaves: what there is, texts as they are stored. The
//! pages draw them; nothing here knows what a panel is.
//!
//! Always holds: a file is replaced as a whole or not at all; no name from outside becomes a path; a file that is no
//! dashboard is shown with what is wrong with it, and keeps no other from being shown.
//!
//! ```
//! use narthex_dashboards::{Config, Dashboards};
//! use narthex_platform::SimulatedDisk;
//!
//! let disk = std::sync::Arc::new(SimulatedDisk::new(1));
//! let config = Config { dir: Some("dashboards".into()) };
//! let dashboards = Dashboards::new(disk, &config);
//! let uid = dashboards.write(r#"{ "title": "My hosts" }"#, false).unwrap();
//! assert_eq!(uid, "my-hosts");
//! assert_eq!(dashboards.read(&uid).unwrap().unwrap(), r#"{ "title": "My hosts" }"#);
//! ```

mod header;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, FileInfo, read_to_string, replace};
use parking_lot::{Mutex, RwLock};
use rust_embed::Embed;
use serde::Deserialize;

use self::header::{Header, is_uid};

/// The largest dashboard: the longest known ones have half a megabyte.
pub const FILE_BYTES_MAX: usize = 4 << 20;

/// Files of the folder that are looked at, in the order of their names.
const FILES_MAX: usize = 1_000;

/// How a file of the folder ends.
const ENDING: &str = ".json";

/// The section `dashboards` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder; without one there are only those that come with the program.
    #[serde(deserialize_with = "path")]
    pub dir: Option<Utf8PathBuf>,
}

fn path<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<Utf8PathBuf>, D::Error> {
    let text: Option<String> = Option::deserialize(text)?;
    Ok(text.filter(|text| !text.is_empty()).map(Utf8PathBuf::from))
}

impl Config {
    /// Makes paths relative to `base`, the folder of the file.
    pub fn resolve(&mut self, base: &Utf8Path) {
        if let Some(dir) = &mut self.dir {
            *dir = base.join(&*dir);
        }
    }
}

/// Those that come with the program.
#[derive(Embed)]
#[folder = "bundled"]
#[allow_missing = true]
struct Bundled;

/// Where a dashboard lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the program.
    Bundled,
    /// In the folder.
    Folder,
}

/// What is shown of a dashboard among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Names it in addresses.
    pub uid: String,
    /// Names it for people.
    pub title: String,
    /// By which people find it.
    pub tags: Vec<String>,
    /// Where it lies.
    pub source: Source,
    /// The name of its file in the folder.
    pub file: Option<String>,
    /// What is wrong with it; it cannot be shown then.
    pub error: Option<String>,
}

/// Why a dashboard is not kept, or not taken away.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is no folder.
    #[error(
        "no folder for dashboards is configured; add `dashboards: {{ dir: dashboards }}` to the configuration"
    )]
    NoFolder,
    /// It is there already.
    #[error("a dashboard with the uid {0:?} is there already")]
    Exists(String),
    /// It is not there, or comes with the program.
    #[error("the folder has no dashboard with the uid {0:?}")]
    NotThere(String),
    /// It is none.
    #[error("no dashboard: {0}")]
    Invalid(String),
    /// The folder has as many as may be.
    #[error("the folder holds {FILES_MAX} files; take some away")]
    Full,
    /// The disk refused.
    #[error("{step} {path}")]
    Disk {
        /// What was tried.
        step: &'static str,
        /// What was written or read.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The dashboards. Cheap to clone. Every question reads the disk, on the caller's thread.
#[derive(Clone, Debug)]
pub struct Dashboards(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    disk: Arc<dyn Disk>,
    folder: RwLock<Option<Utf8PathBuf>>,
    /// Held by who writes: what is there is looked at before.
    writing: Mutex<()>,
}

impl Dashboards {
    /// Those of a configuration.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, config: &Config) -> Self {
        let folder = RwLock::new(config.dir.clone());
        Self(Arc::new(Shared { disk, folder, writing: Mutex::new(()) }))
    }

    /// Changes to a new configuration.
    pub fn commit(&self, config: &Config) {
        self.0.folder.write().clone_from(&config.dir);
    }

    /// Whether dashboards can be added.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.0.folder.read().is_some()
    }

    /// All of them, ascending by title. One of the folder stands for one with its uid that comes with the program.
    ///
    /// # Errors
    /// When the folder cannot be read; one that is not there is empty.
    pub fn list(&self) -> Result<Vec<Summary>, WriteError> {
        let mut of_folder = self.of_folder()?;
        let bundled =
            bundled().filter_map(|(name, text)| summary(&name, &text, Source::Bundled).ok());
        let known: Vec<String> = of_folder.iter().map(|one| one.uid.clone()).collect();
        of_folder.extend(bundled.filter(|one| !known.contains(&one.uid)));
        of_folder.sort_by(|a, b| (&a.title, &a.uid, &a.file).cmp(&(&b.title, &b.uid, &b.file)));
        Ok(of_folder)
    }

    /// The text of one. `None`: it is not there.
    ///
    /// # Errors
    /// When the folder or the file cannot be read.
    pub fn read(&self, uid: &str) -> Result<Option<String>, WriteError> {
        let found = self.of_folder()?.into_iter().find(|one| one.uid == uid && one.error.is_none());
        if let (Some(file), Some(folder)) = (found.and_then(|one| one.file), self.folder()) {
            let path = folder.join(file);
            let text = match read_to_string(&*self.0.disk, &path, bytes_max()) {
                Ok(text) => text,
                Err(source) => return Err(WriteError::Disk { step: "read", path, source }),
            };
            // It may be written anew this moment.
            return Header::read(&text).map(|_| Some(text)).map_err(WriteError::Invalid);
        }
        let mut bundled = bundled();
        let found = bundled.find(|(name, text)| {
            summary(name, text, Source::Bundled).is_ok_and(|one| one.uid == uid)
        });
        Ok(found.map(|(_, text)| text))
    }

    /// Keeps a dashboard as it is; its uid, which follows from its title where it says none.
    ///
    /// # Errors
    /// When there is no folder, it is no dashboard, one with its uid is there and may not be replaced, or the disk refuses.
    pub fn write(&self, text: &str, replaces: bool) -> Result<String, WriteError> {
        let folder = self.folder().ok_or(WriteError::NoFolder)?;
        if text.len() > FILE_BYTES_MAX {
            return Err(WriteError::Invalid(format!("longer than {FILE_BYTES_MAX} bytes")));
        }
        let header = Header::read(text).map_err(WriteError::Invalid)?;
        let uid = header.uid_or_title().map_err(WriteError::Invalid)?;
        let _writing = self.0.writing.lock();
        let known = self.of_folder()?;
        let before = known.iter().find(|one| one.uid == uid && one.error.is_none());
        if before.is_some() && !replaces {
            return Err(WriteError::Exists(uid));
        }
        if before.is_none() && known.len() >= FILES_MAX {
            return Err(WriteError::Full);
        }
        let file = match before.and_then(|one| one.file.clone()) {
            Some(file) => file,
            None => self.free_name(&folder, &uid)?,
        };
        // A file that says no uid has that of its name.
        let kept = match header.uid() {
            Some(_) => uid,
            None => file.strip_suffix(ENDING).unwrap_or(&file).to_owned(),
        };
        let path = folder.join(file);
        let disk = &*self.0.disk;
        let written =
            disk.create_folder(&folder).and_then(|()| replace(disk, &path, text.as_bytes()));
        written.map_err(|source| WriteError::Disk { step: "write", path, source })?;
        Ok(kept)
    }

    /// A name for a file: that of another dashboard, or of something else, may be the one that is wanted.
    fn free_name(&self, folder: &Utf8Path, wanted: &str) -> Result<String, WriteError> {
        let taken: BTreeSet<String> =
            self.names(folder)?.into_iter().map(|file| file.name).collect();
        let names = std::iter::once(format!("{wanted}{ENDING}"))
            .chain((2..=FILES_MAX).map(|number| format!("{wanted}-{number}{ENDING}")));
        names.into_iter().find(|name| !taken.contains(name)).ok_or(WriteError::Full)
    }

    /// What is in the folder; one that is not there is empty.
    fn names(&self, folder: &Utf8Path) -> Result<Vec<FileInfo>, WriteError> {
        match self.0.disk.list(folder) {
            Ok(files) => Ok(files),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => {
                Err(WriteError::Disk { step: "list folder", path: folder.to_owned(), source })
            }
        }
    }

    /// Takes a dashboard of the folder away.
    ///
    /// # Errors
    /// When the folder has none with this uid, or the disk refuses.
    pub fn remove(&self, uid: &str) -> Result<(), WriteError> {
        let folder = self.folder().ok_or(WriteError::NoFolder)?;
        let _writing = self.0.writing.lock();
        let found = self.of_folder()?.into_iter().find(|one| one.uid == uid && one.error.is_none());
        let file = found.and_then(|one| one.file);
        let path = folder.join(file.ok_or_else(|| WriteError::NotThere(uid.to_owned()))?);
        let removed = self.0.disk.remove(&path);
        removed.map_err(|source| WriteError::Disk { step: "remove", path, source })
    }

    fn folder(&self) -> Option<Utf8PathBuf> {
        self.0.folder.read().clone()
    }

    /// The files of the folder, ascending by name.
    fn of_folder(&self) -> Result<Vec<Summary>, WriteError> {
        let Some(folder) = self.folder() else { return Ok(Vec::new()) };
        let files = self.names(&folder)?.into_iter();
        let files = files.filter(|file| !file.is_folder && file.name.ends_with(ENDING));
        let mut files_of: BTreeMap<String, String> = BTreeMap::new();
        let summaries = files.take(FILES_MAX).map(|file| {
            let text = read_to_string(&*self.0.disk, &folder.join(&file.name), bytes_max());
            let read = text.map_err(|error| error.to_string());
            let mut found = match read.and_then(|text| summary(&file.name, &text, Source::Folder)) {
                Ok(found) => found,
                Err(error) => broken(&file.name, error),
            };
            if found.error.is_none() {
                match files_of.get(&found.uid) {
                    Some(first) => found.error = Some(format!("{first} has the same uid")),
                    None => {
                        files_of.insert(found.uid.clone(), file.name.clone());
                    }
                }
            }
            Summary { file: Some(file.name), ..found }
        });
        Ok(summaries.collect())
    }
}

fn bytes_max() -> u64 {
    u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX)
}

fn bundled() -> impl Iterator<Item = (String, String)> {
    Bundled::iter().filter_map(|name| {
        let text = String::from_utf8(Bundled::get(&name)?.data.into_owned()).ok()?;
        Some((name.into_owned(), text))
    })
}

/// A file that says no uid has that of its name.
fn summary(name: &str, text: &str, source: Source) -> Result<Summary, String> {
    let header = Header::read(text)?;
    let stem = name.strip_suffix(ENDING).unwrap_or(name);
    let uid = match header.uid() {
        Some(uid) => uid?.to_owned(),
        None if is_uid(stem) => stem.to_owned(),
        None => header.uid_or_title()?,
    };
    Ok(Summary { uid, title: header.title, tags: header.tags, source, file: None, error: None })
}

fn broken(name: &str, error: String) -> Summary {
    let title = name.to_owned();
    let (uid, tags) = (String::new(), Vec::new());
    Summary { uid, title, tags, source: Source::Folder, file: None, error: Some(error) }
}

#[cfg(test)]
mod tests;
