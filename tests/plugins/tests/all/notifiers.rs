//! The notifiers that are shipped, in the sandbox: what arrives at a server, with the secrets put in.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use narthex_harness::{Answer, Replies, Request};
use narthex_plugin_tests::{Host, plugin};
use serde_json::{Value, json};

use crate::rooms::group;

/// Delivers by a notifier, and gives what arrived there.
async fn delivered(name: &str, config: Value, paths: &[(&str, Answer)]) -> Vec<Request> {
    let replies = Replies::start();
    for (path, answer) in paths {
        replies.answer(path, answer.clone());
    }
    let host = Host::start(&[(name, &plugin(name))], "").await;
    let config = config.to_string().replace("http://server", &replies.url(""));
    let config = serde_json::from_str(&config).unwrap();
    host.notify(name, &config, &group()).await.unwrap();
    replies.requests()
}

fn text(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).unwrap()
}

/// The only request: a POST of JSON.
#[track_caller]
fn posted(requests: Vec<Request>, path: &str, body: &str) -> Request {
    let [request] = requests.try_into().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", path));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let sent = text(&request.body);
    assert!(sent.starts_with(body) && sent.ends_with("}\n"), "{sent}");
    request
}

#[tokio::test]
async fn slack_posts_to_a_webhook() {
    let config = json!({
        "api_url": "http://server/services/T/B/token", "channel": "#ops", "username": "n",
        "title": "Down <db>", "title_link": "", "pretext": "", "text": "", "fallback": "", "color": "",
        "callback_id": "", "footer": "", "icon_emoji": "", "icon_url": "",
    });
    let ok = [("/services/T/B/token", Answer::ok("text/html", "ok"))];
    let body =
        r##"{"channel":"#ops","username":"n","attachments":[{"title":"Down \u003cdb\u003e","##;
    posted(delivered("slack", config, &ok).await, "/services/T/B/token", body);
}

#[tokio::test]
async fn pagerduty_gets_an_event_with_its_key() {
    let config = json!({
        "url": "http://server/v2/enqueue", "routing_key": "rk\"", "description": "Down", "client": "n",
        "client_url": "", "details": {
            "firing": "[1]", "resolved": "[]", "num_firing": "1", "num_resolved": "0",
        },
    });
    let ok = [("/v2/enqueue", Answer::status(202, ""))];
    let body = r#"{"routing_key":"rk\"","dedup_key":""#;
    let request = posted(delivered("pagerduty", config, &ok).await, "/v2/enqueue", body);
    assert_eq!(request.json()["payload"]["custom_details"]["firing"], json!([1]));
}

#[tokio::test]
async fn opsgenie_gets_an_alert_with_its_key_in_a_header() {
    let config = json!({
        "api_url": "http://server/", "api_key": "k3y", "message": "Down", "description": "",
        "source": "n",
    });
    let ok = [("/v2/alerts", Answer::status(202, ""))];
    let request = posted(delivered("opsgenie", config, &ok).await, "/v2/alerts", r#"{"alias":""#);
    assert_eq!(request.header("authorization"), Some("GenieKey k3y"));
}

#[tokio::test]
async fn telegram_gets_a_message_with_its_token_in_the_path() {
    let config = json!({
        "api_url": "http://server", "bot_token": "12-AB", "chat_id": -5, "message": "<b>Down</b>",
    });
    let sent = Answer::ok("application/json", r#"{"ok":true,"result":{"message_id":7}}"#);
    let body = r#"{"chat_id":"-5","disable_web_page_preview":"true","parse_mode":"HTML","text":"#;
    let ok = [("/bot12-AB/sendMessage", sent)];
    posted(delivered("telegram", config, &ok).await, "/bot12-AB/sendMessage", body);
}

#[tokio::test]
async fn discord_and_teams_post_to_a_webhook() {
    let config = json!({
        "webhook_url": "http://server/hook?token=t", "title": "Down", "message": "db", "content": "",
    });
    let ok = [("/hook", Answer::status(204, ""))];
    let body = r#"{"content":"","embeds":[{"title":"Down","description":"db","color":"#;
    posted(delivered("discord", config, &ok).await, "/hook?token=t", body);
    let config =
        json!({ "webhook_url": "http://server/hook?sig=t", "title": "Down", "text": "db" });
    let ok = [("/hook", Answer::status(202, ""))];
    let body = r#"{"type":"message","attachments":[{"#;
    posted(delivered("msteamsv2", config, &ok).await, "/hook?sig=t", body);
}

#[tokio::test]
async fn a_webhook_gets_the_payload_of_its_configuration() {
    let config = json!({
        "url": "http://server/hook?token=t", "payload": { "text": "Down", "count": "1" },
        "notification_reason": "", "route_labels": "{}",
    });
    let ok = [("/hook", Answer::status(200, ""))];
    let sent = posted(delivered("webhook", config, &ok).await, "/hook?token=t", r#"{"count":1,"#);
    assert_eq!(sent.json()["text"], "Down");
}

/// A smarthost that takes one mail; its port, and what it is told.
fn smarthost() -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        stream.write_all(b"220 test\r\n").unwrap();
        let (mut told, mut is_mail) = (Vec::new(), false);
        for line in lines.map(Result::unwrap) {
            let answer: &[u8] = match line.split(' ').next().unwrap() {
                "." => b"250 queued\r\n",
                _ if is_mail => b"",
                "EHLO" => b"250-test\r\n250 AUTH PLAIN\r\n",
                "AUTH" => b"235 ok\r\n",
                "DATA" => b"354 go\r\n",
                "QUIT" => b"221 bye\r\n",
                _ => b"250 ok\r\n",
            };
            is_mail = (is_mail || line == "DATA") && line != ".";
            stream.write_all(answer).unwrap();
            let is_last = line == "QUIT";
            told.push(line);
            if is_last {
                break;
            }
        }
        told
    });
    (port, told)
}

#[tokio::test]
async fn email_logs_in_with_a_password_that_only_the_host_knows() {
    let (port, told) = smarthost();
    let host = Host::start(&[("email", &plugin("email"))], "").await;
    let config = json!({
        "smarthost": format!("127.0.0.1:{port}"), "require_tls": false,
        "from": "am@example.com", "to": "ops@example.org",
        "auth_username": "user", "auth_password": "pa ss",
        "default_subject": "Down", "html": "<b>Down</b>", "text": "Down",
    });
    host.notify("email", &config, &group()).await.unwrap();
    let told = told.join().unwrap();
    let begins = ["EHLO localhost", "AUTH PLAIN AHVzZXIAcGEgc3M=", "MAIL FROM:<am@example.com>"];
    assert_eq!(told[..3], begins);
    for line in ["RCPT TO:<ops@example.org>", "Subject: Down", "<b>Down</b>", ".", "QUIT"] {
        assert!(told.iter().any(|said| said == line), "{line} in {told:?}");
    }
}
