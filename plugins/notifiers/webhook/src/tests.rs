use expect_test::{Expect, expect};
use narthex_sdk::{
    Alert, AlertGroup, Error, ErrorKind,
    json::{Value, json},
    testing::{FakeHost, alert, group, resolved},
};

use crate::Webhook;

fn with(changes: Value) -> String {
    let config = json!({
        "url": "http://receiver.example/hook?token=s3cret",
        "notification_reason": "first notification",
        "route_labels": "{}",
    });
    let (Value::Object(mut config), Value::Object(changes)) = (config, changes) else {
        panic!("both are objects");
    };
    config.extend(changes);
    Value::Object(config).to_string()
}

fn down(instance: &str) -> Alert {
    let labels = [("alertname", "Down"), ("instance", instance), ("job", "a<b&c>")];
    alert(&labels, &[("summary", "a < b & c \u{2028} \"q\" é\t")])
}

fn posted(changes: Value, group: &AlertGroup) -> String {
    let host = FakeHost::new().http_status("http://receiver.example/", 200, "");
    host.notify::<Webhook>(&with(changes), group).unwrap();
    let [request] = host.requests().try_into().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "http://receiver.example/hook?token=s3cret");
    assert_eq!(request.headers[0].value, "application/json");
    String::from_utf8(request.body).unwrap()
}

#[track_caller]
fn check(changes: Value, alerts: Vec<Alert>, body: &Expect) {
    body.assert_eq(&posted(changes, &group(alerts)));
}

/// Besides `routeLabels`, which 0.34 adds, these are the bytes of a real Alertmanager.
#[test]
fn the_message_is_that_of_alertmanager() {
    check(
        json!({}),
        vec![down("2")],
        &expect![[r#"
        {"receiver":"team","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"Down","instance":"2","job":"a\u003cb\u0026c\u003e"},"annotations":{"summary":"a \u003c b \u0026 c \u2028 \"q\" é\t"},"startsAt":"2024-05-17T08:30:00.25Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://narthex.example/graph?g0.expr=up+%3D%3D+0","fingerprint":"a170f63902ef8090"}],"notification_reason":"first notification","groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","instance":"2","job":"a\u003cb\u0026c\u003e"},"commonAnnotations":{"summary":"a \u003c b \u0026 c \u2028 \"q\" é\t"},"routeLabels":{},"externalURL":"http://narthex.example","version":"4","groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":0}
    "#]],
    );
    let told = json!({
        "notification_reason": "all alerts resolved",
        "route_labels": r#"{"team":"db","b":"<"}"#,
    });
    check(
        told,
        vec![resolved(down("1")), resolved(down("2"))],
        &expect![[r#"
        {"receiver":"team","status":"resolved","alerts":[{"status":"resolved","labels":{"alertname":"Down","instance":"1","job":"a\u003cb\u0026c\u003e"},"annotations":{"summary":"a \u003c b \u0026 c \u2028 \"q\" é\t"},"startsAt":"2024-05-17T08:30:00.25Z","endsAt":"2024-05-17T08:31:00Z","generatorURL":"http://narthex.example/graph?g0.expr=up+%3D%3D+0","fingerprint":"a170f63902ef8090"},{"status":"resolved","labels":{"alertname":"Down","instance":"2","job":"a\u003cb\u0026c\u003e"},"annotations":{"summary":"a \u003c b \u0026 c \u2028 \"q\" é\t"},"startsAt":"2024-05-17T08:30:00.25Z","endsAt":"2024-05-17T08:31:00Z","generatorURL":"http://narthex.example/graph?g0.expr=up+%3D%3D+0","fingerprint":"a170f63902ef8090"}],"notification_reason":"all alerts resolved","groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","job":"a\u003cb\u0026c\u003e"},"commonAnnotations":{"summary":"a \u003c b \u0026 c \u2028 \"q\" é\t"},"routeLabels":{"b":"\u003c","team":"db"},"externalURL":"http://narthex.example","version":"4","groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":0}
    "#]],
    );
}

#[test]
fn alerts_beyond_the_bound_are_counted_and_not_sent() {
    let alerts = vec![resolved(down("1")), down("2")];
    let body = posted(json!({ "max_alerts": 1 }), &group(alerts));
    assert!(
        body.starts_with(
            r#"{"receiver":"team","status":"resolved","alerts":[{"status":"resolved","#
        ),
        "{body}"
    );
    assert!(body.contains(r#""commonLabels":{"alertname":"Down","instance":"1","#), "{body}");
    assert!(body.ends_with("\"truncatedAlerts\":1}\n"), "{body}");
}

#[test]
fn a_receivers_name_is_written_as_a_regular_expression() {
    let group = AlertGroup { receiver: r"team-a.b (c)\d".into(), ..group(vec![]) };
    let body = posted(json!({}), &group);
    assert!(body.starts_with(r#"{"receiver":"team-a\\.b \\(c\\)\\\\d","#), "{body}");
}

/// The bytes are those of a real Alertmanager.
#[test]
fn a_payload_takes_the_place_of_the_message() {
    let payload = json!({
        "s": "firing", "n": "1", "f": 1.0, "big": 1e21, "small": 1e-7,
        "l": [
            "a", r#"[{"labels":{"alertname":"Down"},"status":"firing"}]"#, "<&>", "1.50", "0x1f",
            "yes", "~", "2020-01-01", "k: v", "",
        ],
        "all": { "z": 1, "a": null, "b": true },
    });
    check(
        json!({ "payload": payload }),
        vec![down("1")],
        &expect![[r#"
        {"all":{"a":null,"b":true,"z":1},"big":1e+21,"f":1,"l":["a",[{"labels":{"alertname":"Down"},"status":"firing"}],"\u003c\u0026\u003e",1.5,31,true,null,"2020-01-01",{"k":"v"},null],"n":1,"s":"firing","small":1e-7}
    "#]],
    );
    check(
        json!({ "payload": r#"["a"]"# }),
        vec![],
        &expect![[r#"
        ["a"]
    "#]],
    );
}

#[test]
fn only_failures_that_may_pass_are_retried() {
    let refused = |host: FakeHost| {
        host.notify::<Webhook>(&with(json!({})), &group(vec![down("1")])).unwrap_err()
    };
    let status = |status, body| {
        refused(FakeHost::new().http_status("http://receiver.example/", status, body))
    };
    assert!(status(503, "").retryable);
    assert!(!status(404, "").retryable);
    assert!(!status(302, "").retryable);
    assert_eq!(
        status(400, "bad token\n").message,
        "the webhook answered with status 400: bad token"
    );

    let network =
        |error: Error| refused(FakeHost::new().http("http://", move |_| Err(error.clone())));
    assert!(network(Error::new(ErrorKind::Unreachable, "connection refused")).retryable);
    assert!(network(Error::new(ErrorKind::Timeout, "no answer")).retryable);
    assert!(
        !refused(FakeHost::new()).retryable,
        "what was not granted is not granted later either"
    );
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let judged = |config: &str| FakeHost::new().validate_notifier::<Webhook>(config);
    let refused = |config: &str| judged(config).unwrap_err().message;
    judged(r#"{"url":"{{ .CommonLabels.hook }}"}"#).unwrap();
    judged(r#"{"url_file":"/run/url"}"#).unwrap();
    assert_eq!(refused("{}"), "url: missing; set it, or url_file");
    assert_eq!(
        refused(r#"{"url":"http://a/","url_file":"f"}"#),
        "url: stands beside url_file; leave one of them out"
    );
    assert_eq!(
        refused(r#"{"url":"ftp://a/"}"#),
        "url: must be a URL that begins with http:// or https://"
    );
    assert!(
        refused(r#"{"url":"http://a/","timeout":"soon"}"#).starts_with("timeout: not a duration")
    );
    let empty = FakeHost::new().notify::<Webhook>(&with(json!({ "url": "" })), &group(vec![]));
    assert_eq!(empty.unwrap_err().message, "url: nothing is left once it is expanded");
}

#[test]
fn the_timeout_limits_the_request() {
    let host = FakeHost::new().http_status("http://receiver.example/", 204, "");
    host.notify::<Webhook>(&with(json!({ "timeout": "3s" })), &group(vec![])).unwrap();
    assert_eq!(host.requests()[0].timeout_ms, Some(3000));
}
