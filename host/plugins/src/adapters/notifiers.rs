//! Notifier plugins as alerting sees them.

use std::sync::Arc;

use camino::Utf8Path;
use narthex_alerting::{
    AlertGroup, AlertStatus, BoxFuture, GroupAlert, Integration, Notifiers, NotifyError,
    NotifyErrorKind, Receipt, Words,
};
use narthex_client::HttpConfig;
use narthex_model::Labels;
use serde_json::Value;

use crate::answer::{CallError, GuestErrorKind, PluginKind};
use crate::bindings::notifier::exports::narthex::plugin::notifier_api;
use crate::imports::Label;
use crate::item::{Given, HTTP_CONFIG};
use crate::plugins::Plugins;

impl Notifiers for Plugins {
    fn is_known(&self, plugin: &str) -> bool {
        let kind = PluginKind::Notifier;
        self.find(kind, plugin).is_ok_and(|plugin| plugin.ready(kind).is_ok())
    }

    fn notify<'a>(
        &'a self,
        integration: &'a Integration,
        group: &'a AlertGroup,
        words: &'a Arc<dyn Words>,
    ) -> BoxFuture<'a, Result<Receipt, NotifyError>> {
        Box::pin(async move {
            let http = http(integration)?;
            let (plugins, integration) = (self.clone(), integration.clone());
            let (words, group) = (Arc::clone(words), wire_group(group));
            // Files of secrets may be on a disk that hangs, and long texts take their time.
            let ready = tokio::task::spawn_blocking(move || {
                let Integration { plugin, config, globals, .. } = &integration;
                let given = Given {
                    globals: Some(globals),
                    words: Some(&words),
                    ..Given::new(config, http.as_ref(), Utf8Path::new(""))
                };
                plugins.ready(PluginKind::Notifier, plugin, given)
            });
            let ready = ready.await.map_err(|error| NotifyError {
                kind: NotifyErrorKind::Internal,
                message: format!("make the configuration ready: {error}"),
                retryable: true,
                retry_after: None,
            })?;
            let delivered = match ready {
                Ok(ready) => self.deliver(ready, group).await,
                Err(error) => Err(error),
            };
            match delivered {
                Ok(receipt) => Ok(Receipt { remote_id: receipt.remote_id, note: receipt.note }),
                Err(error) => Err(notify_error(&error)),
            }
        })
    }
}

/// The keys of HTTP clients of an entry, or those of all receivers. Their paths are absolute already.
fn http(integration: &Integration) -> Result<Option<HttpConfig>, NotifyError> {
    let own = integration.config.get(HTTP_CONFIG).filter(|own| !own.is_null());
    let Some(keys) = own.or_else(|| integration.globals.get(HTTP_CONFIG)) else { return Ok(None) };
    let mut keys = keys.clone();
    write_out_numbers(&mut keys);
    serde_json::from_value(keys).map(Some).map_err(|error| NotifyError {
        kind: NotifyErrorKind::Config,
        message: format!("{HTTP_CONFIG}: {error}"),
        retryable: false,
        retry_after: None,
    })
}

/// Makes numbers texts: a client has none, and YAML does not tell a password of digits from one.
fn write_out_numbers(keys: &mut Value) {
    match keys {
        Value::Number(number) => *keys = Value::String(number.to_string()),
        Value::Object(map) => map.values_mut().for_each(write_out_numbers),
        Value::Array(items) => items.iter_mut().for_each(write_out_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn notify_error(error: &CallError) -> NotifyError {
    let (kind, retryable, retry_after) = match error {
        CallError::Refused(refused) => {
            let kind = match refused.kind {
                GuestErrorKind::Config => NotifyErrorKind::Config,
                GuestErrorKind::Denied => NotifyErrorKind::Denied,
                GuestErrorKind::Unreachable => NotifyErrorKind::Unreachable,
                GuestErrorKind::Timeout => NotifyErrorKind::Timeout,
                GuestErrorKind::Protocol => NotifyErrorKind::Protocol,
                GuestErrorKind::RateLimited => NotifyErrorKind::RateLimited,
                GuestErrorKind::Exhausted => NotifyErrorKind::Exhausted,
                GuestErrorKind::Cancelled => NotifyErrorKind::Cancelled,
                GuestErrorKind::Internal => NotifyErrorKind::Internal,
            };
            (kind, refused.is_retryable, refused.retry_after)
        }
        CallError::Config { .. } => (NotifyErrorKind::Config, false, None),
        // A plugin that is not there or switched off may be there and on later.
        CallError::Unavailable(_) | CallError::Disabled { .. } => {
            (NotifyErrorKind::Config, true, None)
        }
        CallError::Killed { .. } => (NotifyErrorKind::Internal, true, None),
        CallError::BackingOff { left, .. } => (NotifyErrorKind::Internal, true, Some(*left)),
        CallError::Crowded { .. } | CallError::Busy { .. } => {
            (NotifyErrorKind::Exhausted, true, None)
        }
    };
    NotifyError { kind, message: error.to_string(), retryable, retry_after }
}

pub(crate) fn wire_group(group: &AlertGroup) -> notifier_api::AlertGroup {
    notifier_api::AlertGroup {
        group_key: group.group_key.clone(),
        receiver: group.receiver.clone(),
        status: wire_status(group.status),
        group_labels: wire_labels(&group.group_labels),
        common_labels: wire_labels(&group.common_labels),
        common_annotations: wire_labels(&group.common_annotations),
        alerts: group.alerts.iter().map(wire_alert).collect(),
        truncated_alerts: group.truncated_alerts,
        external_url: group.external_url.clone(),
        attempt: group.attempt,
        idempotency_key: group.idempotency_key.clone(),
    }
}

/// About what a group takes: all texts in it.
pub(crate) fn group_bytes(group: &notifier_api::AlertGroup) -> usize {
    let labels = |labels: &[Label]| -> usize {
        labels.iter().map(|label| label.name.len() + label.value.len()).sum()
    };
    let of_alert = |alert: &notifier_api::Alert| {
        let (all, notes) = (labels(&alert.labels), labels(&alert.annotations));
        size_of::<notifier_api::Alert>() + all + notes + alert.generator_url.len()
    };
    let common = labels(&group.common_labels) + labels(&group.common_annotations);
    let own = group.group_key.len() + group.receiver.len() + labels(&group.group_labels);
    own + common + group.alerts.iter().map(of_alert).sum::<usize>()
}

fn wire_alert(alert: &GroupAlert) -> notifier_api::Alert {
    notifier_api::Alert {
        status: wire_status(alert.status),
        fingerprint: alert.fingerprint.clone(),
        labels: wire_labels(&alert.labels),
        annotations: wire_labels(&alert.annotations),
        starts_at_ms: alert.starts_at.millis(),
        ends_at_ms: alert.ends_at.map(|at| at.millis()),
        generator_url: alert.generator_url.clone(),
        value: alert.value,
    }
}

fn wire_status(status: AlertStatus) -> notifier_api::AlertStatus {
    match status {
        AlertStatus::Firing => notifier_api::AlertStatus::Firing,
        AlertStatus::Resolved => notifier_api::AlertStatus::Resolved,
    }
}

/// Sorted by name, as labels always are.
fn wire_labels(labels: &Labels) -> Vec<Label> {
    let label = |(name, value): (&str, &str)| Label { name: name.into(), value: value.into() };
    labels.iter().map(label).collect()
}
