//! The folder of plugins: what is in it, what of it serves, and watching it.
//!
//! Events only wake: a scan compares by content, so that missed and doubled events do no harm. A
//! file that was refused is looked at again when its content changes; by itself where the reason may
//! pass; with a new configuration where that is the reason; and always when an operator says so.
//!
//! Invariant: a file that is refused changes nothing for the version that serves.
//! Invariant: a plugin is unloaded only when its file stayed away for [`MISSING_GRACE`], so that
//! replacing a file by removing and writing it loses no call.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::StreamExt;
use narthex_platform::{Stop, Watcher, watch_folders};
use narthex_wasm::Digest;
use tracing::{error, info, warn};

use crate::compiling::Compiling;
use crate::imports::ConfigureError;
use crate::loader::{self, Loaded};
use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::record::{Record, growing};
use crate::rights::Rights;
use crate::view::{RejectedKind, RejectedView};

/// How long a file has to be gone before its plugin is unloaded.
const MISSING_GRACE: Duration = Duration::from_secs(2);

/// How often the folder is looked at when it cannot be watched.
const POLL_EVERY: Duration = Duration::from_secs(10);

/// Plugins of one folder.
const PLUGINS_MAX: usize = 256;

/// The largest file that is read.
pub(crate) const FILE_BYTES_MAX: u64 = 64 << 20;

/// Files that are read and loaded at one time.
const LOADS_MAX: usize = 4;

/// What is known of the folder.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// Each file as it was last looked at, taken or refused.
    seen: BTreeMap<String, Seen>,
    /// Since when files are gone, by monotonic time.
    missing: BTreeMap<String, Duration>,
    /// The folder cannot be listed; said once.
    is_unreadable: bool,
}

/// A file as it was last looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// `None`: it could not be read.
    digest: Option<Digest>,
    again: Again,
    /// Looks in a row that ended alike, for a reason that may pass.
    tries: u32,
    /// When that was, by monotonic time.
    at: Duration,
}

/// When a file is looked at again although it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Not before it changes, or an operator asks.
    Changed,
    /// With the next configuration.
    Reconfigured,
    /// By itself, after a growing pause; with the next configuration too.
    Soon,
}

/// Why a folder is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Something may have changed. What is not compiled yet is left for later.
    Scan,
    /// Somebody waits for it.
    Asked,
    /// The configuration may have.
    Reconfigured,
    /// An operator wants the file whatever it did in its probation.
    Forced,
}

/// Why a file may not serve.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: RejectedKind,
    pub(crate) message: String,
    pub(crate) again: Again,
}

impl Seen {
    /// When it is due by itself, by monotonic time.
    fn due(&self) -> Option<Duration> {
        let pause = growing(self.tries.saturating_sub(1));
        (self.again == Again::Soon).then(|| self.at.saturating_add(pause))
    }

    fn is_due(&self, look: Look, now: Duration) -> bool {
        match self.again {
            Again::Changed => false,
            Again::Reconfigured => look != Look::Scan,
            Again::Soon => look != Look::Scan || self.due().is_some_and(|due| due <= now),
        }
    }
}

impl Folder {
    /// Lets a file be looked at again whatever was found.
    pub(crate) fn forget(&mut self, name: &str) {
        self.seen.remove(name);
    }

    /// A file as it was last looked at.
    pub(crate) fn seen(&self, name: &str) -> Option<Seen> {
        self.seen.get(name).copied()
    }
}

/// What a look at a file found, for the room to take on.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) file: Utf8PathBuf,
    /// `None`: it could not be read.
    pub(crate) digest: Option<Digest>,
    pub(crate) news: News,
}

/// What is new of a plugin.
#[derive(Debug)]
pub(crate) enum News {
    /// A version that may serve.
    Version(Arc<Loaded>),
    /// The file may not serve; why.
    Refused(Refusal),
    /// The file is that of the version that serves, again.
    Restored,
    /// The file has to be compiled first.
    Uncompiled {
        /// Its content.
        digest: Digest,
        /// Its length.
        bytes: usize,
    },
}

impl Plugins {
    /// Looks at the folder: loads what is new, refuses what is bad, unloads what is gone. The answer
    /// is how long until another look is due by itself.
    pub(crate) async fn scan(&self) -> Option<Duration> {
        let mut folder = self.0.folder.lock().await;
        let dir = self.0.config.load().dir.clone();
        let files = match self.list(dir.clone()).await {
            Ok(files) => files,
            // A server without plugins needs no folder; one may still appear.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.has_none() => {
                return None;
            }
            Err(error) => {
                if !folder.is_unreadable {
                    warn!(%dir, %error, "the plugin folder cannot be read; loaded plugins keep serving");
                }
                folder.is_unreadable = true;
                return None;
            }
        };
        folder.is_unreadable = false;
        let mut all_rights = BTreeMap::new();
        for (name, file) in &files {
            match self.rights(name, file) {
                Ok(rights) => drop(all_rights.insert(name.clone(), rights)),
                Err(failure) => {
                    let error = narthex_settings::error_chain(&failure);
                    error!(plugin = name, error, "the plugin's grants cannot be made");
                }
            }
        }
        let looks = self.looks(&folder, &files, &all_rights, Look::Scan);
        let mut found = futures_util::stream::iter(looks).buffer_unordered(LOADS_MAX);
        // Each is taken on as it is ready: the trial of one keeps no other waiting.
        while let Some(finding) = found.next().await {
            let Some(finding) = finding else { continue };
            if let Some(rights) = all_rights.get(&finding.name) {
                self.take(&mut folder, finding, Arc::clone(rights));
            }
        }
        drop(found);
        self.0.to_compile.notify_one();
        let missing = self.unload_missing(&mut folder, &files.keys().cloned().collect());
        let now = self.0.shared.clock.monotonic();
        let due = folder.seen.values().filter_map(Seen::due).min();
        let due = due.map(|due| due.saturating_sub(now));
        missing.into_iter().chain(due).min()
    }

    /// Looks at files, several at a time; what was found is in the order of their names.
    pub(crate) async fn look(
        &self,
        folder: &Folder,
        files: &BTreeMap<String, Utf8PathBuf>,
        rights: &BTreeMap<String, Arc<Rights>>,
        look: Look,
    ) -> Vec<Finding> {
        let looks = self.looks(folder, files, rights, look);
        let found = futures_util::stream::iter(looks).buffered(LOADS_MAX);
        found.filter_map(std::future::ready).collect().await
    }

    fn looks<'a>(
        &'a self,
        folder: &Folder,
        files: &'a BTreeMap<String, Utf8PathBuf>,
        rights: &'a BTreeMap<String, Arc<Rights>>,
        look: Look,
    ) -> Vec<impl Future<Output = Option<Finding>> + use<'a>> {
        let granted = files.iter().filter_map(|(name, file)| Some((name, file, rights.get(name)?)));
        let looks = granted
            .map(|(name, file, rights)| self.look_at(folder.seen(name), name, file, rights, look));
        looks.collect()
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
        seen: Option<Seen>,
        name: &str,
        file: &Utf8Path,
        rights: &Arc<Rights>,
        look: Look,
    ) -> Option<Finding> {
        let (disk, path) = (Arc::clone(&self.0.disk), file.to_owned());
        let read = tokio::task::spawn_blocking(move || {
            let bytes: Arc<[u8]> = disk.read(&path, FILE_BYTES_MAX)?.into();
            io::Result::Ok((Digest::of(&bytes), bytes))
        });
        let read = match read.await.map_err(io::Error::other).flatten() {
            // It went away after the listing; the next scan will not see it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            read => read,
        };
        let digest = read.as_ref().ok().map(|(digest, _)| *digest);
        let now = self.0.shared.clock.monotonic();
        let seen = seen.filter(|seen| seen.digest == digest);
        if seen.is_some_and(|seen| !seen.is_due(look, now)) {
            return None;
        }
        let found = |news| {
            let (name, file) = (name.to_owned(), file.to_owned());
            Some(Finding { name, file, digest, news })
        };
        let (digest, bytes) = match read {
            Ok(read) => read,
            Err(error) => return found(News::Refused(unreadable(&error))),
        };
        let plugin = self.known(name, file);
        let served = plugin.as_ref().and_then(|plugin| plugin.loaded());
        let news = if let Some(other) = rights.pin.filter(|pin| pin.0 != digest) {
            News::Refused(not_pinned(name, digest, other.0))
        } else if served.as_ref().is_some_and(|served| served.digest == digest) {
            News::Restored
        } else if look == Look::Scan && self.0.sandbox.compiles_slowly(&bytes, digest) {
            News::Uncompiled { digest, bytes: bytes.len() }
        } else {
            let generation = plugin.as_ref().map_or(0, |it| it.versions.newest_generation()) + 1;
            match self.try_version(name, bytes, rights, plugin.as_deref(), (generation, look)).await
            {
                Ok(version) => News::Version(version),
                Err(refusal) => News::Refused(refusal),
            }
        };
        found(news)
    }

    /// Loads a version, to serve in place of that of `plugin`.
    async fn try_version(
        &self,
        name: &str,
        bytes: Arc<[u8]>,
        rights: &Arc<Rights>,
        plugin: Option<&Plugin>,
        (generation, look): (u64, Look),
    ) -> Result<Arc<Loaded>, Refusal> {
        let loaded = loader::load(&self.0.sandbox, &self.0.linker, name, bytes, rights).await?;
        let loaded_at_millis = self.0.shared.clock.now_millis();
        let version = Arc::new(Loaded { generation, loaded_at_millis, ..loaded });
        if let Some(plugin) = plugin.filter(|_| look != Look::Forced) {
            self.probation(plugin, &version, rights).await?;
        }
        Ok(version)
    }

    /// Takes on what was found; a new plugin has these rights.
    pub(crate) fn take(&self, folder: &mut Folder, finding: Finding, rights: Arc<Rights>) {
        let Finding { name, file, digest, news } = finding;
        let plugin = self.plugin(&name, &file, rights);
        let mut again = Again::Changed;
        match news {
            News::Version(loaded) => {
                let (version, kind) = (loaded.version.clone(), loaded.entry.kind());
                let (digest, generation) = (loaded.digest, loaded.generation);
                plugin.serve(loaded);
                info!(plugin = name, %kind, version, %digest, generation, "plugin loaded");
            }
            News::Refused(refusal) => {
                let Refusal { kind, message, again: after } = refusal;
                again = after;
                let is_serving = plugin.loaded().is_some();
                warn!(plugin = name, %file, error = message, is_serving, "plugin refused");
                let at_millis = self.0.shared.clock.now_millis();
                let digest = shown(digest);
                plugin.record.rejected(RejectedView { at_millis, digest, kind, message });
            }
            News::Restored => plugin.record.restored(),
            News::Uncompiled { digest, bytes } => {
                let since_millis = self.0.shared.clock.now_millis();
                plugin.compiles(Some(Compiling { digest, bytes, since_millis }));
                return;
            }
        }
        plugin.compiles(None);
        let before = folder.seen.get(&name).filter(|seen| seen.digest == digest);
        let tries = before.map_or(0, |seen| seen.tries).saturating_add(1);
        let at = self.0.shared.clock.monotonic();
        folder.seen.insert(name, Seen { digest, again, tries, at });
    }

    /// The plugin of a name; a new one begins without a version.
    fn plugin(&self, name: &str, file: &Utf8Path, rights: Arc<Rights>) -> Arc<Plugin> {
        if let Some(plugin) = self.known(name, file) {
            return plugin;
        }
        let shared = &self.0.shared;
        let record = Record::new(name, &shared.metrics);
        let switch = (shared.clock.clone(), shared.switches.off_since(name));
        let (own_name, file) = (name.to_owned(), file.to_owned());
        let plugin = Arc::new(Plugin::new(own_name, file, rights, record, switch));
        let mut plugins = BTreeMap::clone(&self.0.plugins.load_full());
        plugins.insert(name.to_owned(), Arc::clone(&plugin));
        self.0.plugins.store(Arc::new(plugins));
        plugin
    }

    fn unload_missing(&self, folder: &mut Folder, present: &BTreeSet<String>) -> Option<Duration> {
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
                self.0.shared.recent.forget(name);
                info!(plugin = name, "plugin unloaded: its file is gone");
            }
        }
        if kept.len() < plugins.len() {
            self.0.plugins.store(Arc::new(kept));
        }
        (!folder.missing.is_empty()).then_some(MISSING_GRACE)
    }

    /// Removes compiled code of versions that are in the folder no more.
    pub(crate) async fn forget_old_code(&self) {
        let folder = self.0.folder.lock().await;
        let digests: Vec<Digest> = folder.seen.values().filter_map(|seen| seen.digest).collect();
        let sandbox = self.0.sandbox.clone();
        let removed = tokio::task::spawn_blocking(move || sandbox.retain_compiled(&digests));
        if let Err(panic) = removed.await {
            error!(error = %panic, "removing old compiled plugins failed");
        }
    }

    /// Scans at every change, and compiles what is found, until told to stop.
    pub(crate) async fn watch(self, stop: Stop) {
        let compile = async {
            loop {
                self.compile_waiting(|_| true).await;
                self.0.to_compile.notified().await;
            }
        };
        tokio::select! {
            () = self.scan_changes(stop) => {}
            () = compile => {}
        }
    }

    async fn scan_changes(&self, mut stop: Stop) {
        let mut watched: Option<(Utf8PathBuf, Watcher)> = None;
        // A folder that could not be watched; said once.
        let mut unwatched: Option<Utf8PathBuf> = None;
        let mut due = Some(MISSING_GRACE);
        loop {
            let dir = self.0.config.load().dir.clone();
            if watched.as_ref().is_none_or(|(folder, _)| *folder != dir) {
                match watch_folders(std::slice::from_ref(&dir)) {
                    Ok(watcher) => {
                        watched = Some((dir, watcher));
                        unwatched = None;
                        // What happened before the watch began is found now.
                        due = self.scan().await;
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
            let poll = watched.is_none().then_some(POLL_EVERY);
            let pause = poll.into_iter().chain(due).min().unwrap_or(Duration::MAX);
            tokio::select! {
                () = stop.stopped() => return,
                () = changed(watched.as_mut()) => {}
                () = self.0.look_again.notified() => {}
                () = wait(&self.0.shared.clock, pause) => {}
            }
            due = self.scan().await;
        }
    }
}

/// A digest for people; empty where there is none.
pub(crate) fn shown(digest: Option<Digest>) -> String {
    digest.as_ref().map(Digest::to_string).unwrap_or_default()
}

/// The words for a file that cannot be read. Its rights, or the disk, may be others later.
fn unreadable(error: &io::Error) -> Refusal {
    let message = format!("it cannot be read: {error}");
    Refusal { kind: RejectedKind::Refused, message, again: Again::Soon }
}

/// The words for a file that is not the pinned one.
fn not_pinned(name: &str, digest: Digest, pinned: Digest) -> Refusal {
    let message = format!(
        "its digest is {digest}, and plugins.allow.{name}.sha256 pins {pinned}: put that file into \
         the folder, or pin this one"
    );
    Refusal { kind: RejectedKind::Pinned, message, again: Again::Reconfigured }
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
