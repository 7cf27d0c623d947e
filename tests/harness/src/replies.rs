//! A server whose answers were recorded: by path, changed while it runs, with blocking queries.

use std::net::SocketAddr;
use std::path::Path;

use crate::server::{Answer, Request, Server};

/// A server that answers by path, on the loopback interface or on a unix socket. What it has no answer for is 404.
///
/// ```
/// use narthex_harness::{Replies, http};
///
/// let replies = Replies::start();
/// replies.json_at("/v1/services", "X-Index", 7, "[]");
/// let answer = http::get(&replies.url("/v1/services?index=6&wait=10s")); // the index is another: at once
/// assert_eq!((answer.text().as_str(), answer.header("x-index")), ("[]", Some("7")));
/// ```
#[derive(Debug)]
pub struct Replies {
    server: Server,
}

impl Replies {
    /// Listens on a free port.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self { server: Server::start(Answer::status(404, "nothing is recorded for this path")) }
    }

    /// Listens on a unix socket that does not exist yet.
    ///
    /// # Panics
    /// When there can be none.
    #[must_use]
    #[track_caller]
    pub fn on_socket(path: &Path) -> Self {
        let otherwise = Answer::status(404, "nothing is recorded for this path");
        Self { server: Server::on_socket(path, otherwise) }
    }

    /// `127.0.0.1:<port>`.
    ///
    /// # Panics
    /// When it listens on a socket.
    #[must_use]
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The URL of a path.
    ///
    /// # Panics
    /// When it listens on a socket.
    #[must_use]
    #[track_caller]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Answers a path like this from now on, whatever its query.
    pub fn answer(&self, path: &str, answer: Answer) {
        self.server.script().set(path, answer, None);
    }

    /// Answers a path with JSON from now on.
    pub fn json(&self, path: &str, body: &str) {
        self.answer(path, Answer::ok("application/json", body));
    }

    /// Answers a path with JSON at an index, which stands in this header field: a request for `index=<this one>` waits until
    /// the path is answered otherwise, or for its parameter `wait`.
    pub fn json_at(&self, path: &str, header: &str, index: u64, body: &str) {
        let answer = Answer::ok("application/json", body).with_header(header, &index.to_string());
        self.server.script().set(path, answer, Some(index));
    }

    /// All requests so far, oldest first; those that still wait are among them.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    use super::Replies;
    use crate::{SECONDS, TempFolder, http, wait_until};

    #[test]
    fn a_request_at_the_current_index_waits_for_the_next() {
        let replies = Replies::start();
        replies.json_at("/list", "X-Index", 1, "[1]");
        let url = replies.url("/list?index=1&wait=60s");
        let waiting = std::thread::spawn(move || http::get(&url));
        wait_until("it is asked", 10 * SECONDS, || replies.requests().len() == 1);
        assert!(!waiting.is_finished());
        replies.json_at("/list", "X-Index", 2, "[2]");
        assert_eq!(waiting.join().unwrap().text(), "[2]");
        assert_eq!(http::get(&replies.url("/list?index=2&wait=1ms")).text(), "[2]");
        assert_eq!(http::get(&replies.url("/other")).status, 404);
    }

    #[test]
    fn the_end_of_a_server_lets_go_who_waits() {
        let replies = Replies::start();
        replies.json_at("/list", "X-Index", 1, "[1]");
        let url = replies.url("/list?index=1&wait=60s");
        let waiting = std::thread::spawn(move || http::get(&url));
        wait_until("it is asked", 10 * SECONDS, || replies.requests().len() == 1);
        drop(replies);
        assert_eq!(waiting.join().unwrap().text(), "[1]");
    }

    #[test]
    fn a_socket_answers_as_a_port_does() {
        let folder = TempFolder::new();
        let path = folder.path().join("engine.sock");
        let replies = Replies::on_socket(&path);
        replies.json("/networks", "[]");
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(b"GET /networks HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n[]"), "{answer}");
        assert_eq!(replies.requests()[0].path, "/networks");
    }
}
