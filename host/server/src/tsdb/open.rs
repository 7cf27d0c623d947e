//! A data folder opened for reading, whether or not a server has it open.

use std::sync::Arc;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Clock, Disk, Metrics, OverlayDisk, RealDisk};
use narthex_tsdb::{Config, Tsdb};

/// Threads that replay the log beside the one that reads it.
const WORKERS: usize = 1;

/// A store whose folder stays as it is. The sandbox goes with it.
pub(crate) struct ReadOnly {
    pub(crate) store: Tsdb,
    _sandbox: Sandbox,
}

/// A folder that is removed when it is dropped.
struct Sandbox {
    disk: Arc<dyn Disk>,
    path: Utf8PathBuf,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Err(error) = self.disk.remove_folder(&self.path) {
            super::output::progress(&format!("narthex: remove {}: {error}", self.path));
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
    let name = format!("narthex-sandbox-{}", std::process::id());
    let path = sandbox_root.unwrap_or(folder).join(name);
    real.create_folder(&path).with_context(|| format!("make sandbox {path}"))?;
    let sandbox = Sandbox { disk: Arc::clone(&real), path: path.clone() };
    let disk = OverlayDisk::new(real, folder.to_owned(), path).shared();
    let store = open(folder, disk)?;
    Ok(ReadOnly { store, _sandbox: sandbox })
}

/// Opens the folder and waits until all that it holds can be read.
pub(crate) fn open(folder: &Utf8Path, disk: Arc<dyn Disk>) -> anyhow::Result<Tsdb> {
    let store = Tsdb::open(Config::new(folder), disk, Clock::real(), &Metrics::new())
        .with_context(|| format!("open {folder}"))?;
    store.replay_with(WORKERS).with_context(|| format!("replay the log of {folder}"))?;
    store.import_now().with_context(|| format!("import what Prometheus left in {folder}"))?;
    Ok(store)
}

/// Tells people what cannot be read.
pub(crate) fn tell_damage(store: &Tsdb) {
    for damaged in store.damaged().into_iter().filter(|damaged| !damaged.is_torn_tail) {
        let (path, offset, what) = (&damaged.path, damaged.offset, &damaged.what);
        super::output::progress(&format!("narthex: {path} is damaged at byte {offset}: {what}"));
    }
}
