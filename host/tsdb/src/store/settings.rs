//! The settings in force, and how a reload changes them: first every room prepares, then all commit.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::RwLock;

use super::Tsdb;
use crate::config::Settings;

/// The settings in force. What every append asks for stands beside them as a plain number.
#[derive(Debug)]
pub(crate) struct InForce {
    /// Guards which settings these are.
    settings: RwLock<Arc<Settings>>,
    kept_millis: AtomicI64,
    out_of_order_millis: AtomicI64,
}

/// Settings that the store will take.
#[derive(Debug)]
pub struct PreparedSettings(Settings);

/// Why the store does not take settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsRefused {
    /// A share of the disk cannot be kept when nobody says how large the disk is.
    #[error("storage.tsdb.retention.percentage: the size of the disk is not known")]
    Space {
        /// What the disk said.
        source: io::Error,
    },
}

impl InForce {
    pub(crate) fn new(settings: Settings) -> Self {
        let in_force = Self {
            settings: RwLock::new(Arc::new(settings.clone())),
            kept_millis: AtomicI64::new(0),
            out_of_order_millis: AtomicI64::new(0),
        };
        in_force.set(settings);
        in_force
    }

    fn set(&self, settings: Settings) {
        let kept = settings.longest_millis().unwrap_or(i64::MAX);
        let window = settings.out_of_order_window().as_millis();
        self.kept_millis.store(kept, Ordering::Relaxed);
        let window = i64::try_from(window).unwrap_or(i64::MAX);
        self.out_of_order_millis.store(window, Ordering::Relaxed);
        *self.settings.write() = Arc::new(settings);
    }

    pub(crate) fn get(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read())
    }

    /// How long the series that is kept longest is kept.
    pub(crate) fn kept_millis(&self) -> i64 {
        self.kept_millis.load(Ordering::Relaxed)
    }

    /// How much older than the newest sample of its series a sample may be.
    pub(crate) fn out_of_order_millis(&self) -> i64 {
        self.out_of_order_millis.load(Ordering::Relaxed)
    }
}

impl Tsdb {
    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.0.in_force.get()
    }

    /// Checks settings against what is there. Nothing changes before they are committed.
    ///
    /// # Errors
    /// When they cannot be kept here.
    pub fn prepare(&self, settings: Settings) -> Result<PreparedSettings, SettingsRefused> {
        if settings.retention().percentage.is_some() {
            let space = self.0.disk.space(self.0.config.folder());
            space.map_err(|source| SettingsRefused::Space { source })?;
        }
        Ok(PreparedSettings(settings))
    }

    /// Takes settings on.
    pub fn commit(&self, settings: PreparedSettings) {
        self.0.head.exemplars.write().resize(settings.0.exemplars_max());
        self.0.budget.set_max_bytes(settings.0.query_bytes_max());
        self.0.in_force.set(settings.0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn settings_change_together_with_their_numbers() {
        let in_force = InForce::new(Settings::default());
        assert_eq!((in_force.kept_millis(), in_force.out_of_order_millis()), (1_296_000_000, 0));
        let window = Duration::from_secs(60);
        in_force.set(Settings::default().with_out_of_order_window(window).unwrap());
        assert_eq!(in_force.out_of_order_millis(), 60_000);
        assert_eq!(in_force.get().out_of_order_window(), window);
    }
}
