use narthex_sdk::{
    Change, Error, ErrorKind, Refreshed,
    http::Response,
    testing::{FakeHost, answer},
};

use crate::Nomad;

const SERVICES: &str = "http://localhost:4646/v1/services?";
const LIST: &str =
    r#"[{"Namespace":"default","Services":[{"ServiceName":"redis","Tags":["cache"]}]}]"#;

/// Instances as Nomad 1.9 answers them, with what is not read left in.
const REDIS: &str = r#"[{
    "Address": "10.0.0.13", "AllocID": "177160af-26f6-619f-9c9f-5e46d1104395", "CreateIndex": 14, "Datacenter": "dc1",
    "ID": "_nomad-task-177160af-redis-example-cache-redis-db", "JobID": "example", "ModifyIndex": 24,
    "Namespace": "default", "NodeID": "7406e90b-de16-d118-80fe-60d0f2730cb3", "Port": 29702, "ServiceName": "redis",
    "Tags": ["cache", "db"]
}, {
    "Address": "2001:db8::1", "AllocID": "a", "Datacenter": "dc1", "ID": "second", "JobID": "example",
    "Namespace": "default", "NodeID": "n2", "Port": 1, "ServiceName": "redis", "Tags": []
}]"#;

fn at(index: u64, body: &str) -> Response {
    answer(200, &[("x-nomad-index", &index.to_string())], body)
}

/// Nomad with one list at one index and one answer for each service.
fn nomad(index: u64) -> FakeHost {
    FakeHost::new()
        .http(SERVICES, move |_| Ok(at(index, LIST)))
        .http("http://localhost:4646/v1/service/", |_| Ok(at(9, REDIS)))
}

fn urls(host: &FakeHost) -> Vec<String> {
    host.requests().into_iter().map(|request| request.url).collect()
}

#[track_caller]
fn full(refreshed: &Refreshed) -> &[narthex_sdk::TargetGroup] {
    let Change::Full(groups) = &refreshed.change else { panic!("not full: {refreshed:?}") };
    groups
}

#[test]
fn an_instance_is_a_target_with_all_labels() {
    let host = nomad(14);
    let refreshed = host.refresh::<Nomad>("{}", None).unwrap();
    let [first, second] = full(&refreshed) else { panic!("two targets: {refreshed:?}") };
    assert_eq!(first.source, "_nomad-task-177160af-redis-example-cache-redis-db");
    assert_eq!(first.targets, ["10.0.0.13:29702"]);
    let labels = |group: &narthex_sdk::TargetGroup| -> Vec<String> {
        group.labels.iter().map(|label| format!("{}={}", label.name, label.value)).collect()
    };
    assert_eq!(
        labels(first),
        [
            "__meta_nomad_address=10.0.0.13",
            "__meta_nomad_dc=dc1",
            "__meta_nomad_namespace=default",
            "__meta_nomad_node_id=7406e90b-de16-d118-80fe-60d0f2730cb3",
            "__meta_nomad_service=redis",
            "__meta_nomad_service_address=10.0.0.13",
            "__meta_nomad_service_id=_nomad-task-177160af-redis-example-cache-redis-db",
            "__meta_nomad_service_port=29702",
            "__meta_nomad_tags=,cache,db,",
        ]
    );
    assert_eq!(second.targets, ["[2001:db8::1]:1"]);
    assert!(!labels(second).iter().any(|label| label.starts_with("__meta_nomad_tags")));
    assert_eq!((refreshed.next_in_ms, refreshed.cursor.as_deref()), (Some(60_000), Some("14")));
}

#[test]
fn every_key_reaches_the_question() {
    let host = FakeHost::new()
        .http_json(
            "https://nomad.example/v1/services?",
            r#"[{"Namespace":"a","Services":[{"ServiceName":"x y"}]},{"Namespace":"b","Services":[{"ServiceName":"z"}]}]"#,
        )
        .http_json("https://nomad.example/v1/service/", "null");
    let config = r#"{"server":"https://me:pw@nomad.example/ui/","region":"eu","namespace":"*",
        "allow_stale":false,"tag_separator":"|"}"#;
    host.refresh::<Nomad>(config, None).unwrap();
    assert_eq!(
        urls(&host),
        [
            "https://nomad.example/v1/services?region=eu&namespace=%2A",
            "https://nomad.example/v1/service/x%20y?region=eu&namespace=a",
            "https://nomad.example/v1/service/z?region=eu&namespace=b",
        ]
    );
    assert_eq!(host.requests()[0].headers[0].value, "Basic bWU6cHc=");
    assert_eq!(host.requests()[0].timeout_ms, Some(10_000), "not beyond the call's deadline");
}

#[test]
fn a_later_call_waits_at_the_index_and_asks_for_the_rest_only_after_a_change() {
    let host = nomad(14).deadline_ms(60_000);
    let first = host.refresh_waiting::<Nomad>("{}", None, 20_000).unwrap();
    let later = host.refresh_waiting::<Nomad>("{}", first.cursor.as_deref(), 20_000).unwrap();
    assert_eq!(later.change, Change::Unchanged);
    let query = "region=global&namespace=default&stale=";
    assert_eq!(
        urls(&host),
        [
            format!("{SERVICES}{query}"),
            format!("http://localhost:4646/v1/service/redis?{query}"),
            format!("{SERVICES}{query}&index=14&wait=20000ms"),
            format!("{SERVICES}{query}"),
        ]
    );
    assert_eq!(host.requests()[2].timeout_ms, Some(36_250));
    let moved = nomad(15).refresh_waiting::<Nomad>("{}", later.cursor.as_deref(), 20_000).unwrap();
    assert_eq!(full(&moved).len(), 2);
}

#[test]
fn answers_are_read_round_by_round() {
    let names: Vec<String> = (0..40).map(|n| format!(r#"{{"ServiceName":"s{n:02}"}}"#)).collect();
    let list = format!(r#"[{{"Namespace":"a","Services":[{}]}}]"#, names.join(","));
    let host = FakeHost::new()
        .http_json(SERVICES, &list)
        .http_status("http://localhost:4646/v1/service/s20", 500, "")
        .http_json("http://localhost:4646/v1/service/", REDIS);
    let error = host.refresh::<Nomad>("{}", None).unwrap_err();
    assert_eq!(error.message, "ask for service s20: the server answered with status 500");
    assert_eq!(host.requests().len(), 1 + 2 * 16, "the third round is not asked");
}

#[test]
fn a_server_without_index_is_asked_anew_each_time() {
    let host = FakeHost::new()
        .http_json(SERVICES, LIST)
        .http_json("http://localhost:4646/v1/service/", REDIS);
    let first = host.refresh_waiting::<Nomad>("{}", None, 1000).unwrap();
    let later = host.refresh_waiting::<Nomad>("{}", first.cursor.as_deref(), 1000).unwrap();
    assert_eq!(full(&later).len(), 2);
    assert_eq!(host.requests().len(), 4);
}

#[test]
fn a_bad_answer_is_an_error_that_says_why() {
    #[track_caller]
    fn check(list: (u16, &'static str), service: (u16, &'static str), reason: &str) {
        let host = FakeHost::new().http_status(SERVICES, list.0, list.1).http_status(
            "http://localhost:4646/v1/service/",
            service.0,
            service.1,
        );
        let error = host.refresh::<Nomad>("{}", None).unwrap_err();
        assert_eq!(error.message, reason);
        let is_server = list.0 >= 500 || service.0 >= 500;
        assert_eq!((error.kind, error.retryable), (ErrorKind::Protocol, is_server));
    }
    let asked = "ask for the list of services";
    check(
        (500, "No cluster leader"),
        (200, "[]"),
        &format!("{asked}: the server answered with status 500: No cluster leader"),
    );
    check(
        (403, "Permission denied"),
        (200, "[]"),
        &format!("{asked}: the server answered with status 403: Permission denied"),
    );
    check(
        (200, "<html>"),
        (200, "[]"),
        &format!("{asked}: read the answer as JSON: expected value at line 1 column 1"),
    );
    check(
        (200, r#"[{"Namespace""#),
        (200, "[]"),
        &format!(
            "{asked}: read the answer as JSON: EOF while parsing an object at line 1 column 13"
        ),
    );
    check(
        (200, "{}"),
        (200, "[]"),
        &format!(
            "{asked}: read the answer as JSON: invalid type: map, expected a sequence at line 1 column 0"
        ),
    );
    check((200, LIST), (502, ""), "ask for service redis: the server answered with status 502");
    check(
        (200, LIST),
        (200, r#"[{"Port":"http"}]"#),
        "ask for service redis: read the answer as JSON: invalid type: string \"http\", expected i64 at line 1 column 15",
    );
}

#[test]
fn a_server_that_cannot_be_reached_is_an_error_that_keeps_its_kind() {
    let host = FakeHost::new().http(SERVICES, |_| Err(Error::timeout("no answer")));
    let error = host.refresh_waiting::<Nomad>("{}", Some("3"), 1000).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Timeout, true));
    assert_eq!(error.message, "wait for a change: no answer");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config: &str| {
        let error = FakeHost::new().validate::<Nomad>(config).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        error.message
    };
    assert_eq!(refused(r#"{"server":""}"#), "server: it is missing");
    assert_eq!(refused(r#"{"server":" "}"#), "server: it is missing");
    assert_eq!(
        refused(r#"{"server":"localhost:4646"}"#),
        "server: it has no scheme, such as http://"
    );
    assert_eq!(refused(r#"{"refresh_interval":"0s"}"#), "refresh_interval: must be longer than 0");
    assert!(refused(r#"{"allow_stale":"yes"}"#).starts_with("allow_stale: invalid type"));
    assert!(refused(r#"{"token":"x"}"#).starts_with("token: unknown field"));
    assert_eq!(FakeHost::new().validate::<Nomad>("{}"), Ok(Vec::new()));
}
