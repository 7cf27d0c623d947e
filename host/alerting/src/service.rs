//! The room's door and its loop: the only place that asks the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use narthex_model::{AlertBatch, Timestamp};
use narthex_platform::queue::Receiver as QueueReceiver;
use narthex_platform::{Clock, Counter, Metrics, Stop, Tasks};
use narthex_state::{StateError, StateStore};
use parking_lot::Mutex;
use tokio::select;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::alerts::AlertsOnDisk;
use crate::config::Config;
use crate::delivery::Courier;
use crate::dispatch::{Dispatcher, Flush, QuietReason};
use crate::log::{NotificationLog, OpenError};
use crate::notifiers::Notifiers;
use crate::receivers::{Receivers, SharedReceivers};
use crate::silences::{SilenceError, SilenceTerms, Silences};
use crate::views;

/// How long deliveries under way may take to end at shutdown. A task is cut off after 20 s.
const DRAIN_MAX: std::time::Duration = std::time::Duration::from_secs(10);
/// Alerts that are taken at once; whoever else wants the state gets his turn between.
const TAKE_MAX: usize = 256;
/// How long somebody who sends alerts waits for the disk. They are taken by then.
const WRITE_WAIT_MAX: std::time::Duration = std::time::Duration::from_secs(5);
/// How often entries past their time leave the notification log.
const EXPIRE_INTERVAL: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// What the room needs.
#[derive(Debug)]
pub struct Parts {
    /// What delivers.
    pub notifiers: Arc<dyn Notifiers>,
    /// Where alerts, the notification log and the silences lie.
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
    on_disk: AlertsOnDisk,
    /// Rung when alerts have to be written.
    unwritten: Notify,
    pub(crate) courier: Courier,
    pub(crate) silences: Silences,
    metrics: Metrics,
    write_failures: Counter,
    /// The last write failed: what follows of that is not logged each time.
    is_failing: AtomicBool,
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
    /// Opens what is on disk and begins where the last process ended.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn new(config: Config, parts: Parts) -> Result<Self, OpenError> {
        let now = Timestamp::from_millis(parts.clock.now_millis());
        let log = NotificationLog::open(&parts.state, now)?;
        let silences = Silences::open(&parts.state, now)?;
        let metrics = parts.metrics;
        let receivers = Arc::new(Receivers::new(&config, &metrics, None));
        let mut dispatcher = Dispatcher::new(Arc::new(config), now);
        let on_disk = AlertsOnDisk::open(&parts.state)?;
        let mut records = Vec::new();
        on_disk.read(|record| records.push(record))?;
        let left_out = dispatcher.restore(records, now);
        if left_out > 0 {
            warn!(left_out, "there are too many alerts on disk; the others are left there");
        }
        let received = |status: &str| {
            let help = "The total number of received alerts.";
            metrics.counter("alertmanager_alerts_received_total", help, &[("status", status)])
        };
        let shared = Shared {
            state: Mutex::new(State { dispatcher, receivers }),
            changed: Notify::new(),
            on_disk,
            unwritten: Notify::new(),
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
                generation: watch::Sender::new(0),
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
            write_failures: metrics.counter(
                "narthex_alerts_write_failures_total",
                "Times that alerts did not reach the disk, and alerts that were too many to wait for it.",
                &[],
            ),
            is_failing: AtomicBool::new(false),
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
        let mut alerts = batch.alerts.into_iter();
        let mut refused = 0;
        while alerts.len() > 0 {
            let some = alerts.by_ref().take(TAKE_MAX);
            let inserted = self.0.state.lock().dispatcher.insert(some, now);
            self.0.received_firing.add(inserted.firing);
            self.0.received_resolved.add(inserted.resolved);
            refused += inserted.refused;
        }
        if refused > 0 {
            self.0.refused.add(refused);
            warn!(refused, "alerts refused: too many are kept already");
        }
        self.0.changed.notify_one();
        self.0.unwritten.notify_one();
    }

    /// Returns once what was submitted is on disk, or could not be written, or after five seconds:
    /// it is taken in any case.
    pub async fn written(&self) {
        let clock = &self.0.courier.clock;
        select! {
            _failure_is_counted = self.write() => {}
            () = clock.sleep(WRITE_WAIT_MAX) => warn!("the disk has not taken alerts for five seconds"),
        }
    }

    /// Writes alerts that have changed, and waits for the disk.
    pub(crate) async fn write(&self) -> Result<(), StateError> {
        let shared = Arc::clone(&self.0);
        let changes = move || {
            let (changes, dropped) = shared.state.lock().dispatcher.alerts.take_unwritten();
            if dropped > 0 {
                shared.write_failures.add(dropped);
                warn!(dropped, "alerts will not be on disk: too many wait for it");
            }
            changes
        };
        let written = self.0.on_disk.write(changes).await;
        let failed_before = self.0.is_failing.swap(written.is_err(), Ordering::AcqRel);
        if let Err(error) = &written {
            self.0.write_failures.increment();
            if !failed_before {
                warn!(%error, "alerts are not written to disk; they are kept in memory");
            }
        }
        written
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
        let generation = state.dispatcher.generation();
        drop(state);
        self.0.courier.generation.send_replace(generation);
        self.0.changed.notify_one();
    }

    /// Starts the loop. It takes what the rules send and delivers what is due.
    pub fn spawn(&self, queue: QueueReceiver<AlertBatch>, tasks: &mut Tasks) {
        let (alerting, writer) = (self.clone(), self.clone());
        tasks.spawn("alerting", |stop| alerting.run(queue, stop));
        tasks.spawn("alerts_on_disk", |mut stop| async move {
            loop {
                select! {
                    () = stop.stopped() => break,
                    () = writer.0.unwritten.notified() => {}
                }
                writer.write().await.ok(); // a failure is logged and counted
            }
        });
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
        self.write().await.ok(); // a failure is logged and counted
    }

    /// Starts some of the deliveries that are due; says when to look again.
    fn deliver_due(&self, deliveries: &mut JoinSet<()>) -> Timestamp {
        let now = self.now();
        let (flushes, receivers, next_due) = {
            let mut state = self.0.state.lock();
            let flushes = state.dispatcher.due(now);
            (flushes, Arc::clone(&state.receivers), state.dispatcher.next_due())
        };
        let silencer = self.0.silences.silencer(now);
        for flush in flushes {
            let (receivers, silencer) = (Arc::clone(&receivers), Arc::clone(&silencer));
            // Frees the group even when what follows panics.
            let mut delivery = Delivery { alerting: self.clone(), flush, all_told: false };
            deliveries.spawn(async move {
                delivery.flush.hush(&silencer);
                delivery.run(&receivers).await;
            });
        }
        next_due
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

/// A flush on its way to a receiver. However it ends, its group goes on.
struct Delivery {
    alerting: Alerting,
    flush: Flush,
    all_told: bool,
}

impl Delivery {
    async fn run(&mut self, receivers: &Receivers) {
        let (shared, flush) = (&self.alerting.0, &self.flush);
        for (reason, count) in &flush.quiet {
            shared.quiet(*reason).add(u64::try_from(*count).unwrap_or(u64::MAX));
        }
        if flush.has_ends {
            // Else a restart might take an alert for one that fires, after a receiver has heard of its
            // end. What fails is logged and counted, and hinders nobody from being told.
            self.alerting.write().await.ok();
        }
        self.all_told = match receivers.get(&flush.receiver) {
            Some(receiver) => shared.courier.deliver(flush, receiver).await,
            None => true,
        };
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let shared = &self.alerting.0;
        let now = self.alerting.now();
        shared.state.lock().dispatcher.delivered(&self.flush, self.all_told, now);
        shared.changed.notify_one();
        shared.unwritten.notify_one();
    }
}

#[cfg(test)]
mod tests;
