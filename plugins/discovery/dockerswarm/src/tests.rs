use narthex_sdk::{Change, Error, ErrorKind, TargetGroup, testing::FakeHost};

use crate::DockerSwarm;

const BASE: &str = "http://manager:2375";

/// As the managers of a swarm answer, with some of what is not read left in.
const NODES: &str = r#"[{
    "ID": "node1", "Version": {"Index": 46}, "CreatedAt": "2020-06-19T19:14:12.712080369Z",
    "Spec": {"Labels": {"rack.id": "7"}, "Role": "manager", "Availability": "active"},
    "Description": {
        "Hostname": "master-3", "Platform": {"Architecture": "x86_64", "OS": "linux"},
        "Resources": {"NanoCPUs": 8000000000}, "Engine": {"EngineVersion": "27.3.1", "Plugins": []}
    },
    "Status": {"State": "ready", "Addr": "10.0.232.3"},
    "ManagerStatus": {"Leader": true, "Reachability": "reachable", "Addr": "10.0.232.3:2377"}
}, {
    "ID": "node2", "Spec": {"Labels": null, "Role": "worker", "Availability": "drain"}, "Description": {},
    "Status": {"State": "down", "Addr": "2001:db8::3"}
}]"#;
const SERVICES: &str = r#"[{
    "ID": "svc1",
    "Spec": {
        "Name": "mon_node", "Labels": {"com.docker.stack.namespace": "mon"},
        "TaskTemplate": {"ContainerSpec": {"Image": "node:1", "Hostname": "h", "Labels": {}}, "Runtime": "container"},
        "Mode": {"Replicated": {"Replicas": 2}}
    },
    "Endpoint": {
        "Spec": {"Mode": "vip"},
        "Ports": [
            {"Name": "web", "Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"},
            {"Protocol": "udp", "TargetPort": 53, "PublishedPort": 53, "PublishMode": "host"}
        ],
        "VirtualIPs": [{"NetworkID": "net1", "Addr": "10.0.0.7/24"}, {"NetworkID": "net2", "Addr": ""}]
    },
    "UpdateStatus": {"State": "completed"}
}, {
    "ID": "svc2", "Spec": {"Name": "global", "TaskTemplate": {}, "Mode": {"Global": {}}},
    "Endpoint": {"VirtualIPs": [{"NetworkID": "lost", "Addr": "2001:db8::9/64"}]}
}]"#;
const TASKS: &str = r#"[{
    "ID": "task1", "ServiceID": "svc1", "NodeID": "node1", "Slot": 2, "DesiredState": "running", "Labels": {},
    "Spec": {"ContainerSpec": {"Image": "node:1", "Labels": {"com.docker.stack.namespace": "mon"}}},
    "Status": {
        "State": "starting", "ContainerStatus": {"ContainerID": "a137690f", "PID": 555},
        "PortStatus": {"Ports": [
            {"Protocol": "tcp", "TargetPort": 9100, "PublishedPort": 19100, "PublishMode": "host"},
            {"Protocol": "udp", "TargetPort": 1, "PublishedPort": 1, "PublishMode": "host"}
        ]}
    },
    "NetworksAttachments": [{"Network": {"ID": "net1", "Spec": {"Name": "ingress"}}, "Addresses": ["10.0.0.8/24"]}]
}, {
    "ID": "task2", "ServiceID": "svc2", "NodeID": "node2", "DesiredState": "shutdown", "Spec": {},
    "Status": {"State": "failed", "PortStatus": {}},
    "NetworksAttachments": [{"Network": {"ID": "lost"}, "Addresses": ["10.0.1.2/24", ""]}]
}]"#;
const NETWORKS: &str = r#"[{"Name": "ingress", "Id": "net1", "Scope": "swarm", "Internal": false, "Ingress": true,
    "Labels": {"a.b": "c"}}]"#;

fn swarm() -> FakeHost {
    FakeHost::new()
        .http_json(&format!("{BASE}/nodes"), NODES)
        .http_json(&format!("{BASE}/services"), SERVICES)
        .http_json(&format!("{BASE}/tasks"), TASKS)
        .http_json(&format!("{BASE}/networks"), NETWORKS)
}

#[track_caller]
fn found(role: &str) -> Vec<TargetGroup> {
    let config = format!(r#"{{"host":"tcp://manager:2375","role":"{role}","port":9323}}"#);
    let refreshed = swarm().refresh::<DockerSwarm>(&config, None).unwrap();
    assert_eq!((refreshed.next_in_ms, refreshed.cursor), (Some(60_000), None));
    let Change::Full(groups) = refreshed.change else { panic!("not full") };
    let mut sources: Vec<_> = groups.iter().map(|group| group.source.clone()).collect();
    sources.sort();
    sources.dedup();
    assert_eq!(sources.len(), groups.len(), "each source is one target's");
    groups
}

/// A group as its address and labels, without what the names of all labels begin with.
#[track_caller]
fn check(group: &TargetGroup, address: &str, labels: &[&str]) {
    assert_eq!(group.targets, [address]);
    let shown = group.labels.iter().map(|label| format!("{}={}", label.name, label.value));
    let short: Vec<_> =
        shown.map(|text| text.strip_prefix("__meta_dockerswarm_").unwrap().to_owned()).collect();
    assert_eq!(short, labels);
}

#[test]
fn a_node_is_a_target_with_all_labels() {
    let groups = found("nodes");
    assert_eq!(groups.len(), 2);
    check(
        &groups[0],
        "10.0.232.3:9323",
        &[
            "node_address=10.0.232.3",
            "node_availability=active",
            "node_engine_version=27.3.1",
            "node_hostname=master-3",
            "node_id=node1",
            "node_label_rack_id=7",
            "node_manager_address=10.0.232.3:2377",
            "node_manager_leader=true",
            "node_manager_reachability=reachable",
            "node_platform_architecture=x86_64",
            "node_platform_os=linux",
            "node_role=manager",
            "node_status=ready",
        ],
    );
    check(
        &groups[1],
        "[2001:db8::3]:9323",
        &[
            "node_address=2001:db8::3",
            "node_availability=drain",
            "node_id=node2",
            "node_role=worker",
            "node_status=down",
        ],
    );
}

#[test]
fn a_port_of_a_service_is_a_target_with_all_labels() {
    let groups = found("services");
    assert_eq!(groups.len(), 2);
    check(
        &groups[0],
        "10.0.0.7:8080",
        &[
            "network_id=net1",
            "network_ingress=true",
            "network_internal=false",
            "network_label_a_b=c",
            "network_name=ingress",
            "network_scope=swarm",
            "service_endpoint_port_name=web",
            "service_endpoint_port_publish_mode=ingress",
            "service_id=svc1",
            "service_label_com_docker_stack_namespace=mon",
            "service_mode=replicated",
            "service_name=mon_node",
            "service_task_container_hostname=h",
            "service_task_container_image=node:1",
            "service_updating_status=completed",
        ],
    );
    check(
        &groups[1],
        "[2001:db8::9]:9323",
        &["service_id=svc2", "service_mode=global", "service_name=global"],
    );
}

#[test]
fn a_task_is_a_target_at_its_node_and_in_its_networks() {
    let groups = found("tasks");
    assert_eq!(groups.len(), 3);
    let task1 = [
        "container_label_com_docker_stack_namespace=mon",
        "node_address=10.0.232.3",
        "node_availability=active",
        "node_hostname=master-3",
        "node_id=node1",
        "node_label_rack_id=7",
        "node_platform_architecture=x86_64",
        "node_platform_os=linux",
        "node_role=manager",
        "node_status=ready",
        "service_id=svc1",
        "service_label_com_docker_stack_namespace=mon",
        "service_mode=replicated",
        "service_name=mon_node",
        "task_container_id=a137690f",
        "task_desired_state=running",
        "task_id=task1",
    ];
    check(
        &groups[0],
        "10.0.232.3:19100",
        &[&task1[..], &["task_port_publish_mode=host", "task_slot=2", "task_state=starting"]]
            .concat(),
    );
    let network = [
        "network_id=net1",
        "network_ingress=true",
        "network_internal=false",
        "network_label_a_b=c",
        "network_name=ingress",
        "network_scope=swarm",
    ];
    let (container, rest) = task1.split_at(1);
    check(
        &groups[1],
        "10.0.0.8:8080",
        &[
            container,
            &network,
            rest,
            &["task_port_publish_mode=ingress", "task_slot=2", "task_state=starting"],
        ]
        .concat(),
    );
    check(
        &groups[2],
        "10.0.1.2:9323",
        &[
            "node_address=2001:db8::3",
            "node_availability=drain",
            "node_id=node2",
            "node_role=worker",
            "node_status=down",
            "service_id=svc2",
            "service_mode=global",
            "service_name=global",
            "task_desired_state=shutdown",
            "task_id=task2",
            "task_slot=0",
            "task_state=failed",
        ],
    );
}

#[test]
fn filters_choose_what_has_the_role_and_nothing_else() {
    let urls = |role: &str| {
        let config = format!(
            r#"{{"host":"tcp://manager:2375","role":"{role}","filters":[{{"name":"name","values":["a"]}}]}}"#
        );
        let host = FakeHost::new().http_json(BASE, "[]");
        host.refresh::<DockerSwarm>(&config, None).unwrap();
        let urls = host.requests().into_iter().map(|request| request.url);
        urls.map(|url| url.strip_prefix(BASE).unwrap().to_owned()).collect::<Vec<_>>()
    };
    let filters = "?filters=%7B%22name%22%3A%7B%22a%22%3Atrue%7D%7D";
    assert_eq!(urls("nodes"), [format!("/nodes{filters}")]);
    assert_eq!(urls("services"), [format!("/services{filters}"), "/networks".into()]);
    assert_eq!(
        urls("tasks"),
        [format!("/tasks{filters}"), "/services".into(), "/nodes".into(), "/networks".into()]
    );
}

#[test]
fn a_bad_answer_is_an_error_that_says_why() {
    #[track_caller]
    fn check(role: &str, path: &str, status: u16, body: &str, reason: &str) {
        let host = FakeHost::new()
            .http_status(&format!("{BASE}{path}"), status, body)
            .http_json(BASE, "[]");
        let config = format!(r#"{{"host":"tcp://manager:2375","role":"{role}"}}"#);
        let error = host.refresh::<DockerSwarm>(&config, None).unwrap_err();
        assert_eq!(error.message, reason);
        assert_eq!((error.kind, error.retryable), (ErrorKind::Protocol, status >= 500));
    }
    check(
        "nodes",
        "/nodes",
        503,
        r#"{"message":"This node is not a swarm manager."}"#,
        r#"ask for the list of nodes: the server answered with status 503: {"message":"This node is not a swarm manager."}"#,
    );
    for (role, path, what) in [
        ("services", "/services", "services"),
        ("services", "/networks", "networks"),
        ("tasks", "/tasks", "tasks"),
        ("tasks", "/services", "services"),
        ("tasks", "/nodes", "nodes"),
        ("tasks", "/networks", "networks"),
    ] {
        let reason = format!(
            "ask for the list of {what}: read the answer as JSON: EOF while parsing a list at line 1 column 1"
        );
        check(role, path, 200, "[", &reason);
    }
    check(
        "services",
        "/services",
        200,
        r#"[{"Spec":{"Name":"web"},"Endpoint":{"VirtualIPs":[{"Addr":"10.0.0.1/33"}]}}]"#,
        "service web: \"10.0.0.1/33\" is no address of a network",
    );
    check(
        "tasks",
        "/tasks",
        200,
        r#"[{"ID":"t","NetworksAttachments":[{"Addresses":["10.0.0.1"]}]}]"#,
        "task t: \"10.0.0.1\" is no address of a network",
    );
    check(
        "nodes",
        "/nodes",
        200,
        r#"[{"Status":{"Addr":7}}]"#,
        "ask for the list of nodes: read the answer as JSON: invalid type: integer `7`, expected a string at line 1 column 20",
    );
}

#[test]
fn a_manager_that_cannot_be_reached_is_an_error_that_keeps_its_kind() {
    let host = FakeHost::new().http(BASE, |_| Err(Error::timeout("no answer")));
    let config = r#"{"host":"tcp://manager:2375","role":"tasks"}"#;
    let error = host.refresh::<DockerSwarm>(config, None).unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Timeout, true));
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config: &str| {
        let error = FakeHost::new().validate::<DockerSwarm>(config).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        error.message
    };
    assert_eq!(refused(r#"{"role":"tasks"}"#), "missing field `host`");
    assert_eq!(refused(r#"{"host":"","role":"tasks"}"#), "host: it is missing");
    assert_eq!(refused(r#"{"host":"tcp://a"}"#), "missing field `role`");
    assert!(
        refused(r#"{"host":"tcp://a","role":"containers"}"#)
            .starts_with("role: unknown variant `containers`")
    );
    assert_eq!(
        refused(r#"{"host":"tcp://a","role":"tasks","refresh_interval":"0s"}"#),
        "refresh_interval: must be longer than 0"
    );
    let good = r#"{"host":"tcp://a","role":"tasks"}"#;
    assert_eq!(FakeHost::new().validate::<DockerSwarm>(good), Ok(Vec::new()));
}
