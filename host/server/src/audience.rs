//! Who hears what rules find: the routing of this server, other Alertmanagers, or both.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use narthex_config::Config;
use narthex_model::AlertBatch;
use narthex_notify::Alertmanagers;
use narthex_platform::queue::Sender;
use narthex_rules::AlertSink;

/// Everybody who hears. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Audience {
    routing: Sender<AlertBatch>,
    alertmanagers: Alertmanagers,
    /// Whether the routing of this server hears.
    is_routed_here: Arc<AtomicBool>,
}

impl Audience {
    pub(crate) fn new(routing: Sender<AlertBatch>, alertmanagers: Alertmanagers) -> Self {
        Self { routing, alertmanagers, is_routed_here: Arc::new(AtomicBool::new(true)) }
    }

    /// Where the file has no routing and names other Alertmanagers, alerts are theirs alone.
    pub(crate) fn is_routed_here(config: &Config) -> bool {
        config.alerting.is_some() || config.alertmanagers.notify.alertmanagers.is_empty()
    }

    pub(crate) fn route_here(&self, is_routed_here: bool) {
        self.is_routed_here.store(is_routed_here, Ordering::Relaxed);
    }
}

impl AlertSink for Audience {
    fn take(&self, batch: AlertBatch) -> bool {
        let batch = self.alertmanagers.relabel(batch);
        if batch.alerts.is_empty() {
            return true;
        }
        let fits = !self.is_routed_here.load(Ordering::Relaxed) || self.routing.send(batch.clone());
        self.alertmanagers.submit(batch);
        fits
    }
}
