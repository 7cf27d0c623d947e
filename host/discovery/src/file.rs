//! Targets in files that others write: `file_sd_configs`.
//!
//! Files are looked at when something changes in their folders, and at every interval, for folders
//! that cannot be watched.
//!
//! Invariant: a file that cannot be read or does not parse keeps the groups it had; one that is gone
//! has none. A folder that cannot be listed changes nothing.

mod read;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::future::BoxFuture;
use narthex_model::TargetGroup;
use narthex_platform::{Clock, Disk, Stop, Watcher, expand_pattern, watch_folders};
use narthex_settings::error_chain;
use tracing::warn;

use crate::config::FileConfig;
use crate::discoverer::{Discoverer, Outlet};
use crate::telemetry::Telemetry;

/// Bytes of one file: some hundred thousand targets.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Finds targets in files.
#[derive(Debug)]
pub(crate) struct FileDiscoverer {
    pub(crate) config: FileConfig,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Clock,
    pub(crate) telemetry: Telemetry,
}

/// What is known of the files, by their paths.
type Files = BTreeMap<Utf8PathBuf, File>;

#[derive(Clone, Debug, Default)]
struct File {
    /// As it was read last; what did not change is not parsed again.
    bytes: Arc<[u8]>,
    groups: Arc<Vec<TargetGroup>>,
    /// Why it could not be read or parsed.
    broken: Option<String>,
}

/// What one look found.
struct Look {
    files: Files,
    /// Folders to watch.
    folders: Vec<Utf8PathBuf>,
    /// Why the files could not be listed; then `files` are those of before.
    unlisted: Option<String>,
}

impl Discoverer for FileDiscoverer {
    fn run(self: Box<Self>, out: Outlet, mut stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut watched: (Vec<Utf8PathBuf>, Option<Watcher>) = (Vec::new(), None);
            let mut files = Files::new();
            loop {
                let began = self.clock.monotonic();
                let mut look = self.look(std::mem::take(&mut files)).await;
                if look.folders != watched.0 {
                    watched = (look.folders.clone(), self.watch(&look.folders));
                    // What happened before the watch began is found now.
                    look = self.look(look.files).await;
                }
                out.took(self.clock.monotonic().saturating_sub(began));
                look.tell(&out);
                files = look.files;
                tokio::select! {
                    () = stop.stopped() => return,
                    () = changed(watched.1.as_mut()) => {}
                    () = self.clock.sleep(self.config.refresh_interval) => {}
                }
            }
        })
    }
}

impl FileDiscoverer {
    /// Looks at all files anew.
    async fn look(&self, known: Files) -> Look {
        let (disk, patterns) = (Arc::clone(&self.disk), self.config.files.clone());
        let kept = known.clone();
        let looked = tokio::task::spawn_blocking(move || look(&*disk, &patterns, known));
        let look = looked.await.unwrap_or_else(|panic| {
            let unlisted = Some(format!("looking at the files ended: {panic}"));
            Look { files: kept, folders: Vec::new(), unlisted }
        });
        let broken = look.files.values().filter(|file| file.broken.is_some()).count();
        self.telemetry.file_read_errors.add(broken as u64);
        look
    }

    fn watch(&self, folders: &[Utf8PathBuf]) -> Option<Watcher> {
        match watch_folders(folders) {
            Ok(watcher) => Some(watcher),
            Err(failure) => {
                self.telemetry.file_watcher_errors.increment();
                let (error, every) = (error_chain(&failure), self.config.refresh_interval);
                warn!(error, ?every, "files of targets are looked at at every interval only");
                None
            }
        }
    }
}

impl Look {
    fn tell(&self, out: &Outlet) {
        let groups = self.files.values().flat_map(|file| file.groups.iter().cloned()).collect();
        let broken = self.files.iter().filter_map(|(path, file)| {
            file.broken.as_ref().map(|reason| format!("{path}: {reason}"))
        });
        let reasons: Vec<String> = self.unlisted.iter().cloned().chain(broken).collect();
        if reasons.is_empty() {
            out.found(groups);
        } else {
            out.found_but(groups, &reasons.join("; "));
        }
    }
}

fn look(disk: &dyn Disk, patterns: &[String], mut known: Files) -> Look {
    let mut paths = Vec::new();
    let mut folders = Vec::new();
    for pattern in patterns {
        let pattern = Utf8Path::new(pattern);
        let listed = expand_pattern(disk, pattern);
        folders.extend(folders_of(disk, pattern));
        match listed {
            Ok(found) => paths.extend(found),
            Err(error) => {
                let unlisted = Some(format!("list {pattern}: {error}"));
                return Look { files: known, folders: sorted(folders), unlisted };
            }
        }
    }
    let mut files = Files::new();
    for path in paths {
        let before = known.remove(&path).unwrap_or_default();
        files.extend(read(disk, &path, before).map(|file| (path, file)));
    }
    Look { files, folders: sorted(folders), unlisted: None }
}

/// A file as it is now; `None`: it is not there.
fn read(disk: &dyn Disk, path: &Utf8Path, before: File) -> Option<File> {
    match disk.read(path, FILE_BYTES_MAX) {
        Ok(bytes) if *bytes == *before.bytes && !before.bytes.is_empty() => Some(before),
        Ok(bytes) => {
            let bytes: Arc<[u8]> = bytes.into();
            Some(match read::groups(path, &bytes) {
                Ok(groups) => File { bytes, groups: Arc::new(groups), broken: None },
                Err(error) => {
                    File { bytes, groups: before.groups, broken: Some(error_chain(&error)) }
                }
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        // Not taken for read, so that it is tried again.
        Err(error) => {
            Some(File { bytes: Arc::default(), broken: Some(error.to_string()), ..before })
        }
    }
}

/// The folders in which files of a pattern may appear, as far as they exist.
fn folders_of(disk: &dyn Disk, pattern: &Utf8Path) -> Vec<Utf8PathBuf> {
    let folder = pattern.parent().filter(|folder| !folder.as_str().is_empty());
    let folders = match folder {
        Some(folder) => expand_pattern(disk, folder).unwrap_or_default(),
        None => vec![Utf8PathBuf::from(".")],
    };
    folders.into_iter().filter(|folder| disk.list(folder).is_ok()).collect()
}

fn sorted(mut folders: Vec<Utf8PathBuf>) -> Vec<Utf8PathBuf> {
    folders.sort();
    folders.dedup();
    folders
}

async fn changed(watched: Option<&mut Watcher>) {
    match watched {
        Some(watcher) => watcher.changed().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
