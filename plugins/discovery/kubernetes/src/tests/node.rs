use narthex_sdk::{Json, json::json};

use super::{Cluster, addresses, found};

fn node(addresses: &Json) -> Json {
    json!({
        "metadata": {
            "name": "worker-1", "resourceVersion": "9",
            "labels": { "kubernetes.io/arch": "arm64" }, "annotations": { "a/b": "" },
        },
        "spec": { "providerID": "aws:///eu/i-1" },
        "status": {
            "addresses": addresses,
            "conditions": [{ "type": "Ready", "status": "True" }, { "type": "DiskPressure", "status": "Unknown" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
        },
    })
}

#[test]
fn a_node_is_its_kubelet_with_all_labels() {
    let addresses = json!([
        { "type": "Hostname", "address": "worker-1.local" },
        { "type": "ExternalIP", "address": "192.0.2.1" },
        { "type": "InternalIP", "address": "10.0.0.1" },
        { "type": "InternalIP", "address": "2001:db8::1" },
    ]);
    let cluster = Cluster::new().with("/api/v1/nodes", &[node(&addresses)]);
    assert_eq!(
        found(&cluster, json!({ "role": "node" })),
        [[
            "node/worker-1/0 10.0.0.1:10250",
            "node_address_ExternalIP=192.0.2.1",
            "node_address_Hostname=worker-1.local",
            "node_address_InternalIP=10.0.0.1",
            "node_annotationpresent_a_b=true",
            "node_condition_diskpressure=unknown",
            "node_condition_ready=true",
            "node_label_kubernetes_io_arch=arm64",
            "node_labelpresent_kubernetes_io_arch=true",
            "node_name=worker-1",
            "node_provider_id=aws:///eu/i-1",
            "!instance=worker-1",
        ]]
    );
}

#[track_caller]
fn address_of(given: &Json, expected: &[&str]) {
    let cluster = Cluster::new().with("/api/v1/nodes", &[node(given)]);
    assert_eq!(addresses(&cluster, json!({ "role": "node" })), expected);
}

#[test]
fn the_best_address_is_taken() {
    let of = |kind: &str, address: &str| json!({ "type": kind, "address": address });
    address_of(&json!([of("InternalIP", "fd00::1")]), &["node/worker-1/0 [fd00::1]:10250"]);
    address_of(
        &json!([of("ExternalIP", "2.2.2.2"), of("InternalDNS", "in")]),
        &["node/worker-1/0 in:10250"],
    );
    address_of(
        &json!([of("ExternalDNS", "out"), of("ExternalIP", "2.2.2.2")]),
        &["node/worker-1/0 2.2.2.2:10250"],
    );
    address_of(
        &json!([of("Hostname", "h"), of("LegacyHostIP", "3.3.3.3"), of("ExternalDNS", "out")]),
        &["node/worker-1/0 out:10250"],
    );
    address_of(
        &json!([of("Hostname", "h"), of("LegacyHostIP", "3.3.3.3")]),
        &["node/worker-1/0 3.3.3.3:10250"],
    );
    address_of(&json!([of("Hostname", "h")]), &["node/worker-1/0 h:10250"]);
    address_of(&json!([of("Other", "o")]), &[]);
    address_of(&json!(null), &[]);
}
