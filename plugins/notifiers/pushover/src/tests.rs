use expect_test::{Expect, expect};
use narthex_sdk::{
    json::{Value, json},
    testing::{FakeHost, alert, group},
};

use crate::Pushover;

fn config() -> Value {
    json!({
        "token": "app", "user_key": "me", "title": "[FIRING:1] Down", "message": "a<b & c\n",
        "url": "http://am.example/#/alerts?receiver=all", "priority": "2",
    })
}

/// What is told, a parameter a line.
#[track_caller]
fn check(changes: &Value, told: &Expect) {
    let host = FakeHost::new().http_status("https://api.pushover.net/", 200, r#"{"status":1}"#);
    let mut config = config();
    for (key, value) in changes.as_object().unwrap() {
        config[key] = value.clone();
    }
    host.notify::<Pushover>(&config.to_string(), &group(vec![alert(&[], &[])])).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.body.len()), ("POST", 0));
    told.assert_eq(&(request.url.replace(['?', '&'], "\n") + "\n"));
}

#[test]
fn the_parameters_are_those_of_alertmanager() {
    check(
        &json!({}),
        &expect![[r#"
            https://api.pushover.net/1/messages.json
            device=
            expire=3600
            message=a%3Cb%20%26%20c
            priority=2
            retry=60
            sound=
            title=%5BFIRING%3A1%5D%20Down
            token=app
            url=http%3A%2F%2Fam.example%2F%23%2Falerts%3Freceiver%3Dall
            url_title=
            user=me
        "#]],
    );
}

#[test]
fn every_setting_is_handed_on() {
    check(
        &json!({
            "html": true, "ttl": "90s", "retry": "30s", "expire": "1.5m", "device": "d", "sound": "s",
            "url_title": "t", "url": "",
        }),
        &expect![[r#"
            https://api.pushover.net/1/messages.json
            device=d
            expire=90
            html=1
            message=a%3Cb%20%26%20c
            priority=2
            retry=30
            sound=s
            title=%5BFIRING%3A1%5D%20Down
            token=app
            ttl=90
            url=
            url_title=t
            user=me
        "#]],
    );
}

#[test]
fn texts_are_cut_and_never_empty() {
    let long = "x".repeat(2000);
    check(
        &json!({ "message": " \n", "monospace": true, "title": "", "url": "" }),
        &expect![[r#"
            https://api.pushover.net/1/messages.json
            device=
            expire=3600
            message=%28no%20details%29
            monospace=1
            priority=2
            retry=60
            sound=
            title=
            token=app
            url=
            url_title=
            user=me
        "#]],
    );
    let host = FakeHost::new().http_status("https://api.pushover.net/", 200, "");
    let mut config = config();
    for key in ["title", "message", "url"] {
        config[key] = json!(long);
    }
    host.notify::<Pushover>(&config.to_string(), &group(vec![])).unwrap();
    let url = host.requests()[0].url.clone();
    for (name, chars_max) in [("title", 250), ("message", 1024), ("url", 512)] {
        let text = format!("&{name}={}%E2%80%A6", "x".repeat(chars_max - 1));
        assert!(url.contains(&text), "{name}: {url}");
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused =
        |config: &str| FakeHost::new().validate_notifier::<Pushover>(config).unwrap_err().message;
    assert_eq!(refused(r#"{"token":"t"}"#), "user_key: missing; set it, or user_key_file");
    assert_eq!(refused(r#"{"user_key":"u"}"#), "token: missing; set it, or token_file");
    assert_eq!(
        refused(r#"{"user_key":"u","token_file":"f","html":true,"monospace":true}"#),
        "monospace: stands beside html; leave one of them out"
    );
    FakeHost::new().validate_notifier::<Pushover>(&config().to_string()).unwrap();
}
