//! A scrape target that serves what the test says.

use std::net::SocketAddr;

use crate::server::{Answer, Request, Server};

/// The type of the classic text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The type of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A target on the loopback interface. It answers every path alike and records every request.
#[derive(Debug)]
pub struct FakeTarget {
    server: Server,
}

impl FakeTarget {
    /// Listens on a free port with an empty exposition.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self { server: Server::start(Answer::ok(TEXT, "")) }
    }

    /// Serves this text as format 0.0.4 from now on.
    pub fn serve(&self, text: &str) {
        self.answer_with(Answer::ok(TEXT, text));
    }

    /// Serves this text as OpenMetrics from now on.
    pub fn serve_open_metrics(&self, text: &str) {
        self.answer_with(Answer::ok(OPEN_METRICS, text));
    }

    /// Answers anything else from now on: an error, compressed bytes, nothing.
    pub fn answer_with(&self, answer: Answer) {
        self.server.answer_with(answer);
    }

    /// `127.0.0.1:<port>`, as it stands in a configuration.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The address of its metrics.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/metrics", self.address())
    }

    /// All requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;

    #[test]
    fn it_serves_what_it_was_told_and_remembers_who_asked() {
        let target = FakeTarget::start();
        target.serve_open_metrics("up 1\n# EOF\n");
        let answer = http::get(&target.url());
        assert_eq!(
            (answer.text().as_str(), answer.header("content-type")),
            ("up 1\n# EOF\n", Some(OPEN_METRICS))
        );
        target.answer_with(Answer::status(503, "busy"));
        assert_eq!(http::get(&target.url()).status, 503);
        let paths: Vec<String> =
            target.requests().into_iter().map(|request| request.path).collect();
        assert_eq!(paths, ["/metrics", "/metrics"]);
    }

    #[test]
    fn a_hung_target_lets_its_client_go_when_it_ends() {
        let target = FakeTarget::start();
        target.answer_with(Answer::never());
        let url = target.url();
        let client = std::thread::spawn(move || http::send("GET", &url, &[], b""));
        crate::wait_until("the request arrived", 10 * crate::SECONDS, || {
            !target.requests().is_empty()
        });
        drop(target);
        assert!(client.join().unwrap().is_err());
    }
}
