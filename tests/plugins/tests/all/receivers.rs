//! What the host does to the configuration of a notifier before a notification: values from `global`,
//! secrets from files, credentials, templates.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use narthex_alerting::Integration;
use narthex_plugin_tests::{Host, plugin};
use serde_json::{Value, json};

use crate::rooms::group;

/// A service that takes every message. Tells the head and the body of each request.
fn service() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let (asked, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert_ne!(stream.read_line(&mut head).unwrap(), 0, "{head}");
            }
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            stream.read_exact(&mut body).unwrap();
            let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            asked.send((head, String::from_utf8(body).unwrap())).ok();
        }
    });
    (url, requests)
}

fn integration(plugin: &str, config: Value, globals: Value) -> Integration {
    let Value::Object(globals) = globals else { panic!("globals are a mapping") };
    Integration { globals: Arc::new(globals), ..Integration::new(plugin, config) }
}

#[tokio::test]
async fn a_receiver_finds_in_global_what_it_does_not_say() {
    let (url, requests) = service();
    let host = Host::start(&[("slack", &plugin("slack"))], "").await;
    let globals = json!({ "slack_api_url": format!("{url}/token-of-all") });
    let by_global = integration("slack", json!({ "channel": "#ops" }), globals.clone());
    host.notify_by(&by_global, &group()).await.unwrap();
    let (head, body) = requests.recv().unwrap();
    assert!(head.starts_with("post /token-of-all "), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["channel"], "#ops");
    assert_eq!(body["attachments"][0]["title"], "[FIRING:1] Down ", "the built-in template");

    let own = json!({ "channel": "#ops", "api_url": format!("{url}/own") });
    host.notify_by(&integration("slack", own, globals), &group()).await.unwrap();
    assert!(requests.recv().unwrap().0.starts_with("post /own "));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test plays the operator")]
async fn a_secret_in_a_file_is_read_for_each_notification() {
    let (url, requests) = service();
    let host = Host::start(&[("discord", &plugin("discord"))], "").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    let config = json!({ "webhook_url_file": file });
    let error = host.notify("discord", &config, &group()).await.unwrap_err();
    assert!(error.message.contains(": read "), "{error}");
    for path in ["one", "two"] {
        std::fs::write(&file, format!("{url}/{path}\n")).unwrap();
        host.notify("discord", &config, &group()).await.unwrap();
        assert!(requests.recv().unwrap().0.starts_with(&format!("post /{path} ")));
    }
}

#[tokio::test]
async fn a_template_that_fails_stands_in_the_message_as_its_error() {
    let (url, requests) = service();
    let host = Host::start(&[("discord", &plugin("discord"))], "").await;
    let config = json!({
        "webhook_url": url,
        "title": "{{ .Nothing.Of.This }}",
        "message": "{{ (index .Alerts 0).Labels.alertname | toUpper }}",
    });
    host.notify("discord", &config, &group()).await.unwrap();
    let body: Value = serde_json::from_str(&requests.recv().unwrap().1).unwrap();
    let embed = &body["embeds"][0];
    assert!(embed["title"].as_str().unwrap().starts_with("<error expanding template: "), "{embed}");
    assert_eq!(embed["description"], "DOWN");
}

#[tokio::test]
async fn the_host_logs_in_for_a_receiver_and_its_plugin_sees_nothing_of_it() {
    let (url, requests) = service();
    let host = Host::start(&[("slack", &plugin("slack"))], "").await;
    let login = json!({ "basic_auth": { "username": "ada", "password": "open sesame" } });
    let config = json!({ "api_url": url, "channel": "c" });
    for (own, of_all) in [(Some(login.clone()), json!({})), (None, json!({ "http_config": login }))]
    {
        let mut config = config.clone();
        config["http_config"] = own.into();
        host.notify_by(&integration("slack", config, of_all), &group()).await.unwrap();
        let (head, _) = requests.recv().unwrap();
        assert!(head.contains("authorization: basic ywrhom9wzw4gc2vzyw1l"), "{head}");
    }
    let digits = json!({ "basic_auth": { "username": "ada", "password": 12345 } });
    let config = json!({ "api_url": url, "channel": "c", "http_config": digits });
    host.notify("slack", &config, &group()).await.unwrap();
    assert!(requests.recv().unwrap().0.contains("authorization: basic ywrhojeymzq1"));
    let wrong = json!({ "api_url": "http://127.0.0.1:9", "http_config": { "basic": {} } });
    let error = host.notify("slack", &wrong, &group()).await.unwrap_err();
    assert!(error.message.contains("http_config: unknown field `basic`"), "{error}");
}
