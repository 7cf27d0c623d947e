use expect_test::{Expect, expect};
use narthex_sdk::{
    json::{Value, json},
    testing::{FakeHost, alert, group, resolved},
};

use crate::Opsgenie;

const ALIAS: &str = "af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e";

fn config() -> Value {
    json!({
        "api_key": "ogkey",
        "message": "[FIRING:1] Down (2 a<b&c>)",
        "description": "a < b & c\nAlerts Firing:\n",
        "source": "http://am.example/#/alerts?receiver=all",
    })
}

fn down() -> narthex_sdk::Alert {
    alert(&[("alertname", "Down"), ("instance", "2"), ("job", "a<b&c>")], &[])
}

/// Method, path and body of each request.
#[track_caller]
fn check(config: &Value, is_firing: bool, sent: &Expect) {
    let host = FakeHost::new().http_status("https://api.opsgenie.com/v2/alerts", 202, "");
    let alert = if is_firing { down() } else { resolved(down()) };
    host.notify::<Opsgenie>(&config.to_string(), &group(vec![alert])).unwrap();
    let mut text = String::new();
    for request in host.requests() {
        let headers: Vec<_> = request.headers.iter().map(|it| it.value.as_str()).collect();
        assert_eq!(headers, ["application/json", "GenieKey ogkey"]);
        let path = request.url.strip_prefix("https://api.opsgenie.com/v2/alerts").unwrap();
        let path = path.replace(ALIAS, "ALIAS");
        let body = String::from_utf8(request.body).unwrap().replace(ALIAS, "ALIAS");
        text += &format!("{} {path}\n{body}", request.method);
    }
    sent.assert_eq(&text);
}

#[test]
fn an_alert_is_made_as_alertmanager_makes_it() {
    check(
        &config(),
        true,
        &expect![[r#"
        POST 
        {"alias":"ALIAS","message":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","description":"a \u003c b \u0026 c\nAlerts Firing:\n","details":{"alertname":"Down","instance":"2","job":"a\u003cb\u0026c\u003e"},"source":"http://am.example/#/alerts?receiver=all"}
    "#]],
    );
}

#[test]
fn every_setting_is_handed_on() {
    let mut config = config();
    config["responders"] = json!([
        { "name": "a,b,, c", "type": "teams" },
        { "name": "n", "type": "user" },
        { "id": "" },
        { "id": "1", "username": "u", "type": "escalation" },
    ]);
    config["tags"] = json!(" x, y,,z ");
    config["actions"] = json!("a,b");
    config["priority"] = json!("P1");
    config["update_alerts"] = json!(true);
    config["entity"] = json!("e");
    config["note"] = json!("n");
    config["details"] = json!({ "d": "firing", "job": "own" });
    check(
        &config,
        true,
        &expect![[r#"
        POST 
        {"alias":"ALIAS","message":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","description":"a \u003c b \u0026 c\nAlerts Firing:\n","details":{"alertname":"Down","d":"firing","instance":"2","job":"own"},"source":"http://am.example/#/alerts?receiver=all","responders":[{"name":"a","type":"team"},{"name":"b","type":"team"},{"name":" c","type":"team"},{"name":"n","type":"user"},{"id":"1","username":"u","type":"escalation"}],"tags":["x"," y","z"],"note":"n","priority":"P1","entity":"e","actions":["a","b"]}
        PUT /ALIAS/message?identifierType=alias
        {"message":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)"}
        PUT /ALIAS/description?identifierType=alias
        {"description":"a \u003c b \u0026 c\nAlerts Firing:\n"}
    "#]],
    );
}

#[test]
fn a_resolved_group_closes_its_alert() {
    check(
        &config(),
        false,
        &expect![[r#"
        POST /ALIAS/close?identifierType=alias
        {"source":"http://am.example/#/alerts?receiver=all"}
    "#]],
    );
}

#[test]
fn a_long_message_is_cut() {
    let host = FakeHost::new().http_status("https://api.opsgenie.com/", 202, "");
    let mut config = config();
    config["message"] = json!("ü".repeat(131));
    host.notify::<Opsgenie>(&config.to_string(), &group(vec![down()])).unwrap();
    let sent: Value = narthex_sdk::json::from_slice(&host.requests()[0].body).unwrap();
    assert_eq!(sent["message"], json!("ü".repeat(129) + "…"));
}

#[test]
fn limits_and_failures_of_the_server_are_tried_again() {
    let refused = |status| {
        let host = FakeHost::new().http_status("https://", status, r#"{"message":"no"}"#);
        host.notify::<Opsgenie>(&config().to_string(), &group(vec![down()])).unwrap_err()
    };
    assert_eq!(refused(422).message, r#"Opsgenie answered with status 422: {"message":"no"}"#);
    assert!(!refused(422).retryable && refused(429).retryable && refused(503).retryable);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let judged = |change: Value| {
        let mut config = config();
        config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        FakeHost::new().validate_notifier::<Opsgenie>(&config.to_string())
    };
    let refused = |change: Value| judged(change).unwrap_err().message;
    judged(json!({ "responders": [{ "id": "1", "type": "Team" }] })).unwrap();
    judged(json!({ "responders": [{ "name": "n", "type": "{{ .X }}" }] })).unwrap();
    assert_eq!(refused(json!({ "api_key": "" })), "api_key: missing; set it, or api_key_file");
    assert_eq!(
        refused(json!({ "responders": [{ "type": "team" }] })),
        "responders[0]: must have an id, a name or a username"
    );
    assert_eq!(
        refused(json!({ "responders": [{ "id": "1", "type": "x" }] })),
        "responders[0]: the type must be one of team, teams, user, escalation, schedule"
    );
}
