use expect_test::{Expect, expect};
use narthex_sdk::{
    AlertGroup,
    json::{Value, json},
    testing::{FakeHost, alert, group, resolved},
};

use crate::PagerDuty;

fn with(changes: Value) -> String {
    let config = json!({
        "routing_key": "rk",
        "client": "Alertmanager",
        "client_url": "http://am.example/#/alerts?receiver=all",
        "description": "[FIRING:1] Down (2 a<b&c>)",
        "details": {
            "firing": r#"[{"labels":{"instance":"2","job":"a<b&c>"},"status":"firing"}]"#,
            "resolved": "[]", "num_firing": "1", "num_resolved": "0",
        },
    });
    let (Value::Object(mut config), Value::Object(changes)) = (config, changes) else {
        panic!("both are objects");
    };
    config.extend(changes);
    Value::Object(config).to_string()
}

fn down() -> AlertGroup {
    group(vec![alert(&[("alertname", "Down")], &[])])
}

#[track_caller]
fn check(changes: Value, group: &AlertGroup, sent: &Expect) {
    let host = FakeHost::new().http_status("https://events.pagerduty.com/", 202, "{}");
    host.notify::<PagerDuty>(&with(changes), group).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!(request.headers[0].value, "application/json");
    let path = request.url.strip_prefix("https://events.pagerduty.com").unwrap();
    let body = String::from_utf8(request.body).unwrap();
    sent.assert_eq(&format!("{} {path}\n{body}", request.method));
}

#[test]
fn an_event_of_v2_is_that_of_alertmanager() {
    check(
        json!({}),
        &down(),
        &expect![[r#"
        POST /v2/enqueue
        {"routing_key":"rk","dedup_key":"af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e","event_action":"trigger","payload":{"summary":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","source":"Alertmanager","severity":"error","custom_details":{"firing":[{"labels":{"instance":"2","job":"a\u003cb\u0026c\u003e"},"status":"firing"}],"num_firing":1,"num_resolved":0,"resolved":[]}},"client":"Alertmanager","client_url":"http://am.example/#/alerts?receiver=all"}
    "#]],
    );
}

#[test]
fn every_setting_is_handed_on() {
    let changes = json!({
        "images": [{ "src": "s", "alt": "a", "href": "h" }, { "alt": "no source" }],
        "links": [{ "href": "h", "text": "t" }, { "text": "leads nowhere" }],
        "details": { "extra": "x firing", "nested": { "a": ["1", 2] } },
        "severity": "critical", "source": "db", "class": "c", "component": "p", "group": "g",
    });
    check(
        changes,
        &down(),
        &expect![[r#"
        POST /v2/enqueue
        {"routing_key":"rk","dedup_key":"af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e","event_action":"trigger","payload":{"summary":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","source":"db","severity":"critical","class":"c","component":"p","group":"g","custom_details":{"extra":"x firing","firing":"{{ .Alerts.Firing | toJson }}","nested":{"a":[1,2]},"num_firing":"{{ .Alerts.Firing | len }}","num_resolved":"{{ .Alerts.Resolved | len }}","resolved":"{{ .Alerts.Resolved | toJson }}"}},"client":"Alertmanager","client_url":"http://am.example/#/alerts?receiver=all","images":[{"src":"s","alt":"a","href":"h"}],"links":[{"href":"h","text":"t"}]}
    "#]],
    );
}

#[test]
fn a_resolved_group_resolves_its_incident() {
    let group = group(vec![resolved(alert(&[("alertname", "Down")], &[]))]);
    let host = FakeHost::new().http_status("https://events.pagerduty.com/", 202, "{}");
    let receipt = host.notify::<PagerDuty>(&with(json!({})), &group).unwrap();
    let body = String::from_utf8(host.requests()[0].body.clone()).unwrap();
    assert!(body.contains(r#""event_action":"resolve""#), "{body}");
    assert!(body.contains(&format!(r#""dedup_key":"{}""#, receipt.remote_id.unwrap())), "{body}");
}

#[test]
fn an_event_of_v1_goes_to_its_own_place() {
    let changes = json!({ "service_key": "sk", "details": { "firing": "1" } });
    check(
        changes.clone(),
        &down(),
        &expect![[r#"
        POST /generic/2010-04-15/create_event.json
        {"service_key":"sk","incident_key":"af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e","event_type":"trigger","description":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","event_action":"","payload":null,"client":"Alertmanager","client_url":"http://am.example/#/alerts?receiver=all","details":{"firing":1,"num_firing":"{{ .Alerts.Firing | len }}","num_resolved":"{{ .Alerts.Resolved | len }}","resolved":"{{ .Alerts.Resolved | toJson }}"}}
    "#]],
    );
    let group = group(vec![resolved(alert(&[("alertname", "Down")], &[]))]);
    check(
        changes,
        &group,
        &expect![[r#"
        POST /generic/2010-04-15/create_event.json
        {"service_key":"sk","incident_key":"af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e","event_type":"resolve","description":"[FIRING:1] Down (2 a\u003cb\u0026c\u003e)","event_action":"","payload":null,"details":{"firing":1,"num_firing":"{{ .Alerts.Firing | len }}","num_resolved":"{{ .Alerts.Resolved | len }}","resolved":"{{ .Alerts.Resolved | toJson }}"}}
    "#]],
    );
}

#[test]
fn long_texts_are_cut_and_long_details_left_out() {
    let changes = json!({
        "description": "ü".repeat(1025),
        "details": { "firing": "x".repeat(512_000) },
    });
    let host = FakeHost::new().http_status("https://events.pagerduty.com/", 202, "{}");
    host.notify::<PagerDuty>(&with(changes), &down()).unwrap();
    let sent: Value = narthex_sdk::json::from_slice(&host.requests()[0].body).unwrap();
    assert_eq!(sent["payload"]["summary"], json!("ü".repeat(1023) + "…"));
    let left_out = "The details are left out: with them the event is longer than 512 kB.";
    assert_eq!(sent["payload"]["custom_details"], json!({ "error": left_out }));
}

#[test]
fn each_version_has_its_own_limit() {
    let refused = |key: &str, status| {
        let said =
            r#"{"status":"invalid event","message":"Event object is invalid","errors":["a","b"]}"#;
        let host = FakeHost::new().http_status("https://", status, said);
        host.notify::<PagerDuty>(&with(json!({ key: "k" })), &down()).unwrap_err()
    };
    assert_eq!(
        refused("routing_key", 400).message,
        "PagerDuty answered with status 400: Event object is invalid: a, b"
    );
    let retried = |key, status| refused(key, status).retryable;
    assert!(retried("routing_key", 429) && !retried("routing_key", 403));
    assert!(retried("service_key", 403) && !retried("service_key", 429));
    assert!(retried("routing_key", 500) && retried("service_key", 500));
}

#[test]
fn the_timeout_limits_the_request() {
    let host = FakeHost::new().http_status("https://", 202, "");
    host.notify::<PagerDuty>(&with(json!({ "timeout": "3s" })), &down()).unwrap();
    assert_eq!(host.requests()[0].timeout_ms, Some(3000));
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let judged = |changes| FakeHost::new().validate_notifier::<PagerDuty>(&with(changes));
    judged(json!({})).unwrap();
    judged(json!({ "routing_key": "", "service_key_file": "/run/key" })).unwrap();
    assert_eq!(
        judged(json!({ "routing_key": "" })).unwrap_err().message,
        "routing_key: missing; set it, or routing_key_file"
    );
    assert_eq!(
        judged(json!({ "service_key": "k", "service_key_file": "f" })).unwrap_err().message,
        "service_key: stands beside service_key_file; leave one of them out"
    );
    let blank = with(json!({ "routing_key": " \n" }));
    assert_eq!(
        FakeHost::new().notify::<PagerDuty>(&blank, &down()).unwrap_err().message,
        "routing_key: nothing is left once it is expanded"
    );
}
