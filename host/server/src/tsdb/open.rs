//! A data folder opened for reading, whether or not a server has it open.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Clock, Disk, DiskLock, Metrics, OverlayDisk, RealDisk};
use narthex_tsdb::block::is_block_name;
use narthex_tsdb::{Config, Settings, Tsdb};

use super::backfill;
use super::output::progress;

/// Threads that replay the log beside the one that reads it.
const WORKERS: usize = 1;

/// Sandboxes begin with this.
const SANDBOX: &str = "narthex-sandbox-";
/// Held by the process that uses a sandbox. Files of the store have numbers there.
const SANDBOX_LOCK: &str = "lock";
/// A name is taken, or swept away before it is locked, by a rare accident.
const SANDBOX_TRIES: usize = 5;

/// A store whose folder stays as it is. The sandbox goes with it.
pub(crate) struct ReadOnly {
    pub(crate) store: Tsdb,
    _sandbox: Sandbox,
}

/// A folder that is removed when it is dropped.
struct Sandbox {
    disk: Arc<dyn Disk>,
    path: Utf8PathBuf,
    _lock: Box<dyn DiskLock>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Err(error) = self.disk.remove_folder(&self.path) {
            progress(&format!("narthex: remove {}: {error}", self.path));
        }
    }
}

impl Sandbox {
    /// A new folder in `root` that nobody else has. What processes that are gone left there goes.
    fn create(disk: &Arc<dyn Disk>, root: &Utf8Path) -> anyhow::Result<Self> {
        sweep(&**disk, root);
        for _ in 0..SANDBOX_TRIES {
            let name = format!("{SANDBOX}{}-{:032x}", std::process::id(), backfill::random());
            let path = root.join(name);
            disk.create_folder(&path).with_context(|| format!("make sandbox {path}"))?;
            let locked = disk.lock(&path.join(SANDBOX_LOCK));
            // A process that sweeps may have come first, and taken the folder away.
            if let Ok(lock) = locked
                && is_locked_folder(&**disk, &path)
            {
                return Ok(Self { disk: Arc::clone(disk), path, _lock: lock });
            }
        }
        bail!("make a sandbox in {root}: all were taken away before they could be used")
    }
}

fn is_locked_folder(disk: &dyn Disk, path: &Utf8Path) -> bool {
    disk.list(path).is_ok_and(|files| files.iter().any(|file| file.name == SANDBOX_LOCK))
}

/// Removes sandboxes whose processes are gone: their lock is there, and free.
fn sweep(disk: &dyn Disk, root: &Utf8Path) {
    let folders = disk.list(root).unwrap_or_default().into_iter().filter(|file| file.is_folder);
    for folder in folders.filter(|folder| folder.name.starts_with(SANDBOX)) {
        let path = root.join(folder.name);
        if !is_locked_folder(disk, &path) {
            continue;
        }
        if let Ok(_lock) = disk.lock(&path.join(SANDBOX_LOCK))
            && let Err(error) = disk.remove_folder(&path)
        {
            progress(&format!("narthex: remove {path}, which a process left: {error}"));
        }
    }
}

/// Opens the folder's blocks and replays its log, ours or Prometheus', in a sandbox.
///
/// # Errors
/// When there is no such folder or it cannot be read.
pub(crate) fn read_only(
    folder: &Utf8Path,
    sandbox_root: Option<&Utf8Path>,
) -> anyhow::Result<ReadOnly> {
    let real = RealDisk::shared();
    real.list(folder).with_context(|| format!("read data folder {folder}"))?;
    let sandbox = Sandbox::create(&real, sandbox_root.unwrap_or(folder))?;
    let disk = OverlayDisk::new(real, folder.to_owned(), sandbox.path.clone()).shared();
    let store = open(folder, disk)?;
    Ok(ReadOnly { store, _sandbox: sandbox })
}

/// Fails on a folder that holds neither blocks nor a log: its name is rather a mistake.
pub(crate) fn expect_data(disk: &dyn Disk, folder: &Utf8Path) -> anyhow::Result<()> {
    let files = disk.list(folder).with_context(|| format!("read data folder {folder}"))?;
    let is_data = |name: &str| is_block_name(name) || name == "log" || name == "wal";
    if !files.iter().any(|file| file.is_folder && is_data(&file.name)) {
        bail!("{folder} is no data folder: it holds no block, no log/ and no wal/");
    }
    Ok(())
}

/// Opens the folder and waits until all that it holds can be read.
pub(crate) fn open(folder: &Utf8Path, disk: Arc<dyn Disk>) -> anyhow::Result<Tsdb> {
    // No query shares the memory of this process.
    let settings = Settings::default().with_query_bytes_max(u64::MAX);
    let config = Config::new(folder).with_settings(settings);
    let store = Tsdb::open(config, disk, Clock::real(), &Metrics::new())
        .with_context(|| format!("open {folder}"))?;
    store.replay_with(WORKERS).with_context(|| format!("replay the log of {folder}"))?;
    store.import_now().with_context(|| format!("import what Prometheus left in {folder}"))?;
    Ok(store)
}

/// Tells people what of the log cannot be read.
pub(crate) fn tell_damage(store: &Tsdb) {
    for damaged in store.damaged().into_iter().filter(|damaged| !damaged.is_torn_tail) {
        let (path, offset, what) = (&damaged.path, damaged.offset, &damaged.what);
        progress(&format!("narthex: {path} is damaged at byte {offset}: {what}"));
    }
}

/// Tells people which blocks cannot be opened.
///
/// # Errors
/// When there are such.
pub(crate) fn tell_unreadable(store: &Tsdb) -> anyhow::Result<()> {
    let unreadable = store.unreadable_blocks();
    for block in &unreadable {
        let place = block.offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
        progress(&format!("narthex: cannot open a block: {}{place}: {}", block.path, block.what));
    }
    match unreadable.len() {
        0 => Ok(()),
        1 => bail!("one block cannot be opened and is left out"),
        count => bail!("{count} blocks cannot be opened and are left out"),
    }
}
