use narthex_sdk::json::json;

use super::{Cluster, addresses, all_attached, found, labels, web_pod, with_attachments};

const PODS: &str = "/api/v1/pods";

/// What all targets of the pod have.
const OF_POD: [&str; 14] = [
    "namespace=shop",
    "pod_annotation_prometheus_io_scrape=true",
    "pod_annotationpresent_prometheus_io_scrape=true",
    "pod_controller_kind=ReplicaSet",
    "pod_controller_name=web-7f",
    "pod_host_ip=10.0.0.1",
    "pod_ip=10.1.0.7",
    "pod_label_app_kubernetes_io_name=web",
    "pod_labelpresent_app_kubernetes_io_name=true",
    "pod_name=web-1",
    "pod_node_name=worker-1",
    "pod_phase=Running",
    "pod_ready=true",
    "pod_uid=0b7c",
];

fn target(first: &str, of_container: &[&str]) -> Vec<String> {
    let mut lines: Vec<&str> = [OF_POD.as_slice(), of_container].concat();
    lines.sort_unstable();
    lines.insert(0, first);
    lines.into_iter().map(str::to_owned).collect()
}

#[test]
fn each_port_of_each_container_is_a_target_with_all_labels() {
    let cluster = Cluster::new().with(PODS, &[web_pod()]);
    assert_eq!(
        found(&cluster, json!({ "role": "pod" })),
        [
            target(
                "pod/shop/web-1/0 10.1.0.7:8080",
                &[
                    "pod_container_id=containerd://aa",
                    "pod_container_image=web:2",
                    "pod_container_init=false",
                    "pod_container_name=web",
                    "pod_container_port_name=http",
                    "pod_container_port_number=8080",
                    "pod_container_port_protocol=TCP",
                ]
            ),
            target(
                "pod/shop/web-1/1 10.1.0.7:9090",
                &[
                    "pod_container_id=containerd://aa",
                    "pod_container_image=web:2",
                    "pod_container_init=false",
                    "pod_container_name=web",
                    "pod_container_port_number=9090",
                    "pod_container_port_protocol=UDP",
                ]
            ),
            target(
                "pod/shop/web-1/2 10.1.0.7",
                &[
                    "pod_container_image=sidecar:3",
                    "pod_container_init=false",
                    "pod_container_name=sidecar",
                ]
            ),
            target(
                "pod/shop/web-1/3 10.1.0.7",
                &[
                    "pod_container_id=containerd://bb",
                    "pod_container_image=init:1",
                    "pod_container_init=true",
                    "pod_container_name=init",
                ]
            ),
        ]
    );
}

#[test]
fn a_pod_without_address_has_no_targets() {
    let mut pod = web_pod();
    pod["status"] = json!({ "phase": "Pending", "conditions": null });
    let cluster = Cluster::new().with(PODS, &[pod]);
    assert_eq!(addresses(&cluster, json!({ "role": "pod" })), [""; 0]);
}

#[test]
fn readiness_is_unknown_until_it_is_told_and_addresses_may_be_ipv6() {
    let mut pod = web_pod();
    pod["status"] = json!({ "phase": "Running", "podIP": "fd00::7" });
    let cluster = Cluster::new().with(PODS, &[pod]);
    let groups = found(&cluster, json!({ "role": "pod" }));
    assert_eq!(groups[0][0], "pod/shop/web-1/0 [fd00::7]:8080");
    assert_eq!(groups[3][0], "pod/shop/web-1/3 fd00::7");
    assert_eq!(labels(&groups[0], "pod_ready"), ["pod_ready=unknown"]);
}

#[test]
fn labels_of_node_namespace_and_owners_are_attached() {
    let cluster = with_attachments(Cluster::new()).with(PODS, &[web_pod()]);
    let groups = found(&cluster, json!({ "role": "pod", "attach_metadata": all_attached() }));
    let attached: Vec<&str> = groups[0][1..]
        .iter()
        .map(String::as_str)
        .filter(|label| !label.starts_with("pod_") || label.starts_with("pod_deployment"))
        .collect();
    assert_eq!(
        attached,
        [
            "namespace=shop",
            "namespace_annotation_owner=o",
            "namespace_annotationpresent_owner=true",
            "namespace_label_tier=gold",
            "namespace_labelpresent_tier=true",
            "node_annotation_rack=r1",
            "node_annotationpresent_rack=true",
            "node_label_zone=z1",
            "node_labelpresent_zone=true",
            "node_name=worker-1",
            "pod_deployment_name=web-deployment",
        ]
    );
}

#[test]
fn a_job_and_its_cron_job_are_told_where_they_are_wanted() {
    let mut pod = web_pod();
    pod["metadata"]["ownerReferences"] =
        json!([{ "kind": "Job", "name": "backup-1", "controller": true }]);
    let cluster = with_attachments(Cluster::new()).with(PODS, &[pod]);
    let named = |attach| {
        let groups = found(&cluster, json!({ "role": "pod", "attach_metadata": attach }));
        labels(&groups[0], "job_name").join(" ")
    };
    assert_eq!(named(all_attached()), "pod_cronjob_name=backup pod_job_name=backup-1");
    assert_eq!(named(json!({ "job": true })), "pod_job_name=backup-1");
    assert_eq!(named(json!({ "cronjob": true })), "pod_cronjob_name=backup");
    assert_eq!(named(json!({})), "");
}

#[test]
fn pods_of_nodes_that_are_not_selected_are_left_out() {
    let mut other = web_pod();
    other["metadata"]["name"] = json!("web-2");
    other["spec"]["nodeName"] = json!("worker-2");
    let cluster = with_attachments(Cluster::new()).with(PODS, &[web_pod(), other]);
    let sources =
        addresses(&cluster, json!({ "role": "pod", "attach_metadata": { "node": true } }));
    assert_eq!(sources.len(), 4);
    assert!(sources.iter().all(|source| source.starts_with("pod/shop/web-1/")));
}
