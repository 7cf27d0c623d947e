//! A notifier that writes down what it is told, and shorthand for alerts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Alert, AlertBatch, Labels, Timestamp};
use narthex_settings::Document;
use parking_lot::Mutex;

use crate::config::{Config, Integration};
use crate::notifiers::{AlertGroup, BoxFuture, Notifiers, NotifyError, NotifyErrorKind, Receipt};
use crate::words::Words;

pub(crate) const MINUTE: i64 = 60_000;

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn config(text: &str) -> Config {
    Document::parse("am.yml", text).unwrap().read().unwrap()
}

/// An alert that fires from `start` until it is sent again with an earlier end.
pub(crate) fn alert(labels: &[(&str, &str)], start: i64) -> Alert {
    Alert {
        labels: Labels::from_pairs(labels.iter().copied()),
        annotations: Labels::from_pairs([("summary", "s")]),
        starts_at: at(start),
        ends_at: at(i64::MAX / 2),
        is_end_guessed: true,
        updated_at: at(start),
        generator_url: String::new(),
        value: Some(1.0),
    }
}

pub(crate) fn batch(alerts: &[Alert]) -> AlertBatch {
    AlertBatch { alerts: alerts.to_vec() }
}

/// How the next call ends.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Fails { retryable: bool, retry_after: Option<Duration> },
    Hangs,
}

/// Writes down every call; succeeds unless an ending is scripted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) calls: Vec<AlertGroup>,
    pub(crate) endings: VecDeque<Ending>,
    pub(crate) failures: usize,
    /// What the template `title` of the configuration became.
    pub(crate) titles: Vec<String>,
}

impl Recorder {
    pub(crate) fn script(&self, endings: impl IntoIterator<Item = Ending>) {
        self.0.lock().endings.extend(endings);
    }

    pub(crate) fn take(&self) -> Vec<AlertGroup> {
        std::mem::take(&mut self.0.lock().calls)
    }

    pub(crate) fn titles(&self) -> Vec<String> {
        self.0.lock().titles.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().calls.len()
    }

    pub(crate) fn failures(&self) -> usize {
        self.0.lock().failures
    }
}

impl Notifiers for Recorder {
    fn is_known(&self, plugin: &str) -> bool {
        plugin == "webhook"
    }

    fn notify<'a>(
        &'a self,
        integration: &'a Integration,
        group: &'a AlertGroup,
        words: &'a Arc<dyn Words>,
    ) -> BoxFuture<'a, Result<Receipt, NotifyError>> {
        let ending = {
            let mut recorded = self.0.lock();
            recorded.calls.push(group.clone());
            let title = integration.config.get("title").and_then(serde_json::Value::as_str);
            recorded.titles.extend(title.map(|title| words.text(title)));
            recorded.endings.pop_front()
        };
        Box::pin(async move {
            match ending {
                None => Ok(Receipt { remote_id: None, note: "taken".to_owned() }),
                Some(Ending::Hangs) => std::future::pending().await,
                Some(Ending::Fails { retryable, retry_after }) => {
                    self.0.lock().failures += 1;
                    Err(NotifyError {
                        kind: NotifyErrorKind::Protocol,
                        message: "status 500".to_owned(),
                        retryable,
                        retry_after,
                    })
                }
            }
        })
    }
}

/// A call in one line: `firing a,b | resolved c`.
pub(crate) fn line(group: &AlertGroup) -> String {
    let names = |wanted: crate::AlertStatus| {
        let alerts = group.alerts.iter().filter(|alert| alert.status == wanted);
        let names = alerts.map(|alert| alert.labels.get("alertname").unwrap_or("?"));
        names.collect::<Vec<_>>().join(",")
    };
    let (firing, resolved) =
        (names(crate::AlertStatus::Firing), names(crate::AlertStatus::Resolved));
    format!("{}: {firing}|{resolved}", group.status.name())
}
