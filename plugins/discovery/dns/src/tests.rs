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
            "_http._tcp.example/0 [\"a.example:8080\"] __meta_dns_name=_http._tcp.example \
             __meta_dns_srv_record_target=a.example. __meta_dns_srv_record_port=8080",
            "_http._tcp.example/1 [\"b.example:8081\"] __meta_dns_name=_http._tcp.example \
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
    assert_eq!(groups, ["web/0 [\"192.0.2.1:80\", \"192.0.2.2:80\"] __meta_dns_name=web"]);
    let (groups, _) = full(&host, r#"{"names":["web"],"type":"aaaa","port":80}"#);
    assert_eq!(groups, ["web/0 [\"[2001:db8::1]:80\"] __meta_dns_name=web"]);
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
        ["x/0 [\"mail.x:25\"] __meta_dns_name=x __meta_dns_mx_record_target=mail.x."]
    );
    let (groups, _) = full(&host, r#"{"names":["x"],"type":"NS","port":53}"#);
    assert_eq!(groups, ["x/0 [\"ns1.x:53\"] __meta_dns_name=x __meta_dns_ns_record_target=ns1.x."]);
}

#[test]
fn a_name_that_does_not_exist_has_no_targets() {
    let host = FakeHost::new().dns("gone", "A", &[]);
    let (groups, _) = full(&host, r#"{"names":["gone"],"type":"A","port":80}"#);
    assert_eq!(groups, ["gone/0 [] __meta_dns_name=gone"]);
}

#[test]
fn a_failed_lookup_is_an_error_that_keeps_the_targets() {
    let host = FakeHost::new().dns_error("a", "SRV", Error::unreachable("no nameserver answers"));
    let error = host.refresh::<Dns>(r#"{"names":["a"]}"#, None).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Unreachable, true));
    assert_eq!(error.message, "look up a: no nameserver answers");
}

#[test]
fn one_failed_name_of_two_changes_only_the_other_and_is_told() {
    let config = r#"{"names":["a","b"]}"#;
    let host = FakeHost::new().dns("a", "SRV", &["0 0 1 one.", "0 0 2 two."]).dns(
        "b",
        "SRV",
        &["0 0 3 three."],
    );
    let (_, refreshed) = full(&host, config);
    assert_eq!(refreshed.failing, None);
    let slow = |host: FakeHost| host.dns_error("b", "SRV", Error::timeout("slow"));
    let host = slow(FakeHost::new().dns("a", "SRV", &["0 0 1 one."]));
    let later = host.refresh::<Dns>(config, refreshed.cursor.as_deref()).unwrap();
    let Change::Delta(delta) = &later.change else { panic!("not a delta: {later:?}") };
    assert_eq!(delta.upsert.iter().map(|group| group.source.as_str()).collect::<Vec<_>>(), ["a/0"]);
    assert_eq!(delta.remove, ["a/1"]);
    assert_eq!(later.failing.unwrap().message, "look up b: slow");

    // The last target of a name goes also while another name fails.
    let host = slow(FakeHost::new().dns("a", "SRV", &[]));
    let last = host.refresh::<Dns>(config, later.cursor.as_deref()).unwrap();
    let Change::Delta(delta) = last.change else { panic!("not a delta: {last:?}") };
    assert_eq!((delta.upsert.len(), delta.remove), (0, vec!["a/0".to_owned()]));
}

#[test]
fn a_first_answer_tells_of_names_that_fail() {
    let host = FakeHost::new().dns("b", "SRV", &["0 0 1 one."]);
    let host = host.dns_error("a", "SRV", Error::timeout("slow"));
    let host = host.dns_error("c", "SRV", Error::timeout("slow"));
    let (groups, refreshed) = full(&host, r#"{"names":["c","b","a"]}"#);
    assert_eq!(groups.len(), 1);
    assert_eq!(refreshed.failing.unwrap().message, "look up a: slow (and 1 more)");
}

#[test]
fn many_records_and_many_names_fit_into_a_cursor() {
    let records: Vec<String> =
        (0..4096).map(|n| format!("0 0 {n} a-host-with-a-long-name-{n}.example.")).collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let host = FakeHost::new().dns("a", "SRV", &records).dns("b", "SRV", &records);
    let (groups, refreshed) = full(&host, r#"{"names":["a","b"]}"#);
    assert_eq!((groups.len(), refreshed.cursor.as_deref()), (8192, Some("[4096,4096]")));

    let names: Vec<String> = (0..10_000).map(|n| format!("a-name-{n}.example")).collect();
    let host = names.iter().fold(FakeHost::new(), |host, name| host.dns(name, "A", &["192.0.2.1"]));
    let config = narthex_sdk::json::json!({"names": names, "type": "A", "port": 1}).to_string();
    assert_eq!(full(&host, &config).0.len(), 10_000);
}

#[test]
fn another_order_of_records_is_no_change() {
    let of = |records: &[&str]| {
        let host = FakeHost::new().dns("a", "SRV", records);
        full(&host, r#"{"names":["a","a"]}"#).0
    };
    let (one, two) = ("0 0 1 one.", "0 0 2 two.");
    assert_eq!(of(&[two, one, two]), of(&[one, two]));
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config: &str| FakeHost::new().refresh::<Dns>(config, None).unwrap_err().message;
    assert_eq!(refused(r#"{"names":[]}"#), "names: at least one name is needed");
    let many = format!(r#"{{"names":[{}"a"]}}"#, r#""a","#.repeat(10_000));
    assert_eq!(refused(&many), "names: more than 10000 names");
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
