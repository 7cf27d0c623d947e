use expect_test::{Expect, expect};
use narthex_sdk::{
    json::{Value, json},
    testing::{FakeHost, alert, group, resolved},
};

use crate::MsTeams;

fn config() -> Value {
    json!({
        "webhook_url": "https://teams.example/hook/token", "title": "[FIRING:1] a<b",
        "summary": "s", "text": "t\n",
    })
}

#[track_caller]
fn check(is_firing: bool, body: &Expect) {
    let host = FakeHost::new().http_status("https://teams.example/", 200, "1");
    let alert = alert(&[("alertname", "Down")], &[]);
    let alert = if is_firing { alert } else { resolved(alert) };
    host.notify::<MsTeams>(&config().to_string(), &group(vec![alert])).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!(request.url, "https://teams.example/hook/token");
    assert_eq!(request.headers[0].value, "application/json");
    body.assert_eq(&String::from_utf8(request.body).unwrap());
}

#[test]
fn the_card_is_that_of_alertmanager() {
    check(
        true,
        &expect![[r#"
        {"@context":"http://schema.org/extensions","type":"MessageCard","title":"[FIRING:1] a\u003cb","summary":"s","text":"t\n","themeColor":"8C1A1A"}
    "#]],
    );
    check(
        false,
        &expect![[r#"
        {"@context":"http://schema.org/extensions","type":"MessageCard","title":"[FIRING:1] a\u003cb","summary":"s","text":"t\n","themeColor":"2DC72D"}
    "#]],
    );
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused =
        |config: &str| FakeHost::new().validate_notifier::<MsTeams>(config).unwrap_err().message;
    assert_eq!(refused("{}"), "webhook_url: missing; set it, or webhook_url_file");
    assert!(refused(r#"{"webhook_url":"a"}"#).contains("http:// or https://"));
    FakeHost::new().validate_notifier::<MsTeams>(&config().to_string()).unwrap();
}
