use narthex_sdk::{
    Change, Error, ErrorKind, TargetGroup,
    testing::{FakeHost, answer},
};

use crate::Http;

const CONFIG: &str = r#"{"url":"http://inventory/targets"}"#;

fn json(body: &str) -> FakeHost {
    FakeHost::new().http_json("http://inventory/", body)
}

/// Groups as `source [targets] name=value …`.
#[track_caller]
fn found(host: &FakeHost, config: &str) -> Vec<String> {
    let refreshed = host.refresh::<Http>(config, None).unwrap();
    let Change::Full(groups) = refreshed.change else { panic!("not full") };
    let shown = |group: &TargetGroup| {
        let labels = group.labels.iter().map(|label| format!(" {}={}", label.name, label.value));
        format!("{} {:?}{}", group.source, group.targets, labels.collect::<String>())
    };
    groups.iter().map(shown).collect()
}

#[track_caller]
fn fails(host: &FakeHost, kind: ErrorKind, retryable: bool, reason: &str) {
    let error = host.refresh::<Http>(CONFIG, None).unwrap_err();
    let reason = format!("ask http://inventory for targets: {reason}");
    assert_eq!(error.message, reason);
    assert_eq!((error.kind, error.retryable), (kind, retryable));
}

#[test]
fn each_group_of_the_list_is_a_group_with_the_url_as_label() {
    let body = r#"[{"targets":["a:80","b:80"],"labels":{"team":"x","__meta_dc":"1"}},{"targets":["c:1"]}]"#;
    assert_eq!(
        found(&json(body), CONFIG),
        [
            "http://inventory/targets:0 [\"a:80\", \"b:80\"] __meta_dc=1 \
             __meta_url=http://inventory/targets team=x",
            "http://inventory/targets:1 [\"c:1\"] __meta_url=http://inventory/targets",
        ]
    );
}

#[test]
fn what_go_programs_write_is_read() {
    assert_eq!(found(&json("null"), CONFIG), [""; 0]);
    assert_eq!(found(&json("[]"), CONFIG), [""; 0]);
    assert_eq!(
        found(&json(r#"[{"Targets":["a:1"],"Labels":null}, {"targets":null}]"#), CONFIG),
        [
            "http://inventory/targets:0 [\"a:1\"] __meta_url=http://inventory/targets",
            "http://inventory/targets:1 [] __meta_url=http://inventory/targets",
        ]
    );
}

#[test]
fn the_request_says_who_asks_how_often() {
    let host = json("[]");
    let refreshed = host
        .refresh::<Http>(
            r#"{"url":"http://inventory/t?zone=1#x","refresh_interval":"1500ms"}"#,
            None,
        )
        .unwrap();
    assert_eq!((refreshed.next_in_ms, refreshed.cursor), (Some(1500), None));
    let request = &host.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.url.as_str()),
        ("GET", "http://inventory/t?zone=1")
    );
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|header| (header.name.as_str(), header.value.as_str()))
        .collect();
    assert_eq!(
        headers,
        [("accept", "application/json"), ("x-prometheus-refresh-interval-seconds", "1.5")]
    );
    assert_eq!(request.timeout_ms, Some(1500));
}

#[test]
fn it_asks_once_a_minute_unless_told_otherwise() {
    let host = json("[]");
    assert_eq!(host.refresh::<Http>(CONFIG, None).unwrap().next_in_ms, Some(60_000));
    assert_eq!(host.requests()[0].headers[1].value, "60");
    assert_eq!(host.requests()[0].timeout_ms, Some(10_000), "not beyond the call's deadline");
}

#[test]
fn user_and_password_of_the_url_are_sent_as_credentials_and_not_shown() {
    let host = json(r#"[{"targets":["a:1"]}]"#);
    let groups = found(&host, r#"{"url":"http://me:secret@inventory/targets?by=a@b"}"#);
    let shown = "http://inventory/targets?by=a@b";
    assert_eq!(groups, [format!("{shown}:0 [\"a:1\"] __meta_url={shown}")]);
    let request = &host.requests()[0];
    assert_eq!(request.url, shown);
    assert_eq!(request.headers[0].value, "Basic bWU6c2VjcmV0");
}

#[test]
fn json_in_utf_8_is_read_and_nothing_else() {
    let typed = |content_type: &'static str| {
        FakeHost::new().http("http://inventory/", move |_| {
            Ok(answer(200, &[("content-type", content_type)], "[]"))
        })
    };
    for good in [
        "application/json",
        " Application/JSON ",
        "application/json;charset=utf-8",
        "application/json; charset=\"UTF-8\"",
    ] {
        assert_eq!(found(&typed(good), CONFIG), [""; 0], "{good}");
    }
    for bad in ["", "text/plain", "application/json; charset=latin1", "application/json; a=b"] {
        fails(
            &typed(bad),
            ErrorKind::Protocol,
            false,
            &format!("the content type is {bad:?}; only application/json in utf-8 is read"),
        );
    }
}

#[test]
fn a_bad_answer_is_an_error_that_says_why() {
    let status = |status, body| FakeHost::new().http_status("http://inventory/", status, body);
    fails(
        &status(500, "out of order\nmore"),
        ErrorKind::Protocol,
        true,
        "the server answered with status 500: out of order",
    );
    fails(&status(404, ""), ErrorKind::Protocol, false, "the server answered with status 404");
    let wrong = |body: &str, reason: &str| {
        fails(
            &json(body),
            ErrorKind::Protocol,
            false,
            &format!("read the answer as JSON: {reason}"),
        );
    };
    wrong("", "EOF while parsing a value at line 1 column 0");
    wrong("<html>", "expected value at line 1 column 1");
    wrong(r#"[{"targets":["a:1""#, "EOF while parsing a list at line 1 column 18");
    wrong(r#"{"targets":[]}"#, "invalid type: map, expected a sequence at line 1 column 0");
    wrong(
        r#"[{"targets":"a:1"}]"#,
        "invalid type: string \"a:1\", expected a sequence at line 1 column 17",
    );
    wrong(
        r#"[{"targets":[80]}]"#,
        "invalid type: integer `80`, expected a string at line 1 column 15",
    );
    wrong(
        r#"[{"target":["a:1"]}]"#,
        "unknown field `target`, expected one of `Targets`, `targets`, `Labels`, `labels` at line 1 column 10",
    );
    fails(&json("[null]"), ErrorKind::Protocol, false, "group 0 is null");
    fails(
        &json(r#"[{"targets":["a:1"],"labels":{"":"x"}}]"#),
        ErrorKind::Protocol,
        false,
        "group 0 has a label without name",
    );
}

#[test]
fn an_answer_without_end_is_refused() {
    let host = FakeHost::new().http("http://inventory/", |_| {
        let mut cut = answer(200, &[("content-type", "application/json")], "[]");
        cut.truncated = true;
        Ok(cut)
    });
    fails(&host, ErrorKind::Exhausted, false, "the answer is longer than its bound");
}

#[test]
fn a_server_that_cannot_be_reached_is_an_error_that_keeps_its_kind() {
    let host = FakeHost::new()
        .http("http://inventory/", |_| Err(Error::unreachable("connection refused")));
    fails(&host, ErrorKind::Unreachable, true, "connection refused");
    let host = FakeHost::new().http("http://inventory/", |_| Err(Error::timeout("no answer")));
    fails(&host, ErrorKind::Timeout, true, "no answer");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config: &str| {
        let error = FakeHost::new().validate::<Http>(config).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        error.message
    };
    assert_eq!(refused("{}"), "missing field `url`");
    assert_eq!(refused(r#"{"url":""}"#), "url: it is missing");
    assert_eq!(refused(r#"{"url":"invalid"}"#), "url: it has no scheme, such as http://");
    assert_eq!(refused(r#"{"url":"ftp://example.com"}"#), "url: its scheme must be http or https");
    assert_eq!(refused(r#"{"url":"unix:///x"}"#), "url: its scheme must be http or https");
    assert_eq!(refused(r#"{"url":"http://"}"#), "url: it has no host");
    assert_eq!(
        refused(r#"{"url":"http://a","refresh_interval":"0s"}"#),
        "refresh_interval: must be longer than 0"
    );
    assert!(refused(r#"{"url":"http://a","urls":[]}"#).starts_with("urls: unknown field"));
    assert_eq!(FakeHost::new().validate::<Http>(CONFIG), Ok(Vec::new()));
}
