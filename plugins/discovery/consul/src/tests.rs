mod changes;
mod requests;

use narthex_sdk::{
    Change, Error, ErrorKind, Refreshed, TargetGroup,
    http::{Request, Response},
    testing::{FakeHost, answer},
};

use crate::Consul;

/// An instance as Consul 1.20 answers it, with what is not read left in.
const WEB: &str = r#"[{
    "Node": {
        "ID": "40e4a748-2192-161a-0510-9bf59fe950b5", "Node": "node-1", "Address": "10.1.10.12",
        "Datacenter": "dc1", "TaggedAddresses": {"lan": "10.1.10.12", "wan-ipv4": "192.0.2.7"},
        "Meta": {"instance-type": "m5.large"}, "CreateIndex": 7, "ModifyIndex": 9
    },
    "Service": {
        "ID": "web-1", "Service": "web", "Tags": ["primary", "v1"], "Address": "10.1.10.99",
        "TaggedAddresses": {"lan": {"Address": "10.1.10.99", "Port": 8000}},
        "Meta": {"metrics_path": "/m", "a.b": "c"}, "Port": 8000, "Namespace": "team", "Partition": "part",
        "Weights": {"Passing": 10, "Warning": 1}, "EnableTagOverride": false, "PeerName": ""
    },
    "Checks": [
        {"Node": "node-1", "CheckID": "serfHealth", "Status": "passing", "ServiceTags": []},
        {"Node": "node-1", "CheckID": "service:web-1", "Status": "warning", "ServiceTags": ["primary"]}
    ]
}]"#;

const CONFIG: &str = r#"{"datacenter":"dc1","services":["web"]}"#;

/// An answer with an index.
fn at(index: u64, body: &str) -> Response {
    answer(
        200,
        &[("content-type", "application/json"), ("x-consul-index", &index.to_string())],
        body,
    )
}

/// Instances of a service on as many nodes as there are addresses.
fn instances(addresses: &[&str]) -> String {
    let one = |address: &&str| {
        format!(r#"{{"Node":{{"Node":"n","Address":"{address}"}},"Service":{{"Port":80}}}}"#)
    };
    format!("[{}]", addresses.iter().map(one).collect::<Vec<_>>().join(","))
}

/// A Consul that answers by path.
fn consul(respond: impl Fn(&str, &Request) -> Result<Response, Error> + 'static) -> FakeHost {
    let base = "http://localhost:8500/v1";
    FakeHost::new().http(base, move |request| {
        let path = request.url.strip_prefix(base).unwrap_or_default();
        respond(path.split('?').next().unwrap_or_default(), request)
    })
}

#[track_caller]
fn full(refreshed: &Refreshed) -> &[TargetGroup] {
    let Change::Full(groups) = &refreshed.change else { panic!("not full: {refreshed:?}") };
    groups
}

fn labels(group: &TargetGroup) -> Vec<String> {
    group.labels.iter().map(|label| format!("{}={}", label.name, label.value)).collect()
}

#[test]
fn an_instance_is_a_target_with_all_labels() {
    let host = consul(|_, _| Ok(at(11, WEB)));
    let refreshed = host.refresh::<Consul>(CONFIG, None).unwrap();
    let [group] = full(&refreshed) else { panic!("one target: {refreshed:?}") };
    assert_eq!(
        (group.source.as_str(), &group.targets[..]),
        ("web/0", &["10.1.10.99:8000".into()][..])
    );
    assert_eq!(
        labels(group),
        [
            "__meta_consul_address=10.1.10.12",
            "__meta_consul_dc=dc1",
            "__meta_consul_health=warning",
            "__meta_consul_metadata_instance_type=m5.large",
            "__meta_consul_namespace=team",
            "__meta_consul_node=node-1",
            "__meta_consul_partition=part",
            "__meta_consul_service=web",
            "__meta_consul_service_address=10.1.10.99",
            "__meta_consul_service_id=web-1",
            "__meta_consul_service_metadata_a_b=c",
            "__meta_consul_service_metadata_metrics_path=/m",
            "__meta_consul_service_port=8000",
            "__meta_consul_tagged_address_lan=10.1.10.12",
            "__meta_consul_tagged_address_wan_ipv4=192.0.2.7",
            "__meta_consul_tags=,primary,v1,",
        ]
    );
    assert_eq!(refreshed.next_in_ms, Some(30_000));
}

#[test]
fn without_an_address_of_its_own_a_service_is_where_its_node_is() {
    let body = r#"[{"Node":{"Node":"n","Address":"2001:db8::5","Meta":null,"TaggedAddresses":null},
        "Service":{"ID":"x","Tags":null,"Address":"","Port":0,"Meta":null},"Checks":null}]"#;
    let host = consul(move |_, _| Ok(at(1, body)));
    let config = r#"{"datacenter":"dc1","services":["web"],"tag_separator":"|"}"#;
    let refreshed = host.refresh::<Consul>(config, None).unwrap();
    let group = &full(&refreshed)[0];
    assert_eq!(group.targets, ["[2001:db8::5]:0"]);
    assert_eq!(
        labels(group),
        [
            "__meta_consul_address=2001:db8::5",
            "__meta_consul_dc=dc1",
            "__meta_consul_health=passing",
            "__meta_consul_node=n",
            "__meta_consul_service=web",
            "__meta_consul_service_id=x",
            "__meta_consul_service_port=0",
            "__meta_consul_tags=||",
        ]
    );
}

#[test]
fn the_health_is_the_worst_of_the_checks() {
    let health = |checks: &[(&str, &str)]| {
        let checks = checks
            .iter()
            .map(|(id, status)| format!(r#"{{"CheckID":"{id}","Status":"{status}"}}"#));
        let checks = checks.collect::<Vec<_>>().join(",");
        let body = format!(r#"[{{"Node":{{}},"Service":{{}},"Checks":[{checks}]}}]"#);
        let host = consul(move |_, _| Ok(at(1, &body)));
        let refreshed = host.refresh::<Consul>(CONFIG, None).unwrap();
        let found =
            full(&refreshed)[0].labels.iter().find(|label| label.name == "__meta_consul_health");
        found.map(|label| label.value.clone()).unwrap_or_default()
    };
    assert_eq!(health(&[]), "passing");
    assert_eq!(health(&[("a", "warning"), ("b", "passing")]), "warning");
    assert_eq!(health(&[("a", "critical"), ("b", "warning")]), "critical");
    assert_eq!(health(&[("_node_maintenance", "critical"), ("b", "critical")]), "maintenance");
    assert_eq!(health(&[("_service_maintenance:web", "critical")]), "maintenance");
    assert_eq!(health(&[("a", "critical"), ("b", "odd")]), "");
}

#[test]
fn a_bad_answer_is_an_error_that_says_why() {
    #[track_caller]
    fn check(config: &str, status: u16, body: &'static str, reason: &str) {
        let host = consul(move |_, _| Ok(answer(status, &[], body)));
        let error = host.refresh::<Consul>(config, None).unwrap_err();
        assert_eq!(error.message, reason);
        assert_eq!((error.kind, error.retryable), (ErrorKind::Protocol, status >= 500));
    }
    let asked = "ask for service web: ";
    check(
        CONFIG,
        500,
        "No cluster leader",
        &format!("{asked}the server answered with status 500: No cluster leader"),
    );
    check(
        CONFIG,
        403,
        "ACL not found",
        &format!("{asked}the server answered with status 403: ACL not found"),
    );
    check(
        CONFIG,
        200,
        "<html>",
        &format!("{asked}read the answer as JSON: expected value at line 1 column 1"),
    );
    check(
        CONFIG,
        200,
        r#"[{"Node":"#,
        &format!("{asked}read the answer as JSON: EOF while parsing a value at line 1 column 9"),
    );
    check(
        CONFIG,
        200,
        r#"{"web":[]}"#,
        &format!(
            "{asked}read the answer as JSON: invalid type: map, expected a sequence at line 1 column 0"
        ),
    );
    check(
        CONFIG,
        200,
        r#"[{"Node":{"Address":1},"Service":{}}]"#,
        &format!(
            "{asked}read the answer as JSON: invalid type: integer `1`, expected a string at line 1 column 21"
        ),
    );
    check(
        r#"{"datacenter":"dc1"}"#,
        200,
        "[]",
        "ask for the list of services: read the answer as JSON: invalid type: sequence, expected a map at line 1 column 0",
    );
    check(
        "{}",
        200,
        "{}",
        "ask for the agent's datacenter: read the answer as JSON: missing field `Config` at line 1 column 2",
    );
}

#[test]
fn a_server_that_cannot_be_reached_is_an_error_that_keeps_its_kind() {
    let host = consul(|_, _| Err(Error::unreachable("connection refused")));
    let error = host.refresh::<Consul>(CONFIG, None).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Unreachable, true));
    assert_eq!(error.message, "ask for service web: connection refused");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config: &str| {
        let error = FakeHost::new().validate::<Consul>(config).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        error.message
    };
    assert_eq!(refused(r#"{"server":""}"#), "server: it is missing");
    assert_eq!(refused(r#"{"server":"  "}"#), "server: it is missing");
    assert_eq!(
        refused(r#"{"server":"ftp://a"}"#),
        "server: its scheme must be http, https, tcp or unix"
    );
    assert_eq!(refused(r#"{"server":"http://"}"#), "server: it has no host");
    assert!(refused(r#"{"scheme":"gopher"}"#).starts_with("scheme: unknown variant `gopher`"));
    assert_eq!(refused(r#"{"refresh_interval":"0s"}"#), "refresh_interval: must be longer than 0");
    assert!(refused(r#"{"service":["a"]}"#).starts_with("service: unknown field"));
    assert_eq!(FakeHost::new().validate::<Consul>("{}"), Ok(Vec::new()));
}
