//! What an operator is told of the program, asked for and followed.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use narthex_harness::Host;
use serde_json::Value;

use crate::support::config;

/// The events of `/api/v1/notifications/live`.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    pub(crate) fn follow(host: &Host) -> Self {
        let address = host.address();
        let mut stream = TcpStream::connect(&address).expect("the host listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
        let request = format!("GET /api/v1/notifications/live HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the host reads");
        Self(BufReader::new(stream))
    }

    /// The next line that begins so; nothing: the stream has ended.
    fn line(&mut self, head: &str) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).expect("the host answers") == 0 {
                return None;
            }
            if let Some(rest) = line.trim_end().strip_prefix(head) {
                return Some(rest.to_owned());
            }
        }
    }

    pub(crate) fn next(&mut self) -> Option<Value> {
        self.line("data: ").map(|data| serde_json::from_str(&data).expect("an event is JSON"))
    }
}

#[test]
fn a_refused_reload_is_told_until_another_is_taken() {
    let mut host = Host::with_config(&config(""))
        .flag("--web.enable-lifecycle")
        .flag("--web.max-notifications-subscribers=1")
        .start();
    assert_eq!(host.json("/api/v1/notifications")["data"], serde_json::json!([]));
    let mut events = Events::follow(&host);
    assert_eq!(events.line("HTTP/1.1 ").as_deref(), Some("200 OK"));
    assert_eq!(events.line("content-type: ").as_deref(), Some("text/event-stream"));
    let mut refused = Events::follow(&host);
    assert_eq!(refused.line("HTTP/1.1 ").as_deref(), Some("204 No Content"));

    host.expect_log("reload refused");
    assert_ne!(host.reload_with(&config("nonsense: 1\n")).status, 200);
    let told = events.next().expect("an event");
    assert_eq!(told["active"], true);
    let text = told["text"].as_str().expect("a text").to_owned();
    assert!(text.starts_with("Configuration reload has failed") && text.contains("nonsense"));
    assert_eq!(host.json("/api/v1/notifications")["data"][0], told);

    assert_eq!(host.reload_with(&config("")).status, 200);
    let ended = events.next().expect("an event");
    assert_eq!((&ended["active"], ended["text"].as_str()), (&false.into(), Some(text.as_str())));
    assert_eq!(host.json("/api/v1/notifications")["data"], serde_json::json!([]));

    host.stop();
    assert_eq!(events.next().map(|told| told["text"].clone()), Some("Narthex is stopping.".into()));
    assert_eq!(events.next(), None, "the stream ends with the program");
}
