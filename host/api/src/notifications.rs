//! What an operator should know of the program now, as `/api/v1/notifications` tells it, and as it comes and goes.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use narthex_model::Timestamp;
use narthex_platform::{Clock, Family, FamilyKind, MetricsSource, Point, PointValue};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::envelope::{Answer, ok};
use crate::routes::Shared;
use crate::status::rfc3339;

/// Changes that a follower may be behind; those before are lost to it.
const BEHIND_MAX: usize = 64;

/// What an operator should know. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notifications(Arc<Known>);

#[derive(Debug)]
struct Known {
    clock: Clock,
    followers_max: usize,
    /// Guards what is told, and who follows it.
    state: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    active: Vec<Notification>,
    /// `None`: the program ends, and nobody is told any more.
    changes: Option<broadcast::Sender<Notification>>,
}

#[derive(Clone, Debug)]
struct Notification {
    /// What it is about: there is one of each.
    about: &'static str,
    text: String,
    at: Timestamp,
    is_active: bool,
}

impl Notifications {
    /// None yet. At most so many follow them.
    #[must_use]
    pub fn new(clock: Clock, followers_max: usize) -> Self {
        let (changes, _) = broadcast::channel(BEHIND_MAX);
        let state = Mutex::new(Told { active: Vec::new(), changes: Some(changes) });
        Self(Arc::new(Known { clock, followers_max, state }))
    }

    /// Says something, in the place of what was said about the same.
    pub fn raise(&self, about: &'static str, text: impl Into<String>) {
        let at = Timestamp::from_millis(self.0.clock.now_millis());
        let notification = Notification { about, text: text.into(), at, is_active: true };
        let mut told = self.0.state.lock();
        told.end(about);
        told.active.push(notification.clone());
        told.tell(notification);
    }

    /// Takes back what was said.
    pub fn end(&self, about: &'static str) {
        self.0.state.lock().end(about);
    }

    /// Says the last thing, and tells nobody any more.
    pub fn close(&self, about: &'static str, text: &str) {
        self.raise(about, text);
        self.0.state.lock().changes = None;
    }

    /// What holds now, and what changes from now on. `None`: as many follow as may.
    fn follow(&self) -> Option<(Vec<Notification>, impl Stream<Item = Notification> + use<>)> {
        let told = self.0.state.lock();
        let changes = told.changes.as_ref()?;
        if changes.receiver_count() >= self.0.followers_max {
            return None;
        }
        let changes = stream::unfold(changes.subscribe(), |mut changes| async {
            loop {
                match changes.recv().await {
                    Ok(change) => return Some((change, changes)),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        Some((told.active.clone(), changes))
    }
}

impl MetricsSource for Notifications {
    #[expect(clippy::cast_precision_loss, reason = "followers are few")]
    fn families(&self) -> Vec<Family> {
        let told = self.0.state.lock();
        let followers = told.changes.as_ref().map_or(0, broadcast::Sender::receiver_count);
        let value = PointValue::Number(followers as f64);
        vec![Family {
            name: "prometheus_api_notification_active_subscribers".to_owned(),
            help: "The current number of active notification subscribers.".to_owned(),
            kind: FamilyKind::Gauge,
            points: vec![Point { labels: Vec::new(), value }],
        }]
    }
}

impl Told {
    fn end(&mut self, about: &'static str) {
        for ended in self.active.extract_if(.., |one| one.about == about).collect::<Vec<_>>() {
            self.tell(Notification { is_active: false, ..ended });
        }
    }

    fn tell(&self, notification: Notification) {
        if let Some(changes) = &self.changes {
            changes.send(notification).ok(); // nobody follows
        }
    }
}

fn shape(notification: &Notification) -> Value {
    json!({
        "text": notification.text,
        "date": rfc3339(notification.at),
        "active": notification.is_active,
    })
}

/// `GET /api/v1/notifications`
pub(crate) async fn all(State(rooms): Shared) -> Answer {
    let active = rooms.notifications.0.state.lock().active.clone();
    ok(&active.iter().map(shape).collect::<Vec<_>>())
}

/// `GET /api/v1/notifications/live`: server-sent events, one for each that holds, then one for each change. 204, as in
/// Prometheus, where as many follow as may.
pub(crate) async fn live(State(rooms): Shared) -> Response {
    let Some((active, changes)) = rooms.notifications.follow() else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let told = stream::iter(active).chain(changes);
    let events =
        told.map(|one| Ok::<_, Infallible>(Event::default().data(shape(&one).to_string())));
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use narthex_platform::SimulatedClock;

    use super::*;

    fn texts(told: &[Notification]) -> Vec<(String, bool)> {
        told.iter().map(|one| (one.text.clone(), one.is_active)).collect()
    }

    #[test]
    fn who_follows_is_told_of_what_holds_and_of_changes_until_the_end() {
        let notifications = Notifications::new(SimulatedClock::at(0).clock(), 1);
        notifications.raise("reload", "one");
        let (known, changes) = notifications.follow().unwrap();
        assert_eq!(texts(&known), [("one".to_owned(), true)]);
        assert!(notifications.follow().is_none(), "one may follow");
        notifications.raise("reload", "two");
        notifications.end("reload");
        notifications.end("reload");
        notifications.close("stop", "bye");
        let changes = changes.collect::<Vec<_>>().now_or_never().expect("it has ended");
        let expected = [("one", false), ("two", true), ("two", false), ("bye", true)];
        assert_eq!(texts(&changes), expected.map(|(text, active)| (text.to_owned(), active)));
        assert!(notifications.follow().is_none(), "nobody is told any more");
    }

    #[test]
    fn who_goes_makes_room() {
        let notifications = Notifications::new(SimulatedClock::at(0).clock(), 1);
        drop(notifications.follow().unwrap());
        assert!(notifications.follow().is_some());
    }
}
