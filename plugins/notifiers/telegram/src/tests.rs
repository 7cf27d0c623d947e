use expect_test::{Expect, expect};
use narthex_sdk::{
    Error, ErrorKind,
    json::{Value, json},
    testing::{FakeHost, alert, answer, group},
};

use crate::Telegram;

const SENT: &str = r#"{"ok":true,"result":{"message_id":7,"date":1,"chat":{"id":-5}}}"#;

fn config() -> Value {
    json!({ "bot_token": "12:AB", "chat_id": 5, "message": "a&lt;b &#34;c&#34; é\n" })
}

#[track_caller]
fn check(config: &Value, body: &Expect) {
    let host = FakeHost::new().http_json("https://api.telegram.org/", SENT);
    host.notify::<Telegram>(&config.to_string(), &group(vec![alert(&[], &[])])).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "https://api.telegram.org/bot12:AB/sendMessage");
    assert_eq!(request.headers[0].value, "application/json");
    body.assert_eq(&String::from_utf8(request.body).unwrap());
}

#[test]
fn the_message_is_that_of_alertmanager() {
    check(
        &config(),
        &expect![[r#"
        {"chat_id":"5","disable_web_page_preview":"true","parse_mode":"HTML","text":"a\u0026lt;b \u0026#34;c\u0026#34; é\n"}
    "#]],
    );
    let mut all = config();
    all["chat_id"] = json!(-5);
    all["message_thread_id"] = json!(9);
    all["disable_notifications"] = json!(true);
    check(
        &all,
        &expect![[r#"
        {"chat_id":"-5","disable_notification":"true","disable_web_page_preview":"true","message_thread_id":"9","parse_mode":"HTML","text":"a\u0026lt;b \u0026#34;c\u0026#34; é\n"}
    "#]],
    );
}

#[test]
fn without_html_a_text_is_sent_as_it_comes() {
    let mut plain = config();
    plain["parse_mode"] = json!("");
    plain["message"] = json!("a<b &lt; c\n");
    check(
        &plain,
        &expect![[r#"
        {"chat_id":"5","disable_web_page_preview":"true","text":"a\u003cb \u0026lt; c\n"}
    "#]],
    );
}

#[test]
fn a_number_from_a_file_is_trimmed() {
    let mut config = config();
    config["chat_id"] = json!("-77\n");
    config["chat_id_file"] = json!("/run/chat");
    check(
        &config,
        &expect![[r#"
        {"chat_id":"-77","disable_web_page_preview":"true","parse_mode":"HTML","text":"a\u0026lt;b \u0026#34;c\u0026#34; é\n"}
    "#]],
    );
}

#[test]
fn a_long_text_is_cut_and_long_html_is_replaced() {
    let text = |mode: &str| {
        let host = FakeHost::new().http_json("https://api.telegram.org/", SENT);
        let mut config = config();
        config["message"] = json!("ü".repeat(4097));
        config["parse_mode"] = json!(mode);
        host.notify::<Telegram>(&config.to_string(), &group(vec![])).unwrap();
        let sent: Value = narthex_sdk::json::from_slice(&host.requests()[0].body).unwrap();
        sent["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(text("MarkdownV2"), "ü".repeat(4095) + "…");
    assert!(text("HTML").starts_with("The notification is longer than Telegram accepts"));
}

#[test]
fn failures_are_tried_again_when_telegram_says() {
    let refused = |status, body: &'static str| {
        let host = FakeHost::new()
            .http("https://api.telegram.org/", move |_| Ok(answer(status, &[], body)));
        host.notify::<Telegram>(&config().to_string(), &group(vec![])).unwrap_err()
    };
    let error = refused(400, r#"{"ok":false,"error_code":400,"description":"chat not found"}"#);
    assert_eq!(error.message, "Telegram answered with status 400: chat not found");
    assert!(error.retryable);
    let body = r#"{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":8}}"#;
    let error = refused(429, body);
    assert_eq!((error.kind, error.retry_after_ms), (ErrorKind::RateLimited, Some(8000)));
    assert!(refused(502, "<html>").retryable);

    let denied = FakeHost::new().http("https://", |_| Err(Error::denied("no grant")));
    let error = denied.notify::<Telegram>(&config().to_string(), &group(vec![])).unwrap_err();
    assert!(!error.retryable, "what was not granted is not granted later either");
}

#[test]
fn a_text_that_is_no_markup_is_sent_as_plain_text() {
    let said = r#"{"ok":false,"description":"Bad Request: can't parse entities: '>' is reserved"}"#;
    let says = move |request: &narthex_sdk::http::Request| {
        let has_mode = request.body.windows(10).any(|part| part == b"parse_mode");
        Ok(if has_mode { answer(400, &[], said) } else { answer(200, &[], SENT) })
    };
    let html = "a&lt;b &#34;c&#34; &copy; a&&amp;&#43;&#39;";
    for (mode, message, plain) in
        [("MarkdownV2", "a>b &lt;", "a>b &lt;"), ("HTML", html, "a<b \"c\" &copy; a&&+'")]
    {
        let host = FakeHost::new().http("https://api.telegram.org/", says);
        let mut config = config();
        config["parse_mode"] = json!(mode);
        config["message"] = json!(message);
        let receipt = host.notify::<Telegram>(&config.to_string(), &group(vec![])).unwrap();
        assert_eq!(receipt.remote_id.as_deref(), Some("7"));
        let [_, second] = host.requests().try_into().unwrap();
        let second: Value = narthex_sdk::json::from_slice(&second.body).unwrap();
        assert_eq!(second["text"], plain);
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let judged = |config: &str| FakeHost::new().validate_notifier::<Telegram>(config);
    judged(&config().to_string()).unwrap();
    judged(r#"{"bot_token_file":"/run/token","chat_id_file":"/run/chat"}"#).unwrap();
    assert_eq!(
        judged(r#"{"chat_id":1}"#).unwrap_err().message,
        "bot_token: missing; set it, or bot_token_file"
    );
    assert_eq!(
        judged(r#"{"bot_token":"t","chat_id":1,"chat_id_file":"f"}"#).unwrap_err().message,
        "chat_id: stands beside chat_id_file; leave one of them out"
    );
}
