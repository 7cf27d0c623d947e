//! Receivers as they run: counters, the last outcome, and how many calls are under way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_platform::{Counter, Histogram, Metrics};
use narthex_state::StateError;
use parking_lot::Mutex;
use tracing::warn;

use crate::config::{Config, Integration, Receiver};
use crate::lanes::Lanes;
use crate::notifiers::{NotifyError, Receipt};

const LATENCY_BOUNDS: [f64; 5] = [1.0, 5.0, 10.0, 15.0, 20.0];

/// All receivers of one configuration.
#[derive(Debug)]
pub(crate) struct Receivers(Vec<ReceiverState>);

#[derive(Debug)]
pub(crate) struct ReceiverState {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) integrations: Vec<IntegrationState>,
}

#[derive(Debug)]
pub(crate) struct IntegrationState {
    receiver: String,
    pub(crate) integration: Integration,
    pub(crate) lanes: Lanes,
    /// Guards the last outcome only.
    last: Mutex<LastNotification>,
    metrics: Metrics,
    sent: Counter,
    requests: Counter,
    requests_failed: Counter,
    log_failures: Counter,
    latency: Histogram,
}

/// What became of an integration's last notification.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastNotification {
    /// When it ended, taken or given up.
    pub at: Option<Timestamp>,
    /// How long it took, retries included.
    pub duration: Duration,
    /// Why it failed; none when it was taken.
    pub error: Option<String>,
    /// What the receiver said of it.
    pub note: String,
    /// When one was taken last: this one, or one before.
    pub taken_at: Option<Timestamp>,
}

impl Receivers {
    pub(crate) fn new(config: &Config, metrics: &Metrics, before: Option<&Self>) -> Self {
        Self(config.receivers.iter().map(|r| ReceiverState::new(r, metrics, before)).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&ReceiverState> {
        self.0.iter().find(|receiver| receiver.name == name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ReceiverState> {
        self.0.iter()
    }
}

impl ReceiverState {
    fn new(receiver: &Receiver, metrics: &Metrics, before: Option<&Receivers>) -> Self {
        let before = before.and_then(|before| before.get(&receiver.name));
        let integrations = receiver.integrations.iter().map(|integration| {
            let known = before.and_then(|before| {
                before.integrations.iter().find(|known| known.integration == *integration)
            });
            let last = known.map(|known| known.last.lock().clone()).unwrap_or_default();
            IntegrationState::new(&receiver.name, integration, metrics, last)
        });
        let (name, labels) = (receiver.name.clone(), receiver.labels.clone());
        Self { name, labels, integrations: integrations.collect() }
    }
}

impl IntegrationState {
    fn new(
        receiver: &str,
        integration: &Integration,
        metrics: &Metrics,
        last: LastNotification,
    ) -> Self {
        let plugin = integration.plugin.as_str();
        let labels = [("integration", plugin), ("receiver_name", receiver)];
        let counter = |name: &str, help: &str| metrics.counter(name, help, &labels);
        Self {
            receiver: receiver.to_owned(),
            integration: integration.clone(),
            lanes: Lanes::new(),
            last: Mutex::new(last),
            metrics: metrics.clone(),
            sent: counter(
                "alertmanager_notifications_total",
                "The total number of attempted notifications.",
            ),
            requests: counter(
                "alertmanager_notification_requests_total",
                "The total number of attempted notification requests.",
            ),
            requests_failed: counter(
                "alertmanager_notification_requests_failed_total",
                "The total number of failed notification requests.",
            ),
            log_failures: metrics.counter(
                "alertmanager_nflog_failures_total",
                "Entries of the notification log that did not reach the disk.",
                &[],
            ),
            latency: metrics.histogram(
                "alertmanager_notification_latency_seconds",
                "The latency of notifications in seconds.",
                &labels,
                &LATENCY_BOUNDS,
            ),
        }
    }

    pub(crate) fn last(&self) -> LastNotification {
        self.last.lock().clone()
    }

    pub(crate) fn attempted(&self) {
        self.requests.increment();
    }

    pub(crate) fn attempt_failed(&self) {
        self.requests_failed.increment();
    }

    pub(crate) fn finished(
        &self,
        now_millis: i64,
        duration: Duration,
        outcome: &Result<Receipt, NotifyError>,
    ) {
        self.sent.increment();
        self.latency.observe_duration(duration);
        let at = Some(Timestamp::from_millis(now_millis));
        let (error, note) = match outcome {
            Ok(receipt) => (None, receipt.note.clone()),
            Err(error) => {
                self.failed_because(error.kind.name()).increment();
                (Some(error.to_string()), String::new())
            }
        };
        let mut last = self.last.lock();
        let taken_at = if error.is_none() { at } else { last.taken_at };
        *last = LastNotification { at, duration, error, note, taken_at };
    }

    fn failed_because(&self, reason: &str) -> Counter {
        let plugin = self.integration.plugin.as_str();
        self.metrics.counter(
            "alertmanager_notifications_failed_total",
            "The total number of failed notifications.",
            &[("integration", plugin), ("receiver_name", &self.receiver), ("reason", reason)],
        )
    }

    /// The disk failed. Alerts go out all the same; after a restart some may go out again.
    pub(crate) fn log_failed(&self, error: &StateError) {
        self.log_failures.increment();
        let plugin = self.integration.plugin.as_str();
        warn!(receiver = self.receiver, plugin, %error, "the notification log was not written");
    }
}

/// Every receiver's state, shared with deliveries that outlive a reload.
pub(crate) type SharedReceivers = Arc<Receivers>;
