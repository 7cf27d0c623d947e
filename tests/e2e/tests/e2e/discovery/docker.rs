use narthex_harness::{Replies, TempFolder};

use super::{host, wait_for_targets};

const CONTAINER: &str = r#"[{"Id":"c301b928","Names":["/shop_web_1"],"Image":"nginx:1.27","ImageID":"sha256:c19a",
    "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],"Labels":{"prometheus-job":"web"},
    "HostConfig":{"NetworkMode":"shop"},
    "NetworkSettings":{"Networks":{"shop":{"NetworkID":"n1","IPAddress":"172.19.0.2","GlobalIPv6Address":""}}}}]"#;
const NETWORKS: &str =
    r#"[{"Name":"shop","Id":"n1","Scope":"local","Internal":false,"Ingress":false,"Labels":{}}]"#;

/// The container as a target.
const SHOWN: &str = "172.19.0.2:80 __meta_docker_container_id=c301b928 \
    __meta_docker_container_image=nginx:1.27 __meta_docker_container_image_id=sha256:c19a \
    __meta_docker_container_label_prometheus_job=web __meta_docker_container_name=/shop_web_1 \
    __meta_docker_container_network_mode=shop __meta_docker_network_id=n1 __meta_docker_network_ingress=false \
    __meta_docker_network_internal=false __meta_docker_network_ip=172.19.0.2 __meta_docker_network_name=shop \
    __meta_docker_network_scope=local __meta_docker_port_private=80 __meta_docker_port_public=8080 \
    __meta_docker_port_public_ip=0.0.0.0";

#[track_caller]
fn containers_are_followed(engine: &Replies, address: &str) {
    engine.json("/containers/json", CONTAINER);
    engine.json("/networks", NETWORKS);
    let items = format!("{{ host: '{address}', refresh_interval: 1s }}");
    let host = host("docker", &items).start();
    wait_for_targets(&host, &[SHOWN]);
    engine.json("/containers/json", "[]");
    wait_for_targets(&host, &[]);
    host.stop();
}

#[test]
fn containers_are_found_over_tcp() {
    let engine = Replies::start();
    containers_are_followed(&engine, &format!("tcp://{}", engine.address()));
}

#[test]
fn containers_are_found_over_a_socket() {
    let folder = TempFolder::new();
    let socket = folder.path().join("docker.sock");
    let engine = Replies::on_socket(&socket);
    containers_are_followed(&engine, &format!("unix://{}", socket.display()));
}

#[test]
fn nodes_of_a_swarm_are_found() {
    let manager = Replies::start();
    manager.json("/nodes", r#"[{"ID":"n1","Spec":{"Role":"manager","Availability":"active"},"Status":{"State":"ready","Addr":"10.0.0.1"}}]"#);
    let items = format!(
        "{{ host: 'http://{}', role: nodes, port: 9323, basic_auth: {{ username: a, password: b }} }}",
        manager.address()
    );
    let host = host("dockerswarm", &items).start();
    wait_for_targets(
        &host,
        &[
            "10.0.0.1:9323 __meta_dockerswarm_node_address=10.0.0.1 __meta_dockerswarm_node_availability=active \
           __meta_dockerswarm_node_id=n1 __meta_dockerswarm_node_role=manager __meta_dockerswarm_node_status=ready",
        ],
    );
    assert_eq!(manager.requests()[0].header("authorization"), Some("Basic YTpi"));
    host.stop();
}
