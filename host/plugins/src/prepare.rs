//! A new configuration of plugins: what it grants, and the versions that are in the folder by now,
//! ready to serve and serving nothing yet.
//!
//! Invariant: what is prepared and then dropped has changed nothing, neither what serves nor what is
//! shown or counted of it.
//! Invariant: nothing else changes plugins between `prepare` and `commit`; the folder's lock is held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use narthex_platform::Metrics;
use tokio::sync::{Notify, OwnedMutexGuard};

use crate::config::Config;
use crate::folder::{Finding, Folder, Look, News, shown};
use crate::plugin::Plugin;
use crate::plugins::{Inner, Plugins};
use crate::record::Record;
use crate::rights::Rights;
use crate::view::RejectedView;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
#[error("plugins.allow.{plugin}: {message}")]
pub struct PrepareError {
    plugin: String,
    message: String,
}

/// A configuration that can be taken on.
#[derive(Debug)]
pub struct Prepared {
    /// The room that it is for.
    pub(crate) live: Plugins,
    /// The room as it will be. It counts for itself alone.
    pub(crate) coming: Plugins,
    rights: BTreeMap<String, Arc<Rights>>,
    findings: Vec<Finding>,
    folder: OwnedMutexGuard<Folder>,
}

impl Prepared {
    /// The plugins as they will be: what the same file says to them is for these to judge.
    #[must_use]
    pub fn plugins(&self) -> &Plugins {
        &self.coming
    }
}

impl Plugins {
    /// Makes what a new configuration needs, and loads what is new in the folder. Nothing changes
    /// yet.
    ///
    /// # Errors
    /// When a plugin's grants cannot be made.
    pub async fn prepare(&self, config: Config) -> Result<Prepared, PrepareError> {
        let folder = Arc::clone(&self.0.folder).lock_owned().await;
        let served = self.0.plugins.load_full();
        // Why a folder cannot be listed is told by the scan that follows.
        let files = self.list(config.dir.clone()).await.unwrap_or_default();
        let names: BTreeSet<&String> = served.keys().chain(files.keys()).collect();
        let mut rights = BTreeMap::new();
        for name in names {
            let made = Rights::new(name, &config, &self.0.shared);
            let made = made.map_err(|error| PrepareError {
                plugin: name.clone(),
                message: narthex_settings::error_chain(&error),
            })?;
            rights.insert(name.clone(), Arc::new(made));
        }
        let findings = self.look(&folder, &files, &rights, Look::Reconfigured).await;
        let mut coming = BTreeMap::new();
        for (name, rights) in &rights {
            let finding = findings.iter().find(|finding| finding.name == *name);
            let served = served.get(name).map(|plugin| &**plugin);
            let Some(plugin) = self.coming(served, finding, rights) else { continue };
            check_pin(&plugin).map_err(|message| PrepareError { plugin: name.clone(), message })?;
            coming.insert(name.clone(), plugin);
        }
        let coming = Plugins(Arc::new(Inner {
            sandbox: self.0.sandbox.clone(),
            linker: Arc::clone(&self.0.linker),
            shared: self.0.shared.clone(),
            disk: Arc::clone(&self.0.disk),
            machine: self.0.machine.clone(),
            config: ArcSwap::from_pointee(config),
            plugins: ArcSwap::from_pointee(coming),
            folder: Arc::default(),
            look_again: Notify::new(),
            to_compile: Notify::new(),
        }));
        Ok(Prepared { live: self.clone(), coming, rights, findings, folder })
    }

    /// A plugin as it will be, with a record of its own.
    fn coming(
        &self,
        served: Option<&Plugin>,
        finding: Option<&Finding>,
        rights: &Arc<Rights>,
    ) -> Option<Arc<Plugin>> {
        let (name, file) = match (served, finding) {
            (_, Some(finding)) => (&finding.name, &finding.file),
            (Some(plugin), None) => (&plugin.name, &plugin.file),
            (None, None) => return None,
        };
        let record = Record::new(name, &Metrics::new());
        let clock = self.0.shared.clock.clone();
        let mut loaded = served.and_then(Plugin::loaded);
        let mut rejected = served.and_then(|plugin| plugin.record.refusal());
        match finding.map(|finding| &finding.news) {
            Some(News::Version(version)) => loaded = Some(Arc::clone(version)),
            Some(News::Refused(refusal)) => {
                let digest = shown(finding.and_then(|finding| finding.digest));
                let (kind, message) = (refusal.kind, refusal.message.clone());
                let at_millis = clock.now_millis();
                rejected = Some(RejectedView { at_millis, digest, kind, message });
            }
            Some(News::Restored | News::Uncompiled { .. }) | None => {}
        }
        if let Some(rejected) = rejected {
            record.rejected(rejected);
        }
        let switch = (clock, self.0.shared.switches.off_since(name));
        let plugin = Plugin::new(name.clone(), file.clone(), Arc::clone(rights), record, switch);
        if let Some(loaded) = loaded {
            plugin.serve(loaded);
        }
        Some(Arc::new(plugin))
    }

    /// Takes a configuration on: calls that begin from now on have the new rights and meet the new
    /// versions, and the folder is looked at again.
    pub fn commit(&self, prepared: Prepared) {
        let Prepared { live: _, coming, rights, findings, mut folder } = prepared;
        let config = coming.0.config.load_full();
        self.0.sandbox.set_memory_total(config.memory_total.0);
        self.0.config.store(config);
        for (name, plugin) in self.0.plugins.load().iter() {
            if let Some(rights) = rights.get(name) {
                plugin.grant(Arc::clone(rights));
            }
        }
        for finding in findings {
            if let Some(rights) = rights.get(&finding.name) {
                let rights = Arc::clone(rights);
                self.take(&mut folder, finding, rights);
            }
        }
        for (name, plugin) in self.0.plugins.load().iter() {
            if let Some(coming) = coming.0.plugins.load().get(name) {
                plugin.in_use.take_items_of(&coming.in_use);
            }
        }
        drop(folder);
        self.0.look_again.notify_one();
        self.warn_of_unused_grants();
    }
}

/// A version that is pinned to be another one may not go on serving.
fn check_pin(plugin: &Plugin) -> Result<(), String> {
    let (Some(loaded), Some(pin)) = (plugin.loaded(), plugin.rights().pin) else { return Ok(()) };
    if loaded.digest == pin.0 {
        return Ok(());
    }
    Err(format!(
        "sha256: the version that serves is {}, and {} is pinned: put that file into the folder \
         first, or pin the one that serves",
        loaded.digest, pin.0
    ))
}
