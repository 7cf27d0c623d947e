use narthex_sdk::{Json, json::json};

use super::{
    Cluster, OF_WEB_POD, OF_WEB_SERVICE, all_attached, config, found, labels, sorted, web_pod,
    web_service, with_attachments,
};
use crate::Kubernetes;

const ENDPOINTS: &str = "/api/v1/endpoints";

fn endpoints(subsets: &Json) -> Json {
    json!({
        "metadata": {
            "name": "web", "namespace": "shop", "uid": "1", "resourceVersion": "43",
            "labels": { "l": "1" }, "annotations": { "n": "2" },
        },
        "subsets": subsets,
    })
}

fn pod_reference() -> Json {
    json!({ "kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "0b7c" })
}

#[test]
fn addresses_and_other_ports_of_their_pods_are_targets_with_all_labels() {
    let subsets = json!([{
        "addresses": [{ "ip": "10.1.0.7", "hostname": "h", "nodeName": "worker-1", "targetRef": pod_reference() }],
        "notReadyAddresses": [{ "ip": "10.1.0.8" }],
        "ports": [{ "name": "http", "port": 8080, "protocol": "SCTP" }],
    }]);
    let cluster = with_attachments(Cluster::new())
        .with(ENDPOINTS, &[endpoints(&subsets)])
        .with("/api/v1/services", &[web_service()])
        .with("/api/v1/pods", &[web_pod()]);
    let groups = found(&cluster, json!({ "role": "endpoints", "attach_metadata": all_attached() }));
    let own = [
        "endpoints_annotation_n=2",
        "endpoints_annotationpresent_n=true",
        "endpoints_label_l=1",
        "endpoints_labelpresent_l=true",
        "endpoints_name=web",
        "namespace=shop",
        "namespace_annotation_owner=o",
        "namespace_annotationpresent_owner=true",
        "namespace_label_tier=gold",
        "namespace_labelpresent_tier=true",
    ];
    let ready = [
        "endpoint_address_target_kind=Pod",
        "endpoint_address_target_name=web-1",
        "endpoint_hostname=h",
        "endpoint_node_name=worker-1",
        "endpoint_port_name=http",
        "endpoint_port_protocol=SCTP",
        "endpoint_ready=true",
        "node_annotation_rack=r1",
        "node_annotationpresent_rack=true",
        "node_label_zone=z1",
        "node_labelpresent_zone=true",
        "node_name=worker-1",
        // The protocol of the container's port is that of the endpoint.
        "pod_container_port_name=http",
        "pod_container_port_number=8080",
        "pod_container_port_protocol=SCTP",
    ];
    assert_eq!(
        groups[0],
        sorted("endpoints/shop/web/0 10.1.0.7:8080", &[&own, &OF_WEB_SERVICE, &OF_WEB_POD, &ready])
    );
    let not_ready =
        ["endpoint_port_name=http", "endpoint_port_protocol=SCTP", "endpoint_ready=false"];
    assert_eq!(
        groups[1],
        sorted("endpoints/shop/web/1 10.1.0.8:8080", &[&own, &OF_WEB_SERVICE, &not_ready])
    );
    let uncovered = ["pod_container_port_number=9090", "pod_container_port_protocol=UDP"];
    assert_eq!(
        groups[2],
        sorted(
            "endpoints/shop/web/2 10.1.0.7:9090",
            &[&own, &OF_WEB_SERVICE, &OF_WEB_POD, &uncovered]
        )
    );
    assert_eq!(groups.len(), 3);
}

#[test]
fn what_is_not_there_is_not_joined() {
    let subsets = json!([{
        "addresses": [
            { "ip": "10.1.0.7", "targetRef": pod_reference() },
            { "ip": "10.0.0.1", "targetRef": { "kind": "Node", "name": "worker-1" } },
        ],
        "ports": [{ "port": 8080, "protocol": "TCP" }],
    }]);
    let cluster = Cluster::new().with(ENDPOINTS, &[endpoints(&subsets)]);
    let role = json!({ "role": "endpoints", "attach_metadata": { "node": true } });
    let groups = found(&cluster, role.clone());
    assert_eq!(groups.len(), 2);
    for part in ["service_", "pod_", "node_"] {
        assert_eq!(labels(&groups[0], part), [""; 0]);
    }
    // An address of a node has the node's labels.
    let groups = found(&with_attachments(cluster), role);
    assert_eq!(labels(&groups[0], "node_name"), [""; 0]);
    assert_eq!(labels(&groups[1], "node_name"), ["node_name=worker-1"]);
}

#[test]
fn endpoints_without_addresses_and_pods_without_address_have_no_targets_of_their_own() {
    let cluster = Cluster::new().with(ENDPOINTS, &[endpoints(&json!(null))]);
    assert_eq!(found(&cluster, json!({ "role": "endpoints" })).len(), 0);

    let subsets = json!([{
        "addresses": [{ "ip": "10.1.0.7", "targetRef": pod_reference() }],
        "ports": [{ "port": 8080, "protocol": "TCP" }],
    }]);
    let mut pod = web_pod();
    pod["status"] = json!({ "phase": "Failed" });
    let cluster =
        Cluster::new().with(ENDPOINTS, &[endpoints(&subsets)]).with("/api/v1/pods", &[pod]);
    let groups = found(&cluster, json!({ "role": "endpoints" }));
    assert_eq!(groups.len(), 1);
    assert_eq!(labels(&groups[0], "pod_phase"), ["pod_phase=Failed"]);
}

#[test]
fn an_object_that_is_full_is_warned_of() {
    let mut full = endpoints(&json!([]));
    full["metadata"]["labels"] = json!({ "endpoints.kubernetes.io/over-capacity": "truncated" });
    let host = Cluster::new().with(ENDPOINTS, &[full]).host();
    host.refresh::<Kubernetes>(&config(json!({ "role": "endpoints" })), None).unwrap();
    assert!(host.logs()[0].message.contains("the role endpointslice finds them all"));
}
