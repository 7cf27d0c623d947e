//! New versions of what cannot be asked twice: a notifier says its last notification to a recording.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use narthex_alerting::AlertGroup;
use narthex_discovery::Providers;
use narthex_plugin_tests::{Host, guest, plugin};
use narthex_plugins::{PluginKind, RejectedKind};
use serde_json::{Value, json};

use crate::items::{item, run};
use crate::rooms::group;

/// A pager that hands out tickets. Tells the first line and the body of each request.
fn pager() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = Vec::new();
            while !matches!(head.last().map(String::as_str), Some("\r\n")) {
                let mut line = String::new();
                assert_ne!(stream.read_line(&mut line).unwrap(), 0, "{head:?}");
                head.push(line);
            }
            let length = head.iter().filter_map(|line| line.split_once(": "));
            let length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length = length.map(|(_, value)| value.trim().parse().unwrap()).next();
            let mut body = vec![0; length.unwrap_or(0)];
            stream.read_exact(&mut body).unwrap();
            let body = String::from_utf8(body).unwrap();
            asked.send(format!("{} {body}", head[0].trim())).ok();
            let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n17";
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    (port, requests)
}

/// A host whose first version of the notifier delivered, with a second one in the folder.
async fn delivered(second: &str, group: &AlertGroup) -> (Host, Receiver<String>, Value) {
    let (port, requests) = pager();
    let host = Host::start(&[("pager", &guest("pager"))], "").await;
    let url = format!("http://127.0.0.1:{port}/token-of-the-pager");
    let config = json!({ "url": url, "second": second });
    host.notify("pager", &config, group).await.unwrap();
    assert_eq!(requests.recv().unwrap(), "GET /token-of-the-pager/ticket HTTP/1.1 ");
    let paged = requests.recv().unwrap();
    assert_eq!(paged, format!("POST /token-of-the-pager/page HTTP/1.1 17 {}", group.group_key));
    host.put("pager", &guest("pager_v2"));
    (host, requests, config)
}

/// The second version is refused for this reason, nobody was notified, and the first one serves on.
async fn check_refused(second: &str, why: &str) {
    let (host, requests, config) = delivered(second, &group()).await;
    let error = host.plugins.reload("pager", false).await.unwrap_err().to_string();
    let trial = "given a recorded notification, it does worse than version 1.0.0: ";
    assert!(error.contains(trial) && error.contains(why), "{error}");
    let view = host.view("pager");
    assert_eq!(view.rejected.unwrap().kind, RejectedKind::Probation);
    assert_eq!((view.generation, view.calls.total, view.calls.killed), (1, 1, 0));
    assert!(requests.try_recv().is_err(), "a probation notified somebody");
    host.notify("pager", &config, &group()).await.unwrap();
    assert_eq!(requests.try_iter().count(), 2, "the first version asks twice");
}

#[tokio::test]
async fn a_notifier_that_does_worse_with_the_last_notification_never_serves() {
    check_refused("panic", "this version cannot read a ticket").await;
    check_refused("defect", "this version forgot the ticket").await;
    check_refused("silence", "it claims to have delivered it, and sent nothing").await;
}

#[tokio::test]
async fn a_notifier_that_says_the_same_in_other_words_serves() {
    let (host, requests, config) = delivered("other-words", &group()).await;
    host.plugins.reload("pager", false).await.unwrap();
    assert_eq!(host.view("pager").version, "2.0.0");
    assert!(requests.try_recv().is_err(), "a probation notified somebody");
    host.notify("pager", &config, &group()).await.unwrap();
    requests.recv().unwrap();
    assert!(requests.recv().unwrap().contains("in other words: 17 "));
}

#[tokio::test]
async fn what_a_recording_cannot_answer_says_nothing_of_a_version() {
    let (host, requests, _) = delivered("other-place", &group()).await;
    host.plugins.reload("pager", false).await.unwrap();
    assert_eq!(host.view("pager").version, "2.0.0");
    assert!(requests.try_recv().is_err(), "a probation notified somebody");
}

#[tokio::test]
async fn a_notification_that_is_too_large_is_not_kept() {
    let mut large = group();
    large.group_key = "k".repeat(300 << 10);
    let (host, _requests, _) = delivered("panic", &large).await;
    host.plugins.reload("pager", false).await.unwrap();
    assert_eq!(host.view("pager").version, "2.0.0");
}

#[tokio::test]
async fn a_discovery_is_asked_again_in_its_usual_rights() {
    let answers: &[_] = &[("/targets", r#"[{ "targets": ["a:1"] }]"#)];
    let (port, requests) = crate::items::serve(answers);
    let component = plugin("http");
    let host = Host::start(&[("http", &component)], "").await;
    let url = format!("http://127.0.0.1:{port}/targets");
    let config = json!({ "url": url, "refresh_interval": "1h" });
    host.plugins.validate(PluginKind::Discovery, "http", &config).await.unwrap();
    let discoverer = host.plugins.discoverer(&item("http", config, "")).unwrap();
    let mut running = run(discoverer);
    let set = running.told.next().await;
    assert_eq!(crate::rooms::addresses(&set), ["a:1"]);
    requests.recv().unwrap();
    host.put("http", &[component.as_slice(), &[0, 2, 1, b'x']].concat());
    host.plugins.reload("http", false).await.unwrap();
    assert_eq!(host.view("http").generation, 2);
    assert!(requests.recv().unwrap().starts_with("GET /targets"));
}
