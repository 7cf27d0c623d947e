use narthex_sdk::{Change, Error, ErrorKind, Refreshed, TargetGroup, testing::FakeHost};

use crate::Dns;

/// Groups as `source [targets] name=value …`.
fn shown(groups: &[TargetGroup]) -> Vec<String> {
    let labels = |group: &TargetGroup| {
        group
            .labels
            .iter()
            .map(|label| format!(" {}={}", label.name, label.value))
            .collect::<String>()
    };
    groups
        .iter()
        .map(|group| format!("{} {:?}{}", group.source, group.targets, labels(group)))
        .collect()
}

#[track_caller]
fn full(host: &FakeHost, config: &str) -> (Vec<String>, Refreshed) {
    let refreshed = host.refresh::<Dns>(config, None).unwrap();
    let Change::Full(groups) = &refreshed.change else { panic!("not full: {refreshed:?}") };
    (shown(groups), refreshed)
}

#[test]
fn each_service_is_a_target_with_its_labels() {
    let host = FakeHost::new().dns(
        "_http._tcp.example",
        "SRV",
        &["0 5 8080 a.example.", "0 5 8081 b.example."],
    );
    let (groups, refreshed) =
        full(&host, r#"{"names":["_http._tcp.example"],"refresh_interval":"1m"}"#);
    assert_eq!(
        groups,
        [
            "_http._tcp.example/a.example:8080 [\"a.example:8080\"] __meta_dns_name=_http._tcp.example \
             __meta_dns_srv_record_target=a.example. __meta_dns_srv_record_port=8080",
            "_http._tcp.example/b.example:8081 [\"b.example:8081\"] __meta_dns_name=_http._tcp.example \
             __meta_dns_srv_record_target=b.example. __meta_dns_srv_record_port=8081",
        ]
    );
    assert_eq!(refreshed.next_in_ms, Some(60_000));
}

#[test]
fn addresses_of_a_name_are_one_group() {
    let host = FakeHost::new().dns("web", "A", &["192.0.2.1", "192.0.2.2"]).dns(
        "web",
        "AAAA",
        &["2001:db8::1"],
    );
    let (groups, _) = full(&host, r#"{"names":["web"],"type":"A","port":80}"#);
    assert_eq!(groups, ["web [\"192.0.2.1:80\", \"192.0.2.2:80\"] __meta_dns_name=web"]);
    let (groups, _) = full(&host, r#"{"names":["web"],"type":"aaaa","port":80}"#);
    assert_eq!(groups, ["web [\"[2001:db8::1]:80\"] __meta_dns_name=web"]);
}

#[test]
fn the_type_may_be_written_in_any_case() {
    let host = FakeHost::new().dns("x", "SRV", &["0 0 1 a."]).dns("x", "NS", &["ns1."]);
    assert_eq!(full(&host, r#"{"names":["x"],"type":"srv"}"#).0.len(), 1);
    assert_eq!(full(&host, r#"{"names":["x"],"type":"Ns","port":53}"#).0.len(), 1);
}

#[test]
fn mail_exchangers_and_name_servers_take_the_configured_port() {
    let host = FakeHost::new().dns("x", "MX", &["10 mail.x."]).dns("x", "NS", &["ns1.x."]);
    let (groups, _) = full(&host, r#"{"names":["x"],"type":"MX","port":25}"#);
    assert_eq!(
        groups,
        ["x/mail.x:25 [\"mail.x:25\"] __meta_dns_name=x __meta_dns_mx_record_target=mail.x."]
    );
    let (groups, _) = full(&host, r#"{"names":["x"],"type":"NS","port":53}"#);
    assert_eq!(
        groups,
        ["x/ns1.x:53 [\"ns1.x:53\"] __meta_dns_name=x __meta_dns_ns_record_target=ns1.x."]
    );
}

#[test]
fn a_name_that_does_not_exist_has_no_targets() {
    let host = FakeHost::new().dns("gone", "A", &[]);
    let (groups, _) = full(&host, r#"{"names":["gone"],"type":"A","port":80}"#);
    assert_eq!(groups, ["gone [] __meta_dns_name=gone"]);
}

#[test]
fn a_failed_lookup_is_an_error_that_keeps_the_targets() {
    let host = FakeHost::new().dns_error("a", "SRV", Error::unreachable("no nameserver answers"));
    let error = host.refresh::<Dns>(r#"{"names":["a"]}"#, None).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Unreachable, true));
    assert_eq!(error.message, "look up a: no nameserver answers");
}

#[test]
fn one_failed_name_of_two_changes_only_the_other() {
    let config = r#"{"names":["a","b"]}"#;
    let host = FakeHost::new().dns("a", "SRV", &["0 0 1 one.", "0 0 2 two."]).dns(
        "b",
        "SRV",
        &["0 0 3 three."],
    );
    let (_, refreshed) = full(&host, config);
    let host = FakeHost::new().dns("a", "SRV", &["0 0 1 one."]).dns_error(
        "b",
        "SRV",
        Error::timeout("slow"),
    );
    let later = host.refresh::<Dns>(config, refreshed.cursor.as_deref()).unwrap();
    let Change::Delta(delta) = later.change else { panic!("not a delta: {later:?}") };
    assert_eq!(
        delta.upsert.iter().map(|group| group.source.as_str()).collect::<Vec<_>>(),
        ["a/one:1"]
    );
    assert_eq!(delta.remove, ["a/two:2"]);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config: &str| FakeHost::new().refresh::<Dns>(config, None).unwrap_err().message;
    assert_eq!(refused(r#"{"names":[]}"#), "names: at least one name is needed");
    assert_eq!(
        refused(r#"{"names":["a"],"type":"A"}"#),
        "port: needed for all record types except SRV"
    );
    assert_eq!(
        refused(r#"{"names":["a"],"type":"TXT"}"#),
        "type: \"TXT\" is none of SRV, A, AAAA, MX and NS"
    );
    assert!(
        refused(r#"{"names":["a"],"refresh_interval":"often"}"#)
            .starts_with("refresh_interval: not a duration")
    );
    assert_eq!(refused("{}"), "missing field `names`");
}
