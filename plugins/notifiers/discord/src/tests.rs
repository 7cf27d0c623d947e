use expect_test::{Expect, expect};
use narthex_sdk::{
    json::{Value, json},
    testing::{FakeHost, alert, group, resolved},
};

use crate::Discord;

fn config() -> Value {
    json!({
        "webhook_url": "https://discord.example/api/webhooks/1/token",
        "title": "[FIRING:1] Down (2 a<b&c>)",
        "message": "\n\nAlerts Firing:\nLabels:\n - alertname = Down\n - job = a<b&c>\n",
    })
}

#[track_caller]
fn check(config: &Value, is_firing: bool, body: &Expect) {
    let host = FakeHost::new().http_status("https://discord.example/", 204, "");
    let alert = alert(&[("alertname", "Down")], &[]);
    let alert = if is_firing { alert } else { resolved(alert) };
    host.notify::<Discord>(&config.to_string(), &group(vec![alert])).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "https://discord.example/api/webhooks/1/token");
    assert_eq!(request.headers[0].value, "application/json");
    body.assert_eq(&String::from_utf8(request.body).unwrap());
}

#[test]
fn the_message_is_that_of_alertmanager() {
    check(
        &config(),
        true,
        &expect![[r#"
        {"content":"","embeds":[{"title":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","description":"\n\nAlerts Firing:\nLabels:\n - alertname = Down\n - job = a\u003cb\u0026c\u003e\n","color":10038562}]}
    "#]],
    );
}

#[test]
fn a_resolved_group_is_green_and_settings_are_handed_on() {
    let mut config = config();
    config["content"] = json!("c");
    config["username"] = json!("u");
    config["avatar_url"] = json!("http://a/b");
    config["message"] = json!("");
    check(
        &config,
        false,
        &expect![[r#"
        {"content":"c","embeds":[{"title":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","description":"","color":3066993}],"username":"u","avatar_url":"http://a/b"}
    "#]],
    );
}

#[test]
fn texts_are_cut_to_what_discord_accepts() {
    let host = FakeHost::new().http_status("https://discord.example/", 204, "");
    let mut config = config();
    for key in ["title", "message", "content"] {
        config[key] = json!("ü".repeat(5000));
    }
    host.notify::<Discord>(&config.to_string(), &group(vec![alert(&[], &[])])).unwrap();
    let sent: Value = narthex_sdk::json::from_slice(&host.requests()[0].body).unwrap();
    let card = &sent["embeds"][0];
    for (text, chars_max) in
        [(&sent["content"], 2000), (&card["title"], 256), (&card["description"], 4096)]
    {
        assert_eq!(text, &json!("ü".repeat(chars_max - 1) + "…"));
    }
}

#[test]
fn refusals_say_who_and_what() {
    let refused = |status| {
        let host = FakeHost::new().http_status("https://", status, r#"{"message": "no"}"#);
        host.notify::<Discord>(&config().to_string(), &group(vec![])).unwrap_err()
    };
    assert_eq!(refused(404).message, r#"Discord answered with status 404: {"message": "no"}"#);
    assert!(!refused(404).retryable && refused(502).retryable && !refused(429).retryable);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused =
        |config: &str| FakeHost::new().validate_notifier::<Discord>(config).unwrap_err().message;
    assert_eq!(refused("{}"), "webhook_url: missing; set it, or webhook_url_file");
    assert_eq!(
        refused(r#"{"webhook_url":"http://a/","webhook_url_file":"f"}"#),
        "webhook_url: stands beside webhook_url_file; leave one of them out"
    );
    assert!(refused(r#"{"webhook_url":"a"}"#).contains("http:// or https://"));
    FakeHost::new().validate_notifier::<Discord>(&config().to_string()).unwrap();
}
