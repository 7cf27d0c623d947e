use expect_test::{Expect, expect};
use narthex_sdk::{
    json::{Value, json},
    testing::{FakeHost, alert, group},
};

use crate::RocketChat;

fn config() -> Value {
    json!({
        "token": "t0ken", "token_id": "me", "channel": "#ops", "color": "red", "title": "a<b",
        "title_link": "http://am.example/#/alerts", "text": "t\n", "emoji": ":bell:", "icon_url": "",
    })
}

#[track_caller]
fn check(config: &Value, body: &Expect) {
    let host = FakeHost::new().http_json("https://open.rocket.chat/", r#"{"success":true}"#);
    host.notify::<RocketChat>(&config.to_string(), &group(vec![alert(&[], &[])])).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "https://open.rocket.chat/api/v1/chat.postMessage");
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name == name);
        found.map(|header| header.value.clone())
    };
    assert_eq!(header("x-auth-token").as_deref(), Some("t0ken"));
    assert_eq!(header("x-user-id").as_deref(), Some("me"));
    body.assert_eq(&String::from_utf8(request.body).unwrap());
}

#[test]
fn the_message_is_that_of_alertmanager() {
    check(
        &config(),
        &expect![[r##"
        {"channel":"#ops","emoji":":bell:","attachments":[{"title":"a\u003cb","title_link":"http://am.example/#/alerts","text":"t\n","color":"red"}]}
    "##]],
    );
}

#[test]
fn every_setting_is_handed_on() {
    let mut all = config();
    all["short_fields"] = json!(true);
    all["fields"] =
        json!([{ "title": "f", "value": "1" }, { "title": "g", "value": "2", "short": false }]);
    all["actions"] = json!([{ "text": "x", "url": "http://x/", "msg": "m" }]);
    all["icon_url"] = json!("http://i/");
    all["image_url"] = json!("http://j/");
    all["thumb_url"] = json!("http://k/");
    check(
        &all,
        &expect![[r##"
        {"channel":"#ops","emoji":":bell:","avatar":"http://i/","attachments":[{"title":"a\u003cb","title_link":"http://am.example/#/alerts","text":"t\n","image_url":"http://j/","thumb_url":"http://k/","color":"red","fields":[{"short":true,"title":"f","value":"1"},{"short":false,"title":"g","value":"2"}],"actions":[{"type":"button","text":"x","url":"http://x/","is_webview":false,"msg":"m","msg_in_chat_window":false}]}]}
    "##]],
    );
}

#[test]
fn a_refusal_is_final_and_an_answer_that_makes_no_sense_is_not() {
    let refused = |status, said: &'static str| {
        let host = FakeHost::new().http_status("https://", status, said);
        host.notify::<RocketChat>(&config().to_string(), &group(vec![])).unwrap_err()
    };
    let error = refused(200, r#"{"success":false,"error":"no such room"}"#);
    assert_eq!(
        (error.message.as_str(), error.retryable),
        (r##"channel "#ops": Rocket.Chat refused the message: no such room"##, false)
    );
    assert!(refused(200, "<html>").retryable && refused(502, "").retryable);
    assert!(!refused(401, "").retryable);
}

#[test]
fn an_answer_that_repeats_a_long_message_is_a_delivery() {
    let answer = |head: &str| {
        let said = format!(r#"{head}"{}","success":true}}"#, "x".repeat(100_000));
        let host = FakeHost::new().http_status("https://", 200, &said);
        host.notify::<RocketChat>(&config().to_string(), &group(vec![]))
    };
    answer(r#"{"ts":1481748965123,"channel":"ops","message":"#).unwrap();
    assert!(answer("<!doctype html>").unwrap_err().retryable, "a page to log in is no delivery");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused =
        |config: &str| FakeHost::new().validate_notifier::<RocketChat>(config).unwrap_err().message;
    assert_eq!(refused(r#"{"token_id":"u"}"#), "token: missing; set it, or token_file");
    assert_eq!(refused(r#"{"token":"t"}"#), "token_id: missing; set it, or token_id_file");
    FakeHost::new().validate_notifier::<RocketChat>(&config().to_string()).unwrap();
}
