use expect_test::{Expect, expect};
use narthex_sdk::{
    json::{Value, json},
    testing::{FakeHost, alert, group},
};

use crate::Mattermost;

fn config() -> Value {
    json!({
        "webhook_url": "https://chat.example/hooks/1", "username": "Alertmanager", "color": "danger",
        "text": "a<b", "title": "Down", "title_link": "http://am.example/#/alerts", "fallback": "f",
    })
}

#[track_caller]
fn check(config: &Value, body: &Expect) {
    let host = FakeHost::new().http_status("https://chat.example/", 200, "ok");
    host.notify::<Mattermost>(&config.to_string(), &group(vec![alert(&[], &[])])).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!(request.url, "https://chat.example/hooks/1");
    assert_eq!(request.headers[0].value, "application/json");
    body.assert_eq(&String::from_utf8(request.body).unwrap());
}

#[test]
fn the_message_is_that_of_alertmanager() {
    check(
        &config(),
        &expect![[r#"
        {"username":"Alertmanager","attachments":[{"fallback":"f","color":"danger","text":"a\u003cb","title":"Down","title_link":"http://am.example/#/alerts"}]}
    "#]],
    );
}

#[test]
fn every_setting_is_handed_on() {
    let mut all = config();
    all["channel"] = json!("ops");
    all["icon_url"] = json!("http://i/");
    all["icon_emoji"] = json!(":bell:");
    all["type"] = json!("custom_x");
    all["fields"] =
        json!([{ "title": "f", "value": "1", "short": true }, { "title": "g", "value": "2" }]);
    all["props"] = json!({ "card": "c" });
    all["priority"] =
        json!({ "priority": "URGENT", "requested_ack": true, "persistent_notifications": true });
    check(
        &all,
        &expect![[r#"
        {"channel":"ops","username":"Alertmanager","icon_url":"http://i/","icon_emoji":":bell:","attachments":[{"fallback":"f","color":"danger","text":"a\u003cb","title":"Down","title_link":"http://am.example/#/alerts","fields":[{"title":"f","value":"1","short":true},{"title":"g","value":"2"}]}],"type":"custom_x","props":{"card":"c"},"priority":{"priority":"urgent","requested_ack":true,"persistent_notifications":true}}
    "#]],
    );
}

#[test]
fn what_a_template_left_empty_is_left_out() {
    let mut fields = config();
    fields["fields"] = json!([{ "title": "f", "value": "" }, { "title": "", "value": "2" }]);
    check(
        &fields,
        &expect![[r#"
        {"username":"Alertmanager","attachments":[{"fallback":"f","color":"danger","text":"a\u003cb","title":"Down","title_link":"http://am.example/#/alerts","fields":[{"title":"f"},{"value":"2"}]}]}
    "#]],
    );
}

#[test]
fn cards_stand_in_the_place_of_the_one() {
    let mut cards = config();
    cards["attachments"] = json!([{ "text": "one", "footer": "x" }, { "title": "two" }]);
    check(
        &cards,
        &expect![[r#"
        {"text":"a\u003cb","username":"Alertmanager","attachments":[{"text":"one","footer":"x"},{"title":"two"}]}
    "#]],
    );
}

#[test]
fn a_priority_has_what_it_may_have() {
    let priority = |priority: &str| {
        let host = FakeHost::new().http_status("https://chat.example/", 200, "ok");
        let mut config = config();
        config["priority"] = json!({
            "priority": priority, "requested_ack": true, "persistent_notifications": true,
        });
        host.notify::<Mattermost>(&config.to_string(), &group(vec![])).unwrap();
        let sent: Value = narthex_sdk::json::from_slice(&host.requests()[0].body).unwrap();
        sent["priority"].to_string()
    };
    assert_eq!(priority("important"), r#"{"priority":"important","requested_ack":true}"#);
    assert_eq!(priority("unheard of"), r#"{"priority":"standard"}"#);
    assert_eq!(priority(""), "null");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused =
        |config: &str| FakeHost::new().validate_notifier::<Mattermost>(config).unwrap_err().message;
    assert_eq!(refused("{}"), "webhook_url: missing; set it, or webhook_url_file");
    assert_eq!(
        refused(r#"{"webhook_url":"http://a/","fields":[{"title":"t"}]}"#),
        "fields[0]: needs a title and a value"
    );
    assert_eq!(
        refused(r#"{"webhook_url":"http://a/","attachments":[{"fields":[{"value":"v"}]}]}"#),
        "attachments[0].fields[0]: needs a title and a value"
    );
    FakeHost::new().validate_notifier::<Mattermost>(&config().to_string()).unwrap();
}
