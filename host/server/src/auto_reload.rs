//! `--config.auto-reload`: a reload whenever the files of the configuration are others than those that
//! were read last, taken or refused.
//!
//! That something changed is only a reason to look; what decides is the content, so that a file that
//! is written twice, or half at first, leads to no reload beyond those that it needs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use narthex_api::ServerControl as _;
use narthex_config::Inputs;
use narthex_platform::{Clock, Disk, Stop, Watcher, watch_folders};
use narthex_settings::error_chain;
use parking_lot::Mutex;
use tracing::{debug, error, info};

use crate::control::Control;
use crate::reload::ConfigFile;

/// The shortest interval, as in Prometheus.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// Looks at the files again and again.
pub(crate) struct AutoReload {
    pub(crate) file: ConfigFile,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Clock,
    /// How often files are looked at, whatever the watch says: there are disks that tell of nothing.
    pub(crate) interval: Duration,
    /// What was read last.
    pub(crate) read: Arc<Mutex<Inputs>>,
}

impl AutoReload {
    /// Asks for a reload at every change until told to stop.
    pub(crate) async fn run(self, control: Arc<Control>, mut stop: Stop) {
        let interval = self.interval.max(INTERVAL_MIN);
        info!(?interval, "the configuration is reloaded when its files change");
        let mut watched = BTreeSet::new();
        let mut watcher = None;
        loop {
            let Some(now) = self.look().await else { return };
            if *now.folders() != watched {
                watched.clone_from(now.folders());
                watcher = watch(&watched);
                // What happened before the watch began.
                continue;
            }
            let is_other = *self.read.lock() != now;
            // Both outcomes are told where the reload is done; one that finds no place comes later.
            if is_other && let Err(refused) = control.reload().await {
                debug!(error = refused.message, "the changed configuration is not taken");
            }
            tokio::select! {
                () = stop.stopped() => return,
                () = changed(watcher.as_mut()) => {}
                () = self.clock.sleep(interval) => {}
            }
        }
    }

    async fn look(&self) -> Option<Inputs> {
        let (file, disk) = (self.file.clone(), Arc::clone(&self.disk));
        let looked = tokio::task::spawn_blocking(move || file.inputs(&*disk)).await;
        let tell =
            |error: &_| error!(%error, "the configuration's files are not looked at any more");
        looked.inspect_err(tell).ok()
    }
}

/// A watch of folders; without one the interval alone decides.
fn watch(folders: &BTreeSet<Utf8PathBuf>) -> Option<Watcher> {
    let folders: Vec<Utf8PathBuf> = folders.iter().cloned().collect();
    let watcher = watch_folders(&folders).inspect_err(|failure| {
        debug!(error = error_chain(failure), "the configuration's folders are not watched");
    });
    watcher.ok()
}

async fn changed(watcher: Option<&mut Watcher>) {
    match watcher {
        Some(watcher) => watcher.changed().await,
        None => std::future::pending().await,
    }
}
