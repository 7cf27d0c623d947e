use expect_test::{Expect, expect};
use narthex_sdk::{
    json::{Value, json},
    testing::{FakeHost, alert, group, resolved},
};

use crate::VictorOps;

fn config() -> Value {
    json!({
        "api_key": "key", "routing_key": "team", "state_message": "a<b",
        "entity_display_name": "Down", "monitoring_tool": "Alertmanager",
    })
}

#[track_caller]
fn check(config: &Value, is_firing: bool, sent: &Expect) {
    let host = FakeHost::new().http_status("https://alert.victorops.com/", 200, "");
    let alert = alert(&[("alertname", "Down")], &[]);
    let alert = if is_firing { alert } else { resolved(alert) };
    host.notify::<VictorOps>(&config.to_string(), &group(vec![alert])).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!(request.method, "POST");
    let body = String::from_utf8(request.body).unwrap();
    sent.assert_eq(&format!("{}\n{body}", request.url));
}

#[test]
fn the_message_is_that_of_alertmanager() {
    check(
        &config(),
        true,
        &expect![[r#"
        https://alert.victorops.com/integrations/generic/20131114/alert/key/team
        {"entity_display_name":"Down","entity_id":"af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e","message_type":"CRITICAL","monitoring_tool":"Alertmanager","state_message":"a\u003cb"}
    "#]],
    );
    check(
        &config(),
        false,
        &expect![[r#"
        https://alert.victorops.com/integrations/generic/20131114/alert/key/team
        {"entity_display_name":"Down","entity_id":"af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e","message_type":"RECOVERY","monitoring_tool":"Alertmanager","state_message":"a\u003cb"}
    "#]],
    );
}

#[test]
fn every_setting_is_handed_on() {
    let mut all = config();
    all["api_url"] = json!("https://alert.victorops.com/own");
    all["routing_key"] = json!("a/b c");
    all["message_type"] = json!("WARNING");
    all["custom_fields"] = json!({ "zone": "z", "area": "a" });
    check(
        &all,
        true,
        &expect![[r#"
        https://alert.victorops.com/own/key/a/b%20c
        {"area":"a","entity_display_name":"Down","entity_id":"af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e","message_type":"WARNING","monitoring_tool":"Alertmanager","state_message":"a\u003cb","zone":"z"}
    "#]],
    );
    all["message_type"] = json!("unheard of");
    check(
        &all,
        true,
        &expect![[r#"
        https://alert.victorops.com/own/key/a/b%20c
        {"area":"a","entity_display_name":"Down","entity_id":"af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e","message_type":"CRITICAL","monitoring_tool":"Alertmanager","state_message":"a\u003cb","zone":"z"}
    "#]],
    );
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused =
        |config: &str| FakeHost::new().validate_notifier::<VictorOps>(config).unwrap_err().message;
    assert_eq!(refused(r#"{"routing_key":"r"}"#), "api_key: missing; set it, or api_key_file");
    assert_eq!(refused(r#"{"api_key":"k","routing_key":""}"#), "routing_key: missing");
    assert_eq!(
        refused(r#"{"api_key":"k","routing_key":"r","custom_fields":{"entity_id":"x"}}"#),
        "custom_fields.entity_id: is a field of its own; give it another name"
    );
    FakeHost::new().validate_notifier::<VictorOps>(&config().to_string()).unwrap();
}
