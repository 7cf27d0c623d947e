//! Which plugins an operator switched off over the API; kept across restarts.
//!
//! In the tree `plugins-disabled` a key is the plugin's name; the value is when it was switched off,
//! in milliseconds since the Unix epoch, eight bytes, little endian.

use narthex_state::{StateError, StateStore, Tree};
use tracing::error;

/// The switches of all plugins.
#[derive(Clone, Debug)]
pub(crate) struct Switches {
    tree: Tree,
    state: StateStore,
}

impl Switches {
    pub(crate) fn open(state: &StateStore) -> Result<Self, StateError> {
        Ok(Self { tree: state.tree("plugins-disabled")?, state: state.clone() })
    }

    /// Since when a plugin is off.
    pub(crate) fn off_since(&self, plugin: &str) -> Option<i64> {
        let kept = self.tree.get(plugin.as_bytes()).unwrap_or_else(|failure| {
            let error = narthex_settings::error_chain(&failure);
            error!(plugin, error, "whether the plugin is disabled is not known; it stays so");
            Some(Vec::new())
        })?;
        Some(kept.first_chunk().map_or(0, |millis| i64::from_le_bytes(*millis)))
    }

    /// Switches a plugin off or on; returns when that survives a power cut.
    pub(crate) async fn switch(&self, plugin: &str, off_at: Option<i64>) -> Result<(), StateError> {
        match off_at {
            Some(at) => self.tree.put(plugin.as_bytes(), &at.to_le_bytes())?,
            None => self.tree.delete(plugin.as_bytes()).map(|_| ())?,
        }
        self.state.durable().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_switch_stays_as_it_was_left() {
        let state = StateStore::in_memory().unwrap();
        let switches = Switches::open(&state).unwrap();
        switches.switch("a", Some(7)).await.unwrap();
        let again = Switches::open(&state).unwrap();
        assert_eq!((again.off_since("a"), again.off_since("b")), (Some(7), None));
        again.switch("a", None).await.unwrap();
        assert_eq!(switches.off_since("a"), None);
    }
}
