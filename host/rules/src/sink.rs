//! Who hears what alerting rules find.

use std::fmt;

use narthex_model::AlertBatch;
use narthex_platform::queue::Sender;

/// Takes what alerting rules find: the queue to alerting, or several who hear it.
pub trait AlertSink: fmt::Debug + Send + Sync {
    /// Takes the alerts of one evaluation. Never waits. `false`: older ones were dropped for them.
    fn take(&self, batch: AlertBatch) -> bool;
}

impl AlertSink for Sender<AlertBatch> {
    fn take(&self, batch: AlertBatch) -> bool {
        self.send(batch)
    }
}
