//! The room's door and its loop: the only place that asks the clock.

use std::sync::Arc;

use narthex_model::{AlertBatch, Timestamp};
use narthex_platform::queue::Receiver as QueueReceiver;
use narthex_platform::{Clock, Counter, Metrics, Stop, Tasks};
use narthex_state::StateStore;
use parking_lot::Mutex;
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::config::Config;
use crate::delivery::Courier;
use crate::dispatch::{Dispatcher, Flush, QuietReason};
use crate::log::{NotificationLog, OpenLogError};
use crate::notifiers::Notifiers;
use crate::receivers::{Receivers, SharedReceivers};
use crate::silences::{SilenceError, SilenceTerms, Silences};
use crate::views;

/// How long deliveries under way may take to end at shutdown. A task is cut off after 20 s.
const DRAIN_MAX: std::time::Duration = std::time::Duration::from_secs(10);
/// How often entries past their time leave the notification log.
const EXPIRE_INTERVAL: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// What the room needs.
#[derive(Debug)]
pub struct Parts {
    /// What delivers.
    pub notifiers: Arc<dyn Notifiers>,
    /// Where the notification log and the silences lie.
    pub state: StateStore,
    /// The time.
    pub clock: Clock,
    /// Where to count.
    pub metrics: Metrics,
    /// Where this server is reached from outside, without a slash at the end.
    pub external_url: String,
}

/// Alerting. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Alerting(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    /// Guards groups and receivers together: a flush finds the receivers of its own configuration.
    /// Never held across an await.
    pub(crate) state: Mutex<State>,
    /// Rung when timers may have changed.
    changed: Notify,
    pub(crate) courier: Courier,
    pub(crate) silences: Silences,
    metrics: Metrics,
    received_firing: Counter,
    received_resolved: Counter,
    refused: Counter,
    invalid: Counter,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) receivers: SharedReceivers,
}

/// A configuration that was found good and waits for [`Alerting::commit`].
#[derive(Debug)]
pub struct Prepared(Config);

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// No notifier of this name is there.
    #[error(
        "receiver {receiver:?}: there is no notifier plugin {plugin:?} for {plugin}_configs; put \
         {plugin}.wasm into the folder of plugins"
    )]
    UnknownNotifier {
        /// The receiver.
        receiver: String,
        /// The notifier.
        plugin: String,
    },
}

impl Alerting {
    /// Opens the notification log and begins with no alerts.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn new(config: Config, parts: Parts) -> Result<Self, OpenLogError> {
        let now = Timestamp::from_millis(parts.clock.now_millis());
        let log = NotificationLog::open(&parts.state, now)?;
        let silences = Silences::open(&parts.state, now)?;
        let metrics = parts.metrics;
        let receivers = Arc::new(Receivers::new(&config, &metrics, None));
        let dispatcher = Dispatcher::new(Arc::new(config), now);
        let received = |status: &str| {
            let help = "The total number of received alerts.";
            metrics.counter("alertmanager_alerts_received_total", help, &[("status", status)])
        };
        let shared = Shared {
            state: Mutex::new(State { dispatcher, receivers }),
            changed: Notify::new(),
            silences,
            courier: Courier {
                notifiers: parts.notifiers,
                log,
                clock: parts.clock,
                external_url: parts.external_url,
                template_failures: metrics.counter(
                    "narthex_notification_template_failures_total",
                    "Templates of notifications that failed; the error stands in their place.",
                    &[],
                ),
            },
            received_firing: received("firing"),
            received_resolved: received("resolved"),
            refused: metrics.counter(
                "alertmanager_alerts_limited_total",
                "Alerts that were refused because as many are kept as may be.",
                &[],
            ),
            invalid: metrics.counter(
                "alertmanager_alerts_invalid_total",
                "The total number of received alerts that were invalid.",
                &[],
            ),
            metrics: metrics.clone(),
        };
        let alerting = Self(Arc::new(shared));
        for reason in QuietReason::ALL {
            alerting.0.quiet(reason); // counts from 0
        }
        metrics.add_source(Arc::new(views::AlertCounts(Arc::downgrade(&alerting.0))));
        Ok(alerting)
    }

    /// Takes alerts, new ones and news of known ones. Never waits.
    pub fn submit(&self, batch: AlertBatch) {
        let now = self.now();
        let inserted = self.0.state.lock().dispatcher.insert(batch, now);
        self.0.received_firing.add(inserted.firing);
        self.0.received_resolved.add(inserted.resolved);
        if inserted.refused > 0 {
            self.0.refused.add(inserted.refused);
            warn!(refused = inserted.refused, "alerts refused: too many are kept already");
        }
        self.0.changed.notify_one();
    }

    /// Counts alerts that somebody sent and that are none.
    pub fn refused(&self, alerts: usize) {
        self.0.invalid.add(u64::try_from(alerts).unwrap_or(u64::MAX));
    }

    /// When an alert counts as over whose sender gave no end.
    #[must_use]
    pub fn resolve_timeout(&self) -> std::time::Duration {
        self.0.state.lock().dispatcher.config.resolve_timeout
    }

    /// All silences.
    #[must_use]
    pub fn silences(&self) -> &Silences {
        &self.0.silences
    }

    /// Makes a silence (`id` is empty) or changes one; on disk when this returns. The id of the one
    /// that holds: another one, where the change would rewrite history.
    ///
    /// # Errors
    /// When there is no such silence, its terms cannot be, or it cannot be kept.
    pub async fn set_silence(&self, id: &str, terms: SilenceTerms) -> Result<String, SilenceError> {
        self.0.silences.set(id, terms, self.now()).await
    }

    /// Ends a silence now; on disk when this returns.
    ///
    /// # Errors
    /// When there is no such silence, or that cannot be kept.
    pub async fn expire_silence(&self, id: &str) -> Result<(), SilenceError> {
        self.0.silences.expire(id, self.now()).await
    }

    /// Checks a new configuration, with the notifiers that there will be; nothing changes.
    ///
    /// # Errors
    /// When it names a notifier that is not there.
    pub fn prepare(
        &self,
        config: Config,
        notifiers: &dyn Notifiers,
    ) -> Result<Prepared, PrepareError> {
        for receiver in &config.receivers {
            let mut plugins = receiver.integrations.iter().map(|i| i.plugin.as_str());
            if let Some(plugin) = plugins.find(|plugin| !notifiers.is_known(plugin)) {
                let (receiver, plugin) = (receiver.name.clone(), plugin.to_owned());
                return Err(PrepareError::UnknownNotifier { receiver, plugin });
            }
        }
        Ok(Prepared(config))
    }

    /// Changes to a new configuration. Alerts are grouped anew; what was told stays told.
    pub fn commit(&self, prepared: Prepared) {
        let now = self.now();
        let mut state = self.0.state.lock();
        let receivers = Receivers::new(&prepared.0, &self.0.metrics, Some(&state.receivers));
        state.receivers = Arc::new(receivers);
        state.dispatcher.reconfigure(Arc::new(prepared.0), now);
        drop(state);
        self.0.changed.notify_one();
    }

    /// Starts the loop. It takes what the rules send and delivers what is due.
    pub fn spawn(&self, queue: QueueReceiver<AlertBatch>, tasks: &mut Tasks) {
        let alerting = self.clone();
        tasks.spawn("alerting", |stop| alerting.run(queue, stop));
    }

    /// The loop itself; ends after `stop`, when deliveries under way have ended too.
    pub async fn run(self, mut queue: QueueReceiver<AlertBatch>, mut stop: Stop) {
        let mut deliveries: JoinSet<()> = JoinSet::new();
        let mut expire_at = self.now() + EXPIRE_INTERVAL;
        loop {
            let due = self.deliver_due(&mut deliveries).min(expire_at);
            if expire_at <= self.now() {
                self.0.courier.log.expire(self.now());
                self.0.silences.forget_old(self.now());
                expire_at = self.now() + EXPIRE_INTERVAL;
            }
            select! {
                () = stop.stopped() => break,
                batch = queue.receive() => self.submit(batch),
                () = self.0.courier.clock.sleep_until(due.millis()) => {}
                () = self.0.changed.notified() => {}
                Some(ended) = deliveries.join_next() => {
                    if let Err(error) = ended {
                        warn!(%error, "a delivery ended badly");
                    }
                }
            }
        }
        while let Some(batch) = queue.try_receive() {
            self.submit(batch);
        }
        if !deliveries.is_empty() {
            info!(deliveries = deliveries.len(), "waiting for deliveries under way");
        }
        let drained = async { while deliveries.join_next().await.is_some() {} };
        select! {
            () = drained => {}
            () = self.0.courier.clock.sleep(DRAIN_MAX) => {}
        }
        deliveries.shutdown().await;
    }

    /// Starts the deliveries that are due; says when to look again.
    fn deliver_due(&self, deliveries: &mut JoinSet<()>) -> Timestamp {
        let now = self.now();
        let mut state = self.0.state.lock();
        let flushes = state.dispatcher.due(now, || self.0.silences.silencer(now));
        for flush in flushes {
            for (reason, count) in &flush.quiet {
                self.0.quiet(*reason).add(u64::try_from(*count).unwrap_or(u64::MAX));
            }
            let receivers = Arc::clone(&state.receivers);
            let alerting = self.clone();
            deliveries.spawn(async move { alerting.deliver(flush, &receivers).await });
        }
        state.dispatcher.next_due()
    }

    async fn deliver(&self, flush: Flush, receivers: &Receivers) {
        // Frees the group even when the notifier panics.
        let mut ended = Ended { alerting: self, flush: &flush, all_told: false };
        ended.all_told = match receivers.get(&flush.receiver) {
            Some(receiver) => self.0.courier.deliver(&flush, receiver).await,
            None => true,
        };
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.courier.clock.now_millis())
    }
}

impl Shared {
    fn quiet(&self, reason: QuietReason) -> Counter {
        let help = "The total number of notifications suppressed for being silenced, inhibited, outside of active time intervals or within muted time intervals.";
        let labels = [("reason", reason.name())];
        self.metrics.counter("alertmanager_notifications_suppressed_total", help, &labels)
    }
}

struct Ended<'a> {
    alerting: &'a Alerting,
    flush: &'a Flush,
    all_told: bool,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let now = self.alerting.now();
        let mut state = self.alerting.0.state.lock();
        state.dispatcher.delivered(self.flush, self.all_told, now);
        drop(state);
        self.alerting.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
