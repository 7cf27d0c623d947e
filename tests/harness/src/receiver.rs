//! A receiver of notifications: it keeps what it gets.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::server::{Answer, Request, Server};
use crate::wait_for;

/// A webhook on the loopback interface that accepts every notification until told otherwise.
#[derive(Debug)]
pub struct WebhookReceiver {
    server: Server,
}

impl WebhookReceiver {
    /// Listens on a free port.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self { server: Server::start(Answer::status(200, "")) }
    }

    /// The address to put into a receiver's configuration.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address())
    }

    /// `127.0.0.1:<port>`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Answers this from now on: an error that asks for another try, or nothing.
    pub fn answer_with(&self, answer: Answer) {
        self.server.answer_with(answer);
    }

    /// Answers requests for one path with this from now on.
    pub fn answer_at(&self, path: &str, answer: Answer) {
        self.server.script().set(path, answer, None);
    }

    /// All requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// The first notification whose JSON satisfies `wanted`.
    ///
    /// # Panics
    /// When none came `within`; the message holds what came.
    #[track_caller]
    pub fn wait_for_notification(
        &self,
        within: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        wait_for("the notification arrives", within, || {
            let came: Vec<Value> = self.requests().iter().map(Request::json).collect();
            let found = came.iter().find(|notification| wanted(notification));
            found.cloned().ok_or_else(|| format!("{} came: {came:?}", came.len()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SECONDS, http};

    #[test]
    fn the_wanted_notification_is_picked() {
        let receiver = WebhookReceiver::start();
        for status in ["firing", "resolved"] {
            let body = format!(r#"{{"status":"{status}"}}"#);
            assert_eq!(
                http::post(&receiver.url(), "application/json", body.as_bytes()).status,
                200
            );
        }
        let resolved = receiver.wait_for_notification(10 * SECONDS, |it| {
            it.get("status").is_some_and(|it| it == "resolved")
        });
        assert_eq!(resolved, serde_json::json!({ "status": "resolved" }));
        assert_eq!(receiver.requests().len(), 2);
    }
}
