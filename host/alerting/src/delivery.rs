//! One flush to all integrations of its receiver: decide, send with retries, log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use narthex_model::{Alert, Labels, Timestamp};
use narthex_platform::{Clock, Counter};
use tokio::select;
use tokio::sync::watch;
use tracing::{debug, warn};

use crate::alerts::Kept;
use crate::dedup::{Habits, Reason, Told, reason};
use crate::dispatch::Flush;
use crate::log::{NotificationLog, log_key};
use crate::notifiers::{
    AlertGroup, AlertStatus, GroupAlert, Notifiers, NotifyError, NotifyErrorKind, Receipt,
};
use crate::receivers::{IntegrationState, ReceiverState};
use crate::words::{self, Circumstances, Words};

/// The pause after the first failed attempt; it grows by half each time.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
/// The longest pause that the other side did not ask for.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What a delivery needs of the world.
#[derive(Debug)]
pub(crate) struct Courier {
    pub(crate) notifiers: Arc<dyn Notifiers>,
    pub(crate) log: NotificationLog,
    pub(crate) clock: Clock,
    pub(crate) external_url: String,
    /// Counts templates that failed.
    pub(crate) template_failures: Counter,
    /// The configuration that holds, counted by reloads.
    pub(crate) generation: watch::Sender<u64>,
}

impl Courier {
    /// Tells all integrations that need to be told; whether all of them know the group now.
    pub(crate) async fn deliver(&self, flush: &Flush, receiver: &ReceiverState) -> bool {
        if flush.alerts.is_empty() {
            return true; // all are kept quiet by others
        }
        let told = receiver.integrations.iter().map(|integration| self.tell(flush, integration));
        join_all(told).await.into_iter().all(|told| told)
    }

    /// Whether the integration knows the group now.
    async fn tell(&self, flush: &Flush, state: &IntegrationState) -> bool {
        let integration = &state.integration;
        let (plugin, index) = (integration.plugin.as_str(), integration.index);
        let log_key = log_key(&flush.key, &flush.receiver, plugin, index);
        let entry = self.log.entry(log_key);
        let (firing, resolved) = split(&flush.alerts, flush.now);
        let habits = Habits {
            send_resolved: integration.send_resolved,
            repeat_interval: (!flush.is_acknowledged()).then_some(flush.repeat_interval),
        };
        let Some(reason) = reason(entry.told.as_ref(), &firing, &resolved, habits, flush.now)
        else {
            if !firing.is_empty() {
                let prolonged = self.log.prolong(log_key, flush.now, flush.repeat_interval).await;
                prolonged.unwrap_or_else(|error| state.log_failed(&error));
            }
            return true;
        };
        let group_key = flush.key.as_str();
        debug!(receiver = flush.receiver, plugin, group_key, reason = reason.name(), "notifying");
        let key = idempotency_key(log_key, entry.taken, &firing, &resolved);
        let group = self.notification(flush, integration.send_resolved, key);
        let mut delivered = None;
        if !group.alerts.is_empty() {
            if let Err(error) = self.log.begin(log_key, flush.now).await {
                state.log_failed(&error);
            }
            let started = self.clock.monotonic();
            let words = self.words(flush, &group, reason);
            let outcome = self.attempts(flush, state, group, &words).await;
            let took = self.clock.monotonic() - started;
            if let Err(error) = &outcome {
                warn!(receiver = flush.receiver, plugin, group_key, %error, "notification failed");
                state.finished(self.clock.now_millis(), took, &outcome);
                return false;
            }
            delivered = Some((took, outcome));
        }
        let told = Told { at: flush.now, firing, resolved };
        let logged = self.log.taken(log_key, told, flush.repeat_interval).await;
        if let Err(error) = logged {
            state.log_failed(&error);
        }
        // Counted once it is on disk: what is counted is not sent again.
        if let Some((took, outcome)) = delivered {
            state.finished(self.clock.now_millis(), took, &outcome);
        }
        true
    }

    /// Tries until it succeeds, fails for good, the group's next flush is near, or a reload has made
    /// the receiver anew, which then is told at once.
    async fn attempts(
        &self,
        flush: &Flush,
        state: &IntegrationState,
        mut group: AlertGroup,
        words: &Arc<dyn Words>,
    ) -> Result<Receipt, NotifyError> {
        let mut pause = PAUSE_FIRST;
        let mut generation = self.generation.subscribe();
        loop {
            state.attempted();
            let error = match self.attempt(flush, state, &group, words).await {
                Ok(receipt) => return Ok(receipt),
                Err(error) => error,
            };
            state.attempt_failed();
            let wait = pause.max(error.retry_after.unwrap_or_default());
            let now = Timestamp::from_millis(self.clock.now_millis());
            if !error.retryable || now + wait >= flush.deadline {
                return Err(error);
            }
            debug!(receiver = flush.receiver, attempt = group.attempt, %error, "trying again");
            select! {
                () = self.clock.sleep(wait) => {}
                _it_is_old = generation.wait_for(|now| *now != flush.generation) => return Err(error),
            }
            pause = pause.mul_f64(1.5).min(PAUSE_MAX);
            group.attempt = group.attempt.saturating_add(1);
        }
    }

    async fn attempt(
        &self,
        flush: &Flush,
        state: &IntegrationState,
        group: &AlertGroup,
        words: &Arc<dyn Words>,
    ) -> Result<Receipt, NotifyError> {
        let sent = async {
            let lane = state.lanes.enter().await;
            let outcome = self.notifiers.notify(&state.integration, group, words).await;
            if outcome.is_ok() {
                lane.answered();
            }
            outcome
        };
        select! {
            outcome = sent => outcome,
            () = self.clock.sleep_until(flush.deadline.millis()) => Err(NotifyError {
                kind: NotifyErrorKind::Timeout,
                message: "no answer before the group's next notification is due".to_owned(),
                retryable: false,
                retry_after: None,
            }),
        }
    }

    /// What expands the templates of an integration, for this notification.
    fn words(&self, flush: &Flush, group: &AlertGroup, reason: Reason) -> Arc<dyn Words> {
        let route_labels =
            flush.route_labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let circumstances =
            Circumstances { reason: reason.name(), route_labels: Labels::from_pairs(route_labels) };
        let failures = self.template_failures.clone();
        words::about(group, &flush.library, circumstances, flush.now, Some(failures))
    }

    /// The group as the integration sees it: without alerts when there is nothing that it wants to
    /// hear.
    fn notification(&self, flush: &Flush, send_resolved: bool, key: String) -> AlertGroup {
        let wanted: Vec<&Alert> = flush
            .alerts
            .iter()
            .map(|kept| kept.alert.as_ref())
            .filter(|alert| send_resolved || !alert.is_resolved_at(flush.now))
            .collect();
        let about = AlertGroup::of(&flush.id.labels, &wanted, flush.now);
        AlertGroup {
            group_key: flush.key.clone(),
            receiver: flush.receiver.clone(),
            external_url: self.external_url.clone(),
            idempotency_key: key,
            ..about
        }
    }
}

impl AlertGroup {
    /// What alerts are about that are grouped by `labels`; the rest is the caller's to say.
    pub(crate) fn of(labels: &Labels, alerts: &[&Alert], now: Timestamp) -> Self {
        let any_fires = alerts.iter().any(|alert| !alert.is_resolved_at(now));
        let left_out = alerts.len().saturating_sub(Self::ALERTS_MAX);
        let told = alerts.iter().take(Self::ALERTS_MAX);
        Self {
            group_key: String::new(),
            receiver: String::new(),
            status: if any_fires { AlertStatus::Firing } else { AlertStatus::Resolved },
            group_labels: labels.clone(),
            common_labels: common(alerts.iter().map(|alert| &alert.labels)),
            common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
            alerts: told.map(|alert| group_alert(alert, now)).collect(),
            truncated_alerts: u32::try_from(left_out).unwrap_or(u32::MAX),
            external_url: String::new(),
            attempt: 1,
            idempotency_key: String::new(),
        }
    }
}

/// Fingerprints of the firing and of the resolved alerts.
fn split(alerts: &[Arc<Kept>], now: Timestamp) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (resolved, firing): (Vec<_>, Vec<_>) =
        alerts.iter().partition(|kept| kept.alert.is_resolved_at(now));
    let prints = |alerts: Vec<&Arc<Kept>>| alerts.iter().map(|kept| kept.fingerprint).collect();
    (prints(firing), prints(resolved))
}

fn group_alert(alert: &Alert, now: Timestamp) -> GroupAlert {
    let resolved = alert.is_resolved_at(now);
    GroupAlert {
        status: if resolved { AlertStatus::Resolved } else { AlertStatus::Firing },
        fingerprint: format!("{:016x}", alert.fingerprint()),
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        starts_at: alert.starts_at,
        ends_at: resolved.then_some(alert.ends_at),
        generator_url: alert.generator_url.clone(),
        value: alert.value,
    }
}

/// The pairs that all of them have.
fn common<'a>(mut all: impl Iterator<Item = &'a Labels>) -> Labels {
    let Some(first) = all.next() else { return Labels::empty() };
    let mut pairs: Vec<(&str, &str)> = first.iter().collect();
    for labels in all {
        pairs.retain(|(name, value)| labels.get(name) == Some(value));
    }
    Labels::from_sorted(pairs)
}

/// Depends on what is told and on how often the integration was told before, so that another
/// process that repeats an unfinished delivery arrives at the same key.
fn idempotency_key(
    log_key: u128,
    taken: u64,
    firing: &BTreeSet<u64>,
    resolved: &BTreeSet<u64>,
) -> String {
    let text = format!("{log_key:032x}/{taken}/{firing:x?}/{resolved:x?}");
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}

#[cfg(test)]
mod tests;
