use narthex_sdk::{
    Change, Error, ErrorKind, TargetGroup,
    testing::{FakeHost, answer},
};

use crate::Docker;

const CONFIG: &str = r#"{"host":"unix:///var/run/docker.sock"}"#;
const BASE: &str = "http+unix://%2Fvar%2Frun%2Fdocker.sock";

/// As Docker 27 answers, with what is not read left in.
const CONTAINERS: &str = r#"[{
    "Id": "c301b928faceb1a1", "Names": ["/shop_web_1", "/shop_proxy_1/web"], "Image": "nginx:1.27",
    "ImageID": "sha256:c19ae228f0699185", "Command": "nginx", "Created": 1616273136,
    "Ports": [
        {"PrivatePort": 53, "Type": "udp"},
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"PrivatePort": 9100, "Type": "tcp"}
    ],
    "Labels": {"com.docker.compose.project": "shop", "prometheus-job": "web"},
    "State": "running", "Status": "Up 40 seconds", "HostConfig": {"NetworkMode": "shop_default"},
    "NetworkSettings": {"Networks": {
        "shop_front": {"NetworkID": "n2", "IPAddress": "172.20.0.3", "GlobalIPv6Address": ""},
        "shop_default": {"IPAMConfig": null, "NetworkID": "n1", "IPAddress": "172.19.0.2", "GlobalIPv6Address": "2001:db8::2"}
    }},
    "Mounts": []
}]"#;
const NETWORKS: &str = r#"[
    {"Name": "shop_default", "Id": "n1", "Scope": "local", "Driver": "bridge", "Internal": false, "Ingress": false,
     "Containers": {}, "Options": {}, "Labels": {"com.docker.compose.network": "default"}},
    {"Name": "shop_front", "Id": "n2", "Scope": "swarm", "Internal": true, "Ingress": true, "Labels": null}
]"#;

fn engine(containers: &str) -> FakeHost {
    FakeHost::new()
        .http_json(&format!("{BASE}/containers/json"), containers)
        .http_json(&format!("{BASE}/networks"), NETWORKS)
}

#[track_caller]
fn found(containers: &str, config: &str) -> Vec<TargetGroup> {
    let refreshed = engine(containers).refresh::<Docker>(config, None).unwrap();
    let Change::Full(groups) = refreshed.change else { panic!("not full") };
    groups
}

#[track_caller]
fn addresses(containers: &str, more: &str) -> Vec<String> {
    let config = format!(r#"{{"host":"unix:///var/run/docker.sock"{more}}}"#);
    found(containers, &config).into_iter().flat_map(|group| group.targets).collect()
}

fn labels(group: &TargetGroup) -> Vec<String> {
    group.labels.iter().map(|label| format!("{}={}", label.name, label.value)).collect()
}

/// A container with this mode, these ports and these networks.
fn container(id: &str, mode: &str, ports: &str, networks: &str) -> String {
    format!(
        r#"{{"Id":"{id}","Names":["/{id}"],"Ports":{ports},"HostConfig":{{"NetworkMode":"{mode}"}},
            "NetworkSettings":{{"Networks":{networks}}}}}"#
    )
}

#[test]
fn each_tcp_port_is_a_target_with_all_labels() {
    let groups = found(CONTAINERS, CONFIG);
    let sources: Vec<_> = groups.iter().map(|group| group.source.as_str()).collect();
    assert_eq!(
        sources,
        [
            "c301b928faceb1a1/shop_web_1/shop_default/0",
            "c301b928faceb1a1/shop_web_1/shop_default/1"
        ]
    );
    assert_eq!(groups[0].targets, ["172.19.0.2:80"]);
    let common = [
        "__meta_docker_container_id=c301b928faceb1a1",
        "__meta_docker_container_image=nginx:1.27",
        "__meta_docker_container_image_id=sha256:c19ae228f0699185",
        "__meta_docker_container_label_com_docker_compose_project=shop",
        "__meta_docker_container_label_prometheus_job=web",
        "__meta_docker_container_name=/shop_web_1",
        "__meta_docker_container_network_mode=shop_default",
        "__meta_docker_network_id=n1",
        "__meta_docker_network_ingress=false",
        "__meta_docker_network_internal=false",
        "__meta_docker_network_ip=172.19.0.2",
        "__meta_docker_network_label_com_docker_compose_network=default",
        "__meta_docker_network_name=shop_default",
        "__meta_docker_network_scope=local",
    ];
    let with = |own: &[&'static str]| [&common[..], own].concat();
    assert_eq!(
        labels(&groups[0]),
        with(&[
            "__meta_docker_port_private=80",
            "__meta_docker_port_public=8080",
            "__meta_docker_port_public_ip=0.0.0.0",
        ])
    );
    assert_eq!(groups[1].targets, ["172.19.0.2:9100"]);
    assert_eq!(labels(&groups[1]), with(&["__meta_docker_port_private=9100"]));
}

#[test]
fn a_container_is_found_in_its_first_network_or_in_all() {
    assert_eq!(addresses(CONTAINERS, ""), ["172.19.0.2:80", "172.19.0.2:9100"]);
    assert_eq!(
        addresses(CONTAINERS, r#","match_first_network":false"#),
        ["172.19.0.2:80", "172.19.0.2:9100", "172.20.0.3:80", "172.20.0.3:9100"]
    );
    let null_first = container("a", "x", "[]", r#"{"a":null,"b":{"IPAddress":"10.0.0.1"}}"#);
    assert_eq!(addresses(&format!("[{null_first}]"), ""), ["10.0.0.1:80"]);
}

#[test]
fn without_a_tcp_port_the_configured_one_is_taken() {
    let network = r#"{"n":{"IPAddress":"10.0.0.1"}}"#;
    let none = container("a", "n", "null", network);
    let udp = container("b", "n", r#"[{"PrivatePort":53,"Type":"udp"}]"#, network);
    assert_eq!(
        addresses(&format!("[{none},{udp}]"), r#","port":9100"#),
        ["10.0.0.1:9100", "10.0.0.1:9100"]
    );
}

#[test]
fn a_container_in_the_hosts_network_is_where_the_configuration_says() {
    let host = format!("[{}]", container("a", "host", "[]", r#"{"host":{"IPAddress":""}}"#));
    assert_eq!(addresses(&host, ""), ["localhost"]);
    assert_eq!(addresses(&host, r#","host_networking_host":"node:9100""#), ["node:9100"]);
}

#[test]
fn a_container_may_share_the_networks_of_another() {
    let ports = r#"[{"PrivatePort":1,"Type":"tcp"}]"#;
    let owner = container("owner", "n", "[]", r#"{"n":{"IPAddress":"10.0.0.1"}}"#);
    let between = container("between", "container:owner", "[]", "{}");
    let last = container("last", "container:between", ports, "{}");
    let lost = container("lost", "container:gone", ports, "{}");
    let itself = container("itself", "container:itself", ports, "null");
    assert_eq!(
        addresses(&format!("[{last},{owner},{lost},{between},{itself}]"), ""),
        ["10.0.0.1:1", "10.0.0.1:80", "10.0.0.1:80"]
    );
}

#[test]
fn addresses_of_version_6_get_brackets() {
    let six = r#"{"n":{"IPAddress":"","GlobalIPv6Address":"2001:db8::7"}}"#;
    let ports = r#"[{"IP":"::","PrivatePort":80,"PublicPort":80,"Type":"tcp"}]"#;
    let groups = found(&format!("[{}]", container("a", "n", ports, six)), CONFIG);
    assert_eq!(groups[0].targets, ["[2001:db8::7]:80"]);
    assert!(labels(&groups[0]).contains(&"__meta_docker_network_ip=2001:db8::7".to_owned()));
    assert!(labels(&groups[0]).contains(&"__meta_docker_port_public_ip=::".to_owned()));
}

#[test]
fn what_has_no_name_or_no_network_is_no_target() {
    let nameless = r#"{"Id":"a","Names":[],"NetworkSettings":{"Networks":{"n":{}}}}"#;
    let placeless = r#"{"Id":"b","Names":["/b"],"NetworkSettings":null}"#;
    assert_eq!(addresses(&format!("[{nameless},{placeless}]"), ""), [""; 0]);
    assert_eq!(addresses("null", ""), [""; 0]);
}

#[test]
fn every_key_reaches_the_question() {
    let host = FakeHost::new().http_json("http://engine:2375/base/", "[]");
    let config = r#"{"host":"tcp://engine:2375/base/","refresh_interval":"5s","filters":[
        {"name":"label","values":["b","a=1"]},{"name":"label","values":["c"]},{"name":"none","values":[]}]}"#;
    let refreshed = host.refresh::<Docker>(config, None).unwrap();
    assert_eq!((refreshed.next_in_ms, refreshed.cursor), (Some(5000), None));
    let urls: Vec<_> = host.requests().into_iter().map(|request| request.url).collect();
    let filters = "%7B%22label%22%3A%7B%22a%3D1%22%3Atrue%2C%22b%22%3Atrue%2C%22c%22%3Atrue%7D%7D";
    assert_eq!(
        urls,
        [
            format!("http://engine:2375/base/containers/json?filters={filters}"),
            "http://engine:2375/base/networks".to_owned(),
        ]
    );
    assert_eq!(host.requests()[0].timeout_ms, Some(5000));
}

#[test]
fn a_bad_answer_is_an_error_that_says_why() {
    #[track_caller]
    fn check(containers: (u16, &str), networks: (u16, &str), reason: &str) {
        let host = FakeHost::new()
            .http_status(&format!("{BASE}/containers/json"), containers.0, containers.1)
            .http_status(&format!("{BASE}/networks"), networks.0, networks.1);
        let error = host.refresh::<Docker>(CONFIG, None).unwrap_err();
        assert_eq!(error.message, format!("ask for the list of {reason}"));
        let is_server = containers.0 >= 500 || networks.0 >= 500;
        assert_eq!((error.kind, error.retryable), (ErrorKind::Protocol, is_server));
    }
    check(
        (400, r#"{"message":"invalid filter 'x'"}"#),
        (200, "[]"),
        r#"containers: the server answered with status 400: {"message":"invalid filter 'x'"}"#,
    );
    check((200, "[]"), (503, ""), "networks: the server answered with status 503");
    check(
        (200, "<html>"),
        (200, "[]"),
        "containers: read the answer as JSON: expected value at line 1 column 1",
    );
    check(
        (200, r#"[{"Id":"a""#),
        (200, "[]"),
        "containers: read the answer as JSON: EOF while parsing an object at line 1 column 10",
    );
    check(
        (200, r#"[{"Ports":[{"PrivatePort":70000}]}]"#),
        (200, "[]"),
        "containers: read the answer as JSON: invalid value: integer `70000`, expected u16 at line 1 column 31",
    );
    check(
        (200, "[]"),
        (200, r#"{"message":"page not found"}"#),
        "networks: read the answer as JSON: invalid type: map, expected a sequence at line 1 column 0",
    );
}

#[test]
fn an_engine_that_cannot_be_reached_is_an_error_that_keeps_its_kind() {
    let host = FakeHost::new().http(BASE, |_| Err(Error::unreachable("no such socket")));
    let error = host.refresh::<Docker>(CONFIG, None).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Unreachable, true));
    assert_eq!(error.message, "ask for the list of containers: no such socket");
}

#[test]
fn an_answer_without_end_is_refused() {
    let host = FakeHost::new().http(BASE, |_| {
        let mut cut = answer(200, &[], "[]");
        cut.truncated = true;
        Ok(cut)
    });
    let error = host.refresh::<Docker>(CONFIG, None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Exhausted);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config: &str| {
        let error = FakeHost::new().validate::<Docker>(config).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        error.message
    };
    assert_eq!(refused("{}"), "missing field `host`");
    assert_eq!(refused(r#"{"host":""}"#), "host: it is missing");
    assert_eq!(
        refused(r#"{"host":"/var/run/docker.sock"}"#),
        "host: it has no scheme, such as http://"
    );
    assert_eq!(
        refused(r#"{"host":"npipe:////./pipe/docker"}"#),
        "host: its scheme must be http, https, tcp or unix"
    );
    assert!(refused(r#"{"host":"tcp://a","port":"http"}"#).starts_with("port: invalid type"));
    assert!(
        refused(r#"{"host":"tcp://a","filters":[{"name":"x","value":"y"}]}"#)
            .starts_with("filters[0].value: unknown field")
    );
    assert_eq!(
        refused(r#"{"host":"tcp://a","refresh_interval":"0s"}"#),
        "refresh_interval: must be longer than 0"
    );
    assert_eq!(FakeHost::new().validate::<Docker>(CONFIG), Ok(Vec::new()));
}
