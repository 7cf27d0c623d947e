//! What is counted of requests, under Prometheus' names.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;

use crate::routes::{Rooms, Shared};

/// From what a person does not notice to two minutes, the default bound of a query.
const SECONDS: [f64; 9] = [0.1, 0.2, 0.4, 1.0, 3.0, 8.0, 20.0, 60.0, 120.0];
/// From a hundred bytes to a gigabyte.
const BYTES: [f64; 8] = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Counts a request by the path of its handler. Where an answer is made while it is sent, its duration ends with its last
/// byte, and a client that goes away ends both; others are measured as they are made. Sizes are those before answers are
/// packed. A client that went away before there was an answer counts by [`LEFT`].
pub(crate) async fn measure(
    State(rooms): Shared,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let handler = handler(path.as_str());
    let mut answering =
        Answering { began: rooms.clock.monotonic(), rooms, handler, bytes: 0, is_counted: false };
    let response = next.run(request).await;
    answering.count(response.status().as_str());
    let (head, body) = response.into_parts();
    if let Some(bytes) = body.size_hint().exact() {
        answering.passed(bytes);
        return Response::from_parts(head, body);
    }
    let body = body.map_frame(move |frame| {
        answering.passed(frame.data_ref().map_or(0, |data| data.len() as u64));
        frame
    });
    Response::from_parts(head, Body::new(body))
}

/// The code of a request whose client did not wait, as proxies write it.
const LEFT: &str = "499";

/// The path as Prometheus writes it: `/label/:name/values`.
fn handler(path: &str) -> String {
    path.replace("{*", "*").replace('{', ":").replace('}', "")
}

/// An answer under way; measured when it is dropped.
struct Answering {
    rooms: Arc<Rooms>,
    handler: String,
    /// Of the monotonic clock.
    began: Duration,
    bytes: u64,
    is_counted: bool,
}

impl Answering {
    fn passed(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn count(&mut self, code: &str) {
        self.is_counted = true;
        let labels = [("handler", self.handler.as_str()), ("code", code)];
        let help = "Counter of HTTP requests.";
        self.rooms.metrics.counter("prometheus_http_requests_total", help, &labels).increment();
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if !self.is_counted {
            self.count(LEFT);
        }
        let (metrics, labels) = (&self.rooms.metrics, [("handler", self.handler.as_str())]);
        let help = "Histogram of latencies for HTTP requests.";
        let took = self.rooms.clock.monotonic().saturating_sub(self.began);
        metrics
            .histogram("prometheus_http_request_duration_seconds", help, &labels, &SECONDS)
            .observe_duration(took);
        let help = "Histogram of response size for HTTP requests.";
        #[expect(clippy::cast_precision_loss, reason = "sizes beyond 2^53 may lose a bit")]
        metrics
            .histogram("prometheus_http_response_size_bytes", help, &labels, &BYTES)
            .observe(self.bytes as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_named_as_in_prometheus() {
        assert_eq!(handler("/api/v1/query"), "/api/v1/query");
        assert_eq!(handler("/api/v1/label/{name}/values"), "/api/v1/label/:name/values");
        assert_eq!(handler("/consoles/{*filepath}"), "/consoles/*filepath");
    }
}
