//! The texts of notifications: templates about a group, expanded.

use std::fmt;
use std::sync::Arc;

use narthex_model::{Labels, Timestamp};
use narthex_platform::Counter;
use narthex_template::{Expander, Library, NotificationAlert, NotificationData, RenderError};
use tracing::warn;

use crate::notifiers::{AlertGroup, GroupAlert};

/// Expands the templates in a notifier's configuration.
///
/// Contract: a text always comes back. Where a template is wrong its error stands in the text, so
/// that the alert goes out all the same.
pub trait Words: fmt::Debug + Send + Sync {
    /// A plain text.
    fn text(&self, template: &str) -> String;

    /// A text that is HTML: values are escaped for their place in it.
    fn html(&self, template: &str) -> String;
}

/// What templates see beside the group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circumstances {
    /// Why it is sent.
    pub(crate) reason: &'static str,
    /// Labels of the route; their values are templates.
    pub(crate) route_labels: Labels,
}

/// The words for one group.
#[derive(Debug)]
struct GroupWords {
    expander: Expander,
    receiver: String,
    failures: Option<Counter>,
}

/// The words about a group; what fails is counted.
pub(crate) fn about(
    group: &AlertGroup,
    library: &Library,
    circumstances: Circumstances,
    now: Timestamp,
    failures: Option<Counter>,
) -> Arc<dyn Words> {
    let data = NotificationData {
        receiver: regex::escape(&group.receiver),
        status: group.status.name().to_owned(),
        alerts: group.alerts.iter().map(alert).collect(),
        notification_reason: circumstances.reason.to_owned(),
        group_labels: group.group_labels.clone(),
        common_labels: group.common_labels.clone(),
        common_annotations: group.common_annotations.clone(),
        route_labels: circumstances.route_labels,
        route_labels_rendered: false,
        external_url: group.external_url.clone(),
    };
    let (expander, receiver) = (library.expander(&data, now), group.receiver.clone());
    Arc::new(GroupWords { expander, receiver, failures })
}

impl AlertGroup {
    /// The words about it where no server routes it: built-in templates alone.
    #[must_use]
    pub fn words(&self, now: Timestamp) -> Arc<dyn Words> {
        about(self, &Library::default(), Circumstances::default(), now, None)
    }
}

fn alert(alert: &GroupAlert) -> NotificationAlert {
    NotificationAlert {
        status: alert.status.name().to_owned(),
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        starts_at: alert.starts_at,
        ends_at: alert.ends_at.unwrap_or(ZERO_TIME),
        generator_url: alert.generator_url.clone(),
        fingerprint: alert.fingerprint.clone(),
    }
}

/// 0001-01-01T00:00:00Z: what Go's templates show of a time that is not known.
const ZERO_TIME: Timestamp = Timestamp::from_millis(-62_135_596_800_000);

impl GroupWords {
    fn told(&self, template: &str, expanded: Result<String, RenderError>) -> String {
        expanded.unwrap_or_else(|error| {
            if let Some(failures) = &self.failures {
                failures.increment();
            }
            let receiver = &self.receiver;
            warn!(receiver, template, %error, "a template of a notification failed");
            format!("<error expanding template: {error}>")
        })
    }
}

impl Words for GroupWords {
    fn text(&self, template: &str) -> String {
        self.told(template, self.expander.text(template))
    }

    fn html(&self, template: &str) -> String {
        self.told(template, self.expander.html(template))
    }
}
