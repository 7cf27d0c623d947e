//! The texts of notifications: templates about a group, expanded.

use std::collections::BTreeMap;
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

    /// The same words, of which nobody is told what fails: to try something.
    fn unheard(&self) -> Arc<dyn Words>;
}

/// What templates see for a reason where nothing is sent.
const REASON_UNKNOWN: &str = "unknown";

/// What templates see beside the group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circumstances {
    /// Why it is sent.
    pub(crate) reason: &'static str,
    /// Labels of the route; their values are templates.
    pub(crate) route_labels: Labels,
}

/// The words for one group.
#[derive(Clone, Debug)]
struct GroupWords {
    expander: Expander,
    receiver: String,
    failures: Option<Counter>,
    is_heard: bool,
}

/// The words about a group; what fails is counted.
pub(crate) fn about(
    group: &AlertGroup,
    library: &Library,
    circumstances: Circumstances,
    now: Timestamp,
    failures: Option<Counter>,
) -> Arc<dyn Words> {
    let mut data = data(group, circumstances);
    let receiver = group.receiver.clone();
    let expander = library.expander(&data, now);
    let words = GroupWords { expander, receiver, failures, is_heard: true };
    if data.route_labels.is_empty() {
        return Arc::new(words);
    }
    match words.expander.route_labels() {
        Ok(labels) => (data.route_labels, data.route_labels_rendered) = (labels, true),
        // Those that are asked for one by one are rendered one by one.
        Err(error) => words.failed(&error),
    }
    Arc::new(GroupWords { expander: library.expander(&data, now), ..words })
}

/// The labels of its route as they are rendered about a group; those that fail are left out.
pub(crate) fn route_labels(
    group: &AlertGroup,
    library: &Library,
    route_labels: Labels,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let data = data(group, Circumstances { reason: REASON_UNKNOWN, route_labels });
    library.expander(&data, now).some_route_labels()
}

fn data(group: &AlertGroup, circumstances: Circumstances) -> NotificationData {
    NotificationData {
        receiver: quote_meta(&group.receiver),
        status: group.status.name().to_owned(),
        alerts: group.alerts.iter().map(alert).collect(),
        notification_reason: circumstances.reason.to_owned(),
        group_labels: group.group_labels.clone(),
        common_labels: group.common_labels.clone(),
        common_annotations: group.common_annotations.clone(),
        route_labels: circumstances.route_labels,
        route_labels_rendered: false,
        external_url: group.external_url.clone(),
    }
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
    /// The text itself is not logged: it may be the URL of a webhook.
    fn failed(&self, error: &RenderError) {
        if !self.is_heard {
            return;
        }
        if let Some(failures) = &self.failures {
            failures.increment();
        }
        warn!(receiver = self.receiver, %error, "a template of a notification failed");
    }

    fn told(&self, expanded: Result<String, RenderError>) -> Result<String, String> {
        expanded.map_err(|error| {
            self.failed(&error);
            format!("<error expanding template: {error}>")
        })
    }
}

impl Words for GroupWords {
    fn text(&self, template: &str) -> String {
        self.told(self.expander.text(template)).unwrap_or_else(|error| error)
    }

    fn html(&self, template: &str) -> String {
        self.told(self.expander.html(template)).unwrap_or_else(|error| escape_html(&error))
    }

    fn unheard(&self) -> Arc<dyn Words> {
        Arc::new(Self { is_heard: false, ..self.clone() })
    }
}

/// A text that a regular expression takes for itself, as Go's `regexp.QuoteMeta` writes it.
fn quote_meta(text: &str) -> String {
    let is_special = |letter: char| r"\.+*?()|[]{}^$".contains(letter);
    let quote = |letter: char| is_special(letter).then_some('\\').into_iter().chain([letter]);
    text.chars().flat_map(quote).collect()
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&#34;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AlertStatus;

    #[test]
    fn an_error_is_no_markup_where_markup_is_wanted() {
        let group = AlertGroup {
            group_key: "{}:{}".to_owned(),
            receiver: "r".to_owned(),
            status: AlertStatus::Firing,
            group_labels: Labels::empty(),
            common_labels: Labels::empty(),
            common_annotations: Labels::empty(),
            alerts: Vec::new(),
            truncated_alerts: 0,
            external_url: String::new(),
            attempt: 1,
            idempotency_key: String::new(),
        };
        let words = group.words(Timestamp::from_millis(0));
        let wrong = r#"{{ index "a" "b" }}"#;
        assert!(words.text(wrong).starts_with("<error expanding template: "));
        let html = words.html(wrong);
        assert!(html.starts_with("&lt;error expanding template: "), "{html}");
        assert!(!html.contains(['<', '>', '"']), "{html}");
    }

    #[test]
    fn receivers_are_quoted_as_go_does_it() {
        assert_eq!(quote_meta("team-db #1 (a.b)|c"), r"team-db #1 \(a\.b\)\|c");
    }
}
