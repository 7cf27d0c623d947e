use expect_test::expect;
use narthex_sdk::{Alert, AlertGroup, AlertStatus, Error, ErrorKind, Label, testing::FakeHost};

use crate::Webhook;

const CONFIG: &str = r#"{"url":"http://receiver.example/hook?token=s3cret"}"#;

fn labels(pairs: &[(&str, &str)]) -> Vec<Label> {
    pairs.iter().map(|(name, value)| Label::new(name, *value)).collect()
}

fn alert(instance: &str, ends_at_ms: Option<i64>) -> Alert {
    Alert {
        status: if ends_at_ms.is_some() { AlertStatus::Resolved } else { AlertStatus::Firing },
        fingerprint: format!("000000000000000{instance}"),
        labels: labels(&[("alertname", "Down"), ("instance", instance)]),
        annotations: labels(&[("summary", "a < b & c")]),
        starts_at_ms: 1_715_934_600_250,
        ends_at_ms,
        generator_url: "http://narthex.example/graph?g0.expr=up+%3D%3D+0".into(),
        value: Some(0.0),
    }
}

fn group(alerts: Vec<Alert>) -> AlertGroup {
    AlertGroup {
        group_key: "{}:{alertname=\"Down\"}".into(),
        receiver: "team".into(),
        status: AlertStatus::Firing,
        group_labels: labels(&[("alertname", "Down")]),
        common_labels: labels(&[("alertname", "Down")]),
        common_annotations: labels(&[("summary", "a < b & c")]),
        alerts,
        truncated_alerts: 0,
        external_url: "http://narthex.example".into(),
        attempt: 1,
        idempotency_key: "k".into(),
    }
}

fn posted(config: &str, alerts: Vec<Alert>) -> String {
    let host = FakeHost::new().http_status("http://receiver.example/", 200, "");
    host.notify::<Webhook>(config, &group(alerts)).unwrap();
    String::from_utf8(host.requests()[0].body.clone()).unwrap()
}

#[test]
fn the_message_is_that_of_alertmanager() {
    let body = posted(CONFIG, vec![alert("1", None), alert("2", Some(1_715_934_660_000))]);
    expect![[r#"
        {"receiver":"team","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"Down","instance":"1"},"annotations":{"summary":"a \u003c b \u0026 c"},"startsAt":"2024-05-17T08:30:00.25Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://narthex.example/graph?g0.expr=up+%3D%3D+0","fingerprint":"0000000000000001"},{"status":"resolved","labels":{"alertname":"Down","instance":"2"},"annotations":{"summary":"a \u003c b \u0026 c"},"startsAt":"2024-05-17T08:30:00.25Z","endsAt":"2024-05-17T08:31:00Z","generatorURL":"http://narthex.example/graph?g0.expr=up+%3D%3D+0","fingerprint":"0000000000000002"}],"groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down"},"commonAnnotations":{"summary":"a \u003c b \u0026 c"},"externalURL":"http://narthex.example","version":"4","groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":0}
    "#]].assert_eq(&body);
}

#[test]
fn alerts_beyond_the_bound_are_counted_and_not_sent() {
    let config = r#"{"url":"http://receiver.example/","max_alerts":1}"#;
    let body = posted(config, vec![alert("1", Some(0)), alert("2", None)]);
    assert!(
        body.starts_with(
            r#"{"receiver":"team","status":"resolved","alerts":[{"status":"resolved","#
        ),
        "{body}"
    );
    assert!(body.contains(r#""commonLabels":{"alertname":"Down","instance":"1"}"#), "{body}");
    assert!(body.ends_with("\"truncatedAlerts\":1}\n"), "{body}");
}

#[test]
fn a_receivers_name_is_written_as_a_regular_expression() {
    let host = FakeHost::new().http_status("http://receiver.example/", 200, "");
    let group = AlertGroup { receiver: r"team-a.b (c)\d".into(), ..group(vec![]) };
    host.notify::<Webhook>(CONFIG, &group).unwrap();
    let body = String::from_utf8(host.requests()[0].body.clone()).unwrap();
    assert!(body.starts_with(r#"{"receiver":"team-a\\.b \\(c\\)\\\\d","#), "{body}");
}

#[test]
fn only_failures_that_may_pass_are_retried() {
    let refused = |host: FakeHost| {
        host.notify::<Webhook>(CONFIG, &group(vec![alert("1", None)])).unwrap_err()
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
    let refused = |config: &str| FakeHost::new().validate_notifier::<Webhook>(config).unwrap_err();
    let error = refused(r#"{"url":"http://a/","http_config":{"bearer_token":"x"}}"#);
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.message.starts_with("http_config: not supported"), "{error:?}");
    assert_eq!(
        refused(r#"{"url":"ftp://a/"}"#).message,
        "url: must be a URL that begins with http:// or https://"
    );
    assert!(
        refused(r#"{"url":"http://a/","timeout":"soon"}"#)
            .message
            .starts_with("timeout: not a duration")
    );
}

#[test]
fn the_timeout_limits_the_request() {
    let host = FakeHost::new().http_status("http://a/", 204, "");
    host.notify::<Webhook>(r#"{"url":"http://a/","timeout":"3s"}"#, &group(vec![])).unwrap();
    assert_eq!(host.requests()[0].timeout_ms, Some(3000));
}
