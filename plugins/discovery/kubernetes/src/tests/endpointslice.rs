use narthex_sdk::{Json, json::json};

use super::{
    Cluster, OF_WEB_POD, OF_WEB_SERVICE, addresses, all_attached, found, labels, sorted, web_pod,
    web_service, with_attachments,
};

const SLICES: &str = "/apis/discovery.k8s.io/v1/endpointslices";

fn slice() -> Json {
    json!({
        "metadata": {
            "name": "web-x", "namespace": "shop", "resourceVersion": "44",
            "labels": { "kubernetes.io/service-name": "web" }, "annotations": { "n": "2" },
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": ["10.1.0.7"],
                "conditions": { "ready": true, "serving": true, "terminating": false },
                "hostname": "h", "nodeName": "worker-1", "zone": "z1",
                "deprecatedTopology": { "topology/rack": "r9" },
                "targetRef": { "kind": "Pod", "namespace": "shop", "name": "web-1" },
            },
            { "addresses": ["10.1.0.8", "10.1.0.9"] },
        ],
        "ports": [{ "name": "http", "port": 8080, "protocol": "TCP", "appProtocol": "h2c" }],
    })
}

fn cluster(slice: Json) -> Cluster {
    with_attachments(Cluster::new())
        .with(SLICES, &[slice])
        .with("/api/v1/services", &[web_service()])
        .with("/api/v1/pods", &[web_pod()])
}

#[test]
fn addresses_and_other_ports_of_their_pods_are_targets_with_all_labels() {
    let role = json!({ "role": "endpointslice", "attach_metadata": all_attached() });
    let groups = found(&cluster(slice()), role);
    let own = [
        "endpointslice_address_type=IPv4",
        "endpointslice_annotation_n=2",
        "endpointslice_annotationpresent_n=true",
        "endpointslice_label_kubernetes_io_service_name=web",
        "endpointslice_labelpresent_kubernetes_io_service_name=true",
        "endpointslice_name=web-x",
        "namespace=shop",
        "namespace_annotation_owner=o",
        "namespace_annotationpresent_owner=true",
        "namespace_label_tier=gold",
        "namespace_labelpresent_tier=true",
    ];
    let port = [
        "endpointslice_port=8080",
        "endpointslice_port_app_protocol=h2c",
        "endpointslice_port_name=http",
        "endpointslice_port_protocol=TCP",
    ];
    let covered = [
        "endpointslice_address_target_kind=Pod",
        "endpointslice_address_target_name=web-1",
        "endpointslice_endpoint_conditions_ready=true",
        "endpointslice_endpoint_conditions_serving=true",
        "endpointslice_endpoint_conditions_terminating=false",
        "endpointslice_endpoint_hostname=h",
        "endpointslice_endpoint_node_name=worker-1",
        "endpointslice_endpoint_topology_present_topology_rack=true",
        "endpointslice_endpoint_topology_topology_rack=r9",
        "endpointslice_endpoint_zone=z1",
        "node_annotation_rack=r1",
        "node_annotationpresent_rack=true",
        "node_label_zone=z1",
        "node_labelpresent_zone=true",
        "node_name=worker-1",
        "pod_container_port_name=http",
        "pod_container_port_number=8080",
        "pod_container_port_protocol=TCP",
    ];
    assert_eq!(
        groups[0],
        sorted(
            "endpointslice/shop/web-x/0 10.1.0.7:8080",
            &[&own, &port, &OF_WEB_SERVICE, &OF_WEB_POD, &covered]
        )
    );
    for (place, address) in [(1, "10.1.0.8:8080"), (2, "10.1.0.9:8080")] {
        let first = format!("endpointslice/shop/web-x/{place} {address}");
        assert_eq!(groups[place], sorted(&first, &[&own, &port, &OF_WEB_SERVICE]));
    }
    let uncovered = ["pod_container_port_number=9090", "pod_container_port_protocol=UDP"];
    assert_eq!(
        groups[3],
        sorted(
            "endpointslice/shop/web-x/3 10.1.0.7:9090",
            &[&own, &OF_WEB_SERVICE, &OF_WEB_POD, &uncovered]
        )
    );
    assert_eq!(groups.len(), 4);
}

#[test]
fn what_a_slice_does_not_say_is_no_label() {
    let mut bare = slice();
    bare["metadata"] = json!({ "name": "web-x", "namespace": "shop" });
    bare["addressType"] = json!("FQDN");
    bare["endpoints"] = json!([{
        "addresses": ["db.example"],
        "targetRef": { "kind": "Node", "name": "worker-1" },
    }]);
    bare["ports"] = json!([{}]);
    let role = json!({ "role": "endpointslice", "attach_metadata": { "node": true } });
    assert_eq!(
        found(&cluster(bare), role),
        [[
            "endpointslice/shop/web-x/0 db.example",
            "endpointslice_address_target_kind=Node",
            "endpointslice_address_target_name=worker-1",
            "endpointslice_address_type=FQDN",
            "endpointslice_name=web-x",
            "namespace=shop",
            "node_annotation_rack=r1",
            "node_annotationpresent_rack=true",
            "node_label_zone=z1",
            "node_labelpresent_zone=true",
            "node_name=worker-1",
        ]]
    );
    let mut empty = slice();
    empty["endpoints"] = json!(null);
    empty["ports"] = json!(null);
    assert_eq!(addresses(&cluster(empty), json!({ "role": "endpointslice" })), [""; 0]);
}

#[track_caller]
fn families(spec: &Json, address_type: &str, targets: usize) {
    let mut service = web_service();
    service["spec"] = spec.clone();
    let mut slice = slice();
    slice["addressType"] = json!(address_type);
    let cluster = Cluster::new().with(SLICES, &[slice]).with("/api/v1/services", &[service]);
    let groups = found(&cluster, json!({ "role": "endpointslice" }));
    assert_eq!(groups.len(), targets, "{spec} {address_type}");
    if let Some(group) = groups.first() {
        assert_eq!(labels(group, "service_label_"), ["service_label_team=a"]);
    }
}

#[test]
fn of_two_families_of_addresses_the_first_counts() {
    let both = json!({ "ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6", "IPv4"] });
    families(&both, "IPv6", 3);
    families(&both, "IPv4", 0);
    let both = json!({ "ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"] });
    families(&both, "IPv4", 3);
    families(&both, "IPv6", 0);
    families(&json!({ "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"] }), "IPv6", 3);
    families(&json!({ "ipFamilyPolicy": "PreferDualStack", "ipFamilies": null }), "IPv6", 3);
    families(&json!({}), "IPv6", 3);
}
