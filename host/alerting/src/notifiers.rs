//! What delivers: the trait that plugins implement, and what it is handed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};

use crate::config::Integration;
use crate::words::Words;

/// A future that a trait object returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Delivers notifications, by the name of a notifier.
///
/// Contract: `notify` answers `Ok` only when the receiver has the notification. It ends by itself
/// within the budget of a plugin's call, and it may be dropped at any time. Calls for different
/// groups run at the same time; a call that hangs delays no other.
pub trait Notifiers: fmt::Debug + Send + Sync {
    /// Whether a notifier of this name is there now.
    fn is_known(&self, plugin: &str) -> bool;

    /// Delivers one group by an entry of its receiver, whose templates `words` expands.
    fn notify<'a>(
        &'a self,
        integration: &'a Integration,
        group: &'a AlertGroup,
        words: &'a Arc<dyn Words>,
    ) -> BoxFuture<'a, Result<Receipt, NotifyError>>;
}

/// Whether an alert, or any alert of a group, is firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertStatus {
    /// Its condition holds.
    Firing,
    /// Its condition no longer holds.
    Resolved,
}

impl AlertStatus {
    /// As notifications spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// Alerts that are delivered together; the record `alert-group` of the plugin contract.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertGroup {
    /// The group's identity: the path of its route and its group labels, as Alertmanager writes it.
    pub group_key: String,
    /// The receiver's name in the configuration.
    pub receiver: String,
    /// Firing when at least one alert is.
    pub status: AlertStatus,
    /// The labels by which the route groups.
    pub group_labels: Labels,
    /// Labels that all alerts share.
    pub common_labels: Labels,
    /// Annotations that all alerts share.
    pub common_annotations: Labels,
    /// The alerts. Resolved ones are among them only when the integration wants them.
    pub alerts: Vec<GroupAlert>,
    /// How many alerts were left out because of [`AlertGroup::ALERTS_MAX`].
    pub truncated_alerts: u32,
    /// Where this server is reached from outside, without a slash at the end.
    pub external_url: String,
    /// 1 at the first attempt to deliver this notification, then 2, 3, …
    pub attempt: u32,
    /// The same for all attempts at one notification, also after a crash.
    pub idempotency_key: String,
}

impl AlertGroup {
    /// Alerts in one notification; more would not fit the memory of a plugin's call.
    pub const ALERTS_MAX: usize = 10_000;
}

/// One alert of a group; the record `alert` of the plugin contract.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupAlert {
    /// Whether it fires.
    pub status: AlertStatus,
    /// Hash of its labels, 16 hexadecimal digits.
    pub fingerprint: String,
    /// Its labels; `alertname` among them.
    pub labels: Labels,
    /// Its annotations.
    pub annotations: Labels,
    /// When it began to fire.
    pub starts_at: Timestamp,
    /// When it was resolved; none while it fires.
    pub ends_at: Option<Timestamp>,
    /// A link to the expression that raised it; may be empty.
    pub generator_url: String,
    /// The value of the expression when it was last evaluated, if it is known.
    pub value: Option<f64>,
}

/// Proof of delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The receiver's name for the message, if it gave one.
    pub remote_id: Option<String>,
    /// One line for people; may be empty.
    pub note: String,
}

/// Why a notification was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotifyError {
    /// What kind of failure it is.
    pub kind: NotifyErrorKind,
    /// One line: the step that failed and the thing it failed on. No secrets.
    pub message: String,
    /// Whether the same notification may be delivered later.
    pub retryable: bool,
    /// The shortest pause before a retry.
    pub retry_after: Option<Duration>,
}

/// Kinds of failures, as the plugin contract has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyErrorKind {
    /// The configuration is wrong, or there is no such notifier.
    Config,
    /// The operator did not grant what was asked for.
    Denied,
    /// The other side could not be reached.
    Unreachable,
    /// The other side did not answer in time.
    Timeout,
    /// The other side answered something that makes no sense or refused the request.
    Protocol,
    /// The other side asks for fewer requests.
    RateLimited,
    /// A bound was reached.
    Exhausted,
    /// The server is shutting down or reloading.
    Cancelled,
    /// A defect.
    Internal,
}

impl NotifyErrorKind {
    /// As metrics spell it, in the label `reason`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Denied => "denied",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::RateLimited => "rateLimited",
            Self::Exhausted => "exhausted",
            Self::Cancelled => "contextCanceled",
            Self::Internal => "other",
        }
    }
}
