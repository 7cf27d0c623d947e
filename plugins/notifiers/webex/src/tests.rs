use expect_test::{Expect, expect};
use narthex_sdk::{
    json::{Value, json},
    testing::{FakeHost, alert, group},
};

use crate::Webex;

#[track_caller]
fn check(message: &str, body: &Expect) {
    let host = FakeHost::new().http_status("https://webexapis.com/v1/messages", 200, "{}");
    let config = json!({ "room_id": "room", "message": message }).to_string();
    host.notify::<Webex>(&config, &group(vec![alert(&[], &[])])).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.headers.len()), ("POST", 1));
    body.assert_eq(&String::from_utf8(request.body).unwrap());
}

#[test]
fn the_message_is_that_of_alertmanager() {
    check(
        "**Down**: a<b é\n",
        &expect![[r#"
        {"markdown":"**Down**: a\u003cb é\n","roomId":"room"}
    "#]],
    );
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let sent = |message: String| {
        let host = FakeHost::new().http_status("https://webexapis.com/v1/messages", 200, "{}");
        let config = json!({ "room_id": "room", "message": message }).to_string();
        host.notify::<Webex>(&config, &group(vec![])).unwrap();
        let sent: Value = narthex_sdk::json::from_slice(&host.requests()[0].body).unwrap();
        sent["markdown"].as_str().unwrap().to_owned()
    };
    assert_eq!(sent("x".repeat(7439)), "x".repeat(7439));
    assert_eq!(sent("x".repeat(7440)), "x".repeat(7436) + "…");
    assert_eq!(sent("x".to_owned() + &"ü".repeat(7000)), "x".to_owned() + &"ü".repeat(3717) + "…");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused =
        |config: &str| FakeHost::new().validate_notifier::<Webex>(config).unwrap_err().message;
    assert_eq!(refused(r#"{"room_id":""}"#), "room_id: missing");
    assert!(refused(r#"{"room_id":"r","api_url":"a"}"#).contains("http:// or https://"));
    FakeHost::new().validate_notifier::<Webex>(r#"{"room_id":"r"}"#).unwrap();
}
