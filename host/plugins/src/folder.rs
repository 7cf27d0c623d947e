//! The folder of plugins: what is in it, what of it serves, and watching it.
//!
//! Events only wake: a scan compares by content, so that missed and doubled events do no harm.
//!
//! Invariant: a file that is refused changes nothing for the version that serves.
//! Invariant: a plugin is unloaded only when its file stayed away for [`MISSING_GRACE`], so that
//! replacing a file by removing and writing it loses no call.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Stop, Watcher, watch_folders};
use narthex_wasm::Digest;
use tracing::{error, info, warn};

use crate::imports::ConfigureError;
use crate::loader::{self, Loaded};
use crate::plugin::{Plugin, Rights};
use crate::plugins::Plugins;
use crate::record::Record;
use crate::view::RejectedView;

/// How long a file has to be gone before its plugin is unloaded.
const MISSING_GRACE: Duration = Duration::from_secs(2);

/// How often the folder is looked at when it cannot be watched.
const POLL_EVERY: Duration = Duration::from_secs(10);

/// Plugins of one folder.
const PLUGINS_MAX: usize = 256;

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// What is known of the folder.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// The digest of each file as it was last looked at, taken or refused.
    seen: BTreeMap<String, Digest>,
    /// Since when files are gone, by monotonic time.
    missing: BTreeMap<String, Duration>,
    /// The folder cannot be listed; said once.
    is_unreadable: bool,
}

/// What a look at a file found, for the room to take on.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) file: Utf8PathBuf,
    digest: Digest,
    pub(crate) news: News,
}

/// What is new of a plugin.
#[derive(Debug)]
pub(crate) enum News {
    /// A version that may serve.
    Version(Arc<Loaded>),
    /// The file is no plugin; why.
    Refused(String),
    /// The file is that of the version that serves, again.
    Restored,
}

/// What one scan found that needs another look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    Settled,
    /// A file is gone and its plugin still serves.
    Missing,
}

impl Plugins {
    /// Looks at the folder: loads what is new, refuses what is bad, unloads what is gone.
    pub(crate) async fn scan(&self) -> Scanned {
        let mut folder = self.0.folder.lock().await;
        let dir = self.0.config.load().dir.clone();
        let files = match self.list(dir.clone()).await {
            Ok(files) => files,
            // A server without plugins needs no folder; one may still appear.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.has_none() => {
                return Scanned::Settled;
            }
            Err(error) => {
                if !folder.is_unreadable {
                    warn!(%dir, %error, "the plugin folder cannot be read; loaded plugins keep serving");
                }
                folder.is_unreadable = true;
                return Scanned::Settled;
            }
        };
        folder.is_unreadable = false;
        for (name, file) in &files {
            let rights = match self.rights(name, file) {
                Ok(rights) => rights,
                Err(failure) => {
                    let error = narthex_settings::error_chain(&failure);
                    error!(plugin = name, error, "the plugin's grants cannot be made");
                    continue;
                }
            };
            if let Some(finding) = self.look_at(&folder, name, file, &rights).await {
                self.take(&mut folder, finding, rights);
            }
        }
        self.unload_missing(&mut folder, &files.keys().cloned().collect())
    }

    /// The files that are plugins by their names.
    pub(crate) async fn list(&self, dir: Utf8PathBuf) -> io::Result<BTreeMap<String, Utf8PathBuf>> {
        let disk = Arc::clone(&self.0.disk);
        let listed = tokio::task::spawn_blocking(move || {
            let files = disk.list(&dir)?.into_iter().filter(|file| !file.is_folder);
            let named = files.filter_map(|file| {
                let name = file.name.strip_suffix(".wasm")?;
                // Hidden files are what editors and copying programs leave for a moment.
                (!name.starts_with('.')).then(|| (name.to_owned(), dir.join(&file.name)))
            });
            io::Result::Ok(named.collect::<BTreeMap<_, _>>())
        });
        let mut files = listed.await.map_err(io::Error::other)??;
        while files.len() > PLUGINS_MAX {
            let left_out = files.pop_last();
            warn!(file = ?left_out, "more than {PLUGINS_MAX} plugins; this one is left out");
        }
        Ok(files)
    }

    /// Whether no plugin is known.
    fn has_none(&self) -> bool {
        self.0.plugins.load().is_empty()
    }

    /// The plugin that serves from a file.
    fn known(&self, name: &str, file: &Utf8Path) -> Option<Arc<Plugin>> {
        self.0.plugins.load().get(name).filter(|plugin| plugin.file == file).cloned()
    }

    /// What a plugin may do; of a new one, what it will.
    fn rights(&self, name: &str, file: &Utf8Path) -> Result<Arc<Rights>, ConfigureError> {
        match self.known(name, file) {
            Some(plugin) => Ok(plugin.rights()),
            None => Rights::new(name, &self.0.config.load(), &self.0.shared).map(Arc::new),
        }
    }

    /// Looks at a file, and loads what is in it when it is new. Nothing changes yet.
    pub(crate) async fn look_at(
        &self,
        folder: &Folder,
        name: &str,
        file: &Utf8Path,
        rights: &Rights,
    ) -> Option<Finding> {
        let (disk, path) = (Arc::clone(&self.0.disk), file.to_owned());
        let read = tokio::task::spawn_blocking(move || {
            let bytes: Arc<[u8]> = disk.read(&path, FILE_BYTES_MAX)?.into();
            io::Result::Ok((Digest::of(&bytes), bytes))
        });
        let (digest, bytes) = match read.await.map_err(io::Error::other).flatten() {
            Ok(read) => read,
            // It went away after the listing; the next scan will not see it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                warn!(plugin = name, %file, %error, "the plugin's file cannot be read");
                return None;
            }
        };
        if folder.seen.get(name) == Some(&digest) {
            return None;
        }
        let served = self.known(name, file).and_then(|plugin| plugin.loaded());
        let news = if served.as_ref().is_some_and(|served| served.digest == digest) {
            News::Restored
        } else {
            let (sandbox, linker) = (&self.0.sandbox, &self.0.linker);
            let Rights { capabilities, budget, .. } = rights;
            match loader::load(sandbox, linker, name, bytes, capabilities, *budget).await {
                Ok(loaded) => News::Version(Arc::new(Loaded {
                    generation: served.map_or(0, |served| served.generation) + 1,
                    loaded_at_millis: self.0.shared.clock.now_millis(),
                    ..loaded
                })),
                Err(error) => News::Refused(error.to_string()),
            }
        };
        Some(Finding { name: name.to_owned(), file: file.to_owned(), digest, news })
    }

    /// Takes on what was found; a new plugin has these rights.
    pub(crate) fn take(&self, folder: &mut Folder, finding: Finding, rights: Arc<Rights>) {
        let Finding { name, file, digest, news } = finding;
        let plugin = self.plugin(&name, &file, rights);
        match news {
            News::Version(loaded) => {
                let (version, kind) = (loaded.version.clone(), loaded.entry.kind());
                let generation = loaded.generation;
                plugin.serve(loaded);
                info!(plugin = name, %kind, version, %digest, generation, "plugin loaded");
            }
            News::Refused(message) => {
                let is_serving = plugin.loaded().is_some();
                warn!(plugin = name, %file, error = message, is_serving, "plugin refused");
                let at_millis = self.0.shared.clock.now_millis();
                let digest = digest.to_string();
                plugin.record.rejected(RejectedView { at_millis, digest, message });
            }
            News::Restored => plugin.record.restored(),
        }
        folder.seen.insert(name, digest);
    }

    /// The plugin of a name; a new one begins without a version.
    fn plugin(&self, name: &str, file: &Utf8Path, rights: Arc<Rights>) -> Arc<Plugin> {
        if let Some(plugin) = self.known(name, file) {
            return plugin;
        }
        let shared = &self.0.shared;
        let record = Record::new(name, &shared.metrics);
        let (own_name, clock) = (name.to_owned(), shared.clock.clone());
        let plugin = Arc::new(Plugin::new(own_name, file.to_owned(), rights, record, clock));
        let mut plugins = BTreeMap::clone(&self.0.plugins.load_full());
        plugins.insert(name.to_owned(), Arc::clone(&plugin));
        self.0.plugins.store(Arc::new(plugins));
        plugin
    }

    fn unload_missing(&self, folder: &mut Folder, present: &BTreeSet<String>) -> Scanned {
        let now = self.0.shared.clock.monotonic();
        folder.missing.retain(|name, _| !present.contains(name));
        let plugins = self.0.plugins.load_full();
        let mut kept = BTreeMap::clone(&plugins);
        for name in plugins.keys().filter(|name| !present.contains(*name)) {
            let since = *folder.missing.entry(name.clone()).or_insert(now);
            if now.saturating_sub(since) >= MISSING_GRACE {
                kept.remove(name);
                folder.missing.remove(name);
                folder.seen.remove(name);
                info!(plugin = name, "plugin unloaded: its file is gone");
            }
        }
        if kept.len() < plugins.len() {
            self.0.plugins.store(Arc::new(kept));
        }
        if folder.missing.is_empty() { Scanned::Settled } else { Scanned::Missing }
    }

    /// Removes compiled code of versions that are in the folder no more.
    pub(crate) async fn forget_old_code(&self) {
        let folder = self.0.folder.lock().await;
        let digests: Vec<Digest> = folder.seen.values().copied().collect();
        let sandbox = self.0.sandbox.clone();
        let removed = tokio::task::spawn_blocking(move || sandbox.retain_compiled(&digests));
        if let Err(panic) = removed.await {
            error!(error = %panic, "removing old compiled plugins failed");
        }
    }

    /// Scans at every change until told to stop.
    pub(crate) async fn watch(self, mut stop: Stop) {
        let mut watched: Option<(Utf8PathBuf, Watcher)> = None;
        // A folder that could not be watched; said once.
        let mut unwatched: Option<Utf8PathBuf> = None;
        let mut scanned = Scanned::Missing;
        loop {
            let dir = self.0.config.load().dir.clone();
            if watched.as_ref().is_none_or(|(folder, _)| *folder != dir) {
                match watch_folders(std::slice::from_ref(&dir)) {
                    Ok(watcher) => {
                        watched = Some((dir, watcher));
                        unwatched = None;
                        // What happened before the watch began is found now.
                        scanned = self.scan().await;
                    }
                    Err(failure) => {
                        watched = None;
                        if unwatched.as_ref() != Some(&dir) && !self.has_none() {
                            let error = narthex_settings::error_chain(&failure);
                            warn!(
                                error,
                                "the plugin folder is looked at every {POLL_EVERY:?} instead"
                            );
                        }
                        unwatched = Some(dir);
                    }
                }
            }
            let pause = match (&watched, scanned) {
                (_, Scanned::Missing) => MISSING_GRACE,
                (None, Scanned::Settled) => POLL_EVERY,
                (Some(_), Scanned::Settled) => Duration::MAX,
            };
            tokio::select! {
                () = stop.stopped() => return,
                () = changed(watched.as_mut()) => {}
                () = self.0.look_again.notified() => {}
                () = wait(&self.0.shared.clock, pause) => {}
            }
            scanned = self.scan().await;
        }
    }
}

async fn changed(watched: Option<&mut (Utf8PathBuf, Watcher)>) {
    match watched {
        Some((_, watcher)) => watcher.changed().await,
        None => std::future::pending().await,
    }
}

async fn wait(clock: &narthex_platform::Clock, pause: Duration) {
    if pause == Duration::MAX {
        std::future::pending::<()>().await;
    } else {
        clock.sleep(pause).await;
    }
}
