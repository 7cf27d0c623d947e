//! What a notification is about.

use narthex_model::{Labels, Timestamp};

/// What templates of a notification see as their dot.
#[derive(Clone, Debug, PartialEq)]
pub struct NotificationData {
    /// The receiver's name. Alertmanager escapes in it what a regular expression would take for
    /// something else, since links put it into one.
    pub receiver: String,
    /// `firing` if at least one alert is, `resolved` otherwise.
    pub status: String,
    /// The alerts of the group.
    pub alerts: Vec<NotificationAlert>,
    /// Why it is sent, such as `first notification`.
    pub notification_reason: String,
    /// The labels by which the alerts were put together.
    pub group_labels: Labels,
    /// The labels that all alerts have in common.
    pub common_labels: Labels,
    /// The annotations that all alerts have in common.
    pub common_annotations: Labels,
    /// The labels of the route. See `route_labels_rendered`.
    pub route_labels: Labels,
    /// Whether the values of `route_labels` are final. Otherwise they are templates, which the
    /// function `routeLabels` renders.
    pub route_labels_rendered: bool,
    /// Where people reach this server, without a slash at the end.
    pub external_url: String,
}

impl Default for NotificationData {
    fn default() -> Self {
        let none = Labels::empty;
        Self {
            receiver: String::new(),
            status: String::new(),
            alerts: Vec::new(),
            notification_reason: String::new(),
            group_labels: none(),
            common_labels: none(),
            common_annotations: none(),
            route_labels: none(),
            route_labels_rendered: false,
            external_url: String::new(),
        }
    }
}

/// An alert in a notification.
#[derive(Clone, Debug, PartialEq)]
pub struct NotificationAlert {
    /// `firing` or `resolved`.
    pub status: String,
    /// Identity.
    pub labels: Labels,
    /// Text for people.
    pub annotations: Labels,
    /// When it began to be true.
    pub starts_at: Timestamp,
    /// When it ended, or counts as ended unless it is sent again.
    pub ends_at: Timestamp,
    /// Where a person can look at the expression.
    pub generator_url: String,
    /// The identity as 16 hexadecimal digits.
    pub fingerprint: String,
}
