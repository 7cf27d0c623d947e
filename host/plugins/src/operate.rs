//! What an operator does to one plugin while the server runs: switch it off and on, load it anew.

use narthex_state::StateError;
use tracing::info;

use crate::folder::Look;
use crate::plugins::Plugins;

/// Why an operator's word has no effect.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// There is no such plugin.
    #[error("no plugin {plugin:?} is known; GET /api/v1/plugins lists those in the folder")]
    Unknown {
        /// The name.
        plugin: String,
    },
    /// The configuration says otherwise.
    #[error(
        "plugins.allow.{plugin}.enabled is false in the configuration file; remove the line and \
         reload"
    )]
    DisabledByFile {
        /// The plugin.
        plugin: String,
    },
    /// The file is refused.
    #[error("the file of plugin {plugin:?} is refused: {message}")]
    Refused {
        /// The plugin.
        plugin: String,
        /// Why.
        message: String,
    },
    /// It counts now, and may be forgotten at a restart.
    #[error("keep that plugin {plugin:?} is switched")]
    State {
        /// The plugin.
        plugin: String,
        /// What failed.
        source: StateError,
    },
}

impl Plugins {
    /// Switches a plugin off: calls in flight end as they would, later ones fail, also after a
    /// restart, until it is switched on. Discoveries keep the targets they have.
    ///
    /// # Errors
    /// When there is no such plugin, or the switch cannot be kept.
    pub async fn disable(&self, plugin: &str) -> Result<(), OperateError> {
        self.switch(plugin, Some(self.0.shared.clock.now_millis())).await
    }

    /// Switches a plugin on again.
    ///
    /// # Errors
    /// When there is no such plugin, the configuration has it off, or the switch cannot be kept.
    pub async fn enable(&self, plugin: &str) -> Result<(), OperateError> {
        if self.0.config.load().allowed(plugin).enabled == Some(false) {
            return Err(OperateError::DisabledByFile { plugin: plugin.to_owned() });
        }
        self.switch(plugin, None).await
    }

    async fn switch(&self, plugin: &str, off_at: Option<i64>) -> Result<(), OperateError> {
        let found = self.0.plugins.load().get(plugin).cloned();
        let found = found.ok_or_else(|| OperateError::Unknown { plugin: plugin.to_owned() })?;
        if found.off_since().is_some() == off_at.is_some() {
            return Ok(());
        }
        // Kept first: what is told to have failed has changed nothing.
        self.0.shared.switches.switch(plugin, off_at).await.map_err(|source| {
            let plugin = plugin.to_owned();
            OperateError::State { plugin, source }
        })?;
        found.switch(off_at);
        info!(plugin, is_enabled = off_at.is_none(), "an operator switched the plugin");
        Ok(())
    }

    /// Loads a plugin's file anew, whatever became of it before: a version that was refused or rolled
    /// back has another chance, and pauses end. With `is_forced` a version serves that fails its
    /// probation.
    ///
    /// # Errors
    /// When there is no such plugin, or its file is refused.
    pub async fn reload(&self, plugin: &str, is_forced: bool) -> Result<(), OperateError> {
        let unknown = || OperateError::Unknown { plugin: plugin.to_owned() };
        let known = self.0.plugins.load().get(plugin).cloned().ok_or_else(unknown)?;
        let mut folder = self.0.folder.lock().await;
        folder.forget(plugin);
        known.record.forgive();
        let rights = known.rights();
        let look = if is_forced { Look::Forced } else { Look::Asked };
        let found = self.look_at(None, plugin, &known.file, &rights, look).await;
        let Some(finding) = found else {
            let (plugin, message) = (plugin.to_owned(), format!("{} is gone", known.file));
            return Err(OperateError::Refused { plugin, message });
        };
        self.take(&mut folder, finding, rights);
        drop(folder);
        match known.record.refusal() {
            None => Ok(()),
            Some(refused) => {
                let (plugin, message) = (plugin.to_owned(), refused.message);
                Err(OperateError::Refused { plugin, message })
            }
        }
    }
}
