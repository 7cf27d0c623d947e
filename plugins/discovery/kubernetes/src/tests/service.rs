use narthex_sdk::{Json, json::json};

use super::{Cluster, found, labels, web_service, with_attachments};

const SERVICES: &str = "/api/v1/services";

#[test]
fn each_port_is_a_target_with_all_labels() {
    let mut service = web_service();
    service["spec"]["ports"] = json!([
        { "name": "http", "port": 80, "protocol": "TCP" },
        { "port": 53, "protocol": "UDP" },
    ]);
    let cluster = with_attachments(Cluster::new()).with(SERVICES, &[service]);
    let groups =
        found(&cluster, json!({ "role": "service", "attach_metadata": { "namespace": true } }));
    assert_eq!(
        groups[0],
        [
            "svc/shop/web/0 web.shop.svc:80",
            "namespace=shop",
            "namespace_annotation_owner=o",
            "namespace_annotationpresent_owner=true",
            "namespace_label_tier=gold",
            "namespace_labelpresent_tier=true",
            "service_annotation_note=x",
            "service_annotationpresent_note=true",
            "service_cluster_ip=10.96.0.9",
            "service_label_team=a",
            "service_labelpresent_team=true",
            "service_name=web",
            "service_port_name=http",
            "service_port_number=80",
            "service_port_protocol=TCP",
            "service_type=ClusterIP",
        ]
    );
    assert_eq!(groups[1][0], "svc/shop/web/1 web.shop.svc:53");
    assert_eq!(labels(&groups[1], "port"), ["service_port_number=53", "service_port_protocol=UDP"]);
    assert_eq!(groups.len(), 2);
}

#[track_caller]
fn check(spec: &Json, status: &Json, expected: &[&str]) {
    let mut service = web_service();
    service["spec"] = spec.clone();
    service["spec"]["ports"] = json!([{ "port": 1, "protocol": "TCP" }]);
    service["status"] = status.clone();
    let cluster = Cluster::new().with(SERVICES, &[service]);
    let groups = found(&cluster, json!({ "role": "service" }));
    let told = ["cluster_ip", "loadbalancer_ip", "external_name", "type"];
    let told: Vec<&str> = groups[0][1..]
        .iter()
        .map(String::as_str)
        .filter(|label| told.iter().any(|name| label.starts_with(&format!("service_{name}="))))
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn the_type_decides_which_address_is_told() {
    check(
        &json!({ "type": "ExternalName", "externalName": "db.example", "clusterIP": "1.1.1.1" }),
        &json!({}),
        &["service_external_name=db.example", "service_type=ExternalName"],
    );
    let balanced =
        json!({ "type": "LoadBalancer", "clusterIP": "10.96.0.9", "loadBalancerIP": "192.0.2.9" });
    check(
        &balanced,
        &json!({ "loadBalancer": {} }),
        &[
            "service_cluster_ip=10.96.0.9",
            "service_loadbalancer_ip=192.0.2.9",
            "service_type=LoadBalancer",
        ],
    );
    check(
        &balanced,
        &json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }, { "hostname": "h" }, { "ip": "192.0.2.2" }] } }),
        &[
            "service_cluster_ip=10.96.0.9",
            "service_loadbalancer_ip=192.0.2.1,192.0.2.2",
            "service_type=LoadBalancer",
        ],
    );
    check(
        &json!({ "type": "ClusterIP", "clusterIP": "None" }),
        &json!({}),
        &["service_cluster_ip=None", "service_type=ClusterIP"],
    );
}
